"""A shop with a membership, and the steps of its customers."""

from typing import Any
from uuid import UUID

from steelyard.kernel import days, events
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import growth
from steelyard.operations.growth import Level, Rule, Wanted
from steelyard.operations.growth.subscribers import SUBSCRIBER
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.consoles import database_url, world
from tests.support.world import CURRENCY, World

__all__ = ["database_url", "world"]

LEVELS = (
    Level(rank=1, name=text("银", "Silver"), threshold=50, percent_off=2),
    Level(rank=2, name=text("金", "Gold"), threshold=100, percent_off=5, free_freight_over=0, priority=True),
)


def wanted(merchant_id: UUID, **more: Any) -> Wanted:
    facts: dict[str, Any] = {
        "merchant_id": merchant_id,
        "name": text("茶友会", "Tea circle"),
        "currency": CURRENCY,
        "rule": Rule(from_day=days.today(), review=10, reviews_per_month=2, check_in=3, check_ins_per_month=2),
        "levels": LEVELS,
        "seen": 0,
    }
    return Wanted(**{**facts, **more})


async def opened(db: Database, merchant_id: UUID, **more: Any) -> Wanted:
    """A membership as of today."""
    programme = wanted(merchant_id, **more)
    await db.transact(growth.set_up, programme, "Li Na", days.today())
    return programme


async def heard(db: Database) -> None:
    await events.drain(db, [SUBSCRIBER])


async def received(db: Database, world: World, buyer_id: BuyerId, item: str = "nuts", pieces: int = 1) -> Order:
    """An order that has arrived, and is counted."""
    [order] = await deal.paid(db, [(world.items[item].sku_id, pieces)], buyer_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await heard(db)
    return await deal.again(db, order)


async def at(tx: Tx, merchant_id: UUID, ago: int, buyer_id: UUID) -> None:
    """What somebody has earned until now was earned so many days before."""
    await tx.execute("UPDATE growth_rules SET from_day = '2000-01-01' WHERE merchant_id = $1", merchant_id)
    await tx.execute(
        """
        UPDATE growth_lines SET day = day - $3::integer, until = until - $3::integer
        WHERE merchant_id = $1 AND buyer_id = $2
        """,
        merchant_id,
        buyer_id,
        ago,
    )
    await tx.execute(
        "UPDATE growth_members SET check_on = $3 WHERE merchant_id = $1 AND buyer_id = $2",
        merchant_id,
        buyer_id,
        days.today(),
    )
