"""What shops have paid for promises: the operator's list of all shops, with filters, sums and a file, and each shop's own."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.trade import promises
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World
from tests.trade.test_promises import bought, claimed, due, judged, priced, promised, protecting

HERE = "/operator/compensations"


async def paid_for(db: Database, world: World) -> tuple[str, str]:
    """Late nuts of the shop that sells tea, and a hammer of the other shop that fell in price; the codes of both orders."""
    await promised(db, world)
    late = await bought(db, world)
    await judged(db, await due(db, late))
    await db.transact(judged_now)
    await protecting(db)
    [hammer] = await deal.paid(db, [(world.items["hammer"].sku_id, 1)])
    await priced(db, world, world.items["hammer"].amounts[0] - 200, "hammer")
    assert await claimed(db, hammer) == 200
    return late.code, hammer.code


async def judged_now(tx: Tx) -> None:
    await tx.execute("UPDATE compensations SET at = now() - interval '1 second'")


async def test_all_that_was_paid_is_listed_summed_and_narrowed_down(app: Litestar, db: Database, world: World) -> None:
    chief = await signed_in(app, world.operator)
    assert "Nothing was paid in these days" in words(await chief.get(HERE))
    late, fallen = await paid_for(db, world)
    [made] = (await db.ask(promises.listed, world.tea.merchant_id)).items

    page = words(await chief.get(HERE))
    assert late in page and fallen in page
    assert "Sent later than promised" in page and "CN¥2.00" in page and f"CN¥{made.amount / 100:.2f}" in page
    assert "Price protection, 7 days" in page and "Number: 1" in page

    for query, (there, not_there) in {
        "kind=late": (late, fallen),
        "kind=price_protection": (fallen, late),
        "shop=tea": (late, fallen),
    }.items():
        found = words(await chief.get(f"{HERE}?{query}"))
        assert there in found and not_there not in found, query
    last_year = (datetime.now(UTC) - timedelta(days=400)).date().isoformat()
    assert "Nothing was paid that fits" in words(await chief.get(HERE, to=last_year))
    wrong = await chief.get(HERE, **{"from": "yesterday"})
    assert "Please enter a day" in words(wrong) and 'value="yesterday"' in wrong.text
    for odd in ("kind=nonsense", "cursor=nonsense"):
        assert (await chief.get(f"{HERE}?{odd}")).status_code in (200, 303), odd

    rows = (await chief.get(f"{HERE}?format=csv")).content.decode("utf-8-sig").strip().split("\r\n")
    assert len(rows) == 3
    assert any(late in row and "2.00" not in row for row in rows) and any(
        fallen in row and "2.00" in row for row in rows
    )
    await chief.close()


async def test_a_page_ends_and_goes_on(app: Litestar, db: Database, world: World) -> None:
    late, fallen = await paid_for(db, world)
    now = datetime.now(UTC)
    wanted = promises.PaidWanted(since=now - timedelta(days=1), until=now + timedelta(days=3))
    first = await db.ask(promises.paid, wanted, None, 1)
    assert first.next is not None
    second = await db.ask(promises.paid, wanted, first.next, 1)
    assert [each.code for each in (*first.items, *second.items)] == [fallen, late]
    assert second.next is None


async def test_a_shop_sees_what_it_has_paid_and_nothing_of_others(app: Litestar, db: Database, world: World) -> None:
    late, fallen = await paid_for(db, world)
    for person, (mine, others) in {world.tea.owner: (late, fallen), world.tools.owner: (fallen, late)}.items():
        owner = await signed_in(app, person)
        page = words(await owner.get("/merchant/promises"))
        assert mine in page and others not in page
        rows = (await owner.get("/merchant/promises?format=csv")).content.decode("utf-8-sig")
        assert mine in rows and others not in rows
        assert (await owner.get(HERE)).status_code in (302, 303, 403, 404)
        await owner.close()


async def test_who_may_not_read_orders_does_not_read_this(app: Litestar, db: Database, world: World) -> None:
    nobody = Browser(app)
    assert (await nobody.get(HERE)).status_code in (302, 303, 401, 403)
    await nobody.close()
