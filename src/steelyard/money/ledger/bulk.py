"""Writing history into the books: thousands of transfers a call, each with its own time."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from uuid_utils import compat

from steelyard.kernel.db import Tx
from steelyard.money.ledger.days import forget_days
from steelyard.money.ledger.model import BOOKS_ZONE, PeriodClosed, Transfer, month_number, month_of
from steelyard.money.ledger.service import MONTH_LOCKS, Account, lock_accounts
from steelyard.money.ledger.snapshots import closed_until

NANOSECONDS = 1_000_000_000

_COLUMNS = ("owner_id", "transfer_id", "debit", "credit", "amount", "currency", "reason", "document", "at")

_TOTALS = """
UPDATE ledger_accounts a SET debits = a.debits + m.debits, credits = a.credits + m.credits
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
         AS m (owner_id, kind, currency, debits, credits)
WHERE (a.owner_id, a.kind, a.currency) = (m.owner_id, m.kind, m.currency)
"""


class DatedTransfer(Transfer, frozen=True, kw_only=True):
    """A transfer that happened at `at`."""

    at: datetime

    @classmethod
    def of(cls, transfer: Transfer, at: datetime) -> Self:
        """The same transfer, with its time."""
        return cls(
            owner_id=transfer.owner_id,
            debit=transfer.debit,
            credit=transfer.credit,
            amount=transfer.amount,
            currency=transfer.currency,
            reason=transfer.reason,
            document=transfer.document,
            at=at,
        )


async def bulk_post(tx: Tx, transfers: Sequence[DatedTransfer]) -> int:
    """What `post` does, by COPY, for transfers that are known to be new; returns how many were written.

    The importer claims its documents first, in the same transaction; a transfer that is there already raises
    `UniqueViolation`; one that would be dated into a closed month `PeriodClosed`. Ids are ordered by `at`, so that an
    account's entries read in the order of time.
    """
    if not transfers:
        return 0
    debits: Counter[Account] = Counter()
    credits: Counter[Account] = Counter()
    for t in transfers:
        debits[t.owner_id, t.debit, t.currency] += t.amount
        credits[t.owner_id, t.credit, t.currency] += t.amount
    accounts = sorted(debits.keys() | credits.keys())
    await _share_months(tx, transfers)
    await lock_accounts(tx, accounts)
    await tx.copy(
        "ledger_transfers",
        _COLUMNS,
        [
            (t.owner_id, minted_at(t.at), t.debit, t.credit, t.amount, t.currency, t.reason, t.document, t.at)
            for t in transfers
        ],
    )
    await tx.execute(
        _TOTALS,
        [a[0] for a in accounts],
        [a[1] for a in accounts],
        [a[2] for a in accounts],
        [debits[a] for a in accounts],
        [credits[a] for a in accounts],
    )
    await forget_days(tx, min(t.at for t in transfers))
    return len(transfers)


async def _share_months(tx: Tx, transfers: Sequence[DatedTransfer]) -> None:
    """Nobody closes these months until they are written down. Raises `PeriodClosed`."""
    await tx.fetch(
        "SELECT pg_advisory_xact_lock_shared($1::integer, month) FROM unnest($2::integer[]) AS month",
        MONTH_LOCKS,
        sorted({month_number(month_of(t.at)) for t in transfers}),
    )
    until = await closed_until(tx)
    if until is not None and min(t.at for t in transfers) < until:
        raise PeriodClosed(until=until.astimezone(BOOKS_ZONE).date())


def minted_at(at: datetime) -> UUID:
    """A new UUIDv7 as if made at `at`."""
    return compat.uuid7(nanoseconds=int(at.timestamp() * NANOSECONDS))
