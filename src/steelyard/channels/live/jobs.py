"""What the clock brings about: reminders, and sessions that never began."""

from steelyard.channels.live.reminding import tell_begun, tell_soon
from steelyard.channels.live.states import call_off_missed
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep


async def _soon(db: Database) -> int:
    return await db.transact(tell_soon)


async def _begun(db: Database) -> int:
    return await db.transact(tell_begun)


async def _missed(db: Database) -> int:
    return await db.transact(call_off_missed)


SWEEPS = [
    Sweep("live.remind_soon", 10.0, _soon),
    Sweep("live.tell_begun", 5.0, _begun),
    Sweep("live.call_off_missed", 30.0, _missed),
]
