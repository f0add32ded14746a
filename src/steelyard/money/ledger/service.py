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

# The first of the two numbers of an advisory lock: months of the books. The second is `model.month_number`.
MONTH_LOCKS = 0x1ED6E2

# Who posts shares a lock of the month in which the transaction began; who closes that month has it alone, so that the two
# never overlap, and nobody who posts today waits for who closes last month. The lock is taken before accounts are looked
# for (a condition on no table is asked once, first), in a statement of its own: the next one, `_POST`, sees what was closed.
# $4: `MONTH_LOCKS`.
_LOCK = """
SELECT a.owner_id, a.kind, a.currency FROM ledger_accounts a
JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS w (owner_id, kind, currency) USING (owner_id, kind, currency)
WHERE (SELECT pg_advisory_xact_lock_shared($4::integer, (
           extract(year FROM now() AT TIME ZONE 'Asia/Shanghai') * 12
         + extract(month FROM now() AT TIME ZONE 'Asia/Shanghai'))::integer)) IS NOT NULL
ORDER BY a.owner_id, a.kind, a.currency
FOR UPDATE OF a
"""

_OPEN = """
INSERT INTO ledger_accounts (owner_id, kind, currency)
SELECT owner_id, kind, currency
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (owner_id, kind, currency)
ORDER BY owner_id, kind, currency
ON CONFLICT (owner_id, kind, currency) DO NOTHING
"""

# $9 to $11 are the accounts that were not there: they are opened with their totals. What another transaction has opened
# since then is added to, there and not in `totals`. What began in a month that was closed meanwhile counts in the next.
_POST = """
WITH fresh AS (
    INSERT INTO ledger_transfers (owner_id, transfer_id, debit, credit, amount, currency, reason, document, at)
    SELECT w.*, greatest(now(), (SELECT max(ends) FROM ledger_periods WHERE state = 'closed')) FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::uuid[]) AS w
    ON CONFLICT (owner_id, document, reason, debit, credit) DO NOTHING
    RETURNING owner_id, debit, credit, amount, currency
), moved AS (
    SELECT owner_id, kind, currency, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits
    FROM (
        SELECT owner_id, debit AS kind, currency, amount AS debits, 0::bigint AS credits FROM fresh
        UNION ALL
        SELECT owner_id, credit, currency, 0, amount FROM fresh
    ) AS sides
    GROUP BY owner_id, kind, currency
), sorted_out AS (
    SELECT m.*, n.owner_id IS NOT NULL AS absent
    FROM moved m LEFT JOIN unnest($9::uuid[], $10::text[], $11::text[]) AS n (owner_id, kind, currency)
        USING (owner_id, kind, currency)
), totals AS (
    UPDATE ledger_accounts a SET debits = a.debits + m.debits, credits = a.credits + m.credits
    FROM sorted_out m
    WHERE (a.owner_id, a.kind, a.currency) = (m.owner_id, m.kind, m.currency) AND NOT m.absent
    RETURNING 1
), opened AS (
    INSERT INTO ledger_accounts AS a (owner_id, kind, currency, debits, credits)
    SELECT owner_id, kind, currency, debits, credits FROM sorted_out WHERE absent
    ORDER BY owner_id, kind, currency
    ON CONFLICT (owner_id, kind, currency) DO UPDATE
    SET debits = a.debits + excluded.debits, credits = a.credits + excluded.credits
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh) AS transfers
     , (SELECT count(*) FROM moved) - (SELECT count(*) FROM totals) - (SELECT count(*) FROM opened) AS left_out
"""


async def post(tx: Tx, transfers: Sequence[Transfer]) -> int:
    """Write transfers, open the accounts they need and move those accounts' totals; returns how many were new.

    A transfer whose document has already moved money for that reason between the same two accounts is left out:
    saying the same thing twice writes it once. The accounts that are there are locked in key order, then transfers are
    claimed in that of their keys, and then accounts opened in theirs, so that two that post to the same accounts wait for
    each other and never meet head on. Overdrawing what is held, due or on its way raises
    `CheckViolation` (the caller knows better, and asked first).
    """
    if not transfers:
        return 0
    assert len(transfers) <= TRANSFERS_PER_POST_MAX, "post in chunks"
    assert len({transfer.key() for transfer in transfers}) == len(transfers), "one document, one reason, one amount"
    touched = _touched(transfers)
    there = await _lock(tx, touched)
    transfers = sorted(transfers, key=Transfer.key)
    written = await tx.row(
        _POST,
        [t.owner_id for t in transfers],
        [ids.mint() for _ in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [t.amount for t in transfers],
        [t.currency for t in transfers],
        [t.reason for t in transfers],
        [t.document for t in transfers],
        *_columns([account for account in touched if account not in there]),
    )
    assert written is not None
    assert written["left_out"] == 0, "what was transferred is in the totals of both accounts"
    return written["transfers"]


async def lock_accounts(tx: Tx, accounts: Sequence[Account]) -> None:
    """Lock every one of `accounts`, which come in key order and once each; open those that are not there yet."""
    if len(await _lock(tx, accounts)) < len(accounts):
        await tx.execute(_OPEN, *_columns(accounts))
        await _lock(tx, accounts)


async def _lock(tx: Tx, accounts: Sequence[Account]) -> set[Account]:
    """Lock those that are there, in key order; returns which they are."""
    rows = await tx.fetch(_LOCK, *_columns(accounts), MONTH_LOCKS)
    return {(row["owner_id"], AccountKind(row["kind"]), row["currency"]) for row in rows}


def _columns(accounts: Sequence[Account]) -> tuple[list[UUID], list[AccountKind], list[str]]:
    return [a[0] for a in accounts], [a[1] for a in accounts], [a[2] for a in accounts]


def _touched(transfers: Sequence[Transfer]) -> list[Account]:
    debited = {(t.owner_id, t.debit, t.currency) for t in transfers}
    return sorted(debited | {(t.owner_id, t.credit, t.currency) for t in transfers})
