"""Questions about statements and what waits for them."""

import csv
import io
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.kernel.text import beginning
from steelyard.trade.settlement.model import (
    PAID_ELSEWHERE,
    SETTLEMENT_ZONE,
    Entry,
    EntryKind,
    Statement,
    StatementState,
    Step,
    Waiting,
)

ENTRIES_ABOUT_MAX = 500
# Machine-readable, so not translated: a program that reads it finds the same names every time.
CSV_COLUMNS = ("earned_at", "kind", "order_id", "document", "amount", "currency")


async def statements_page(
    read: Read,
    *,
    merchant_id: UUID | None = None,
    state: StatementState | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Statement]:
    """Statements of one merchant or of all, newest first."""
    size = paging.limit(limit)
    at, statement_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Statement,
        """
        SELECT merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned, adjustments
             , payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned, way, check_by, held_for
        FROM statements
        WHERE ($1::uuid IS NULL OR merchant_id = $1) AND ($2::text IS NULL OR state = $2)
          AND ($3::timestamptz IS NULL OR (issued_at <= $3 AND (issued_at < $3 OR statement_id > $4::uuid)))
        ORDER BY issued_at DESC, statement_id
        LIMIT $5
        """,
        merchant_id,
        state,
        at,
        statement_id,
        size + 1,
    )
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], paging.write_cursor(last.issued_at, last.statement_id) if last else None)


async def sought(read: Read, words: str, *, limit: int) -> list[Statement]:
    """Statements whose code begins with these words; of one merchant where `read` is confined to one."""
    return await read.all(
        Statement,
        """
        SELECT merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned, adjustments
             , payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned, way, check_by, held_for
        FROM statements WHERE code ~>=~ $1 AND code ~<~ $2
        LIMIT $3
        """,
        *beginning(words.strip().upper()),
        limit,
    )


async def statement(read: Read, merchant_id: UUID, statement_id: UUID) -> Statement | None:
    return await read.one(
        Statement,
        """
        SELECT merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned, adjustments
             , payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned, way, check_by, held_for
        FROM statements WHERE merchant_id = $1 AND statement_id = $2
        """,
        merchant_id,
        statement_id,
    )


async def timeline(read: Read, merchant_id: UUID, statement_id: UUID) -> list[Step]:
    """The states a statement went through."""
    return await read.all(
        Step,
        """
        SELECT from_state, to_state, at, by FROM statement_history
        WHERE merchant_id = $1 AND statement_id = $2
        ORDER BY step
        """,
        merchant_id,
        statement_id,
    )


async def entries(
    read: Read,
    merchant_id: UUID,
    statement_id: UUID | None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Entry]:
    """The entries of a statement, or those that wait for one; in the order they were entered."""
    size = paging.limit(limit)
    (after,) = paging.read_cursor(cursor, UUID) or (UUID(int=0),)
    if statement_id is None:
        found = await read.all(
            Entry,
            """
            SELECT merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on, statement_id
            FROM settlement_entries WHERE merchant_id = $1 AND statement_id IS NULL AND entry_id > $2
            ORDER BY entry_id LIMIT $3
            """,
            merchant_id,
            after,
            size + 1,
        )
    else:
        found = await read.all(
            Entry,
            """
            SELECT merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on, statement_id
            FROM settlement_entries WHERE merchant_id = $1 AND statement_id = $2 AND entry_id > $3
            ORDER BY entry_id LIMIT $4
            """,
            merchant_id,
            statement_id,
            after,
            size + 1,
        )
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], paging.write_cursor(last.entry_id) if last else None)


async def entry(read: Read, merchant_id: UUID, entry_id: UUID) -> Entry | None:
    return await read.one(
        Entry,
        """
        SELECT merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on, statement_id
        FROM settlement_entries WHERE merchant_id = $1 AND entry_id = $2
        """,
        merchant_id,
        entry_id,
    )


async def by_kind(read: Read, merchant_id: UUID, statement_id: UUID) -> list[tuple[EntryKind, int, int]]:
    """What a statement is made of: kind, how many entries, and their sum in minor units."""
    rows = await read.fetch(
        """
        SELECT kind, count(*)::integer AS entries, sum(amount)::bigint AS amount FROM settlement_entries
        WHERE merchant_id = $1 AND statement_id = $2 GROUP BY kind ORDER BY kind
        """,
        merchant_id,
        statement_id,
    )
    order = list(EntryKind)
    found = [(EntryKind(row["kind"]), row["entries"], row["amount"]) for row in rows]
    return sorted(found, key=lambda each: order.index(each[0]))


async def entries_about(read: Read, merchant_id: UUID, documents: Sequence[UUID]) -> list[Entry]:
    """What an order and its refunds brought the merchant, each with the statement that it is on."""
    return await read.all(
        Entry,
        """
        SELECT merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on, statement_id
        FROM settlement_entries WHERE merchant_id = $1 AND document = ANY($2) ORDER BY entry_id LIMIT $3
        """,
        merchant_id,
        list(documents),
        ENTRIES_ABOUT_MAX,
    )


async def statements_named(read: Read, merchant_id: UUID, statement_ids: Collection[UUID]) -> list[Statement]:
    """These statements of a merchant, the oldest first."""
    return await read.all(
        Statement,
        """
        SELECT merchant_id, statement_id, code, day, currency, sales, commission, refunds, commission_returned, adjustments
             , payout, state, issued_at, paid_at, failure, bank_reference, subsidy, subsidy_returned, way, check_by, held_for
        FROM statements WHERE merchant_id = $1 AND statement_id = ANY($2) ORDER BY day, statement_id
        """,
        merchant_id,
        list(statement_ids),
    )


async def statement_csv(read: Read, merchant_id: UUID, statement_id: UUID) -> str:
    """A statement's entries as CSV (RFC 4180): times of the settlement zone, amounts in major units."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(CSV_COLUMNS)
    entries = read.stream(
        """
        SELECT earned_at, kind, order_id, document, amount, currency FROM settlement_entries
        WHERE merchant_id = $1 AND statement_id = $2
        ORDER BY earned_at, entry_id
        """,
        merchant_id,
        statement_id,
    )
    async for entry in entries:
        at = entry["earned_at"].astimezone(SETTLEMENT_ZONE).isoformat(timespec="seconds")
        amount = Money(entry["amount"], entry["currency"]).decimal()
        rows.writerow([at, entry["kind"], entry["order_id"], entry["document"], amount, entry["currency"]])
    return out.getvalue()


async def waiting(read: Read, merchant_id: UUID) -> list[Waiting]:
    """What the merchant has earned and is on no statement yet, by currency."""
    return await read.all(
        Waiting,
        """
        SELECT currency, sum(amount)::bigint AS amount, count(*) AS entries, min(due_on) AS next_due_on
        FROM settlement_entries
        WHERE merchant_id = $1 AND statement_id IS NULL AND due_on < $2
        GROUP BY currency
        ORDER BY currency
        """,
        merchant_id,
        PAID_ELSEWHERE,
    )


class StripeWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for Stripe, in minor units of a currency: for the shop's account, or for the platform's balance."""

    currency: str
    held_for: str
    count: int
    amount: int


async def waits_for_stripe(read: Read) -> list[StripeWaiting]:
    """Payouts that wait for Stripe, by what they wait for."""
    return await read.all(
        StripeWaiting,
        """
        SELECT currency, coalesce(held_for, '') AS held_for, count(*)::integer AS count, sum(payout)::bigint AS amount
        FROM statements WHERE state IN ('issued', 'checked', 'failed', 'held') AND state = 'held'
        GROUP BY currency, held_for ORDER BY currency, held_for
        """,
    )
