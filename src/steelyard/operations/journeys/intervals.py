"""How long customers wait before they buy a product again: the median of the days between two payments for it by the same
customer, counted once a day for the shops that have a journey which asks for it. Where too few have bought it twice, the interval
of its category is taken (`lifecycle` counts those), and without one a month."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.operations.journeys.travellers import Traveller

CUSTOMERS_MIN = 5
DAYS_WITHOUT = 30
DAYS_MAX = 365
SINCE_DAYS = 730


async def days_for(tx: Tx, some: Sequence[Traveller]) -> dict[UUID, int]:
    """For how many days each waits: by the product that their journey is about."""
    rows = await tx.fetch(
        """
        SELECT w.buyer_id, coalesce(i.days, c.days, $4::integer) AS days
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (merchant_id, buyer_id, product_id)
        LEFT JOIN journey_intervals i ON i.merchant_id = w.merchant_id AND i.product_id = w.product_id
        LEFT JOIN products p ON p.merchant_id = w.merchant_id AND p.product_id = w.product_id
        LEFT JOIN categories k ON k.category_id = p.category_id
        LEFT JOIN purchase_intervals c ON c.category_id = k.path[1]
        """,
        [each.merchant_id for each in some],
        [each.buyer_id for each in some],
        [UUID(each.about["product_id"]) if each.about.get("product_id") else None for each in some],
        DAYS_WITHOUT,
    )
    return {row["buyer_id"]: min(max(row["days"], 1), DAYS_MAX) for row in rows}


async def intervals_of(read: Read, merchant_id: UUID, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The same by product, for who plays a journey; of which nothing is known, none."""
    rows = await read.fetch(
        """
        SELECT p.product_id, coalesce(i.days, c.days) AS days FROM products p
        LEFT JOIN journey_intervals i ON i.merchant_id = p.merchant_id AND i.product_id = p.product_id
        JOIN categories k ON k.category_id = p.category_id
        LEFT JOIN purchase_intervals c ON c.category_id = k.path[1]
        WHERE p.merchant_id = $1 AND p.product_id = ANY($2) AND coalesce(i.days, c.days) IS NOT NULL
        """,
        merchant_id,
        list(product_ids),
    )
    return {row["product_id"]: min(max(row["days"], 1), DAYS_MAX) for row in rows}


async def count_intervals(tx: Tx, now: datetime) -> int:
    """Count the intervals of one shop's products anew, which were not counted for a day; returns 0 when no shop is left."""
    shop: UUID | None = await tx.value(
        """
        INSERT INTO journey_interval_counts AS c (merchant_id, counted_at)
        SELECT j.merchant_id, $1 FROM journeys j
        JOIN journey_versions v ON v.merchant_id = j.merchant_id AND v.journey_id = j.journey_id AND v.version = j.live_version
        WHERE j.state = 'live' AND v.graph @> '{"nodes": [{"setup": {"kind": "wait", "how": "interval"}}]}'
          AND NOT EXISTS (SELECT FROM journey_interval_counts o
                          WHERE o.merchant_id = j.merchant_id AND o.counted_at > $1::timestamptz - interval '1 day')
        ORDER BY j.merchant_id LIMIT 1
        ON CONFLICT (merchant_id) DO UPDATE SET counted_at = excluded.counted_at
        WHERE c.counted_at <= excluded.counted_at - interval '1 day' RETURNING merchant_id
        """,
        now,
    )
    if shop is None:
        return 0
    await _count(tx, shop, now)
    return 1


async def _count(tx: Tx, merchant_id: UUID, now: datetime) -> None:
    await tx.execute("DELETE FROM journey_intervals WHERE merchant_id = $1", merchant_id)
    await tx.execute(
        """
        WITH paid AS (
            SELECT l.product_id, o.buyer_id, o.paid_at
                 , lag(o.paid_at) OVER (PARTITION BY l.product_id, o.buyer_id ORDER BY o.paid_at) AS before
            FROM orders o JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
            WHERE o.merchant_id = $1 AND o.paid_at > $2::timestamptz - $3 * interval '1 day' AND o.state <> 'cancelled'
        )
        INSERT INTO journey_intervals (merchant_id, product_id, days, customers)
        SELECT $1, product_id
             , greatest(1, percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM paid_at - before) / 86400))::integer
             , count(DISTINCT buyer_id)
        FROM paid WHERE paid_at > before + interval '12 hours' GROUP BY product_id HAVING count(DISTINCT buyer_id) >= $4
        """,
        merchant_id,
        now,
        SINCE_DAYS,
        CUSTOMERS_MIN,
    )
