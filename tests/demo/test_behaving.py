"""The demo's people behave: the ways to its orders end with their payments, and nothing is there twice."""

from datetime import UTC, datetime, timedelta

from steelyard.demo import behaving
from steelyard.kernel import events
from steelyard.kernel.db import Database, Read
from steelyard.operations import analytics
from steelyard.operations.analytics import PastTraffic
from steelyard.operations.behaviour.subscribers import SUBSCRIBER
from steelyard.trade.settlement import settlement_day
from tests.support import deal
from tests.support.world import seeded


async def test_orders_have_a_way_that_ends_with_their_payment_and_others_only_look(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)], world.buyer.buyer_id)
    today = settlement_day(datetime.now(UTC))
    shop = world.tea.merchant_id
    days = [
        PastTraffic(merchant_id=shop, day=day, channel="direct", device="phone", counts=(90, 30, 20, 5, 2))
        for day in (today - timedelta(days=2), today - timedelta(days=1), today)
    ]
    looked = [(shop, today - timedelta(days=1), world.items["green"].product_id, 20, 10)]
    await db.transact(analytics.bulk_traffic, days)
    await db.transact(analytics.bulk_product_traffic, looked)

    for _ in range(2):
        await behaving.behave(db, seed=1)
    await events.drain(db, [SUBSCRIBER])

    way, paid, kinds, after = await db.ask(_told, order.order_id)
    assert way[0] == "arrive" and way[-1] == "pay"
    assert paid == 1, "the house's own events say it once more"
    assert kinds["arrive"] == 61 and kinds["pay"] == 1
    assert kinds["view"] > kinds["arrive"] > kinds["cart"] > 0
    assert not after


async def _told(read: Read, order_id: object) -> tuple[list[str], int, dict[str, int], bool]:
    rows = await read.fetch("SELECT kind, at, order_id, buyer_id FROM behaviour_events ORDER BY at, position")
    mine = [row["kind"] for row in rows if row["buyer_id"] is not None]
    kinds = {row["kind"]: 0 for row in rows}
    for row in rows:
        kinds[row["kind"]] += 1
    future = any(row["at"] > datetime.now(UTC) for row in rows)
    return mine, sum(row["order_id"] == order_id for row in rows), kinds, future
