"""What time brings about in live sessions."""

from datetime import UTC, datetime, timedelta

from steelyard.channels.live import crowd, drawing
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep

PRESENCE_KEPT = timedelta(minutes=10)


async def _draw(db: Database) -> int:
    return await db.transact(drawing.close_due)


async def _forget_processes(db: Database) -> int:
    return await db.transact(crowd.forget_processes, datetime.now(UTC) - PRESENCE_KEPT)


SWEEPS = (Sweep("live.draw", 1.0, _draw), Sweep("live.forget_processes", 300.0, _forget_processes))
