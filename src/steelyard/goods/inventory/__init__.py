"""How many there are, for whom they are kept, and why that changed: stock rows, reservations and a ledger of movements.

Every command locks all stock rows of the SKUs it touches first, in the order (SKU, warehouse): see
`locks`. What is kept for orders is in `reservations`, what is on hand in `service`, what many report at once in `booking`;
history comes in through `bulk`.
"""

from steelyard.goods.inventory.booking import Booking, book_all
from steelyard.goods.inventory.bulk import PastMove, bulk_move, bulk_warn_below
from steelyard.goods.inventory.counting import (
    begin_count,
    book_count,
    count_lines,
    count_sheet,
    count_sheets,
    drop_count,
    enter_counts,
)
from steelyard.goods.inventory.events import AvailabilityChanged
from steelyard.goods.inventory.locks import lock
from steelyard.goods.inventory.queries import (
    available,
    count_low,
    find_movements,
    kept_for,
    kept_where,
    levels,
    levels_of,
    levels_of_all,
    movements,
    running_low,
    scanned,
    stocked,
)
from steelyard.goods.inventory.reservations import (
    hand_over,
    release,
    release_orders,
    release_pieces,
    reserve,
    ship,
    ship_many,
)
from steelyard.goods.inventory.service import (
    bulk_receive,
    count,
    hand_out,
    put_sample_back,
    receive,
    scrap,
    take_back,
    warn_below,
    warn_many,
)
from steelyard.goods.inventory.transfers import transfer

__all__ = [
    "AvailabilityChanged",
    "Booking",
    "PastMove",
    "available",
    "begin_count",
    "book_all",
    "book_count",
    "bulk_move",
    "bulk_receive",
    "bulk_warn_below",
    "count",
    "count_lines",
    "count_low",
    "count_sheet",
    "count_sheets",
    "drop_count",
    "enter_counts",
    "find_movements",
    "hand_out",
    "hand_over",
    "kept_for",
    "kept_where",
    "levels",
    "levels_of",
    "levels_of_all",
    "lock",
    "movements",
    "put_sample_back",
    "receive",
    "release",
    "release_orders",
    "release_pieces",
    "reserve",
    "running_low",
    "scanned",
    "scrap",
    "ship",
    "ship_many",
    "stocked",
    "take_back",
    "transfer",
    "warn_below",
    "warn_many",
]
