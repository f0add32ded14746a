"""Checkout: from what a buyer wants to a paid purchase.

A checkout is opened with lines, contact, address and delivery choices, quoted again at every look, placed
(`placement.py`) and paid (`collection.py`). The storefront and agents (UCP) say the same commands. What it costs is
in `quote.py`, what promotions take off in `offers.py` (for whom: `personal.py`, to whom given: `giving.py`, who is
in which group of customers: `members.py`), what flash sales have to say in `flashes.py`, what presales do in
`presales.py`, what comes for nothing in `gifts.py`, what shops limit in `allowances.py`, buying in teams in
`gathering.py`, why an order cost what it did in `explaining.py`, what the buyer's own purses pay in `tendering.py`,
keeping the pieces in `reserving.py`, what an order copies of it in `freezing.py`, a new code to pay by in `renewal.py`,
whether it is only authorised in `authorising.py`, what happens to purses when a card fails in `retendering.py`,
which channels may be used in `ways.py`.
"""

from steelyard.trade.checkout import ways
from steelyard.trade.checkout.allowances import Wanted
from steelyard.trade.checkout.allowances import told as limits_told
from steelyard.trade.checkout.collection import (
    Collection,
    Payer,
    apply_news,
    apply_payment,
    apply_payments,
    ask_about,
    collect,
    receive_webhook,
)
from steelyard.trade.checkout.explaining import Explanation, explained
from steelyard.trade.checkout.flashes import told as flashes_told
from steelyard.trade.checkout.gifts import left as gifts_left
from steelyard.trade.checkout.gifts import shelf as gift_shelf
from steelyard.trade.checkout.jobs import apply_left_behind, forget_old, query_unknown
from steelyard.trade.checkout.offers import discounts
from steelyard.trade.checkout.personal import Someone, considered
from steelyard.trade.checkout.placement import (
    Held,
    Paying,
    Placed,
    Placement,
    Written,
    hold,
    place,
    place_all,
    place_held,
)
from steelyard.trade.checkout.quote import STRICT, Asked, Completeness, quote, quotes
from steelyard.trade.checkout.renewal import renew
from steelyard.trade.checkout.retendering import given_back, offered_again, tender_again
from steelyard.trade.checkout.service import (
    Change,
    NewCheckout,
    cancel,
    change,
    change_all,
    check,
    currency_among,
    currency_of,
    forget,
    get,
    get_all,
    invoice_wish,
    lock,
    open_all,
    open_checkout,
    states,
    view,
    views,
)
from steelyard.trade.checkout.transfers import receive_transfer, return_transfer

__all__ = [
    "STRICT",
    "Asked",
    "Change",
    "Collection",
    "Completeness",
    "Explanation",
    "Held",
    "NewCheckout",
    "Payer",
    "Paying",
    "Placed",
    "Placement",
    "Someone",
    "Wanted",
    "Written",
    "apply_left_behind",
    "apply_news",
    "apply_payment",
    "apply_payments",
    "ask_about",
    "cancel",
    "change",
    "change_all",
    "check",
    "collect",
    "considered",
    "currency_among",
    "currency_of",
    "discounts",
    "explained",
    "flashes_told",
    "forget",
    "forget_old",
    "get",
    "get_all",
    "gift_shelf",
    "gifts_left",
    "given_back",
    "hold",
    "invoice_wish",
    "limits_told",
    "lock",
    "offered_again",
    "open_all",
    "open_checkout",
    "place",
    "place_all",
    "place_held",
    "query_unknown",
    "quote",
    "quotes",
    "receive_transfer",
    "receive_webhook",
    "renew",
    "return_transfer",
    "states",
    "tender_again",
    "view",
    "views",
    "ways",
]
