"""The world that other tests stand on is true by itself."""

from steelyard.goods import inventory, pricing
from steelyard.goods.search import find
from steelyard.goods.search.model import Query
from steelyard.kernel.db import Database
from tests.support.world import CURRENCY, STOCK, seeded


async def test_the_world_is_found_priced_and_in_stock(db: Database) -> None:
    world = await seeded(db)
    green = world.items["green"]
    prices = await db.ask(pricing.current, green.sku_ids, CURRENCY)
    assert [prices[sku].amount for sku in green.sku_ids] == green.amounts
    assert (await db.ask(inventory.available, green.sku_ids))[green.sku_id] == STOCK
    found = await db.ask(find, Query(text="龙井"))
    assert [hit.product_id for hit in found.hits] == [green.product_id]
