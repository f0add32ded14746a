"""An agent is told of a shop's purchase limits as of anything else that stands in the way."""

from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import Limits
from steelyard.kernel.db import Database
from tests.support.world import World
from tests.surfaces.api.house import Agent
from tests.surfaces.api.ucp.buying import assert_checkout, payment, purchase

SESSIONS = "/checkout-sessions"


async def test_too_many_is_said_and_not_sold(agent: Agent, world: World, db: Database) -> None:
    black = world.items["black"]
    await db.transact(
        catalog.limit, black.merchant_id, black.product_id, Limited(product=Limits(per_order=2, per_buyer=2))
    )

    opened = assert_checkout(await agent.post(SESSIONS, purchase((black.sku_id, 3))))
    said = {each["code"]: each for each in opened["messages"]}
    assert opened["status"] == "incomplete"
    assert said["too_many"]["content"] == "At most 2 in one order"
    assert said["buyers_limit"]["path"] == "$.line_items[0]"
    refused = await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment())
    assert assert_checkout(refused)["status"] == "incomplete"

    fine = assert_checkout(await agent.post(SESSIONS, purchase((black.sku_id, 2))))
    assert assert_checkout(await agent.post(f"{SESSIONS}/{fine['id']}/complete", payment()))["status"] == "completed"
