"""How long the record says who wrote what, what a buyer takes along of it, and what goes when they leave.

The record of a live sale is kept for three years at least (网络直播营销管理办法; for trades 电子商务法, article 31). Who asks to
be erased within that time is forgotten where nothing has to be proved; that a message was theirs is known until the time is over.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.parties import policies
from steelyard.parties.policies.model import LIVE_RECORD_MONTHS

MESSAGES_PER_SWEEP = 1_000
MESSAGES_TAKEN_MAX = 10_000


async def forget_writers(tx: Tx) -> int:
    """Who wrote messages that are older than the record has to say it; returns how many messages are nobody's now."""
    return await tx.execute(
        """
        UPDATE live_chats SET buyer_id = NULL WHERE (merchant_id, session_id, seq) IN (
            SELECT merchant_id, session_id, seq FROM live_chats
            WHERE buyer_id IS NOT NULL AND at < now() - $1 * interval '1 month'
            ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        await policies.number(tx, LIVE_RECORD_MONTHS),
        MESSAGES_PER_SWEEP,
    )


async def forget_buyers(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Buyers leave: when they wrote last, and that they were muted, is forgotten. Their messages are of the record."""
    await tx.execute("DELETE FROM live_speakers WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM live_mutes WHERE buyer_id = ANY($1)", list(buyer_ids))


async def written_by(read: Read, buyer_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """What these buyers wrote in live sessions, for them to take along."""
    rows = await read.fetch(
        """
        SELECT c.at, b.body ->> 'text' AS text FROM live_chats c JOIN live_beats b USING (merchant_id, session_id, seq)
        WHERE c.buyer_id = ANY($1) ORDER BY c.at, c.seq LIMIT $2
        """,
        list(buyer_ids),
        MESSAGES_TAKEN_MAX,
    )
    return [dict(row) for row in rows]
