"""What time brings about: promises whose time is over."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.promises.late import note_late

EVERY_SECONDS = 1.0


async def _late(db: Database) -> int:
    return await db.transact(note_late)


SWEEPS = [Sweep("promises.late", EVERY_SECONDS, _late)]
