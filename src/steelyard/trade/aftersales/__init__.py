"""After the sale: calling off, giving money back. History that was made elsewhere comes in through `bulk`.

A buyer calls off what nobody packs yet at once, and asks the shop otherwise: `requests`. What a buyer can do with an order
at a moment is said by `actions`, one rule for pages and tests.
"""

from steelyard.trade.aftersales.actions import Action, Standing, offered, standing
from steelyard.trade.aftersales.bulk import RecordedReturn, bulk_refund
from steelyard.trade.aftersales.events import CancellationAnswered, CancellationAsked, OrderRefunded
from steelyard.trade.aftersales.jobs import grant_unanswered
from steelyard.trade.aftersales.queries import behind, of_orders
from steelyard.trade.aftersales.requests import (
    ask_to_cancel,
    asked_by_buyer,
    cancel_for_buyer,
    count_open_requests,
    grant_cancellation,
    open_requests_of_merchant,
    refuse_cancellation,
    request_of,
    requests_of_orders,
)
from steelyard.trade.aftersales.service import cancel, refund

__all__ = [
    "Action",
    "CancellationAnswered",
    "CancellationAsked",
    "OrderRefunded",
    "RecordedReturn",
    "Standing",
    "ask_to_cancel",
    "asked_by_buyer",
    "behind",
    "bulk_refund",
    "cancel",
    "cancel_for_buyer",
    "count_open_requests",
    "grant_cancellation",
    "grant_unanswered",
    "of_orders",
    "offered",
    "open_requests_of_merchant",
    "refund",
    "refuse_cancellation",
    "request_of",
    "requests_of_orders",
    "standing",
]
