"""What goes on by itself: what people do is followed, the clock moves people, segments are counted."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.segments.counting import begin_night, count_on
from steelyard.operations.segments.following import follow, time_passes


async def _follow(db: Database) -> int:
    return await db.transact(follow)


async def _time_passes(db: Database) -> int:
    return await db.transact(time_passes, datetime.now(UTC))


async def _count(db: Database) -> int:
    return await db.transact(count_on)


async def _night(db: Database) -> int:
    return await db.transact(begin_night, datetime.now(UTC))


SWEEPS = [
    Sweep("segments.follow", 0.3, _follow),
    Sweep("segments.time_passes", 1.0, _time_passes),
    Sweep("segments.count", 0.5, _count),
    Sweep("segments.nightly_recount", 300.0, _night),
]
