"""What time brings about: the trial balance of many accounts is summed."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.money.ledger.summing import sum_up


async def _sum_up(db: Database) -> int:
    await db.transact(sum_up)
    return 0


SWEEPS = [Sweep("ledger.sum_up", 60.0, _sum_up)]
