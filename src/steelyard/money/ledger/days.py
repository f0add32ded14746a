"""What was moved day by day, for pictures of the last weeks: a sweep sums each day once it is over, and the young ones anew."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.ledger.model import AccountKind, TrialLine
from steelyard.money.ledger.service import MONTH_LOCKS

DAYS_KEPT = 92
# What began yesterday may be written down today.
DAYS_YOUNG = 2

_SUM = """
INSERT INTO ledger_days (day, kind, currency, debits, credits)
SELECT (at AT TIME ZONE 'Asia/Shanghai')::date, kind, currency, sum(debits), sum(credits) FROM (
    SELECT at, debit AS kind, currency, amount AS debits, 0::bigint AS credits FROM ledger_transfers
    WHERE at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai' AND at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
    UNION ALL
    SELECT at, credit, currency, 0, amount FROM ledger_transfers
    WHERE at >= $1::date::timestamp AT TIME ZONE 'Asia/Shanghai' AND at < ($2::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
) AS sides GROUP BY 1, 2, 3
"""


# What stood on all accounts when the last day that is not young was over ($1: the first that is): what stands there now, less
# what came since, of one instant.
_BASE = """
WITH since AS (SELECT $1::date::timestamp AT TIME ZONE 'Asia/Shanghai' AS at), sides AS (
    SELECT kind, currency, sum(debits) AS debits, sum(credits) AS credits FROM ledger_accounts GROUP BY kind, currency
    UNION ALL
    SELECT debit, currency, -sum(amount), 0 FROM ledger_transfers WHERE at >= (SELECT at FROM since) GROUP BY debit, currency
    UNION ALL
    SELECT credit, currency, 0, -sum(amount) FROM ledger_transfers WHERE at >= (SELECT at FROM since) GROUP BY credit, currency
)
INSERT INTO ledger_base (kind, currency, debits, credits, until)
SELECT kind, currency, sum(debits), sum(credits), (SELECT at FROM since) FROM sides
GROUP BY kind, currency HAVING sum(debits) + sum(credits) > 0
"""


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """What all accounts of a kind came to at the end of a day, on the side that the kind grows on, in minor units."""

    day: date
    kind: AccountKind
    balance: int


async def sum_days(tx: Tx, today: date) -> int:
    """Sum the days that are not summed yet and those that are young; forget old ones. Returns how many were summed."""
    first = today - timedelta(days=DAYS_KEPT)
    await tx.fetch("SELECT pg_advisory_xact_lock($1::integer, -1)", MONTH_LOCKS)
    await _sum_all_again(tx, today - timedelta(days=DAYS_YOUNG))
    await tx.execute("DELETE FROM ledger_days WHERE day < $1", first)
    await tx.execute("DELETE FROM ledger_days_summed WHERE day < $1", first)
    known = {row["day"] for row in await tx.fetch("SELECT day FROM ledger_days_summed")}
    young = today - timedelta(days=DAYS_YOUNG)
    wanted = [
        day
        for day in (first + timedelta(days=back) for back in range(DAYS_KEPT + 1))
        if day >= young or day not in known
    ]
    if not wanted:
        return 0
    begins, ends = wanted[0], wanted[-1]
    await tx.execute("DELETE FROM ledger_days WHERE day BETWEEN $1 AND $2", begins, ends)
    await tx.execute(_SUM, begins, ends)
    await tx.execute(
        """
        INSERT INTO ledger_days_summed (day, at)
        SELECT day::date, now() FROM generate_series($1::date, $2::date, interval '1 day') AS day
        ON CONFLICT (day) DO UPDATE SET at = excluded.at
        """,
        begins,
        ends,
    )
    return len(wanted)


async def _sum_all_again(tx: Tx, young: date) -> None:
    """Sum all accounts once a day, for all who ask what stands there."""
    if await tx.value(
        "SELECT EXISTS (SELECT FROM ledger_base WHERE until = $1::date::timestamp AT TIME ZONE 'Asia/Shanghai')", young
    ):
        return
    await tx.execute("DELETE FROM ledger_base")
    await tx.execute(_BASE, young)


async def forget_days(tx: Tx, since: datetime) -> None:
    """What is written into the past changes what stood on all days since. The sweep waits until it is."""
    await tx.fetch("SELECT pg_advisory_xact_lock_shared($1::integer, -1)", MONTH_LOCKS)
    await tx.execute("DELETE FROM ledger_base WHERE until > $1", since)
    await tx.execute(
        "DELETE FROM ledger_days_summed WHERE day >= ($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date", since
    )


async def stood_daily(
    read: Read, now: Sequence[TrialLine], currency: str, kinds: Sequence[AccountKind], first: date, last: date
) -> list[Stood]:
    """What stood on these kinds of accounts at the end of each day: what stands there `now`, less what was moved after."""
    rows = await read.fetch(
        """
        SELECT day, kind, sum(debits - credits)::bigint AS moved FROM ledger_days
        WHERE currency = $1 AND day > $2 AND kind = ANY ($3::text[]) GROUP BY day, kind
        """,
        currency,
        first,
        [str(kind) for kind in kinds],
    )
    moved = {(row["day"], row["kind"]): row["moved"] for row in rows}
    found: list[Stood] = []
    for kind in kinds:
        line = next((line for line in now if (line.kind, line.currency) == (kind, currency)), None)
        stands = line.debits - line.credits if line else 0
        sign = 1 if line is None or line.balance == stands else -1
        day = max([last, *(each[0] for each in moved)])
        while day >= first:
            if day <= last:
                found.append(Stood(day=day, kind=kind, balance=sign * stands))
            stands -= moved.get((day, str(kind)), 0)
            day -= timedelta(days=1)
    return sorted(found, key=lambda each: (each.day, each.kind))
