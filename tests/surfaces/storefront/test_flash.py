"""Flash sales on a buyer's way: seen as sessions, on the page of the goods, at the till with its limit."""

from datetime import timedelta

from litestar import Litestar

from steelyard.goods import promotions
from steelyard.kernel.db import Database, Tx
from tests.support.browser import Browser, words
from tests.support.flash import flash, item, planned
from tests.support.world import STOCK, World
from tests.surfaces.storefront.buying import open_checkout, put


async def test_the_sessions_are_tabs_with_what_is_sold(
    app: Litestar, db: Database, world: World, guest: Browser
) -> None:
    assert "No flash sales today" in words(await guest.get("/flash"))
    await planned(db, flash(world, item(world, pieces=4, per_buyer=2)))
    later = await planned(db, flash(world, item(world, "green", price=100), begins=timedelta(hours=5)))

    now = words(await guest.get("/flash"))
    assert "Evening rush" in now and "CN¥19.90" in now and "before CN¥39.90" in now
    assert "0% sold" in now and "At most 2 for each buyer" in now
    then = words(await guest.get("/flash", at=str(int(later.starts_at.timestamp()))))
    assert "starts at" in then and "CN¥1.00" in then and "5 pieces" in then
    assert "No flash sales today" not in words(await guest.get("/flash", at="12345"))


async def test_what_is_struck_out_is_the_lowest_of_thirty_days_as_on_the_page_of_the_goods(
    app: Litestar, db: Database, world: World, guest: Browser
) -> None:
    """They cost 39.90 since yesterday, and 29.90 before."""
    await db.transact(cheaper_before, world)
    await planned(db, flash(world, item(world)))
    nuts = world.items["nuts"]

    pages = [words(await guest.get(path)) for path in ("/flash", f"/products/{nuts.product_id}")]

    assert [("before CN¥29.90" in page, "before CN¥39.90" in page) for page in pages] == [(True, False)] * 2


async def cheaper_before(tx: Tx, world: World) -> None:
    nuts = world.items["nuts"]
    await tx.execute(
        """
        INSERT INTO price_history (merchant_id, sku_id, currency, until, amount)
        VALUES ($1, $2, 'CNY', now() - interval '1 day', 2990)
        """,
        nuts.merchant_id,
        nuts.sku_id,
    )


async def test_the_clock_is_the_servers(guest: Browser) -> None:
    answer = await guest.get("/flash/clock")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["now"] > 1_700_000_000_000


async def test_goods_are_bought_at_the_flash_price_up_to_the_limit(db: Database, world: World, guest: Browser) -> None:
    """Of the nuts nothing is left but what the flash sale has."""
    wanted = await planned(db, flash(world, item(world, pieces=STOCK, per_buyer=1)))
    nuts = world.items["nuts"]
    page = await guest.get(f"/products/{nuts.product_id}")
    assert "Flash sale" in words(page) and "CN¥19.90 before CN¥39.90" in words(page)
    assert f'data-countdown="{wanted.ends_at.isoformat()}"' in page.text

    await put(guest, nuts, 1)
    assert "Flash price CN¥19.90" in words(await guest.get("/cart"))
    till = await open_checkout(guest)
    assert "−CN¥20.00" in words(await guest.get(till))
    await guest.get("/cart")
    await put(guest, nuts, 1)
    again = words(await guest.get(await open_checkout(guest)))

    assert "At the flash price you can have 1 more" in again


async def test_of_what_is_to_come_the_hour_is_told_and_of_what_is_over_nothing(
    db: Database, world: World, guest: Browser
) -> None:
    wanted = await planned(db, flash(world, begins=timedelta(hours=2)))
    page = words(await guest.get(f"/products/{world.items['nuts'].product_id}"))
    assert "Flash sale CN¥19.90 starts at" in page
    assert "before CN¥39.90" not in page
    await db.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")

    assert "Flash sale" not in words(await guest.get(f"/products/{world.items['nuts'].product_id}"))
