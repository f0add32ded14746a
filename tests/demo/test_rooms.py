"""The demo's live rooms: one that can be on air at once, and one that is asked for; made again, nothing is doubled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from steelyard.channels import host_commission, live, rooms, selection
from steelyard.channels.live.model import SessionState
from steelyard.channels.live.streaming import end_silent
from steelyard.channels.rooms.model import RoomApplicationState
from steelyard.channels.selection.model import OfferState, SampleState
from steelyard.demo import evening, generator, habits, past, people, selecting
from steelyard.demo import rooms as demo_rooms
from steelyard.demo.generator import Size
from steelyard.demo.habits import Basket
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import Videos
from steelyard.kernel.settings import Settings
from tests.parties.people import SOME_HASH

SECRET = "whsec_c2VjcmV0"


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches the progress."""


async def test_a_shop_can_go_live_in_the_demo_and_has_sold_on_air(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    """Every check of the house runs when the test ends: books, statements and commissions add up."""
    # Given the past of a small house.
    settings = Settings(home=tmp_path, database_url=database_url)
    await db.transact(people.operators, SOME_HASH)
    await generator.furnish(db, settings, SOME_HASH, seed=1, size=Size(0.06), step=nothing)
    await db.transact(people.buyer, SOME_HASH)
    await past.remember(db, seed=1, scale=0.1, step=nothing)
    merchant_id = made("merchant", demo_rooms.OPEN)
    before = await db.ask(sold_by, merchant_id)

    # When its room has been on air, and the past is settled.
    for _ in range(2):
        await demo_rooms.go_live(db, settings)
        await selecting.agree(db)
        await past.settle(db)
        await selecting.select(db)

    # Then the session has orders of its own, each with its second, of the sums that the shop has anyway.
    review = await db.ask(live.debrief, merchant_id, evening.SESSION)
    assert review is not None and review.facts.orders >= review.facts.paid > 0 and review.facts.gmv > 0
    seconds = await db.ask(seconds_of, merchant_id)
    print(
        "ORDERS",
        len(seconds),
        review.facts,
        await db.ask(host_commission.of_host, merchant_id, made("host", demo_rooms.OPEN)),
    )
    assert len(seconds) == review.facts.orders
    assert all(evening.SPOKEN[0][0] <= said == second < evening.SPOKEN[-1][1] for said, second, _ in seconds)
    assert any(explained for _, _, explained in seconds)
    assert await db.ask(sold_by, merchant_id) == before

    # And what the host has earned is on statements that are paid, none of it on the next.
    host_id = made("host", demo_rooms.OPEN)
    earned = await db.ask(host_commission.of_host, merchant_id, host_id)
    assert sum(each.earned for each in earned) > 0 and {each.expected for each in earned} == {0}
    assert await db.ask(not_paid_yet, merchant_id) == 0

    # Beside it stand what can be on air, what is planned, and what is asked for.
    sessions = (await db.ask(live.sessions, merchant_id)).items
    assert [each.state for each in sessions] == [SessionState.PLANNED, SessionState.READY, SessionState.ENDED]
    assert sessions[0].trailer_video is not None and Videos(tmp_path).path(sessions[0].trailer_video).is_file()
    assert len(await db.ask(live.goods, sessions[1].merchant_id, sessions[1].session_id)) > 0
    assert any(each.forbids and each.field == "script" for each in await db.ask(live.look, sessions[0]))
    waiting = await db.ask(rooms.applications, RoomApplicationState.SUBMITTED)
    assert [each.slug for each in waiting.items] == [demo_rooms.ASKING]
    assert len(await db.ask(host_commission.payees, merchant_id)) == 2
    assert len((await db.ask(host_commission.agreements, merchant_id)).items) == 2
    assert len((await db.ask(selection.offers, merchant_id, OfferState.OPEN)).items) == 3
    states = {each.state for each in (await db.ask(selection.samples, merchant_id)).items}
    assert states == {SampleState.SENT, SampleState.ASKED}


async def test_the_demo_s_room_is_of_the_day_on_which_it_is_started(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=database_url)
    await db.transact(people.operators, SOME_HASH)
    await generator.furnish(db, settings, SOME_HASH, seed=1, size=Size(0.02), step=nothing)
    await demo_rooms.go_live(db, settings)
    merchant_id = made("merchant", demo_rooms.OPEN)
    tomorrow, today, over = (await db.ask(live.sessions, merchant_id)).items
    stream = live.stream_of(today.session_id)
    key = live.host_key(SECRET, stream)
    await db.transact(live.admit, stream, key, "host", "", secret=SECRET, development=True)
    await db.transact(live.unpublished, stream, "host", 0)

    # A start of the same day, after the demo was away for long: the host is waited for.
    await db.transact(hours_pass, 2)
    await demo_rooms.of_today(db, settings)
    assert await db.transact(end_silent) == 0

    # One of the day after.
    await db.transact(hours_pass, 22)
    await demo_rooms.of_today(db, settings)

    found = {each.session_id: each for each in (await db.ask(live.sessions, merchant_id)).items}
    before = [found.pop(each.session_id).state for each in (today, tomorrow, over)]
    assert before == [SessionState.ENDED, SessionState.CANCELLED, SessionState.ENDED]
    assert [each.state for each in found.values()] == [SessionState.PLANNED, SessionState.READY]
    assert [each.session_id.hex for each in await db.ask(live.to_host)] == [list(found)[1].hex]


async def test_only_those_wait_for_the_evening_who_would_have_bought_in_its_shop_in_the_weeks_before() -> None:
    now = datetime(2026, 11, 30, 9, tzinfo=UTC)
    begun = evening.begun(now)
    assert (begun.weekday(), begun.hour) == (5, 20)
    assert timedelta(days=22) < now - begun < timedelta(days=30)

    def waited(days: float, shop: str = demo_rooms.OPEN, buyers: int = habits.BUYERS) -> int:
        at = begun - timedelta(days=days)
        product_id, person = made("product", "any"), next(habits.people(1, 1, now.date()))
        basket = Basket(person=person, at=at, lines=[(0, 1)])
        moved = [
            evening.moved(basket, made("merchant", shop), product_id, now, buyers, f"{days}/{n}") for n in range(200)
        ]
        first, last = evening.SPOKEN[product_id.int % 3]
        gone = [each for each in moved if each.at != at]
        assert all(first <= (each.at - begun).total_seconds() < last for each in gone)
        assert all(each.source == f"live:{evening.SESSION}:{int((each.at - begun).total_seconds())}" for each in gone)
        assert all((each.lines, each.source) == ([(0, 1)], "demo") for each in moved if each.at == at)
        return len(gone)

    assert 90 < waited(5) < 150
    assert waited(5, shop="xinghuo") == waited(-1) == waited(40) == 0
    assert 0 < waited(5, buyers=10 * habits.BUYERS) < 30
    assert 90 < waited(40, buyers=habits.BUYERS // 10) < 150


async def sold_by(read: Read, merchant_id: UUID) -> tuple[int, int]:
    row = await read.row(
        "SELECT count(*) AS orders, sum(total) AS total FROM orders WHERE merchant_id = $1", merchant_id
    )
    assert row is not None
    return row["orders"], row["total"]


async def seconds_of(read: Read, merchant_id: UUID) -> list[tuple[int, int, UUID | None]]:
    rows = await read.fetch(
        """
        SELECT split_part(o.source, ':', 3)::integer AS said, l.second, l.product_id
        FROM live_orders l JOIN orders o USING (merchant_id, order_id) WHERE l.merchant_id = $1
        """,
        merchant_id,
    )
    return [(row["said"], row["second"], row["product_id"]) for row in rows]


async def not_paid_yet(read: Read, merchant_id: UUID) -> int:
    return await read.value(
        """
        SELECT count(*) FROM settlement_entries e LEFT JOIN statements s USING (merchant_id, statement_id)
        WHERE e.merchant_id = $1 AND e.kind LIKE 'host_commission%' AND s.state IS DISTINCT FROM 'paid'
        """,
        merchant_id,
    )


async def hours_pass(tx: Tx, hours: int) -> None:
    await tx.execute(
        """
        UPDATE live_sessions
        SET starts_at = starts_at - make_interval(hours => $1), ends_at = ends_at - make_interval(hours => $1)
        """,
        hours,
    )
    await tx.execute("UPDATE live_stages SET grace_until = grace_until - make_interval(hours => $1)", hours)
