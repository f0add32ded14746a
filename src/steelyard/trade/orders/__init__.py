"""Orders: one purchase, one order per merchant, from placement to receipt.

A purchase is written down by `placing.py`; every change of state goes through `states.py`, with its history row.
History that was made elsewhere comes in through `bulk.py`. What a buyer wants of an order beside that is in `wishes.py`,
a buyer's lists are in `buyers.py`. How merchants look for orders is in `finding.py`, what all staff look for in
`seeking.py`, what their staff tell each other in
`notes.py`, sending many at once in `shipping.py`.
"""

from steelyard.trade.orders.bulk import (
    DRESSED_LINE_COLUMNS,
    LINE_COLUMNS,
    Life,
    PastOrder,
    PastRefund,
    bulk_refunded,
    bulk_write,
)
from steelyard.trade.orders.buyers import (
    Act,
    ActKind,
    acts_of,
    counts_of_buyer,
    orders_of_buyer,
    purchases_of,
    reminders_of_merchant,
)
from steelyard.trade.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderReaddressed,
    OrderShipped,
    PurchaseCancelled,
    PurchasePaid,
    PurchasePlaced,
    ShopReminded,
)
from steelyard.trade.orders.finding import ORDERS_FOUND_MAX, find, notes_of, of_merchant, to_do
from steelyard.trade.orders.jobs import cancel_unpaid, complete_received
from steelyard.trade.orders.notes import see_notes, write_note
from steelyard.trade.orders.placing import place
from steelyard.trade.orders.queries import (
    all_orders,
    bought_last,
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
from steelyard.trade.orders.seeking import sought
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
from steelyard.trade.orders.shipping import ORDERS_PER_DISPATCH_MAX, ship_all
from steelyard.trade.orders.wishes import begin_packing, change_address, extend_receipt, fee_to, hide, remind

__all__ = [
    "DRESSED_LINE_COLUMNS",
    "LINE_COLUMNS",
    "ORDERS_FOUND_MAX",
    "ORDERS_PER_DISPATCH_MAX",
    "Act",
    "ActKind",
    "Life",
    "OrderCancelled",
    "OrderCompleted",
    "OrderReaddressed",
    "OrderShipped",
    "PastOrder",
    "PastRefund",
    "PurchaseCancelled",
    "PurchasePaid",
    "PurchasePlaced",
    "ShopReminded",
    "acts_of",
    "all_orders",
    "begin_packing",
    "bought_last",
    "bulk_refunded",
    "bulk_write",
    "by_code",
    "cancel_order",
    "cancel_purchase",
    "cancel_unpaid",
    "change_address",
    "code_of",
    "codes_of",
    "complete_received",
    "confirm_receipt",
    "counts_of_buyer",
    "counts_of_merchant",
    "extend_receipt",
    "fee_to",
    "find",
    "hide",
    "history",
    "lines_of",
    "lock_order",
    "lock_purchase",
    "mark_paid",
    "notes_of",
    "of_merchant",
    "order",
    "order_by_code",
    "orders_of_buyer",
    "orders_of_merchant",
    "orders_of_purchase",
    "orders_of_purchases",
    "place",
    "purchase",
    "purchases_of",
    "purchases_of_buyer",
    "record_delivery",
    "record_refund",
    "remind",
    "reminders_of_merchant",
    "see_notes",
    "ship",
    "ship_all",
    "sought",
    "to_do",
    "with_lost_parcels",
    "withdraw_pieces",
    "write_note",
]
