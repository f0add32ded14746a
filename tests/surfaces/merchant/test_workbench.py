"""The workbench says what waits, for what one may do; and what a new shop still needs."""

from litestar import Litestar

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind, Actor
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


async def test_a_role_that_the_shop_made_opens_what_it_names_and_no_more(
    app: Litestar, db: Database, world: World
) -> None:
    owner = await db.ask(access.account, AccountId(world.tea.owner.account_id))
    assert owner is not None
    held = await db.ask(access.permissions, AccountKind.MERCHANT)
    actor = Actor(account=owner, permissions=frozenset(each.permission for each in held))
    role_id, packer = str(ids.mint()), world.tea.staff["merchant_clerk"]
    await db.transact(access.create_role, actor, role_id, text("打包员", "Packer"), {"orders.read", "orders.ship"})
    await db.transact(access.set_roles, actor, AccountId(packer.account_id), [role_id])

    browser = await signed_in(app, packer)

    front = await browser.get("/merchant")
    assert 'href="/merchant/orders"' in front.text
    assert 'href="/merchant/money"' not in front.text
    assert 'href="/merchant/stock"' not in front.text
    assert (await browser.get("/merchant/orders/ship?all=yes")).status_code == 200
    for closed in ("/merchant/money", "/merchant/stock", "/merchant/staff", "/merchant/shop", "/merchant/freight"):
        assert (await browser.get(closed)).status_code == 403, closed
    await browser.close()
