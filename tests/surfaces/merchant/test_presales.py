"""A shop makes a presale, changes it before it begins, sees what is booked, calls a booking off; the operator stops one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from litestar import Litestar

from steelyard.goods import promotions
from steelyard.kernel.db import Database
from steelyard.trade import orders
from steelyard.trade.orders.model import Outcome
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.presale import booked, of, planned, presale
from tests.support.world import World
from tests.surfaces.merchant.test_flash import code

NEW = "/merchant/presales/new"


def moment(days: int) -> str:
    return (datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


async def typed(db: Database, world: World, **more: str) -> dict[str, str]:
    return {
        "name_zh": "早春预售", "name_en": "Presale of spring", "what_0": await code(db, world, "nuts"), "price_0": "35",
        "deposit_0": "5", "counts_for_0": "10", "pieces_0": "5", "per_buyer_0": "1", "forfeits": "yes",
        "starts_at": moment(1), "ends_at": moment(4), "balance_from": moment(4), "balance_until": moment(6),
        "ships_by": moment(20), **more,
    }  # fmt: skip


async def test_one_is_made_changed_before_it_begins_and_stopped(db: Database, world: World, owner: Browser) -> None:
    fields = await typed(db, world, presale_id=hidden(await owner.get(NEW), "presale_id"))
    for _ in range(2):
        page = words(await owner.follow(await owner.post(NEW, fields)))
        assert "The presale is planned" in page and "CN¥35.00" in page
    here = f"/merchant/presales/{fields['presale_id']}"
    assert 'value="35.00"' in (await owner.get(f"{here}/change")).text

    page = words(await owner.follow(await owner.post(f"{here}/change", fields | {"price_0": "33", "pieces_0": "7"})))

    assert "The presale is changed" in page and "CN¥33.00" in page
    assert "0 / 7" in words(await owner.get("/merchant/presales"))
    for _ in range(2):
        page = words(await owner.follow(await owner.post(f"{here}/stop", {"reason": "no leaves"})))
    assert "no leaves" in page
    refused = await owner.post(f"{here}/change", fields)
    assert refused.status_code == 422 and "It has begun already" in words(refused)


async def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    db: Database, world: World, owner: Browser
) -> None:
    wrong = {
        "deposit_0": {"deposit_0": "8"},
        "counts_for_0": {"counts_for_0": "2"},
        "balance_until": {"balance_until": moment(3)},
        "ships_by": {"ships_by": moment(5)},
        "what_0": {"what_0": "no such"},
    }
    for field, more in wrong.items():
        answer = await owner.post(NEW, await typed(db, world, **more))
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text or f"{field}" in answer.text
        assert "Presale of spring" in answer.text
    assert await db.ask(promotions.sessions, world.tea.merchant_id, None, 10, presales=True) == []


async def test_without_a_deposit_no_time_for_balances_is_asked(db: Database, world: World, owner: Browser) -> None:
    none = {"deposit_0": "", "counts_for_0": "", "balance_from": "", "balance_until": ""}
    page = words(await owner.follow(await owner.post(NEW, await typed(db, world, **none))))
    assert "The presale is planned" in page


async def test_bookings_are_seen_and_called_off_by_their_shop_only(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    wanted = await planned(db, presale(world))
    purchase_id = await booked(db, world)
    found, here = await of(db, purchase_id), f"/merchant/presales/{wanted.session_id}"
    page = words(await owner.get(here))
    assert found.code in page and "Deposit paid" in page
    call_off = f"{here}/bookings/{found.order_id}/call-off"

    tools = await signed_in(app, world.tools.owner)
    assert (await tools.get(here)).status_code == 404
    await tools.post(call_off, {"reason": "mine"})
    assert await db.transact(orders.drop_called_off) == 0
    for _ in range(2):
        await owner.post(call_off, {"reason": "no leaves"})

    assert "Called off by the shop" in words(await owner.get(here))
    assert await db.transact(orders.drop_called_off) == 1
    assert (await of(db, purchase_id)).outcome is Outcome.RETURNED
    assert "Deposit given back" in words(await owner.get(here))
    await tools.close()


async def test_the_operator_stops_one_with_a_reason_and_deposits_go_back(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    wanted = await planned(db, presale(world))
    purchase_id = await booked(db, world)
    chief = await signed_in(app, world.operator)
    assert "Presale of spring" in words(await chief.get("/operator/presales"))
    stop = f"/operator/presales/{wanted.merchant_id}/{wanted.session_id}/stop"
    await chief.post(stop, {"reason": ""})
    session = await db.ask(promotions.session, wanted.merchant_id, wanted.session_id)
    assert session is not None and session.ended_at is None

    for _ in range(2):
        await chief.post(stop, {"reason": "A price by mistake"})

    await db.transact(orders.drop_called_off)
    assert (await of(db, purchase_id)).outcome is Outcome.RETURNED
    assert "A price by mistake" in words(await owner.get(f"/merchant/presales/{wanted.session_id}"))
    await chief.close()
