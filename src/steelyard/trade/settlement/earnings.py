"""What merchants have earned, entry by entry."""

from collections.abc import Sequence
from datetime import date

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.trade.settlement.model import PAID_ELSEWHERE, NewEntry, settlement_day
from steelyard.trade.settlement.terms import Agreed, agreed


async def enter(tx: Tx, entries: Sequence[NewEntry], *, waits: bool = True) -> int:
    """Write entries; returns how many were new. A document earns once for each kind, however often it is said.

    With `waits` an entry is due on the first day of its shop's cycle on or after the N-th day after it was earned (T+N).
    Without, what the shop gets is due on its next settlement day, and what it gives back at once: it is not put off.
    """
    entries = [entry for entry in entries if entry.amount]
    if not entries:
        return 0
    terms = await agreed(tx, {entry.merchant_id for entry in entries})
    return await tx.execute(
        """
        INSERT INTO settlement_entries
            (merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on)
        SELECT e.merchant_id, e.entry_id, e.order_id, e.document, e.kind, e.amount, e.currency, e.earned_at, e.due_on
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[]
                  , $8::timestamptz[], $9::date[])
                 AS e (merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on)
        ON CONFLICT (merchant_id, document, kind) DO NOTHING
        """,
        [e.merchant_id for e in entries],
        [ids.mint() for _ in entries],
        [e.order_id for e in entries],
        [e.document for e in entries],
        [e.kind for e in entries],
        [e.amount for e in entries],
        [e.currency for e in entries],
        [e.earned_at for e in entries],
        [_due_on(terms, entry, waits=waits) for entry in entries],
    )


def _due_on(terms: Agreed, entry: NewEntry, *, waits: bool) -> date:
    if waits:
        return terms.due_on(entry.merchant_id, entry.earned_at)
    day = settlement_day(entry.earned_at)
    return terms.next_day(entry.merchant_id, day) if entry.amount > 0 else day


async def bulk_enter(tx: Tx, entries: Sequence[NewEntry]) -> None:
    """What `enter` writes, by COPY, for history that was settled elsewhere: parked until `bulk_settled`.

    For documents that are known to be new; one that is there already raises `UniqueViolation`.
    """
    await tx.copy(
        "settlement_entries",
        ("merchant_id", "entry_id", "order_id", "document", "kind", "amount", "currency", "earned_at", "due_on"),
        [
            (
                e.merchant_id,
                ids.mint(),
                e.order_id,
                e.document,
                e.kind,
                e.amount,
                e.currency,
                e.earned_at,
                PAID_ELSEWHERE,
            )
            for e in entries
            if e.amount
        ],
    )
