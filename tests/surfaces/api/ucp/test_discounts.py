"""What a shop takes off is in an agent's totals, and what is paid."""

from datetime import UTC, datetime, timedelta

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Offer, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.world import World
from tests.surfaces.api.house import Agent
from tests.surfaces.api.ucp.buying import assert_checkout, payment, purchase, total_of

SESSIONS = "/checkout-sessions"
OFF = 500


async def test_what_a_shop_takes_off_is_told_and_not_charged(agent: Agent, world: World, db: Database) -> None:
    black, now = world.items["black"], datetime.now(UTC)
    offer = Offer(
        merchant_id=black.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("满减", "Reduction"),
        rule=AmountOff(steps=(Step(1_000, OFF),)),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
    )
    await db.transact(promotions.save, offer)

    opened = assert_checkout(await agent.post(SESSIONS, purchase((black.sku_id, 2))))
    bought = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))

    assert {"type": "discount", "amount": -OFF}.items() <= next(
        each for each in opened["totals"] if each["type"] == "discount"
    ).items()
    assert total_of(opened) == total_of(bought) == 2 * black.amount + 1_000 - OFF
    [order] = await deal.orders_of(db, PurchaseId(bought["order"]["id"]))
    assert (order.total, order.goods) == (total_of(bought), 2 * black.amount - OFF)
    await deal.at_rest(db)
