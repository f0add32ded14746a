"""What goes on by itself: days are rolled up, visits that have been counted are forgotten."""

from datetime import UTC, date, datetime, timedelta

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.analytics.rollup import mark_history, roll_up
from steelyard.trade.settlement import settlement_day

VISITS_KEPT_DAYS = 60
VISITS_PER_SWEEP = 5_000


async def count_imports(tx: Tx) -> int:
    """Orders that were imported told nobody of themselves: when an import has ended, its history is rolled up."""
    new = await tx.execute(
        """
        INSERT INTO counted_imports (fingerprint)
        SELECT fingerprint FROM import_runs i
        WHERE subject = 'orders' AND finished_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM counted_imports c WHERE c.fingerprint = i.fingerprint)
        ON CONFLICT (fingerprint) DO NOTHING
        """
    )
    if new:
        await mark_history(tx)
    return new


async def forget_visits(tx: Tx, before: date) -> int:
    """Who looked at what is nobody's business for longer than it takes to count it."""
    return await tx.execute(
        """
        DELETE FROM visits v USING (
            SELECT merchant_id, day, visitor_id FROM visits WHERE day < $1 ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS old
        WHERE (v.merchant_id, v.day, v.visitor_id) = (old.merchant_id, old.day, old.visitor_id)
        """,
        before,
        VISITS_PER_SWEEP,
    )


async def _roll_up(db: Database) -> int:
    return await db.transact(roll_up)


async def _count_imports(db: Database) -> int:
    return await db.transact(count_imports)


async def _forget_visits(db: Database) -> int:
    return await db.transact(forget_visits, settlement_day(datetime.now(UTC)) - timedelta(days=VISITS_KEPT_DAYS))


SWEEPS = [
    Sweep("analytics.roll_up", 2.0, _roll_up),
    Sweep("analytics.count_imports", 60.0, _count_imports),
    Sweep("analytics.forget_visits", 3_600.0, _forget_visits),
]
