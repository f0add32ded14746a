"""Live sessions before they are on air: planned without clashes, filled, laid out, and ready only when nothing forbids it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import pytest_asyncio

from steelyard.channels import live, rooms
from steelyard.channels.live.jobs import SWEEPS
from steelyard.channels.live.model import (
    Entry,
    EntryId,
    NewSession,
    NotReadyYet,
    SessionId,
    SessionNotWritable,
    SessionsClash,
    SessionState,
    new_stream_key,
)
from steelyard.channels.live.price_claims import ClaimKind
from steelyard.channels.rooms.model import Role, RoomStopped, StopId, StopKind
from steelyard.goods import pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from tests.support.live_plans import BY, chief, new_session, room, session
from tests.support.world import CURRENCY, World, seeded


@pytest_asyncio.fixture
async def world(db: Database) -> AsyncIterator[World]:
    yield await seeded(db)


async def state_of(db: Database, wanted: NewSession) -> SessionState:
    found = await db.ask(live.session, wanted.merchant_id, wanted.session_id)
    assert found is not None
    return found.state


async def findings(db: Database, wanted: NewSession) -> dict[str, bool]:
    found = await db.ask(live.session, wanted.merchant_id, wanted.session_id)
    assert found is not None
    return {each.field: each.forbids for each in await db.as_merchant(wanted.merchant_id).ask(live.look, found)}


async def sweep(db: Database, name: str) -> int:
    return await next(each for each in SWEEPS if each.name == name).run(db)


async def test_a_room_has_one_session_at_a_time(db: Database, world: World) -> None:
    shop = db.as_merchant(world.tea.merchant_id)
    room_id, host_id = await room(db, world, world.tea)
    first = new_session(world.tea.merchant_id, room_id, host_id)
    await shop.transact(live.plan, first, BY)
    await shop.transact(live.plan, first, BY)  # said twice, nothing changes

    with pytest.raises(SessionsClash):
        late = first.starts_at + timedelta(minutes=119)
        await shop.transact(
            live.plan,
            new_session(world.tea.merchant_id, room_id, starts_at=late, ends_at=late + timedelta(hours=1)),
            BY,
        )
    tomorrow = first.starts_at + timedelta(days=1)
    second = new_session(world.tea.merchant_id, room_id, starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=2))
    await shop.transact(live.plan, second, BY)
    await shop.transact(live.cancel, world.tea.merchant_id, first.session_id, "The host is ill", BY)
    await shop.transact(live.plan, new_session(world.tea.merchant_id, room_id), BY)
    assert (await state_of(db, first)) is SessionState.CANCELLED


@pytest.mark.parametrize(
    ("field", "shift", "hours"),
    [
        ("starts_at", timedelta(hours=-2), 1.0),
        ("starts_at", timedelta(days=200), 1.0),
        ("ends_at", timedelta(0), 0.1),
        ("ends_at", timedelta(0), 5.0),
    ],
)
async def test_a_session_keeps_to_the_time_of_its_grade(
    db: Database, world: World, field: str, shift: timedelta, hours: float
) -> None:
    room_id, host_id = await room(db, world, world.tea)
    starts_at = datetime.now(UTC) + timedelta(hours=1) + shift
    wanted = new_session(
        world.tea.merchant_id, room_id, host_id, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours)
    )
    with pytest.raises(Invalid) as wrong:
        await db.as_merchant(world.tea.merchant_id).transact(live.plan, wanted, BY)
    assert set(wrong.value.fields) == {field}


async def test_a_session_is_ready_when_nothing_is_missing(db: Database, world: World) -> None:
    shop, merchant_id = db.as_merchant(world.tea.merchant_id), world.tea.merchant_id
    room_id, host_id = await room(db, world, world.tea)
    wanted = new_session(merchant_id, room_id, cover=None)
    await shop.transact(live.plan, wanted, BY)
    assert await findings(db, wanted) == {"cover": True, "host_id": True, "goods": True}
    with pytest.raises(NotReadyYet):
        await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)

    better = new_session(
        merchant_id, room_id, host_id, session_id=wanted.session_id, starts_at=wanted.starts_at, ends_at=wanted.ends_at
    )
    await shop.transact(live.change, better, BY)
    await shop.transact(live.add_goods, merchant_id, wanted.session_id, [world.items["nuts"].product_id], BY)
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    assert await state_of(db, wanted) is SessionState.READY

    # What is changed so that something forbids it is planned again; what is not stays ready.
    await shop.transact(live.set_goods, merchant_id, wanted.session_id, world.items["nuts"].product_id,
                        shown=True, points="Roasted yesterday", by=BY)  # fmt: skip
    assert await state_of(db, wanted) is SessionState.READY
    await shop.transact(live.remove_goods, merchant_id, wanted.session_id, world.items["nuts"].product_id, BY)
    assert await state_of(db, wanted) is SessionState.PLANNED


async def test_what_is_said_is_held_against_words_and_prices(db: Database, world: World) -> None:
    merchant_id, shop, nuts = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id), world.items["nuts"]
    wanted = await session(db, world, title=text("国家级好茶", "Good tea"), script="今天全网最低价")
    dear = Decimal(max(nuts.amounts)) / 100 + 1
    entry = Entry(
        entry_id=EntryId(ids.mint()), minute=0, minutes=5, product_id=nuts.product_id, points=[f"原价 {dear} 元"]
    )
    await shop.transact(live.write_rundown, merchant_id, wanted.session_id, [entry], BY)
    at = f"entry:{entry.entry_id}"
    assert await findings(db, wanted) == {"title": True, "script": True, at: True}

    # The shop has really asked for more until now: what it asks now is the lowest, and the former price is still wrong.
    await shop.transact(
        pricing.set_prices, merchant_id, [NewPrice(sku_id=sku, currency=CURRENCY, amount=100) for sku in nuts.sku_ids]
    )
    assert (await findings(db, wanted))[at]
    honest = Entry(
        entry_id=entry.entry_id,
        minute=0,
        minutes=5,
        product_id=nuts.product_id,
        offer="30天最低 ¥0.99",
        points=["原价 1 元"],
    )
    await shop.transact(live.write_rundown, merchant_id, wanted.session_id, [honest], BY)
    assert at not in await findings(db, wanted)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("原价199，直播价99元", [(ClaimKind.FORMER, Decimal(199))]),
        ("市场价：¥ 88.50", [(ClaimKind.FORMER, Decimal("88.50"))]),
        (
            "Usually 20, today ¥15: lowest price ever",
            [(ClaimKind.FORMER, Decimal(20)), (ClaimKind.LOWEST, Decimal(15))],
        ),
        ("历史最低", [(ClaimKind.LOWEST, None)]),
        ("全网最低价 ¥9", [(ClaimKind.ANYWHERE, None)]),
        ("手工采摘，当天发货", []),
    ],
)
def test_claims_about_prices_are_seen(said: str, found: list[tuple[ClaimKind, Decimal | None]]) -> None:
    assert [(each.kind, each.amount) for each in live.claims(said)] == found


async def test_goods_are_ordered_and_hidden(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    wanted = await session(db, world)
    nuts, rare = world.items["nuts"].product_id, world.items["rare"].product_id
    assert await shop.transact(live.add_goods, merchant_id, wanted.session_id, [nuts, rare], BY) == 1
    with pytest.raises(NotFound):
        await shop.transact(live.add_goods, merchant_id, wanted.session_id, [world.items["ruler"].product_id], BY)

    await shop.transact(live.move_goods, merchant_id, wanted.session_id, rare, 1)
    await shop.transact(live.set_goods, merchant_id, wanted.session_id, rare, shown=False, points="", by=BY)
    found = await shop.ask(live.goods, merchant_id, wanted.session_id)
    assert [(each.product_id, each.position, each.shown) for each in found] == [(rare, 1, False), (nuts, 2, True)]
    await shop.transact(live.remove_goods, merchant_id, wanted.session_id, rare, BY)
    assert len(await shop.ask(live.goods, merchant_id, wanted.session_id)) == 1


async def test_a_rundown_written_out_and_read_again_is_the_same(db: Database, world: World) -> None:
    merchant_id, shop, nuts = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id), world.items["nuts"]
    wanted = await session(db, world)
    assert await shop.transact(live.lay_out, merchant_id, wanted.session_id, BY) == 1
    assert await shop.transact(live.lay_out, merchant_id, wanted.session_id, BY) == 0
    (laid,) = await shop.ask(live.rundown, merchant_id, wanted.session_id)
    hello = Entry(
        entry_id=EntryId(ids.mint()),
        minute=0,
        minutes=3,
        what="=hello()",
        points=["a, b", "“c”"],
        owner=Role.CO_HOST,
        price=1_990,
        pieces=30,
    )
    await shop.transact(live.write_rundown, merchant_id, wanted.session_id, [hello, laid], BY)

    kept = await shop.ask(live.rundown, merchant_id, wanted.session_id)
    sheet = live.write_sheet(kept, {nuts.product_id: nuts.slug}, {nuts.product_id: "Nuts"}, "CNY")
    again = live.read_sheet(sheet, {nuts.slug: nuts.product_id}, {each.entry_id for each in kept}, "CNY")
    assert again == kept
    for broken in (b"", b"a,b\n1,2\n", b"minute,minutes\nx,1\n", b"minute,minutes,product\n1,1,elsewhere\n"):
        with pytest.raises(Invalid):
            live.read_sheet(broken, {}, set(), "CNY")
    with pytest.raises(Invalid) as wrong:
        late = Entry(entry_id=hello.entry_id, minute=500, minutes=0, price=-1, pieces=0)
        await shop.transact(live.write_rundown, merchant_id, wanted.session_id, [late], BY)
    assert {field.partition(":")[0] for field in wrong.value.fields} == {"minute", "minutes", "what", "price", "pieces"}


async def notices(read: Read) -> list[str]:
    return [row["kind"] for row in await read.fetch("SELECT kind FROM notices ORDER BY at, notice_id")]


async def mailed(read: Read) -> list[str]:
    rows = await read.fetch(
        "SELECT facts ->> 'what' AS what FROM mails WHERE template = 'live_news' ORDER BY created_at, mail_id"
    )
    return [row["what"] for row in rows]


async def test_who_asked_is_told_before_and_when_it_begins(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    wanted = await session(db, world)
    assert world.buyer.buyer_id is not None
    assert world.other_buyer.buyer_id is not None
    await db.transact(live.remind, merchant_id, wanted.session_id, world.buyer.buyer_id, by_mail=True)
    await db.transact(live.remind, merchant_id, wanted.session_id, world.other_buyer.buyer_id, by_mail=False)
    assert await shop.ask(live.reminders_of, merchant_id, [wanted.session_id]) == {wanted.session_id: 2}
    assert await sweep(db, "live.remind_soon") == 0

    await db.transact(_moved, wanted.session_id, timedelta(minutes=-55))
    assert (await sweep(db, "live.remind_soon"), await sweep(db, "live.remind_soon")) == (1, 0)
    assert (await db.ask(notices), await db.ask(mailed)) == (["live_soon", "live_soon"], ["soon"])
    await db.transact(live.remind_not, merchant_id, wanted.session_id, world.other_buyer.buyer_id)
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    await db.transact(live.go_on_air, merchant_id, wanted.session_id, BY)
    assert (await sweep(db, "live.tell_begun"), await sweep(db, "live.tell_begun")) == (1, 0)
    assert (await db.ask(notices), await db.ask(mailed)) == (
        ["live_soon", "live_soon", "live_begun"],
        ["soon", "begun"],
    )
    with pytest.raises(SessionNotWritable):
        await db.transact(live.remind, merchant_id, wanted.session_id, world.buyer.buyer_id, by_mail=True)


async def _moved(tx: Tx, session_id: SessionId, by: timedelta) -> None:
    await tx.execute(
        "UPDATE live_sessions SET starts_at = starts_at + $2, ends_at = ends_at + $2 WHERE session_id = $1",
        session_id,
        by,
    )


async def test_what_never_began_is_called_off(db: Database, world: World) -> None:
    wanted = await session(db, world)
    assert await sweep(db, "live.call_off_missed") == 0
    await db.transact(_moved, wanted.session_id, timedelta(hours=-4))
    assert await sweep(db, "live.call_off_missed") == 1
    assert await state_of(db, wanted) is SessionState.CANCELLED


async def test_a_takedown_ends_what_is_on_air_and_comes_back_by_lifting(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    wanted, stop_id = await session(db, world), StopId(ids.mint())
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    await db.transact(live.go_on_air, merchant_id, wanted.session_id, BY)

    await db.transact(live.take_down, chief(world), merchant_id, wanted.session_id, stop_id, "Smoking")
    await db.transact(live.take_down, chief(world), merchant_id, wanted.session_id, stop_id, "Smoking")
    assert await state_of(db, wanted) is SessionState.TAKEN_DOWN
    await db.transact(live.lift, chief(world), merchant_id, stop_id, "It was steam")
    assert await state_of(db, wanted) is SessionState.ENDED


async def test_a_stopped_room_has_nothing_on_air_and_nothing_ready(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    wanted, stop_id = await session(db, world), StopId(ids.mint())
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    arguments = (chief(world), merchant_id, wanted.room_id, stop_id, StopKind.TAKEDOWN, "Smoking")
    assert await db.transact(live.stop_room, *arguments) == 1
    assert await state_of(db, wanted) is SessionState.PLANNED
    with pytest.raises(RoomStopped):
        await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)

    await db.transact(live.lift, chief(world), merchant_id, stop_id, "Fine")
    await shop.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    await db.transact(live.go_on_air, merchant_id, wanted.session_id, BY)
    assert wanted.host_id is not None
    assert (
        await db.transact(live.stop_host, chief(world), merchant_id, wanted.host_id, StopId(ids.mint()), "Insults") == 1
    )
    assert await state_of(db, wanted) is SessionState.ENDED


async def test_a_stream_key_opens_its_own_session(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    wanted, first, second = await session(db, world), new_stream_key(), new_stream_key()
    await shop.transact(live.keep_key, merchant_id, wanted.session_id, first)
    await shop.transact(live.keep_key, merchant_id, wanted.session_id, second)
    assert await db.ask(live.by_key, first) is None
    found = await db.ask(live.by_key, second)
    assert found is not None
    assert found.session_id == wanted.session_id
    kept = await db.ask(_kept, wanted.session_id)
    assert second not in kept


async def _kept(read: Read, session_id: UUID) -> str:
    return await read.value("SELECT s::text FROM live_sessions s WHERE session_id = $1", session_id)


async def test_a_shop_sees_and_changes_nothing_of_another_shops_sessions(db: Database, world: World) -> None:
    merchant_id, stranger = world.tea.merchant_id, db.as_merchant(world.tools.merchant_id)
    wanted = await session(db, world)
    assert await stranger.ask(live.session, merchant_id, wanted.session_id) is None
    assert (await stranger.ask(live.sessions, merchant_id)).items == []
    assert await stranger.ask(live.goods, merchant_id, wanted.session_id) == []
    with pytest.raises(NotFound):
        await stranger.transact(live.make_ready, merchant_id, wanted.session_id, BY)
    with pytest.raises(NotFound):
        await stranger.transact(live.cancel, merchant_id, wanted.session_id, "Mine", BY)
    with pytest.raises(NotFound):
        await stranger.transact(live.keep_key, merchant_id, wanted.session_id, new_stream_key())
    with pytest.raises(NotFound):
        await stranger.transact(live.lay_out, merchant_id, wanted.session_id, BY)
    with pytest.raises(NotFound):
        await stranger.transact(live.add_goods, merchant_id, wanted.session_id, [], BY)
    assert await rooms_seen(stranger, merchant_id) == 0


async def rooms_seen(shop: Database, merchant_id: UUID) -> int:
    return len(await shop.ask(rooms.rooms_of, merchant_id))
