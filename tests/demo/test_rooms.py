"""The demo's live rooms: one that can be on air at once, and one that is asked for; made again, nothing is doubled."""

from pathlib import Path

from steelyard.channels import live, rooms
from steelyard.channels.live.model import SessionState
from steelyard.channels.rooms.model import RoomApplicationState
from steelyard.demo import generator, people
from steelyard.demo import rooms as demo_rooms
from steelyard.demo.generator import Size
from steelyard.demo.products import made
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from tests.parties.people import SOME_HASH


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
