"""The journal in the order of time, page by page: for accountants' programs. Of a closed month it is always the same."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.money.ledger.model import PostedTransfer

JOURNAL_PAGE = 2_000


async def journal(
    read: Read,
    since: datetime,
    until: datetime,
    after: tuple[datetime, UUID] | None = None,
    *,
    kind: str | None = None,
    currency: str | None = None,
    owner_id: UUID | None = None,
    limit: int = JOURNAL_PAGE,
) -> list[PostedTransfer]:
    """Transfers from a moment until another, the oldest first: those after the one at `after`, of one owner, of one kind of
    account in one currency."""
    return await read.all(
        PostedTransfer,
        """
        SELECT owner_id, transfer_id, debit, credit, amount, currency, reason, document, at
        FROM ledger_transfers
        WHERE at >= $1 AND at < $2 AND ($3::timestamptz IS NULL OR (at, transfer_id) > ($3, $4::uuid))
          AND ($5::text IS NULL OR $5 IN (debit, credit)) AND ($6::text IS NULL OR currency = $6)
          AND ($7::uuid IS NULL OR owner_id = $7)
        ORDER BY at, transfer_id LIMIT $8
        """,
        since,
        until,
        after[0] if after else None,
        after[1] if after else None,
        kind,
        currency,
        owner_id,
        limit,
    )
