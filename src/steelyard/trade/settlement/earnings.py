"""What merchants have earned, entry by entry."""

from collections.abc import Sequence

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.trade.settlement.model import PAID_ELSEWHERE, SETTLEMENT_ZONE, NewEntry


async def enter(tx: Tx, entries: Sequence[NewEntry], *, waits: bool = True) -> int:
    """Write entries; returns how many were new. A document earns once for each kind, however often it is said.

    With `waits` an entry is due N settlement days after it was earned (T+N of its merchant); without, as soon as it
    is earned: what is to be given back is not put off.
    """
    return await tx.execute(
        """
        INSERT INTO settlement_entries
            (merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at, due_on)
        SELECT e.merchant_id, e.entry_id, e.order_id, e.document, e.kind, e.amount, e.currency, e.earned_at
             , (e.earned_at AT TIME ZONE $9)::date + CASE WHEN $10 THEN coalesce(m.settlement_days, 1) ELSE 0 END
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[]
                  , $8::timestamptz[])
                 AS e (merchant_id, entry_id, order_id, document, kind, amount, currency, earned_at)
        LEFT JOIN merchants m USING (merchant_id)
        WHERE e.amount <> 0
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
        SETTLEMENT_ZONE.key,
        waits,
    )


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
