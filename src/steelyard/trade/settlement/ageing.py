"""How long buyers' money has been held, and what will be paid out when: of all shops together, for the operator."""

from datetime import date, datetime

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.trade.settlement.model import PAID_ELSEWHERE

# The first days of the bands that held money is told in; the last has no end.
BANDS = (0, 4, 8, 16, 31, 61)
DAYS_AHEAD = 30


class Aged(msgspec.Struct, frozen=True, kw_only=True):
    """Money held for buyers since between `since_days` and the next band's days, of so many orders."""

    currency: str
    since_days: int
    amount: int
    orders: int
    at: datetime


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """What statements of a day may pay of what is earned already, of all shops."""

    day: date
    currency: str
    amount: int


async def count_held(tx: Tx, now: datetime) -> int:
    """Count what is held of orders that are paid and not received, by how long ago they were paid; returns of how many bands.
    It looks at every such order: so it is counted now and then, and read from what was counted."""
    await tx.execute("DELETE FROM held_ages")
    return await tx.execute(
        """
        INSERT INTO held_ages (currency, since_days, amount, orders, at)
        SELECT o.currency, b.since_days, sum(o.total - o.refunded), count(*), $2
        FROM orders o
        CROSS JOIN LATERAL (
            SELECT max(band) AS since_days FROM unnest($1::integer[]) AS band
            WHERE o.paid_at <= $2::timestamptz - band * interval '1 day' OR band = 0
        ) AS b
        WHERE o.state IN ('held', 'paid', 'partly_shipped', 'shipped') AND o.paid_at IS NOT NULL
        GROUP BY o.currency, b.since_days
        """,
        list(BANDS),
        now,
    )


async def held_by_age(read: Read) -> list[Aged]:
    """What was held when it was last counted, the youngest first, by currency."""
    return await read.all(
        Aged, "SELECT currency, since_days, amount, orders, at FROM held_ages ORDER BY currency, since_days"
    )


async def ahead(read: Read, today: date) -> list[Ahead]:
    """By day and currency what is due on it, of the next `DAYS_AHEAD` days; what was due before counts for today."""
    return await read.all(
        Ahead,
        """
        SELECT greatest(due_on, $1) AS day, currency, sum(amount)::bigint AS amount FROM settlement_entries
        WHERE statement_id IS NULL AND due_on <= $1 + $2::integer AND due_on < $3
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        today,
        DAYS_AHEAD,
        PAID_ELSEWHERE,
    )
