"""What goes on by itself: people go on when their time has come, what they do is followed, many are called in at once."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.journeys.callers import answer, call_birthdays, call_to_live
from steelyard.operations.journeys.following import follow
from steelyard.operations.journeys.intervals import count_intervals
from steelyard.operations.journeys.running import mark_cleared, sweep


async def _follow(db: Database) -> int:
    return await db.transact(follow)


async def _answer(db: Database) -> int:
    return await db.transact(answer)


async def _live(db: Database) -> int:
    return await db.transact(call_to_live)


async def _birthdays(db: Database) -> int:
    return await db.transact(call_birthdays, datetime.now(UTC))


async def _intervals(db: Database) -> int:
    return await db.transact(count_intervals, datetime.now(UTC))


async def _cleared(db: Database) -> int:
    return await db.transact(mark_cleared)


SWEEPS = [
    Sweep("journeys.follow", 0.5, _follow),
    Sweep("journeys.move", 1.0, sweep),
    Sweep("journeys.call", 2.0, _answer),
    Sweep("journeys.live_soon", 60.0, _live),
    Sweep("journeys.birthdays", 300.0, _birthdays),
    Sweep("journeys.intervals", 3_600.0, _intervals),
    Sweep("journeys.cleared", 60.0, _cleared),
]
