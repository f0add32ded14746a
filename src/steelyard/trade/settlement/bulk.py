"""History taken over: what was earned elsewhere was paid elsewhere, and the books say so."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import codes, ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.trade.settlement.model import PAID_ELSEWHERE, SETTLEMENT_ZONE, StatementId
from steelyard.trade.settlement.runs import CODE_PREFIX, paid_out, set_aside

# A month of a busy merchant is some thousands of entries: so many months still take less than a second.
MONTHS_PER_CALL_MAX = 6


class _Month(msgspec.Struct, frozen=True):
    """The parked entries of one currency and month, summed."""

    currency: str
    month: date
    sales: int
    commission: int
    refunds: int
    commission_returned: int
    subsidy: int
    subsidy_returned: int
    adjustments: int
    payout: int


class _Group(msgspec.Struct, frozen=True):
    """Consecutive months that come to more than nothing together: one, unless refunds outweighed sales."""

    statement_id: StatementId
    day: date
    months: Sequence[_Month]

    @property
    def currency(self) -> str:
        return self.months[0].currency

    @property
    def at(self) -> datetime:
        return min(datetime.combine(self.day, time(23, 59, 59), SETTLEMENT_ZONE), datetime.now(SETTLEMENT_ZONE))


async def bulk_settled(tx: Tx, merchant_id: UUID, months_max: int = MONTHS_PER_CALL_MAX) -> int:
    """Put the merchant's parked entries on statements that are paid already, one per currency and month.

    Call it again until it returns 0; each call is a transaction of its own and writes at most `months_max` statements,
    with what they paid out posted as it was. A month in which refunds outweigh sales goes with the next one that makes
    up for it; what is left at the end is owed by the merchant, becomes due, and is set off against what it earns here.
    """
    groups = _grouped(await _parked(tx, merchant_id))[:months_max]
    if not groups:
        await _free(tx, merchant_id)
        return 0
    groups = await _dated(tx, merchant_id, groups)
    await _write(tx, merchant_id, groups)
    await ledger.bulk_post(
        tx,
        [
            DatedTransfer.of(moves(merchant_id, group.statement_id, _sum(group, "payout"), group.currency), group.at)
            for group in groups
            for moves in (set_aside, paid_out)
        ],
    )
    return len(groups)


async def _parked(tx: Tx, merchant_id: UUID) -> list[_Month]:
    return await tx.all(
        _Month,
        """
        SELECT currency, date_trunc('month', earned_at AT TIME ZONE $2)::date AS month
             , coalesce(sum(amount) FILTER (WHERE kind = 'sale'), 0)::bigint AS sales
             , -coalesce(sum(amount) FILTER (WHERE kind = 'commission'), 0)::bigint AS commission
             , -coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunds
             , coalesce(sum(amount) FILTER (WHERE kind = 'commission_returned'), 0)::bigint AS commission_returned
             , coalesce(sum(amount) FILTER (WHERE kind = 'subsidy'), 0)::bigint AS subsidy
             , -coalesce(sum(amount) FILTER (WHERE kind = 'subsidy_returned'), 0)::bigint AS subsidy_returned
             , coalesce(sum(amount) FILTER (
                   WHERE kind <> ALL ('{sale,commission,refund,commission_returned,subsidy,subsidy_returned}')), 0)::bigint
               AS adjustments
             , sum(amount)::bigint AS payout
        FROM settlement_entries
        WHERE merchant_id = $1 AND statement_id IS NULL AND due_on = $3
        GROUP BY 1, 2
        ORDER BY 1, 2
        """,
        merchant_id,
        SETTLEMENT_ZONE.key,
        PAID_ELSEWHERE,
    )


def _grouped(months: Sequence[_Month]) -> list[_Group]:
    by_currency: dict[str, list[_Month]] = defaultdict(list)
    for month in months:
        by_currency[month.currency].append(month)
    groups: list[_Group] = []
    for ordered in by_currency.values():
        together: list[_Month] = []
        for month in ordered:
            together.append(month)
            if sum(m.payout for m in together) > 0:
                groups.append(_Group(StatementId(ids.mint()), _last_day(month.month), together))
                together = []
    return groups


def _last_day(month: date) -> date:
    """The month's last day, or yesterday in a month that is not over: nothing was paid out in the future, and today's
    statement is the nightly run's."""
    first = month.replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    yesterday = datetime.now(SETTLEMENT_ZONE).date() - timedelta(days=1)
    return max(first, min(last, yesterday))


