"""What goes on by itself: behaviour is copied each hour, changed days soon after, hours are joined when their day is over."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.lake import keeping, writing


async def begin(tx: Tx) -> int:
    """Orders that were there before the lake was, and those that an import has brought without telling of each: their days are
    stale. Returns how many imports and beginnings there were."""
    new = await tx.execute(
        """
        INSERT INTO lake_imports (fingerprint)
        SELECT fingerprint FROM import_runs i WHERE subject = 'orders' AND finished_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM lake_imports l WHERE l.fingerprint = i.fingerprint)
        UNION ALL
        SELECT '' WHERE NOT EXISTS (SELECT FROM lake_imports WHERE fingerprint = '')
        ON CONFLICT (fingerprint) DO NOTHING
        """
    )
    if new:
        await writing.mark_history(tx)
    return new


async def _begin(db: Database) -> int:
    return await db.transact(begin)


def _in_the_lake(work: Callable[[Database, Path], Awaitable[int]]) -> Callable[[Database], Awaitable[int]]:
    async def run(db: Database) -> int:
        return await work(db, kernel_settings.load().home)

    return run


SWEEPS = [
    Sweep("lake.begin", 60.0, _begin),
    Sweep("lake.copy_trade", 60.0, _in_the_lake(writing.copy_trade)),
    Sweep("lake.copy_behaviour", 3_600.0, _in_the_lake(writing.copy_behaviour)),
    Sweep("lake.compact", 3_600.0, _in_the_lake(keeping.compact)),
    Sweep("lake.rename", 900.0, _in_the_lake(keeping.rename)),
    Sweep("lake.delete_gone", 900.0, _in_the_lake(keeping.delete_gone)),
]
