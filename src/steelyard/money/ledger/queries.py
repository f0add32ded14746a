"""Questions to the books."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.ledger.model import AccountKind, Balance, Entry, OwnedBalance, PostedTransfer, TrialLine


async def balances(read: Read, owner_id: UUID) -> list[Balance]:
    """Every account of one merchant or buyer."""
    return await read.all(
        Balance,
        """
        SELECT a.kind, a.currency, a.debits, a.credits
             , CASE k.normal WHEN 'debit' THEN a.debits - a.credits ELSE a.credits - a.debits END AS balance
        FROM ledger_accounts a JOIN ledger_account_kinds k USING (kind)
        WHERE a.owner_id = $1
        ORDER BY a.currency, a.kind
        """,
        owner_id,
    )


async def trial_balance(read: Read) -> list[TrialLine]:
    """All accounts by kind and currency. Per currency the debits equal the credits, or the books are broken."""
    return await read.all(
        TrialLine,
        """
        SELECT k.kind, a.currency, sum(a.debits)::bigint AS debits, sum(a.credits)::bigint AS credits
             , (sum(a.debits - a.credits) * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
        FROM ledger_accounts a JOIN ledger_account_kinds k USING (kind)
        GROUP BY k.kind, k.normal, a.currency
        ORDER BY a.currency, k.normal DESC, k.kind
        """,
    )


async def entries(
    read: Read,
    owner_id: UUID,
    kind: AccountKind,
    cursor: str | None = None,
    limit: int | None = None,
    *,
    currency: str | None = None,
    reason: str | None = None,
) -> Page[Entry]:
    """What moved one account, newest first; of one currency, for one reason."""
    size = paging.limit(limit)
    after = paging.read_cursor(cursor, UUID)
    found = await read.all(
        Entry,
        """
        SELECT transfer_id, CASE debit WHEN $2 THEN 'debit' ELSE 'credit' END AS side
             , CASE debit WHEN $2 THEN credit ELSE debit END AS against, amount, currency, reason, document, at
        FROM ledger_transfers
        WHERE owner_id = $1 AND $2 IN (debit, credit) AND ($3::uuid IS NULL OR transfer_id < $3)
          AND ($5::text IS NULL OR currency = $5) AND ($6::text IS NULL OR reason = $6)
        ORDER BY transfer_id DESC
        LIMIT $4
        """,
        owner_id,
        str(kind),
        after[0] if after else None,
        size + 1,
        currency,
        reason,
    )
    more = len(found) > size
    return Page(found[:size], paging.write_cursor(found[size - 1].transfer_id) if more else None)


async def transfers_of(read: Read, documents: Sequence[UUID]) -> list[PostedTransfer]:
    """Every transfer that these documents caused, whoever's it is, in the order it was written."""
    return await read.all(
        PostedTransfer,
        """
        SELECT owner_id, transfer_id, debit, credit, amount, currency, reason, document, at
        FROM ledger_transfers WHERE document = ANY($1::uuid[])
        ORDER BY transfer_id
        """,
        list(documents),
    )


async def accounts_of_kind(
    read: Read, kind: AccountKind, currency: str, cursor: str | None = None, limit: int | None = None
) -> Page[OwnedBalance]:
    """The accounts behind one line of the trial balance, by owner."""
    size = paging.limit(limit)
    after = paging.read_cursor(cursor, UUID)
    found = await read.all(
        OwnedBalance,
        """
        SELECT a.owner_id, a.kind, a.currency, a.debits, a.credits
             , CASE k.normal WHEN 'debit' THEN a.debits - a.credits ELSE a.credits - a.debits END AS balance
        FROM ledger_accounts a JOIN ledger_account_kinds k USING (kind)
        WHERE a.kind = $1 AND a.currency = $2 AND ($3::uuid IS NULL OR a.owner_id > $3)
        ORDER BY a.owner_id
        LIMIT $4
        """,
        str(kind),
        currency,
        after[0] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.owner_id,))
