"""What happened in the past, as the same events by which journeys begin, end and wait: for the simulation.

That a favourite became cheaper or came back is told by what is kept of prices and stock, for who keeps it in mind today: it
became cheaper when a price of its own changed and the lowest was then below that at which they kept it (what a promotion took
off is not kept); it came back when pieces came in for the first time after they kept it sold out.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.operations.journeys.catalogue import OF_BEHAVIOUR

HAPPENED_MAX: Final = 200_000
_KINDS: Final = {str(event): str(kind) for kind, event in OF_BEHAVIOUR.items()}


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """`until` is when what was so has passed (an order that waited was paid or dropped); none: it has not, or does not."""

    event: str
    buyer_id: UUID
    at: datetime
    products: tuple[UUID, ...] = ()
    until: datetime | None = None


# $1 the shop, $2 which events, $3 and $4 from when until when, $5 to whom (none: anybody), $6 and $7 what people do, $8 how many.
_HAPPENED: LiteralString = """
WITH w AS (
    SELECT 'order_paid' AS event, o.buyer_id, o.paid_at AS at, o.order_id, NULL::uuid AS product_id
         , NULL::timestamptz AS until
    FROM orders o WHERE 'order_paid' = ANY($2) AND o.merchant_id = $1 AND o.paid_at >= $3 AND o.paid_at < $4
      AND ($5::uuid[] IS NULL OR o.buyer_id = ANY($5))
    UNION ALL
    SELECT 'first_order_paid', o.buyer_id, o.paid_at, o.order_id, NULL, NULL
    FROM orders o WHERE 'first_order_paid' = ANY($2) AND o.merchant_id = $1 AND o.paid_at >= $3 AND o.paid_at < $4
      AND ($5::uuid[] IS NULL OR o.buyer_id = ANY($5))
      AND NOT EXISTS (SELECT FROM orders b WHERE b.merchant_id = $1 AND b.buyer_id = o.buyer_id
                                             AND b.paid_at < o.paid_at AND b.paid_at IS NOT NULL)
    UNION ALL
    SELECT e.event, o.buyer_id, e.at, o.order_id, NULL, e.until
    FROM orders o CROSS JOIN LATERAL (VALUES
         ('order_unpaid', o.placed_at, coalesce(o.paid_at, o.cancelled_at)), ('order_cancelled', o.cancelled_at, NULL)
       , ('parcel_received', o.delivered_at, NULL), ('order_completed', o.completed_at, NULL)) AS e (event, at, until)
    WHERE e.event = ANY($2) AND $2 && ARRAY['order_unpaid', 'order_cancelled', 'parcel_received', 'order_completed']
      AND o.merchant_id = $1 AND e.at >= $3 AND e.at < $4 AND ($5::uuid[] IS NULL OR o.buyer_id = ANY($5))
      AND (e.event <> 'order_unpaid' OR e.until IS NULL OR e.until > e.at)
    UNION ALL
    SELECT 'refund_paid', o.buyer_id, r.at, o.order_id, NULL, NULL
    FROM order_refunds r JOIN orders o USING (merchant_id, order_id)
    WHERE 'refund_paid' = ANY($2) AND r.merchant_id = $1 AND r.at >= $3 AND r.at < $4
      AND ($5::uuid[] IS NULL OR o.buyer_id = ANY($5))
    UNION ALL
    SELECT 'review_written', v.buyer_id, v.written_at, NULL, v.product_id, NULL
    FROM reviews v WHERE 'review_written' = ANY($2) AND v.merchant_id = $1 AND NOT v.automatic AND v.written_at >= $3
      AND v.written_at < $4 AND ($5::uuid[] IS NULL OR v.buyer_id = ANY($5))
    UNION ALL
    SELECT CASE m.to_stage WHEN 'lead' THEN 'registered' ELSE 'became_' || m.to_stage END, m.buyer_id, m.at, NULL, NULL
         , NULL
    FROM stage_moves m WHERE $2 && ARRAY['registered', 'became_dormant', 'became_lost'] AND m.merchant_id = $1
      AND m.at >= $3 AND m.at < $4 AND m.to_stage IN ('lead', 'dormant', 'lost')
      AND CASE m.to_stage WHEN 'lead' THEN 'registered' ELSE 'became_' || m.to_stage END = ANY($2)
      AND ($5::uuid[] IS NULL OR m.buyer_id = ANY($5))
    UNION ALL
    SELECT k.event, coalesce(g.buyer_id, e.buyer_id, e.visitor_id), e.at, NULL, e.product_id, NULL
    FROM unnest($6::text[], $7::text[]) AS k (event, kind)
    JOIN behaviour_events e ON e.merchant_id = $1 AND e.kind = k.kind AND e.at >= $3 AND e.at < $4
    LEFT JOIN visitor_merges g ON g.visitor_id = coalesce(e.buyer_id, e.visitor_id)
    WHERE $5::uuid[] IS NULL OR coalesce(g.buyer_id, e.buyer_id, e.visitor_id) = ANY($5)
    UNION ALL
    SELECT 'live_session_soon', f.buyer_id, s.starts_at - interval '1 hour', NULL, NULL, NULL
    FROM live_sessions s JOIN favourite_shops f ON f.merchant_id = s.merchant_id
    WHERE 'live_session_soon' = ANY($2) AND s.merchant_id = $1 AND s.starts_at >= $3 AND s.starts_at < $4
      AND s.state <> 'cancelled' AND ($5::uuid[] IS NULL OR f.buyer_id = ANY($5))
    UNION ALL
    SELECT 'birthday', b.buyer_id, d.at, NULL, NULL, NULL
    FROM generate_series($3::timestamptz, $4::timestamptz, interval '1 day') AS d (at)
    JOIN buyers b ON b.birthday = to_char(d.at AT TIME ZONE 'Asia/Shanghai', 'MM-DD')
    JOIN customer_facts f ON f.merchant_id = $1 AND f.buyer_id = b.buyer_id
    WHERE 'birthday' = ANY($2) AND ($5::uuid[] IS NULL OR b.buyer_id = ANY($5))
    UNION ALL
    SELECT 'price_dropped', f.buyer_id, c.at, NULL, c.product_id, NULL
    FROM (SELECT DISTINCT s.product_id, h.currency, h.until AS at
          FROM price_history h JOIN skus s ON s.merchant_id = h.merchant_id AND s.sku_id = h.sku_id
          WHERE 'price_dropped' = ANY($2) AND h.merchant_id = $1 AND h.until >= $3 AND h.until < $4) AS c
    CROSS JOIN LATERAL (
        SELECT min(coalesce((SELECT h.amount FROM price_history h
                             WHERE h.merchant_id = $1 AND h.sku_id = s.sku_id AND h.currency = c.currency AND h.until > c.at
                             ORDER BY h.until LIMIT 1), p.amount)) AS price
        FROM skus s JOIN prices p ON p.merchant_id = $1 AND p.sku_id = s.sku_id AND p.currency = c.currency
        WHERE s.merchant_id = $1 AND s.product_id = c.product_id AND s.active) AS n
    JOIN favourite_products f ON f.product_id = c.product_id AND f.merchant_id = $1 AND f.currency = c.currency
                             AND f.kept_at < c.at AND f.kept_price > n.price
    WHERE $5::uuid[] IS NULL OR f.buyer_id = ANY($5)
    UNION ALL
    SELECT 'back_in_stock', f.buyer_id, b.at, NULL, f.product_id, NULL
    FROM (SELECT DISTINCT s.product_id
          FROM stock_movements m JOIN skus s ON s.merchant_id = m.merchant_id AND s.sku_id = m.sku_id
          WHERE 'back_in_stock' = ANY($2) AND m.merchant_id = $1 AND m.at >= $3 AND m.at < $4 AND m.quantity > 0) AS c
    JOIN favourite_products f ON f.product_id = c.product_id AND f.merchant_id = $1 AND NOT f.kept_in_stock AND f.kept_at < $4
    CROSS JOIN LATERAL (
        SELECT min(m.at) AS at FROM skus s JOIN stock_movements m ON m.merchant_id = $1 AND m.sku_id = s.sku_id
        WHERE s.merchant_id = $1 AND s.product_id = f.product_id AND m.quantity > 0 AND m.at > f.kept_at) AS b
    WHERE b.at >= $3 AND b.at < $4 AND ($5::uuid[] IS NULL OR f.buyer_id = ANY($5))
)
SELECT w.event, w.buyer_id, w.at, w.until
     , CASE WHEN w.product_id IS NOT NULL THEN ARRAY[w.product_id]
            ELSE ARRAY(SELECT l.product_id FROM order_lines l WHERE l.merchant_id = $1 AND l.order_id = w.order_id
                       ORDER BY l.amount DESC, l.line) END AS products
