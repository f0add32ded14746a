"""Live rooms: who may have one, who speaks in it, and how the operator stops what must be stopped."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels import rooms
from steelyard.channels.rooms.model import (
    AlreadyStopped,
    ConditionsNotMet,
    Grade,
    HostBarred,
    HostState,
    Role,
    RoomAddressTaken,
    RoomApplicationState,
    RoomState,
    StaleRoomDecision,
    StopId,
    StopKind,
    of_age,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.text import text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountId, AccountKind
from tests.support.live_plans import ANOTHER, BY, CHILD, application, chief, host, new_host, room
from tests.support.world import World, seeded


@pytest_asyncio.fixture
async def world(db: Database) -> AsyncIterator[World]:
    yield await seeded(db)


async def mails(read: Read) -> list[str]:
    rows = await read.fetch("SELECT facts ->> 'what' AS what FROM mails WHERE template = 'room_news' ORDER BY mail_id")
    return [row["what"] for row in rows]


async def test_a_room_is_given_when_all_conditions_are_met(db: Database, world: World) -> None:
    shop, wanted = db.as_merchant(world.tea.merchant_id), application(world, world.tea)
    await shop.transact(rooms.apply, wanted, BY)
    await shop.transact(rooms.apply, wanted, BY)  # said twice, nothing changes
    with pytest.raises(ConditionsNotMet) as missing:
        await db.transact(rooms.approve, chief(world), world.tea.merchant_id, wanted.application_id)
    assert missing.value.missing == ["identified", "trained"]

    await host(db, world, world.tea)
    met = await shop.ask(rooms.conditions, world.tea.merchant_id, wanted.category_ids, None, datetime.now(UTC))
    assert {each.key: each.met for each in met} == dict.fromkeys(
        ["shop", "licence", "deposit", "categories", "identified", "trained", "blacklist"], True
    )
    room_id = await db.transact(rooms.approve, chief(world), world.tea.merchant_id, wanted.application_id)
    assert await db.transact(rooms.approve, chief(world), world.tea.merchant_id, wanted.application_id) == room_id

    opened = await db.ask(rooms.by_slug, "tea-room")
    assert opened is not None
    assert (opened.state, opened.grade) == (RoomState.OPEN, Grade.TRIAL)
    assert await db.ask(mails) == ["host_verified", "application_approved"]


async def test_each_condition_that_is_not_met_says_so(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    await host(db, world, world.tea)
    tea = next(iter(world.categories.values()))

    await db.transact(merchants.set_licence, merchant_id, date(2020, 1, 1))
    await db.transact(merchants.mark_deposit_short, merchant_id, short=True)
    await db.transact(rooms.close_category, chief(world), tea, text("不能直播", "Not sold live"), "Article 1")

    found = await shop.ask(rooms.conditions, merchant_id, [tea], None, datetime.now(UTC))
    assert [each.key for each in found if not each.met] == ["shop", "licence", "categories"]
    with pytest.raises(Invalid) as wrong:
        await shop.transact(rooms.apply, application(world, world.tea, category_ids=[tea]), BY)
    assert wrong.value.fields == {"category_ids": text("不能直播", "Not sold live")}
    await db.transact(rooms.open_category, chief(world), tea)
    assert not await shop.ask(rooms.wrong_categories, merchant_id, [tea])


async def test_an_application_goes_back_with_reasons_and_comes_again(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    await host(db, world, world.tea)
    wanted = application(world, world.tea)
    await shop.transact(rooms.apply, wanted, BY)

    with pytest.raises(TransitionRefused):
        await shop.transact(rooms.apply, application(world, world.tea, slug="another"), BY)
    with pytest.raises(Invalid):
        await db.transact(rooms.refuse, chief(world), merchant_id, wanted.application_id, " ")
    await db.transact(rooms.send_back, chief(world), merchant_id, wanted.application_id, {"name": "Too plain"})
    with pytest.raises(StaleRoomDecision):
        await db.transact(rooms.approve, chief(world), merchant_id, wanted.application_id)
    back = await shop.ask(rooms.application, merchant_id, wanted.application_id)
    assert back is not None
    assert (back.state, back.reasons) == (RoomApplicationState.SENT_BACK, {"name": "Too plain"})

    await shop.transact(rooms.apply, wanted, BY)
    waiting = await db.ask(rooms.applications, RoomApplicationState.SUBMITTED)
    assert [each.application_id for each in waiting.items] == [wanted.application_id]
    await db.transact(rooms.refuse, chief(world), merchant_id, wanted.application_id, "No")
    await shop.transact(rooms.apply, application(world, world.tea), BY)


async def test_two_rooms_never_have_one_address(db: Database, world: World) -> None:
    await room(db, world, world.tea)
    await host(db, world, world.tools, document_number=ANOTHER)
    shop, slug = db.as_merchant(world.tools.merchant_id), "tools-room"

    with pytest.raises(Invalid) as wrong:
        await shop.transact(rooms.apply, application(world, world.tools, slug="tea-room"), BY)
    assert set(wrong.value.fields) == {"slug"}
    wanted = application(world, world.tools, slug=slug)
    await shop.transact(rooms.apply, wanted, BY)
    await db.transact(
        lambda tx: tx.execute("INSERT INTO room_slugs VALUES ($1, $2, $3)", slug, world.tea.merchant_id, ids.mint())
    )
    with pytest.raises(RoomAddressTaken):
        await db.transact(rooms.approve, chief(world), world.tools.merchant_id, wanted.application_id)


async def test_minors_and_false_numbers_are_no_hosts(db: Database, world: World) -> None:
    shop = db.as_merchant(world.tea.merchant_id)
    for number in (CHILD, "330102199003071231", "12"):
        with pytest.raises(Invalid) as wrong:
            await shop.transact(rooms.register, new_host(world.tea, document_number=number), BY)
        assert set(wrong.value.fields) == {"document_number"}
    made = new_host(world.tea, is_ai=True)
    await shop.transact(rooms.register, made, BY)
    kept = await shop.ask(rooms.host, world.tea.merchant_id, made.host_id)
    assert kept is not None
    assert (kept.is_ai, kept.state, kept.masked_number) == (True, HostState.WAITING, "330…30")


@given(born=st.dates(date(1930, 1, 1), date(2020, 12, 31)), days=st.integers(-2, 2))
def test_somebody_is_of_age_from_the_eighteenth_birthday_on(born: date, days: int) -> None:
    # Who was born on the 29th of February is of age on the 1st of March of other years.
    try:
        birthday = born.replace(year=born.year + 18)
    except ValueError:
        birthday = date(born.year + 18, 3, 1)
    assert of_age(born, birthday + timedelta(days=days)) == (days >= 0)


async def test_a_host_speaks_while_verified_and_trained(db: Database, world: World) -> None:
    host_id, today = await host(db, world, world.tea), datetime.now(UTC).date()
    found = await db.ask(rooms.host, world.tea.merchant_id, host_id)
    assert found is not None
    assert found.speaks(today)
    assert not found.speaks(today + timedelta(days=366))
    await db.as_merchant(world.tea.merchant_id).transact(rooms.let_go, world.tea.merchant_id, host_id, BY)
    assert await db.ask(rooms.hosts_of, world.tea.merchant_id) == []


async def test_a_person_on_the_blacklist_speaks_in_no_shop(db: Database, world: World) -> None:
    tea, tools = await host(db, world, world.tea), await host(db, world, world.tools)
    stop_id = StopId(ids.mint())

    await db.transact(rooms.stop_host, chief(world), world.tea.merchant_id, tea, stop_id, "Insulted buyers")
    await db.transact(rooms.stop_host, chief(world), world.tea.merchant_id, tea, stop_id, "Insulted buyers")
    for merchant_id, host_id in ((world.tea.merchant_id, tea), (world.tools.merchant_id, tools)):
        barred = await db.ask(rooms.host, merchant_id, host_id)
        assert barred is not None
        assert barred.state is HostState.BARRED
    again = new_host(world.tools)
    await db.as_merchant(world.tools.merchant_id).transact(rooms.register, again, BY)
    with pytest.raises(HostBarred):
        await db.transact(rooms.verify, chief(world), world.tools.merchant_id, again.host_id)

    await db.transact(rooms.lift, chief(world), world.tea.merchant_id, stop_id, "It was somebody else")
    assert not any(stop.stands for stop in (await db.ask(rooms.stops)).items)
    await db.transact(rooms.verify, chief(world), world.tools.merchant_id, tools)


async def test_a_room_is_stopped_in_one_click_and_opened_by_an_appeal(db: Database, world: World) -> None:
    merchant_id, shop = world.tea.merchant_id, db.as_merchant(world.tea.merchant_id)
    room_id, _ = await room(db, world, world.tea)
    stop_id = StopId(ids.mint())
    arguments = (merchant_id, room_id, stop_id, StopKind.BLACKLIST)

    with pytest.raises(Invalid):
        await db.transact(rooms.stop_room, chief(world), *arguments, "")
    await db.transact(rooms.stop_room, chief(world), *arguments, "Sold fakes")
    await db.transact(rooms.stop_room, chief(world), *arguments, "Sold fakes")
    with pytest.raises(AlreadyStopped):
        await db.transact(
            rooms.stop_room, chief(world), merchant_id, room_id, StopId(ids.mint()), StopKind.TAKEDOWN, "Again"
        )

    await shop.transact(rooms.appeal, merchant_id, stop_id, "They were real", BY)
    await db.transact(rooms.keep, chief(world), merchant_id, stop_id, "They were not")
    with pytest.raises(StaleRoomDecision):
        await shop.transact(rooms.appeal, merchant_id, stop_id, "But they were", BY)
    await db.transact(rooms.lift, chief(world), merchant_id, stop_id, "They were, after all")
    await db.transact(rooms.lift, chief(world), merchant_id, stop_id, "They were, after all")
    opened = await db.ask(rooms.room, merchant_id, room_id)
    assert opened is not None
    assert opened.state is RoomState.OPEN
    assert [step.reason for step in await shop.ask(rooms.room_history, merchant_id, room_id)] == [
        "They were, after all", "Sold fakes", "",
    ]  # fmt: skip


async def test_a_role_in_a_room_needs_the_permission(db: Database, world: World) -> None:
    merchant_id = world.tea.merchant_id
    room_id, _ = await room(db, world, world.tea)
    clerk, desk = AccountId(ids.mint()), AccountId(ids.mint())
    for account_id, role in ((clerk, "merchant_clerk"), (desk, "merchant_desk")):
        await db.transact(
            access.register, account_id=account_id, kind=AccountKind.MERCHANT, name="Gao", email=f"{account_id}@a.test",
            password_hash="x", locale="en", merchant_id=merchant_id, roles=[role],
        )  # fmt: skip

    with pytest.raises(Invalid):
        await db.transact(rooms.give_roles, merchant_id, room_id, clerk, [Role.DESK])
    await db.transact(rooms.give_roles, merchant_id, room_id, desk, [Role.DESK, Role.SERVICE])
    await db.transact(rooms.give_roles, merchant_id, room_id, desk, [Role.SERVICE])
    assert await db.ask(rooms.crew, merchant_id, room_id) == {desk: {Role.SERVICE}}
    with pytest.raises(NotFound):
        await db.transact(rooms.give_roles, merchant_id, room_id, world.operator.account_id, [Role.FIELD])


async def test_a_shop_sees_nothing_of_another_shops_rooms(db: Database, world: World) -> None:
    merchant_id, stranger = world.tea.merchant_id, db.as_merchant(world.tools.merchant_id)
    room_id, host_id = await room(db, world, world.tea)
    stop_id = StopId(ids.mint())
    await db.transact(rooms.stop_room, chief(world), merchant_id, room_id, stop_id, StopKind.TAKEDOWN, "Smoke")

    assert await stranger.ask(rooms.room, merchant_id, room_id) is None
    assert await stranger.ask(rooms.rooms_of, merchant_id) == []
    assert await stranger.ask(rooms.host, merchant_id, host_id) is None
    assert await stranger.ask(rooms.newest_application, merchant_id) is None
    assert await stranger.ask(rooms.stops_of, merchant_id) == []
    with pytest.raises(NotFound):
        await stranger.transact(rooms.appeal, merchant_id, stop_id, "Mine", BY)
    with pytest.raises(NotFound):
        await stranger.transact(rooms.let_go, merchant_id, host_id, BY)
    assert await stranger.ask(rooms.crew, merchant_id, room_id) == {}
