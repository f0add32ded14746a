"""The books as they were at a moment: what was written down when a month was closed, and the tail of transfers since."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.money.ledger.drilling import trial_balance_at
from steelyard.money.ledger.model import AccountKind, ChartLine, Class, TrialLine


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What stood on accounts at a moment, in minor units, on each side."""

    debits: int
    credits: int


class PeriodStep(msgspec.Struct, frozen=True, kw_only=True):
    period: date
    from_state: str
    to_state: str
    at: datetime
    by: str
    words: str


async def closed_until(read: Read) -> datetime | None:
    """The first moment into which anything may be dated; none while no month is closed."""
    return await read.value("SELECT max(ends) FROM ledger_periods WHERE state = 'closed'")


async def based_on(read: Read) -> datetime | None:
    """Of which moment a sweep has summed all accounts; none while it has not."""
    return await read.value("SELECT max(until) FROM ledger_base")


async def period_history(read: Read, first: date) -> list[PeriodStep]:
    """What became of a month, the first step first."""
    return await read.all(
        PeriodStep,
        "SELECT period, from_state, to_state, at, by, words FROM ledger_period_history WHERE period = $1 ORDER BY step",
        first,
    )


async def trial_at(read: Read, until: datetime) -> list[TrialLine]:
    """The trial balance at a moment: from the last month that was closed by then, or from the base that a sweep has summed
    (`days`), whichever is later, and what was posted since. Of the weeks before the base it is that less what came between.
    Where nothing is summed yet it is today's totals less what came after."""
    month = await read.row(
        "SELECT period, ends FROM ledger_periods WHERE state = 'closed' AND ends <= $1 ORDER BY ends DESC LIMIT 1",
        until,
    )
    base = await based_on(read)
    if base is not None and base <= until and (month is None or month["ends"] < base):
        return await read.all(
            TrialLine,
            """
            WITH tail AS (
                SELECT debit AS kind, currency, sum(amount)::bigint AS debits, 0::bigint AS credits FROM ledger_transfers
                WHERE at >= $1 AND at < $2 GROUP BY debit, currency
                UNION ALL
                SELECT credit, currency, 0, sum(amount)::bigint FROM ledger_transfers
                WHERE at >= $1 AND at < $2 GROUP BY credit, currency
                UNION ALL
                SELECT kind, currency, debits, credits FROM ledger_base
            )
            SELECT k.kind, t.currency, sum(t.debits)::bigint AS debits, sum(t.credits)::bigint AS credits
                 , (sum(t.debits - t.credits) * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
            FROM tail t JOIN ledger_account_kinds k USING (kind)
            GROUP BY k.kind, k.normal, t.currency
            ORDER BY t.currency, k.normal DESC, k.kind
            """,
            base,
            until,
        )
    if month is None:
        if base is None or not await _days_known(read, until, base):
            return await trial_balance_at(read, until)
        return await _less_what_followed(read, until)
    return await read.all(
        TrialLine,
        """
        WITH tail AS (
            SELECT debit AS kind, currency, sum(amount)::bigint AS debits, 0::bigint AS credits FROM ledger_transfers
            WHERE at >= $2 AND at < $3 GROUP BY debit, currency
            UNION ALL
            SELECT credit, currency, 0, sum(amount)::bigint FROM ledger_transfers
            WHERE at >= $2 AND at < $3 GROUP BY credit, currency
            UNION ALL
            SELECT kind, currency, debits, credits FROM ledger_period_totals WHERE period = $1
        )
        SELECT k.kind, t.currency, sum(t.debits)::bigint AS debits, sum(t.credits)::bigint AS credits
             , (sum(t.debits - t.credits) * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
        FROM tail t JOIN ledger_account_kinds k USING (kind)
        GROUP BY k.kind, k.normal, t.currency
        ORDER BY t.currency, k.normal DESC, k.kind
        """,
        month["period"],
        month["ends"],
        until,
    )


async def _days_known(read: Read, until: datetime, base: datetime) -> bool:
    """Whether each whole day from a moment until the base is summed."""
    return await read.value(
        """
        SELECT count(s.day) = count(*)
        FROM generate_series((($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date + 1)::timestamp
                           , ($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date - 1, interval '1 day') AS d (day)
        LEFT JOIN ledger_days_summed s ON s.day = d.day::date
        """,
        until,
        base,
    )


