"""What time brings about in live sessions."""

from datetime import UTC, datetime, timedelta

from steelyard.channels.live import crowd, drawing
from steelyard.channels.live.reminding import tell_begun, tell_soon
from steelyard.channels.live.states import call_off_missed
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep

PRESENCE_KEPT = timedelta(minutes=10)


async def _soon(db: Database) -> int:
    return await db.transact(tell_soon)


async def _begun(db: Database) -> int:
    return await db.transact(tell_begun)


async def _missed(db: Database) -> int:
    return await db.transact(call_off_missed)


async def _draw(db: Database) -> int:
    return await db.transact(drawing.close_due)


async def _forget_processes(db: Database) -> int:
    return await db.transact(crowd.forget_processes, datetime.now(UTC) - PRESENCE_KEPT)


SWEEPS = (
    Sweep("live.remind_soon", 10.0, _soon),
    Sweep("live.tell_begun", 5.0, _begun),
    Sweep("live.call_off_missed", 30.0, _missed),
    Sweep("live.draw", 1.0, _draw),
    Sweep("live.forget_processes", 300.0, _forget_processes),
)
