"""The workbench says what waits, for what one may do; and what a new shop still needs."""

from litestar import Litestar

from steelyard.goods import inventory
from steelyard.kernel.db import Database
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import STOCK, World


async def test_what_waits_is_counted_and_leads_to_its_list(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"].sku_id
    [order] = await deal.paid(db, [(green, 2)])
    await db.transact(inventory.warn_below, world.tea.merchant_id, green, world.tea.warehouse_id, STOCK)

    page = await owner.get("/merchant")

    said = words(page)
    assert "Orders to ship 1" in said
    assert "Articles that run low 1" in said
    assert order.code in said, "its deadline is shown"
    assert 'href="/merchant/orders?state=to_ship"' in page.text
    assert 'href="/merchant/stock?low=yes"' in page.text


async def test_nothing_to_do_is_all_done(world: World, owner: Browser) -> None:
    assert "All done" in words(await owner.get("/merchant"))


async def test_an_accountant_sees_no_parcels_to_send(app: Litestar, db: Database, world: World) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 2)])
    accountant = await signed_in(app, world.tea.staff["merchant_accountant"])

    said = words(await accountant.get("/merchant"))

    assert "Orders to ship" not in said
    assert "Setting up your shop" not in said
    await accountant.close()


async def test_the_checklist_follows_from_facts_and_is_put_away(world: World, owner: Browser) -> None:
    page = await owner.get("/merchant")
    assert "Setting up your shop" in words(page)
    assert 'href="/merchant/stock/warehouses"' in page.text

    after = await owner.follow(await owner.post("/merchant/set-up/put-away"))

    assert "Setting up your shop" not in words(after)
