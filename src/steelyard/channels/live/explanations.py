"""Where a product is explained: live now, or in a replay. Product pages lead there; what changes it is told as
`ExplanationChanged`."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.channels.live.events import ExplanationChanged
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx

# Shorter ones are pins by mistake.
SECONDS_LEAST = 5
PRODUCTS_MAX = 1_000


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a product is explained: in the room of this address. `now`: at this moment; else in the chapter of this number of the
    session's replay, so many seconds long."""

    slug: str
    session_id: UUID
    now: bool
    chapter: int
    seconds: int
    at: datetime


async def explanation(read: Read, merchant_id: UUID, product_id: UUID) -> Explanation | None:
    """Where this product is explained now; else the last time that it was, if buyers can see that. None: nowhere."""
    return await read.one(
        Explanation,
        """
        SELECT r.slug, e.session_id, l.state = 'on_air' AS now, e.from_seq AS chapter, e.from_at AS at
             , greatest(0, extract(epoch FROM coalesce(e.to_at, now()) - e.from_at))::integer AS seconds
        FROM live_explained e
        JOIN live_sessions l USING (merchant_id, session_id)
        JOIN rooms r USING (merchant_id, room_id)
        WHERE e.merchant_id = $1 AND e.product_id = $2 AND r.state = 'open'
          AND ((l.state = 'on_air' AND e.to_at IS NULL)
            OR (l.state = 'ended' AND l.replay_shown AND (l.published_at IS NOT NULL OR l.playback ->> 'hls' <> '')
                AND e.to_at >= e.from_at + $3 * interval '1 second'))
        ORDER BY l.state = 'on_air' DESC, e.from_at DESC LIMIT 1
        """,
        merchant_id,
        product_id,
        SECONDS_LEAST,
    )


async def tell(tx: Tx, merchant_id: UUID, session_id: UUID, product_ids: Collection[UUID] | None = None) -> None:
    """Where these products are explained has changed; none: all that were in this session."""
    if product_ids is None:
        rows = await tx.fetch(
            """
            SELECT DISTINCT product_id FROM live_explained WHERE merchant_id = $1 AND session_id = $2
            ORDER BY product_id LIMIT $3
            """,
            merchant_id,
            session_id,
            PRODUCTS_MAX,
        )
        product_ids = [row["product_id"] for row in rows]
    if product_ids:
        await events.publish(
            tx,
            ExplanationChanged(merchant_id=merchant_id, session_id=session_id, product_ids=sorted(set(product_ids))),
        )
