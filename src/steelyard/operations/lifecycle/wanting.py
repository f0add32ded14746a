"""Whose customers wait to be valued, and who has waited longest. `valuing` does the sums, and is loaded when somebody waits."""

from datetime import datetime, timedelta
from uuid import UUID

from steelyard.kernel.db import Database, Tx
from steelyard.operations.analytics import MARKETPLACE

BEGUN_ANEW_MINUTES = 30


async def want_values(tx: Tx, merchant_id: UUID) -> None:
    """Have a shop's customers valued anew as soon as a worker comes to it. Said while it waits, once."""
    await tx.execute(
        """
        INSERT INTO value_runs (merchant_id, wanted_at) VALUES ($1, now())
        ON CONFLICT (merchant_id) DO UPDATE SET wanted_at = excluded.wanted_at
        """,
        merchant_id,
    )


async def want_all_values(tx: Tx) -> None:
    """Have the customers of every shop valued anew, and of the marketplace."""
    await tx.execute(
        """
        INSERT INTO value_runs (merchant_id, wanted_at)
        SELECT m.merchant_id, now() FROM (SELECT merchant_id FROM merchants UNION ALL SELECT $1::uuid) AS m (merchant_id)
        WHERE EXISTS (SELECT FROM customer_facts f WHERE f.merchant_id = m.merchant_id AND f.orders > 0)
        ON CONFLICT (merchant_id) DO UPDATE SET wanted_at = excluded.wanted_at
        """,
        MARKETPLACE,
    )


async def value_next(db: Database, now: datetime) -> int:
    """Value the customers of the shop that has waited longest. Returns how many it valued, 1 at least; 0: none waits."""
    merchant_id = await db.transact(_take, now)
    if merchant_id is None:
        return 0
    from steelyard.operations.lifecycle.valuing import value  # noqa: PLC0415  # weighs much (kernel/late.py)

    return max(await value(db, merchant_id, now), 1)


async def _take(tx: Tx, now: datetime) -> UUID | None:
    return await tx.value(
        """
        UPDATE value_runs SET begun_at = $1 WHERE merchant_id = (
            SELECT merchant_id FROM value_runs
            WHERE wanted_at > coalesce(counted_at, '-infinity')
              AND (begun_at IS NULL OR begun_at <= coalesce(counted_at, '-infinity') OR begun_at < $2)
            ORDER BY wanted_at, merchant_id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id
        """,
        now,
        now - timedelta(minutes=BEGUN_ANEW_MINUTES),
    )
