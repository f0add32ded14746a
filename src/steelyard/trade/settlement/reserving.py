"""What statements keep back for an agreed time, and give back by themselves when it is over."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.settlement.earnings import enter
from steelyard.trade.settlement.model import EntryKind, NewEntry, StatementId

RELEASED_PER_ROUND_MAX = 200
RESERVES_SHOWN_MAX = 200


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` in minor units, kept back by a statement until `release_on`."""

    merchant_id: MerchantId
    statement_id: StatementId
    code: str
    amount: int
    currency: str
    release_on: date
    released_at: datetime | None


async def reserves_of(read: Read, merchant_id: UUID) -> list[Reserve]:
    """What is kept back of a shop, the next to be released first."""
    return await read.all(
        Reserve,
        """
        SELECT r.merchant_id, r.statement_id, s.code, r.amount, r.currency, r.release_on, r.released_at
        FROM reserves r JOIN statements s USING (merchant_id, statement_id)
        WHERE r.merchant_id = $1 AND r.released_at IS NULL ORDER BY r.release_on, r.statement_id LIMIT $2
        """,
        merchant_id,
        RESERVES_SHOWN_MAX,
    )


async def release_reserves(tx: Tx, day: date, limit: int = RELEASED_PER_ROUND_MAX) -> int:
    """Give back what was kept until `day`, so many at once; returns how many. It is on the shop's next statement."""
    due = await tx.all(
        Reserve,
        """
        SELECT r.merchant_id, r.statement_id, '' AS code, r.amount, r.currency, r.release_on, r.released_at
        FROM reserves r WHERE r.release_on <= $1 AND r.released_at IS NULL
        ORDER BY r.release_on, r.merchant_id, r.statement_id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        day,
        limit,
    )
    await _release(tx, due, "system")
    return len(due)


async def release_reserve(tx: Tx, merchant_id: UUID, statement_id: UUID, by: str) -> None:
    """Staff give back what a statement kept before its time. Raises `NotFound`: nothing is kept any more."""
    found = await tx.one(
        Reserve,
        """
        SELECT r.merchant_id, r.statement_id, '' AS code, r.amount, r.currency, r.release_on, r.released_at
        FROM reserves r WHERE r.merchant_id = $1 AND r.statement_id = $2 AND r.released_at IS NULL FOR UPDATE
        """,
        merchant_id,
        statement_id,
    )
    if found is None:
        raise NotFound(statement_id=statement_id)
    await _release(tx, [found], by)


async def _release(tx: Tx, due: list[Reserve], by: str) -> None:
    await tx.execute(
        """
        UPDATE reserves r SET released_at = now(), released_by = $3
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id)
        WHERE (r.merchant_id, r.statement_id) = (w.merchant_id, w.statement_id)
        """,
        [each.merchant_id for each in due],
        [each.statement_id for each in due],
        by,
    )
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=each.merchant_id,
                debit=AccountKind.RESERVE,
                credit=AccountKind.PAYABLE,
                amount=each.amount,
                currency=each.currency,
                reason="reserve_released",
                document=each.statement_id,
            )
            for each in due
        ],
    )
    now = datetime.now(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=each.merchant_id,
                order_id=None,
                document=each.statement_id,
                kind=EntryKind.RESERVE_RELEASED,
                amount=each.amount,
                currency=each.currency,
                earned_at=now,
            )
            for each in due
        ],
        waits=False,
    )
