"""What the clock brings about: when a period has ended its reviews are wished for, and what is wished for is written."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations import analytics
from steelyard.operations.business_reviews.gathering import HISTORY_DAYS, still_stale
from steelyard.operations.business_reviews.model import Facts, Period, Span
from steelyard.operations.business_reviews.service import due, facts_of, write

SHOPS_AT_ONCE = 200
ROLLED_UP_MOST = 200


async def _take(tx: Tx) -> tuple[UUID | None, Period, str] | None:
    """The wish that has waited longest goes to the end: one that cannot be written keeps none of the others waiting."""
    row = await tx.row(
        """
        UPDATE business_review_wishes w SET wanted_at = now()
        FROM (SELECT merchant_id, span, first FROM business_review_wishes ORDER BY wanted_at LIMIT 1
              FOR NO KEY UPDATE SKIP LOCKED) n
        WHERE (w.merchant_id, w.span, w.first) = (n.merchant_id, n.span, n.first)
        RETURNING w.merchant_id, w.span, w.first, w.wanted_by
        """
    )
    if row is None:
        return None
    merchant_id = None if row["merchant_id"] == analytics.MARKETPLACE else row["merchant_id"]
    return merchant_id, Period(span=Span(row["span"]), first=row["first"]), row["wanted_by"]


async def write_next(db: Database) -> int:
    """Write one review: the days that it looks at are rolled up first, its figures are of one instant. While some are not (there
    are very many after an import, or another worker counts them), it stays wished for, since what is written stays."""
    taken = await db.transact(_take)
    if taken is None:
        return 0
    merchant_id, period, by = taken
    for _ in range(ROLLED_UP_MOST):
        if not await db.ask(_uncounted, merchant_id, period) or not await db.transact(analytics.roll_up):
            break
    facts = await db.ask(_facts_if_counted, merchant_id, period)
    if facts is None:
        return 0
    await db.transact(write, merchant_id, period, facts, by)
    return 1


async def _facts_if_counted(read: Read, merchant_id: UUID | None, period: Period) -> Facts | None:
    return None if await _uncounted(read, merchant_id, period) else await facts_of(read, merchant_id, period)


async def _uncounted(read: Read, merchant_id: UUID | None, period: Period) -> bool:
    """Whether a day is still to be counted anew of those that are compared or that the expectation is made from."""
    return await still_stale(read, merchant_id, period.first - timedelta(days=HISTORY_DAYS), period.last)


async def _wish(db: Database) -> int:
    return await db.transact(due, datetime.now(UTC), SHOPS_AT_ONCE)


SWEEPS = [
    Sweep("business_reviews.wish", 60.0, _wish),
    Sweep("business_reviews.write", 2.0, write_next),
]
