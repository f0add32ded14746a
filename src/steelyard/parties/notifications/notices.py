"""What buyers read where they are signed in: told, listed, read."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.parties.notifications.model import NewNotice, Notice


async def tell(tx: Tx, notices: Sequence[NewNotice]) -> None:
    """Put these where their buyers read them. Said twice, nothing changes."""
    if not notices:
        return
    await tx.execute(
        """
        INSERT INTO notices (buyer_id, notice_id, kind, facts, link)
        SELECT buyer_id, notice_id, kind, facts, link
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::text[])
            AS n (buyer_id, notice_id, kind, facts, link)
        ORDER BY buyer_id, notice_id ON CONFLICT DO NOTHING
        """,
        [each.buyer_id for each in notices],
        [each.notice_id for each in notices],
        [each.kind for each in notices],
        [each.facts for each in notices],
        [each.link for each in notices],
    )


async def notices_of(read: Read, buyer_id: UUID, before: UUID | None, limit: int) -> list[Notice]:
    """A buyer's notices, the last first; `before` is the last of the page before."""
    return await read.all(
        Notice,
        """
        SELECT n.buyer_id, n.notice_id, n.kind, n.facts, n.link, n.at, n.read_at FROM notices n
        WHERE n.buyer_id = $1
          AND ($2::uuid IS NULL OR (n.at, n.notice_id) < (SELECT b.at, b.notice_id FROM notices b
                                                           WHERE b.buyer_id = $1 AND b.notice_id = $2))
        ORDER BY n.at DESC, n.notice_id DESC LIMIT $3
        """,
        buyer_id,
        before,
        limit,
    )


async def unread(read: Read, buyer_id: UUID) -> int:
    return await read.value("SELECT count(*)::integer FROM notices WHERE buyer_id = $1 AND read_at IS NULL", buyer_id)


async def mark_read(tx: Tx, buyer_id: UUID) -> None:
    """All that a buyer was told is read. Said twice, nothing changes."""
    await tx.execute("UPDATE notices SET read_at = now() WHERE buyer_id = $1 AND read_at IS NULL", buyer_id)


async def forget_notices(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase what buyers who leave were told."""
    await tx.execute("DELETE FROM notices WHERE buyer_id = ANY($1)", list(buyer_ids))
