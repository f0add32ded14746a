"""The way down from a figure to the transfers that make it up, and back in time."""

from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.ledger.model import AccountKind, PostedTransfer, TransferId, TrialLine

SUMMED_MAX = 5_000


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which transfers: all that is given must fit. `side` is that of the account `kind`; `until` is not within it."""

    owner_id: UUID | None = None
    kind: AccountKind | None = None
    side: str | None = None
    currency: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """How many transfers a filter lets through, and what they come to, in one currency."""

    currency: str
    count: int
    amount: int


async def transfers(
    read: Read, which: Which, cursor: str | None = None, limit: int | None = None
) -> Page[PostedTransfer]:
    """The transfers that make up a figure, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        PostedTransfer,
        """
        SELECT owner_id, transfer_id, debit, credit, amount, currency, reason, document, at
        FROM ledger_transfers
        WHERE ($1::uuid IS NULL OR owner_id = $1)
          AND ($2::text IS NULL OR ($3::text IS DISTINCT FROM 'credit' AND debit = $2)
               OR ($3::text IS DISTINCT FROM 'debit' AND credit = $2))
          AND ($4::text IS NULL OR currency = $4) AND ($5::text IS NULL OR reason = $5)
          AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
          AND ($8::timestamptz IS NULL OR (at, transfer_id) < ($8, $9::uuid))
        ORDER BY at DESC, transfer_id DESC LIMIT $10
        """,
        *_given(which),
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.transfer_id))


async def sums(read: Read, which: Which) -> list[Sum]:
    """What these transfers come to, by currency; nothing when they are more than `SUMMED_MAX`, which no page waits for."""
    found = await read.all(
        Sum,
        """
        SELECT currency, count(*) AS count, sum(amount)::bigint AS amount FROM (
        SELECT currency, amount FROM ledger_transfers
        WHERE ($1::uuid IS NULL OR owner_id = $1)
          AND ($2::text IS NULL OR ($3::text IS DISTINCT FROM 'credit' AND debit = $2)
               OR ($3::text IS DISTINCT FROM 'debit' AND credit = $2))
          AND ($4::text IS NULL OR currency = $4) AND ($5::text IS NULL OR reason = $5)
          AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
        ORDER BY at DESC, transfer_id DESC LIMIT $8
        ) AS few GROUP BY currency ORDER BY currency
        """,
        *_given(which),
        SUMMED_MAX + 1,
    )
    return found if sum(each.count for each in found) <= SUMMED_MAX else []


def _given(which: Which) -> tuple[object, ...]:
    return (
        which.owner_id,
        str(which.kind) if which.kind else None,
        which.side,
        which.currency,
        which.reason,
        which.since,
        which.until,
    )


async def trial_balance_at(read: Read, until: datetime, owner_id: UUID | None = None) -> list[TrialLine]:
    """The trial balance as it was at a moment, of everybody or of one owner: today's totals less what came after."""
    return await read.all(
        TrialLine,
        """
        WITH later AS (
            SELECT kind, currency, sum(debits) AS debits, sum(credits) AS credits FROM (
                SELECT debit AS kind, currency, amount AS debits, 0 AS credits FROM ledger_transfers
                WHERE at >= $1 AND ($2::uuid IS NULL OR owner_id = $2)
                UNION ALL
                SELECT credit, currency, 0, amount FROM ledger_transfers
                WHERE at >= $1 AND ($2::uuid IS NULL OR owner_id = $2)
            ) moved GROUP BY kind, currency
        ), total AS (
            SELECT kind, currency, sum(debits) AS debits, sum(credits) AS credits FROM ledger_accounts
            WHERE $2::uuid IS NULL OR owner_id = $2 GROUP BY kind, currency
        )
        SELECT k.kind, t.currency, (t.debits - coalesce(l.debits, 0))::bigint AS debits
             , (t.credits - coalesce(l.credits, 0))::bigint AS credits
             , ((t.debits - coalesce(l.debits, 0) - t.credits + coalesce(l.credits, 0))
                * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
        FROM total t JOIN ledger_account_kinds k USING (kind) LEFT JOIN later l USING (kind, currency)
        ORDER BY t.currency, k.normal DESC, k.kind
        """,
        until,
        owner_id,
    )


async def balance_before(read: Read, owner_id: UUID, kind: AccountKind, currency: str, transfer_id: TransferId) -> int:
    """What stood on an account just before a transfer, on the side that its kind grows on: what stands there now, less what
    came since, so that the newest are known at once."""
    return await read.value(
        """
        SELECT ((a.debits - a.credits - coalesce(
                    (SELECT sum(CASE WHEN t.debit = $2 THEN t.amount ELSE -t.amount END) FROM ledger_transfers t
                     WHERE t.owner_id = $1 AND $2 IN (t.debit, t.credit) AND t.currency = $3 AND t.transfer_id >= $4), 0))
                * CASE k.normal WHEN 'debit' THEN 1 ELSE -1 END)::bigint
        FROM ledger_accounts a JOIN ledger_account_kinds k USING (kind)
        WHERE a.owner_id = $1 AND a.kind = $2 AND a.currency = $3
        """,
        owner_id,
        str(kind),
        currency,
        transfer_id,
    )


async def grows_on(read: Read, kind: AccountKind) -> str:
    """The side on which accounts of this kind grow: `debit` or `credit`."""
    return await read.value("SELECT normal FROM ledger_account_kinds WHERE kind = $1", str(kind))


async def reasons(read: Read) -> list[str]:
    """Why money moves here: every reason that is in the books, read by jumps through an index."""
    rows = await read.fetch(
        """
        WITH RECURSIVE known AS (
            (SELECT reason FROM ledger_transfers ORDER BY reason LIMIT 1)
            UNION ALL
            SELECT (SELECT t.reason FROM ledger_transfers t WHERE t.reason > k.reason ORDER BY t.reason LIMIT 1)
            FROM known k WHERE k.reason IS NOT NULL
        )
        SELECT reason FROM known WHERE reason IS NOT NULL
        """
    )
    return [row["reason"] for row in rows]
