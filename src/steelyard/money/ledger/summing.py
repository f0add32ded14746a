"""The trial balance of many accounts: summed from time to time, so that nobody waits for it; it says of which instant it is."""

from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.ledger.model import TrialLine
from steelyard.money.ledger.queries import trial_balance
from steelyard.money.ledger.snapshots import based_on, closed_until, trial_at

# Fewer accounts are summed while one looks: a millisecond.
MANY_ACCOUNTS = 2_000
# Nothing has moved meanwhile: then it is summed anew all the same, for what was imported with its own times.
SUMMED_MINUTES = 10
# What was posted since a closed month is summed while one looks, if it is no longer ago.
TAIL_DAYS_MAX = 40


class Summed(msgspec.Struct, frozen=True, kw_only=True):
    """A trial balance as of `at`; without it, as of now. `waited_for`: accounts are many and nobody has summed them yet."""

    lines: list[TrialLine]
    at: datetime | None = None
    waited_for: bool = False


async def summed(read: Read) -> Summed:
    """The trial balance, of this instant while accounts are few, else as it was when all were summed last. Before they were
    summed once, from the last closed month or the base of days, and what was posted since; without one it is still to come."""
    if await _are_many(read):
        rows = await read.fetch(
            """
            SELECT k.kind, s.currency, s.debits, s.credits, s.at
                 , (s.debits - s.credits) * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END AS balance
            FROM ledger_summed s JOIN ledger_account_kinds k USING (kind)
            ORDER BY s.currency, k.normal DESC, k.kind
            """
        )
        if rows:
            return Summed(lines=[msgspec.convert(dict(row), TrialLine) for row in rows], at=rows[0]["at"])
        now = datetime.now(UTC)
        until = max(filter(None, (await closed_until(read), await based_on(read))), default=None)
        if until is None or now - until > timedelta(days=TAIL_DAYS_MAX):
            return Summed(lines=[], waited_for=True)
        return Summed(lines=await trial_at(read, now), at=now)
    return Summed(lines=await trial_balance(read))


async def sum_up(tx: Tx) -> int:
    """Sum many accounts, if money has moved since the last time; returns how many lines there are, or 0."""
    if not await _are_many(tx) or not await tx.value(
        """
        SELECT NOT EXISTS (
            SELECT FROM ledger_summed WHERE at > now() - $1 * interval '1 minute'
            AND at > (SELECT t.at FROM ledger_transfers t ORDER BY t.at DESC, t.transfer_id DESC LIMIT 1))
        """,
        SUMMED_MINUTES,
    ):
        return 0
    return await tx.execute(
        """
        INSERT INTO ledger_summed (kind, currency, debits, credits, at)
        SELECT kind, currency, sum(debits), sum(credits), now() FROM ledger_accounts GROUP BY kind, currency
        ON CONFLICT (kind, currency)
        DO UPDATE SET debits = excluded.debits, credits = excluded.credits, at = excluded.at
        """
    )


async def _are_many(read: Read) -> bool:
    """As far as PostgreSQL estimates."""
    return await read.value(
        "SELECT coalesce(max(reltuples), 0) > $1 FROM pg_class WHERE oid = 'ledger_accounts'::regclass", MANY_ACCOUNTS
    )