async def _dated(tx: Tx, merchant_id: UUID, groups: Sequence[_Group]) -> list[_Group]:
    """Each group's day: the last of its month without a statement (a second import of it takes the day before)."""
    rows = await tx.fetch(
        """
        SELECT g.statement_id, max(d.day)::date AS day
        FROM unnest($2::uuid[], $3::text[], $4::date[]) AS g (statement_id, currency, last_day)
        CROSS JOIN LATERAL generate_series(date_trunc('month', g.last_day), g.last_day, interval '1 day') AS d (day)
        WHERE NOT EXISTS (SELECT FROM statements s
                          WHERE (s.merchant_id, s.currency, s.day) = ($1, g.currency, d.day::date))
        GROUP BY g.statement_id
        """,
        merchant_id,
        [group.statement_id for group in groups],
        [group.currency for group in groups],
        [group.day for group in groups],
    )
    days = {row["statement_id"]: row["day"] for row in rows}
    assert len(days) == len(groups), "a month was settled on every one of its days"
    return [_Group(group.statement_id, days[group.statement_id], group.months) for group in groups]


async def _write(tx: Tx, merchant_id: UUID, groups: Sequence[_Group]) -> None:
    columns = (
        "sales", "commission", "refunds", "commission_returned", "subsidy", "subsidy_returned", "adjustments", "payout",
    )  # fmt: skip
    await tx.copy(
        "statements",
        ("merchant_id", "statement_id", "code", "day", "currency", *columns, "state", "issued_at", "paid_at"),
        [
            (
                merchant_id,
                group.statement_id,
                codes.mint(CODE_PREFIX),
                group.day,
                group.currency,
                *(_sum(group, column) for column in columns),
                "paid",
                group.at,
                group.at,
            )
            for group in groups
        ],
    )
    await tx.copy(
        "statement_history",
        ("merchant_id", "statement_id", "step", "from_state", "to_state", "at", "by"),
        [(merchant_id, group.statement_id, 1, "nowhere", "paid", group.at, "import") for group in groups],
    )
    months = [(group.statement_id, month) for group in groups for month in group.months]
    await tx.execute(
        """
        UPDATE settlement_entries e
        SET statement_id = m.statement_id, due_on = (e.earned_at AT TIME ZONE $5)::date
        FROM unnest($2::uuid[], $3::text[], $4::date[]) AS m (statement_id, currency, month)
        WHERE e.merchant_id = $1 AND e.statement_id IS NULL AND e.due_on = $6 AND e.currency = m.currency
          AND e.earned_at >= m.month::timestamp AT TIME ZONE $5
          AND e.earned_at < (m.month + interval '1 month') AT TIME ZONE $5
        """,
        merchant_id,
        [statement_id for statement_id, _ in months],
        [month.currency for _, month in months],
        [month.month for _, month in months],
        SETTLEMENT_ZONE.key,
        PAID_ELSEWHERE,
    )


async def _free(tx: Tx, merchant_id: UUID) -> None:
    """What no month made up for is due from the day it arose."""
    await tx.execute(
        """
        UPDATE settlement_entries SET due_on = (earned_at AT TIME ZONE $2)::date
        WHERE merchant_id = $1 AND statement_id IS NULL AND due_on = $3
        """,
        merchant_id,
        SETTLEMENT_ZONE.key,
        PAID_ELSEWHERE,
    )


def _sum(group: _Group, column: str) -> int:
    return sum(getattr(month, column) for month in group.months)
