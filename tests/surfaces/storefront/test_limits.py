"""Limits on a buyer's way: beside the goods, in the cart before the checkout tells of them, and at the till."""

from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import Limits, Period
from steelyard.kernel.db import Database
from tests.support.browser import Browser, words
from tests.support.flash import flash, item, planned
from tests.support.world import STOCK, World
from tests.surfaces.storefront.buying import open_checkout, put


async def test_limits_of_a_shop_are_told_from_the_page_to_the_till(db: Database, world: World, guest: Browser) -> None:
    nuts = world.items["nuts"]
    limits = Limits(per_buyer=4, period=Period.WEEK, per_order=3, least=2)
    await db.transact(catalog.limit, world.tea.merchant_id, nuts.product_id, Limited(product=limits))

    page = await guest.get(f"/products/{nuts.product_id}")
    assert "At most 4 for each buyer within 7 days · At most 3 in one order · At least 2 in one order" in words(page)
    assert 'name="quantity" value="2" min="1" max="3"' in page.text

    await put(guest, nuts, 1)
    few = await guest.get("/cart")
    assert "At least 2 in one order" in words(few) and "Take 2" in words(few)
    await guest.post("/cart/quantity", {"sku_id": str(nuts.sku_id), "quantity": "5"})
    many = words(await guest.get("/cart"))
    assert "At most 4 for each buyer within 7 days: 4 more can be bought now" in many
    till = words(await guest.get(await open_checkout(guest)))
    assert "At most 4 for each buyer within 7 days: 4 more can be bought now" in till

    await guest.get("/cart")
    await guest.post("/cart/quantity", {"sku_id": str(nuts.sku_id), "quantity": "3"})
    fine = words(await guest.get("/cart"))
    assert "At most" not in fine and "At least" not in fine


async def test_the_cart_tells_of_a_flash_sales_limit_before_the_checkout_does(
    db: Database, world: World, guest: Browser
) -> None:
    await planned(db, flash(world, item(world, pieces=STOCK, per_buyer=1)))
    await put(guest, world.items["nuts"], 2)

    cart = words(await guest.get("/cart"))

    assert "At the flash price you can have 1 more" in cart and "Take 1" in cart


async def test_goods_without_a_limit_say_nothing_of_one(world: World, guest: Browser) -> None:
    await put(guest, world.items["nuts"], 9)

    assert "At most" not in words(await guest.get(f"/products/{world.items['nuts'].product_id}"))
    assert "At most" not in words(await guest.get("/cart"))
