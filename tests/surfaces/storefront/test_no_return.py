"""What is not returned without a reason is said where it is sold, and confirmed where the law wants that."""

from steelyard.goods import catalog
from steelyard.goods.catalog import CategoryChange
from steelyard.kernel.db import Database
from tests.simulators.world import Simulated
from tests.support.browser import Browser, words
from tests.support.world import World
from tests.surfaces.storefront.buying import open_checkout, place, put


async def excepting(db: Database, world: World, why: str) -> None:
    await db.transact(catalog.change_category, world.categories["hand-tools"], CategoryChange(no_return=why))


async def test_the_page_tells_which_right_there_is(db: Database, world: World, guest: Browser) -> None:
    page = f"/products/{world.items['ruler'].product_id}"
    assert "7-day return without a reason" in words(await guest.get(page))
    await excepting(db, world, "perishable")
    assert "Not returned without a reason: fresh" in words(await guest.get(page + "?quantity=2"))


async def test_a_buyer_confirms_what_cannot_be_returned(
    db: Database, world: World, guest: Browser, channel: Simulated
) -> None:
    await excepting(db, world, "confirmed")
    await put(guest, world.items["ruler"])
    till = await open_checkout(guest)
    page = await guest.get(till)
    assert "I know that I cannot return this without a reason" in words(page)
    (line,) = {part.split('"')[0] for part in page.text.split('name="no-return-')[1:]}

    unsaid = await place(guest, till)
    assert unsaid.status_code == 422 and "Please confirm that you cannot return this" in words(unsaid)
    assert (await place(guest, till, **{f"no-return-{line}": "yes"})).status_code == 303

    async def frozen(db: Database) -> list[str | None]:
        rows = await db.ask(lambda read: read.fetch("SELECT no_return FROM order_lines"))
        return [row["no_return"] for row in rows]

    assert await frozen(db) == ["confirmed"]