FROM w JOIN buyers b ON b.buyer_id = w.buyer_id ORDER BY w.at, w.buyer_id, w.event LIMIT $8
"""


async def happened(
    read: Read,
    merchant_id: UUID,
    events: Collection[str],
    since: datetime,
    until: datetime,
    buyer_ids: Sequence[UUID] | None = None,
    most: int = HAPPENED_MAX,
) -> list[Happened]:
    """What happened at a shop in a time, to these or (none) to anybody, the first first."""
    if not events:
        return []
    return await read.all(
        Happened,
        _HAPPENED,
        merchant_id,
        [str(each) for each in events],
        since,
        until,
        None if buyer_ids is None else list(buyer_ids),
        [each for each in events if each in _KINDS],
        [_KINDS[each] for each in events if each in _KINDS],
        most,
    )


async def members_since(read: Read, merchant_id: UUID, segment_id: UUID, since: datetime, most: int) -> list[Happened]:
    """Who is in a segment now and has been since some moment of the time; who left again is not known any more."""
    rows = await read.fetch(
        """
        SELECT buyer_id, since AS at FROM segment_members WHERE merchant_id = $1 AND segment_id = $2 AND since >= $3
        ORDER BY since, buyer_id LIMIT $4
        """,
        merchant_id,
        segment_id,
        since,
        most,
    )
    return [Happened(event="segment", buyer_id=row["buyer_id"], at=row["at"]) for row in rows]


async def members_now(read: Read, merchant_id: UUID, segment_id: UUID, at: datetime, most: int) -> list[Happened]:
    """All who are in a segment now, as if it had been at that moment."""
    rows = await read.fetch(
        "SELECT buyer_id FROM segment_members WHERE merchant_id = $1 AND segment_id = $2 ORDER BY buyer_id LIMIT $3",
        merchant_id,
        segment_id,
        most,
    )
    return [Happened(event="date", buyer_id=row["buyer_id"], at=at) for row in rows]
