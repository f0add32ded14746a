"""What goods cost, and cost least before: what claims about their prices are held against."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods.pricing.model import LOWEST_OF_DAYS
from steelyard.kernel.db import Read


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Of a product, over its variants and in minor units of `currency`: the dearest of what each costs, or cost, least in the 30
    days before a moment. A claim that no variant bears out is above it."""

    product_id: UUID
    currency: str
    lowest: int


async def lowest_of(read: Read, merchant_id: UUID, product_ids: Collection[UUID], at: datetime) -> dict[UUID, Known]:
    """What is known of these products, by id; one without a price is missing."""
    rows = await read.all(
        Known,
        """
        SELECT s.product_id, p.currency, max(least(p.amount, h.amount))::bigint AS lowest
        FROM skus s
        JOIN merchants m USING (merchant_id)
        JOIN prices p ON p.merchant_id = s.merchant_id AND p.sku_id = s.sku_id AND p.currency = m.currency
        LEFT JOIN LATERAL (
            SELECT min(o.amount) AS amount FROM price_history o
            WHERE o.merchant_id = s.merchant_id AND o.sku_id = s.sku_id AND o.currency = p.currency
              AND o.until > $3::timestamptz - make_interval(days => $4)) AS h ON true
        WHERE s.merchant_id = $1 AND s.product_id = ANY($2) AND s.active
        GROUP BY s.product_id, p.currency
        """,
        merchant_id,
        list(product_ids),
        at,
        LOWEST_OF_DAYS,
    )
    return {row.product_id: row for row in rows}
