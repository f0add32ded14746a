"""What the clock brings about: flash sales, and prices on the shelf, begin and end, and coupons are about to."""

from steelyard.goods.promotions.holding import tell_of_ends
from steelyard.goods.promotions.lowering import hide_due, show_due
from steelyard.goods.promotions.planning import begin_due, end_due
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep


async def _begin(db: Database) -> int:
    return await db.transact(begin_due)


async def _end(db: Database) -> int:
    return await db.transact(end_due)


async def _tell(db: Database) -> int:
    return await db.transact(tell_of_ends)


async def _show(db: Database) -> int:
    return await db.transact(show_due)


async def _hide(db: Database) -> int:
    return await db.transact(hide_due)


SWEEPS = [
    Sweep("promotions.begin_flash_sales", 1.0, _begin),
    Sweep("promotions.end_flash_sales", 2.0, _end),
    Sweep("promotions.show_shelf_prices", 1.0, _show),
    Sweep("promotions.hide_shelf_prices", 1.0, _hide),
    Sweep("promotions.coupons_ending", 60.0, _tell),
]
