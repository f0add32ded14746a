"""Writing in the books."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money.ledger.model import AccountKind, Transfer

# An account's key: whose, of which kind, in which currency.
Account = tuple[UUID, AccountKind, str]

# What one statement takes; a batch of 256 purchases of a few merchants each stays far below.
TRANSFERS_PER_POST_MAX = 20_000

_LOCK = """
SELECT count(*) FROM (
    SELECT FROM ledger_accounts a
    JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS w (owner_id, kind, currency) USING (owner_id, kind, currency)
    ORDER BY a.owner_id, a.kind, a.currency
    FOR UPDATE OF a
) AS locked
"""

_OPEN = """
INSERT INTO ledger_accounts (owner_id, kind, currency)
SELECT owner_id, kind, currency
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (owner_id, kind, currency)
ORDER BY owner_id, kind, currency
ON CONFLICT (owner_id, kind, currency) DO NOTHING
"""

_POST = """
WITH fresh AS (
    INSERT INTO ledger_transfers (owner_id, transfer_id, debit, credit, amount, currency, reason, document)
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::uuid[])
    ON CONFLICT (owner_id, document, reason, debit, credit) DO NOTHING
    RETURNING owner_id, debit, credit, amount, currency
), moved AS (
    SELECT owner_id, kind, currency, sum(debits) AS debits, sum(credits) AS credits, sum(transfers) AS transfers
    FROM (
        SELECT owner_id, debit AS kind, currency, amount AS debits, 0::bigint AS credits, 1 AS transfers FROM fresh
        UNION ALL
        SELECT owner_id, credit, currency, 0, amount, 0 FROM fresh
    ) AS sides
    GROUP BY owner_id, kind, currency
), totals AS (
    UPDATE ledger_accounts a SET debits = a.debits + m.debits, credits = a.credits + m.credits
    FROM moved m
    WHERE (a.owner_id, a.kind, a.currency) = (m.owner_id, m.kind, m.currency)
    RETURNING m.transfers
)
SELECT coalesce(sum(transfers), 0)::bigint FROM totals
"""


async def post(tx: Tx, transfers: Sequence[Transfer]) -> int:
    """Write transfers, open the accounts they need and move those accounts' totals; returns how many were new.

    A transfer whose document has already moved money for that reason between the same two accounts is left out:
    saying the same thing twice writes it once. Accounts are locked in key order, so that two that post to the same
    accounts wait for each other and never meet head on. Overdrawing what is held, due or on its way raises
    `CheckViolation` (the caller knows better, and asked first).
    """
    if not transfers:
        return 0
    assert len(transfers) <= TRANSFERS_PER_POST_MAX, "post in chunks"
    assert len({transfer.key() for transfer in transfers}) == len(transfers), "one document, one reason, one amount"
    await lock_accounts(tx, _touched(transfers))
    return await tx.value(
        _POST,
        [t.owner_id for t in transfers],
        [ids.mint() for _ in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [t.amount for t in transfers],
        [t.currency for t in transfers],
        [t.reason for t in transfers],
        [t.document for t in transfers],
    )


async def lock_accounts(tx: Tx, accounts: Sequence[Account]) -> None:
    """Lock every one of `accounts`, which come in key order and once each; open those that are not there yet."""
    wanted = ([a[0] for a in accounts], [a[1] for a in accounts], [a[2] for a in accounts])
    if await tx.value(_LOCK, *wanted) < len(accounts):
        await tx.execute(_OPEN, *wanted)
        await tx.value(_LOCK, *wanted)


def _touched(transfers: Sequence[Transfer]) -> list[Account]:
    debited = {(t.owner_id, t.debit, t.currency) for t in transfers}
    return sorted(debited | {(t.owner_id, t.credit, t.currency) for t in transfers})
