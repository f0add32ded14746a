"""A shop plans a flash sale, sees what came of it and calls it off; the operator stops one. What cannot be is told."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import FlashState
from steelyard.kernel.db import Database
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.flash import flash, item, planned
from tests.support.world import STOCK, World

NEW = "/merchant/flash/new"


async def typed(db: Database, world: World, **more: str) -> dict[str, str]:
    starts = datetime.now(UTC) + timedelta(hours=9)
    return {
        "name_zh": "晚八点", "name_en": "Evening rush", "what_0": await code(db, world, "nuts"), "price_0": "19.9",
        "pieces_0": "5", "per_order_0": "", "per_buyer_0": "1", "starts_at": starts.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (starts + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"), **more,
    }  # fmt: skip


async def code(db: Database, world: World, name: str) -> str:
    sku_id = world.items[name].sku_id
    page = await db.ask(inventory.stocked, world.items[name].merchant_id)
    return next(each.code for each in page.items if each.sku_id == sku_id)


async def test_one_is_planned_sold_from_and_called_off(db: Database, world: World, owner: Browser) -> None:
    form = await owner.get(NEW)
    fields = await typed(db, world, flash_id=hidden(form, "flash_id"))
    for _ in range(2):
        page = words(await owner.follow(await owner.post(NEW, fields)))
        assert "The flash sale is planned" in page and "0 (0%)" in page
    assert (await db.ask(inventory.available, [world.items["nuts"].sku_id]))[world.items["nuts"].sku_id] == STOCK - 5
    assert "Evening rush" in words(await owner.get("/merchant/flash"))

    here = f"/merchant/flash/{fields['flash_id']}"
    for _ in range(2):
        await owner.post(f"{here}/cancel", {"reason": "wrong price"})
    page = words(await owner.get(here))
    assert "Called off" in page and "wrong price" in page
    [session] = await db.ask(promotions.sessions, world.tea.merchant_id, None, 10)
    assert session.state(datetime.now(UTC)) is FlashState.CANCELLED


async def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    db: Database, world: World, owner: Browser
) -> None:
    """The wrong row is the third: the second is left empty."""
    green = await code(db, world, "green")
    row = {"what_2": green, "price_2": "1", "pieces_2": "1"}
    wrong = {
        "what_2": {"what_2": "no such"},
        "price_2": {"price_2": "9999"},
        "pieces_2": {"pieces_2": str(STOCK + 1)},
        "per_buyer_2": {"per_buyer_2": "some"},
        "name_zh": {"name_zh": "", "name_en": ""},
        "ends_at": {"ends_at": "2020-01-01T00:00"},
    }
    for name, told in wrong.items():
        answer = await owner.post(NEW, await typed(db, world, **{**row, **told}))
        assert answer.status_code == 422, name
        assert f'href="#{name}"' in answer.text, name
        assert 'value="19.9"' in answer.text, name
    assert await db.ask(promotions.sessions, world.tea.merchant_id, None, 10) == []
    assert (await owner.post(NEW, await typed(db, world, **row))).status_code == 303


async def test_what_came_of_it_is_told(db: Database, world: World, owner: Browser) -> None:
    wanted = await planned(db, flash(world, item(world, pieces=4)))
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)])

    page = words(await owner.get(f"/merchant/flash/{wanted.session_id}"))
    assert "1 (25%)" in page and "CN¥19.90" in page and "CN¥20.00" in page


async def test_another_shop_neither_sees_nor_stops_it(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    wanted = await planned(db, flash(world))
    tools = await signed_in(app, world.tools.owner)

    assert "Evening rush" not in words(await tools.get("/merchant/flash"))
    assert (await tools.get(f"/merchant/flash/{wanted.session_id}")).status_code == 404
    await tools.post(f"/merchant/flash/{wanted.session_id}/cancel", {"reason": "mine"})
    assert "Running" in words(await owner.get("/merchant/flash"))
    other = await typed(db, world)
    answer = await tools.post(NEW, other)
    assert answer.status_code == 422 and "There is no article of yours" in words(answer)
    await tools.close()


async def test_the_operator_sees_all_of_them_and_stops_one_with_a_reason(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    wanted = await planned(db, flash(world))
    chief = await signed_in(app, world.operator)
    assert "Evening rush" in words(await chief.get("/operator/flash"))
    stop = f"/operator/flash/{wanted.merchant_id}/{wanted.session_id}/stop"
    await chief.post(stop, {"reason": ""})
    assert "Evening rush" in words(await chief.get("/operator/flash"))

    for _ in range(2):
        await chief.post(stop, {"reason": "A price by mistake"})

    assert "None runs, and none is planned" in words(await chief.get("/operator/flash"))
    assert "A price by mistake" in words(await owner.get(f"/merchant/flash/{wanted.session_id}"))
    await chief.close()
