"""How many there are, for whom they are kept, and why that changed: stock rows, reservations and a ledger of movements.

Every command locks all stock rows of the SKUs it touches first, in the order (SKU, warehouse): see
`locks`. What is kept for orders is in `reservations`, what is on hand in `service`; history comes in through `bulk`.
"""

from steelyard.goods.inventory.bulk import PastMove, bulk_move, bulk_warn_below
from steelyard.goods.inventory.events import AvailabilityChanged
from steelyard.goods.inventory.locks import lock
from steelyard.goods.inventory.queries import available, kept_for, kept_where, levels, movements
from steelyard.goods.inventory.reservations import release, release_orders, release_pieces, reserve, ship, ship_many
from steelyard.goods.inventory.service import bulk_receive, count, receive, scrap, take_back, warn_below

__all__ = [
    "AvailabilityChanged",
    "PastMove",
    "available",
    "bulk_move",
    "bulk_receive",
    "bulk_warn_below",
    "count",
    "kept_for",
    "kept_where",
    "levels",
    "lock",
    "movements",
    "receive",
    "release",
    "release_orders",
    "release_pieces",
    "reserve",
    "scrap",
    "ship",
    "ship_many",
    "take_back",
    "warn_below",
]
