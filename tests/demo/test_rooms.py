"""The demo's live rooms: one that can be on air at once, and one that is asked for; made again, nothing is doubled."""

from pathlib import Path

from steelyard.channels import live, rooms
from steelyard.channels.live.model import SessionState
from steelyard.channels.live.streaming import end_silent
from steelyard.channels.rooms.model import RoomApplicationState
from steelyard.demo import generator, people
from steelyard.demo import rooms as demo_rooms
from steelyard.demo.generator import Size
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from tests.parties.people import SOME_HASH

SECRET = "whsec_c2VjcmV0"


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches the progress."""


async def test_a_shop_can_go_live_in_the_demo(db: Database, database_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=database_url)
    await db.transact(people.operators, SOME_HASH)
    await generator.furnish(db, settings, SOME_HASH, seed=1, size=Size(0.02), step=nothing)

    for _ in range(2):
        await demo_rooms.go_live(db, settings)

    sessions = (await db.ask(live.sessions, made("merchant", demo_rooms.OPEN))).items
    assert [each.state for each in sessions] == [SessionState.PLANNED, SessionState.READY]
    assert len(await db.ask(live.goods, sessions[1].merchant_id, sessions[1].session_id)) > 0
    assert any(each.forbids and each.field == "script" for each in await db.ask(live.look, sessions[0]))
    waiting = await db.ask(rooms.applications, RoomApplicationState.SUBMITTED)
    assert [each.slug for each in waiting.items] == [demo_rooms.ASKING]


async def test_the_demo_s_room_is_of_the_day_on_which_it_is_started(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=database_url)
    await db.transact(people.operators, SOME_HASH)
    await generator.furnish(db, settings, SOME_HASH, seed=1, size=Size(0.02), step=nothing)
    await demo_rooms.go_live(db, settings)
    merchant_id = made("merchant", demo_rooms.OPEN)
    tomorrow, today = (await db.ask(live.sessions, merchant_id)).items
    stream = live.stream_of(today.session_id)
    key = live.host_key(SECRET, stream)
    await db.transact(live.admit, stream, key, "host", "", secret=SECRET, development=True)
    await db.transact(live.unpublished, stream, "host", 0)

    # A start of the same day, after the demo was away for long: the host is waited for.
    await db.transact(hours_pass, 2)
    await demo_rooms.of_today(db)
    assert await db.transact(end_silent) == 0

    # One of the day after.
    await db.transact(hours_pass, 22)
    await demo_rooms.of_today(db)

    found = {each.session_id: each for each in (await db.ask(live.sessions, merchant_id)).items}
    before = [found.pop(each.session_id).state for each in (today, tomorrow)]
    assert before == [SessionState.ENDED, SessionState.CANCELLED]
    assert [each.state for each in found.values()] == [SessionState.PLANNED, SessionState.READY]
    assert [each.session_id.hex for each in await db.ask(live.to_host)] == [list(found)[1].hex]


async def hours_pass(tx: Tx, hours: int) -> None:
    await tx.execute(
        """
        UPDATE live_sessions
        SET starts_at = starts_at - make_interval(hours => $1), ends_at = ends_at - make_interval(hours => $1)
        """,
        hours,
    )
    await tx.execute("UPDATE live_stages SET grace_until = grace_until - make_interval(hours => $1)", hours)
