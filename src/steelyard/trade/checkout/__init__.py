"""Checkout: from what a buyer wants to a paid purchase.

A checkout is opened with lines, contact, address and delivery choices, quoted again at every look, placed (`placement.py`)
and paid (`collection.py`). The storefront and agents (UCP) say the same commands. What it costs is in `quote.py`,
what promotions take off in `offers.py`.
"""

from steelyard.trade.checkout.collection import (
    Collection,
    apply_news,
    apply_payment,
    apply_payments,
    ask_about,
    collect,
    receive_webhook,
)
from steelyard.trade.checkout.jobs import apply_left_behind, forget_old, query_unknown
from steelyard.trade.checkout.placement import Paying, Placement, place, place_all
from steelyard.trade.checkout.quote import STRICT, Asked, Completeness, quote, quotes
from steelyard.trade.checkout.service import (
    NewCheckout,
    cancel,
    change,
    check,
    currencies_of,
    currency_of,
    forget,
    get,
    get_all,
    invoice_wish,
    lock,
    open_all,
    open_checkout,
    view,
)

__all__ = [
    "STRICT",
    "Asked",
    "Collection",
    "Completeness",
    "NewCheckout",
    "Paying",
    "Placement",
    "apply_left_behind",
    "apply_news",
    "apply_payment",
    "apply_payments",
    "ask_about",
    "cancel",
    "change",
    "check",
    "collect",
    "currencies_of",
    "currency_of",
    "forget",
    "forget_old",
    "get",
    "get_all",
    "invoice_wish",
    "lock",
    "open_all",
    "open_checkout",
    "place",
    "place_all",
    "query_unknown",
    "quote",
    "quotes",
    "receive_webhook",
    "view",
]
