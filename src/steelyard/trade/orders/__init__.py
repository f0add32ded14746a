"""Orders: one purchase, one order per merchant, from placement to receipt.

A purchase is written down by `placing.py`; every change of state goes through `states.py`, with its history row.
History that was made elsewhere comes in through `bulk.py`.
"""

from steelyard.trade.orders.bulk import LINE_COLUMNS, PastOrder, PastRefund, bulk_refunded, bulk_write
from steelyard.trade.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderShipped,
    PurchaseCancelled,
    PurchasePaid,
    PurchasePlaced,
)
from steelyard.trade.orders.jobs import cancel_unpaid, complete_received
from steelyard.trade.orders.placing import place
from steelyard.trade.orders.queries import (
    all_orders,
    by_code,
    code_of,
    codes_of,
    counts_of_merchant,
    history,
    lines_of,
    order,
    order_by_code,
    orders_of_merchant,
    orders_of_purchase,
    orders_of_purchases,
    purchase,
    purchases_of_buyer,
    with_lost_parcels,
)
from steelyard.trade.orders.service import (
    cancel_order,
    cancel_purchase,
    confirm_receipt,
    lock_order,
    lock_purchase,
    mark_paid,
    record_delivery,
    record_refund,
    ship,
    withdraw_pieces,
)

__all__ = [
    "LINE_COLUMNS",
    "OrderCancelled",
    "OrderCompleted",
    "OrderShipped",
    "PastOrder",
    "PastRefund",
    "PurchaseCancelled",
    "PurchasePaid",
    "PurchasePlaced",
    "all_orders",
    "bulk_refunded",
    "bulk_write",
    "by_code",
    "cancel_order",
    "cancel_purchase",
    "cancel_unpaid",
    "code_of",
    "codes_of",
    "complete_received",
    "confirm_receipt",
    "counts_of_merchant",
    "history",
    "lines_of",
    "lock_order",
    "lock_purchase",
    "mark_paid",
    "order",
    "order_by_code",
    "orders_of_merchant",
    "orders_of_purchase",
    "orders_of_purchases",
    "place",
    "purchase",
    "purchases_of_buyer",
    "record_delivery",
    "record_refund",
    "ship",
    "with_lost_parcels",
    "withdraw_pieces",
]
