"""By when lines were promised to leave the house, and which had left by then."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.logistics.fulfilment.model import Promised, ToLeave

# A line's key within its merchant: its order and its number.
Line = tuple[UUID, int]


async def promises_due(read: Read, now: datetime, limit: int) -> list[tuple[UUID, UUID, int]]:
    """The (merchant, order, line) of promises whose time is over and that nobody has judged, the oldest first."""
    rows = await read.fetch(
        """
        SELECT merchant_id, order_id, line FROM fulfilment_lines
        WHERE judged_at IS NULL AND ship_by <= $1 ORDER BY ship_by LIMIT $2
        """,
        now,
        limit,
    )
    return [(row["merchant_id"], row["order_id"], row["line"]) for row in rows]


async def count_from(tx: Tx, merchant_id: UUID, lines: Sequence[Line], away_from: datetime, until: datetime) -> None:
    """Of these promises, those that were made while the shop was away count from its return. Said twice, nothing changes."""
    await tx.execute(
        """
        UPDATE fulfilment_lines f SET ship_by = $5::timestamptz + (f.ship_by - f.instructed_at)
        FROM unnest($2::uuid[], $3::integer[]) AS w (order_id, line)
        WHERE f.merchant_id = $1 AND f.order_id = w.order_id AND f.line = w.line AND f.judged_at IS NULL
          AND f.instructed_at >= $4 AND f.instructed_at < $5 AND f.ship_by < $5
        """,
        merchant_id,
        [order_id for order_id, _ in lines],
        [line for _, line in lines],
        away_from,
        until,
    )


async def judge(tx: Tx, merchant_id: UUID, lines: Sequence[Line], now: datetime) -> list[Promised]:
    """Mark these promises of a merchant as judged, as far as their time is over and nobody has marked them; returns those,
    with what had left in time."""
    return await tx.all(
        Promised,
        """
        UPDATE fulfilment_lines f SET judged_at = $4
        FROM unnest($2::uuid[], $3::integer[]) AS w (order_id, line)
        WHERE f.merchant_id = $1 AND f.order_id = w.order_id AND f.line = w.line
          AND f.judged_at IS NULL AND f.ship_by <= $4
        RETURNING f.merchant_id, f.order_id, f.line, f.ship_by, f.quantity - f.withdrawn AS wanted
                , (SELECT coalesce(sum(i.quantity), 0)::integer FROM parcel_lines i JOIN parcels p USING (merchant_id, parcel_id)
                   WHERE i.merchant_id = f.merchant_id AND i.order_id = f.order_id AND i.line = f.line
                     AND p.sent_at < f.ship_by) AS in_time
        """,
        merchant_id,
        [order_id for order_id, _ in lines],
        [line for _, line in lines],
        now,
    )


async def to_leave(read: Read, merchant_id: UUID, limit: int) -> list[ToLeave]:
    """The promises of a merchant that are still to be kept, the first to be late first."""
    return await read.all(
        ToLeave,
        """
        SELECT order_id, line, ship_by, quantity - shipped - withdrawn AS pieces FROM fulfilment_lines
        WHERE merchant_id = $1 AND judged_at IS NULL AND ship_by IS NOT NULL AND shipped + withdrawn < quantity
        ORDER BY ship_by, order_id, line LIMIT $2
        """,
        merchant_id,
        limit,
    )
