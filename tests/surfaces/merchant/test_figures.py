"""A shop's figures: its own alone, by sales, visitors, products and customers."""

from datetime import UTC, datetime

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations import analytics
from steelyard.operations.analytics import Step, View
from steelyard.surfaces.merchant.figures import WAYS
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World


async def counted(db: Database) -> None:
    await deal.at_rest(db)
    await db.transact(analytics.roll_up)


async def test_a_shop_sees_what_it_sold_and_who_looked(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    [order] = await deal.paid(db, [(green.sku_id, 2)])
    await deal.paid(db, [(world.items["hammer"].sku_id, 1)])
    look = View(
        visitor_id=ids.mint(),
        at=datetime.now(UTC),
        step=Step.PRODUCT,
        merchant_id=world.tea.merchant_id,
        product_id=green.product_id,
    )
    await db.transact(analytics.record, [look])
    await counted(db)

    sales = words(await owner.get("/merchant/figures/sales"))
    products = words(await owner.get("/merchant/figures/products"))

    assert f"Amount paid CN¥{order.total / 100:,.2f}" in sales
    assert "Visitors 1" in sales
    assert "Conversion 100%" in sales
    assert "hammer" not in products.lower()


async def test_each_way_to_look_is_a_page_and_a_file_also_without_any_trade(world: World, owner: Browser) -> None:
    for way in WAYS:
        page = await owner.get(f"/merchant/figures/{way}", period="today", compare="none")
        file = await owner.get(f"/merchant/figures/{way}", format="csv")
        assert page.status_code == 200, way
        assert file.status_code == 200
        assert file.text.startswith("\ufeff")
