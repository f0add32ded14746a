"""What goes on by itself: held orders that nobody decided in time, and what is forgotten."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.risk.service import decide_due, forget

DECIDE_EVERY_SECONDS = 30.0
FORGET_EVERY_SECONDS = 3_600.0


async def _decide(db: Database) -> int:
    return await db.transact(decide_due)


async def _forget(db: Database) -> int:
    return await db.transact(forget)


SWEEPS = [
    Sweep("risk.decide", DECIDE_EVERY_SECONDS, _decide),
    Sweep("risk.forget", FORGET_EVERY_SECONDS, _forget),
]
