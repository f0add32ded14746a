"""What time brings about: the trial balance of many accounts is summed, and what was moved day by day."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.money.ledger.days import sum_days
from steelyard.money.ledger.model import BOOKS_ZONE
from steelyard.money.ledger.summing import sum_up


async def _sum_up(db: Database) -> int:
    await db.transact(sum_up)
    return 0


async def _sum_days(db: Database) -> int:
    await db.transact(sum_days, datetime.now(UTC).astimezone(BOOKS_ZONE).date())
    return 0


SWEEPS = [Sweep("ledger.sum_up", 60.0, _sum_up), Sweep("ledger.sum_days", 300.0, _sum_days)]
