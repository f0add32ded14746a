"""Checkout: from what a buyer wants to a paid purchase.

A checkout is opened with lines, contact, address and delivery choices, quoted again at every look, placed (`placement.py`)
and paid (`collection.py`). The storefront and agents (UCP) say the same commands. What it costs is in `quote.py`.
"""

from steelyard.trade.checkout.collection import (
    Collection,
    apply_news,
    apply_payment,
    ask_about,
    collect,
    receive_webhook,
)
from steelyard.trade.checkout.jobs import apply_left_behind, forget_old, query_unknown
from steelyard.trade.checkout.placement import place
from steelyard.trade.checkout.quote import STRICT, Completeness, quote
from steelyard.trade.checkout.service import (
    cancel,
    change,
    currency_of,
    forget,
    get,
    invoice_wish,
    lock,
    open_checkout,
    view,
)

__all__ = [
    "STRICT",
    "Collection",
    "Completeness",
    "apply_left_behind",
    "apply_news",
    "apply_payment",
    "ask_about",
    "cancel",
    "change",
    "collect",
    "currency_of",
    "forget",
    "forget_old",
    "get",
    "invoice_wish",
    "lock",
    "open_checkout",
    "place",
    "query_unknown",
    "quote",
    "receive_webhook",
    "view",
]