async def _less_what_followed(read: Read, until: datetime) -> list[TrialLine]:
    """What stood at the base, less what was moved on the days between and on the rest of the moment's own."""
    return await read.all(
        TrialLine,
        """
        WITH base AS (
            SELECT max(until) AS at, (($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date + 1) AS next FROM ledger_base
        ), ends AS (
            SELECT at, next, least(at, next::timestamp AT TIME ZONE 'Asia/Shanghai') AS midnight FROM base
        ), sides AS (
            SELECT kind, currency, debits, credits FROM ledger_base
            UNION ALL
            SELECT d.kind, d.currency, -d.debits, -d.credits FROM ledger_days d
            WHERE d.day >= (SELECT next FROM ends) AND d.day < (SELECT (at AT TIME ZONE 'Asia/Shanghai')::date FROM ends)
            UNION ALL
            SELECT debit, currency, -sum(amount)::bigint, 0 FROM ledger_transfers
            WHERE at >= $1 AND at < (SELECT midnight FROM ends) GROUP BY debit, currency
            UNION ALL
            SELECT credit, currency, 0, -sum(amount)::bigint FROM ledger_transfers
            WHERE at >= $1 AND at < (SELECT midnight FROM ends) GROUP BY credit, currency
        )
        SELECT k.kind, s.currency, sum(s.debits)::bigint AS debits, sum(s.credits)::bigint AS credits
             , (sum(s.debits - s.credits) * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
        FROM sides s JOIN ledger_account_kinds k USING (kind)
        GROUP BY k.kind, k.normal, s.currency HAVING sum(s.debits) + sum(s.credits) > 0
        ORDER BY s.currency, k.normal DESC, k.kind
        """,
        until,
    )


async def standing(read: Read, kind: AccountKind, currency: str, at: datetime, owner_id: UUID | None = None) -> Opening:
    """What stood on an account at a moment, or on all accounts of a kind."""
    if owner_id is not None:
        return await _standing_of(read, owner_id, kind, currency, at)
    for line in await trial_at(read, at):
        if (line.kind, line.currency) == (kind, currency):
            return Opening(debits=line.debits, credits=line.credits)
    return Opening(debits=0, credits=0)


async def _standing_of(read: Read, owner_id: UUID, kind: AccountKind, currency: str, at: datetime) -> Opening:
    found = await read.one(
        Opening,
        """
        WITH base AS (
            SELECT s.debits, s.credits, p.ends FROM ledger_snapshots s JOIN ledger_periods p USING (period)
            WHERE (s.owner_id, s.kind, s.currency) = ($1::uuid, $2, $3) AND p.ends <= $4
            ORDER BY s.period DESC LIMIT 1
        ), sides AS (
            SELECT debits, credits FROM base
            UNION ALL
            SELECT CASE t.debit WHEN $2 THEN t.amount ELSE 0 END, CASE t.credit WHEN $2 THEN t.amount ELSE 0 END
            FROM ledger_transfers t
            WHERE t.owner_id = $1 AND $2 IN (t.debit, t.credit) AND t.currency = $3 AND t.at < $4
              AND t.at >= coalesce((SELECT ends FROM base), '-infinity')
        )
        SELECT coalesce(sum(debits), 0)::bigint AS debits, coalesce(sum(credits), 0)::bigint AS credits FROM sides
        """,
        owner_id,
        str(kind),
        currency,
        at,
    )
    assert found is not None
    return found


async def chart(read: Read) -> list[ChartLine]:
    """The chart of accounts: assets, liabilities, equity, income, expenses."""
    found = await read.all(
        ChartLine,
        """
        SELECT c.kind, k.normal, c.class, c.money, c.by_hand, c.purpose
        FROM ledger_chart c JOIN ledger_account_kinds k USING (kind) ORDER BY c.kind
        """,
    )
    order = list(Class)
    return sorted(found, key=lambda line: (order.index(line.class_), line.money is None, line.kind))


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The money of others that the platform holds, beside the cash that it has, in one currency: `gap` is cash less what is
    owed, and `why` says of what it is made: what each other kind of account has put into the cash, or taken out of it."""

    currency: str
    cash: dict[AccountKind, int]
    buyers: dict[AccountKind, int]
    merchants: dict[AccountKind, int]
    why: dict[AccountKind, int]

    @property
    def gap(self) -> int:
        return sum(self.cash.values()) - sum(self.buyers.values()) - sum(self.merchants.values())


def held_against_cash(lines: Sequence[TrialLine], known: Sequence[ChartLine]) -> list[Held]:
    """From a trial balance: since debits equal credits, the gap is what stands on the accounts that are neither cash nor
    anybody's money."""
    money = {line.kind: line.money for line in known}
    found: list[Held] = []
    for currency in sorted({line.currency for line in lines}):
        of_it = [line for line in lines if line.currency == currency]
        grouped = {
            group: {
                line.kind: (line.debits - line.credits) * (1 if group == "cash" else -1)
                for line in of_it
                if money.get(line.kind) == group
            }
            for group in ("cash", "buyers", "merchants", None)
        }
        why = {kind: amount for kind, amount in grouped[None].items() if amount}
        found.append(
            Held(
                currency=currency,
                cash=grouped["cash"],
                buyers=grouped["buyers"],
                merchants=grouped["merchants"],
                why=why,
            )
        )
    return found


async def moved_between(read: Read, since: datetime, until: datetime) -> list[TrialLine]:
    """What every kind of account has moved from a moment until another: for an income statement."""
    before = {(line.kind, line.currency): line for line in await trial_at(read, since)}
    found: list[TrialLine] = []
    for line in await trial_at(read, until):
        then = before.get((line.kind, line.currency))
        moved = TrialLine(
            kind=line.kind,
            currency=line.currency,
            debits=line.debits - (then.debits if then else 0),
            credits=line.credits - (then.credits if then else 0),
            balance=line.balance - (then.balance if then else 0),
        )
        if moved.debits or moved.credits:
            found.append(moved)
    return found
