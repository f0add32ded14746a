"""What the clock brings about: the time of teams is over."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.groups.paying import end_due


async def _end(db: Database) -> int:
    return await db.transact(end_due)


SWEEPS = [Sweep("groups.end_teams", 1.0, _end)]
