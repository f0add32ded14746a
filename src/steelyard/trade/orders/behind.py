"""The orders behind a figure: placed or paid in a period, of one merchant, channel, category or product. For the operator."""

from datetime import datetime
from enum import StrEnum
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.trade.orders.model import Order
from steelyard.trade.orders.queries import ORDER_COLUMNS

# Where a first page begins: after every order of the same instant.
_LAST = UUID(int=2**128 - 1)


class Happening(StrEnum):
    """What of an order falls into the period."""

    PLACED = "placed"
    PAID = "paid"


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """Which figure: what happened from `since` up to `until`, which is not within it. `channel` is the first word of an
    order's source, `category_id` means all below it, too; a product is a merchant's."""

    happening: Happening
    since: datetime
    until: datetime
    currency: str | None = None
    merchant_id: UUID | None = None
    channel: str | None = None
    category_id: UUID | None = None
    product_id: UUID | None = None


# The lines are looked at order by order (what has a LIMIT is not turned into a join of whole tables).
_WHERE: LiteralString = """
  AND ($5::text IS NULL OR o.currency = $5) AND ($6::uuid IS NULL OR o.merchant_id = $6)
  AND ($7::text IS NULL OR split_part(coalesce(o.source, 'shop'), ':', 1) = $7)
  AND ($8::uuid IS NULL OR (
      SELECT true FROM order_lines l JOIN products p ON p.merchant_id = l.merchant_id AND p.product_id = l.product_id
      JOIN categories c ON c.category_id = p.category_id
      WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.kind = 'goods' AND $8 = ANY(c.path)
      LIMIT 1))
"""
# A product's orders are found by its lines, everybody else's by the day.
_OF_PRODUCT: LiteralString = """
  AND o.order_id IN (SELECT l.order_id FROM order_lines l WHERE l.merchant_id = $6 AND l.product_id = $10)
"""
_EVERYTHING: LiteralString = "  AND $10::uuid IS NULL"


def _sql(happening: Happening, of_product: bool) -> LiteralString:
    which = _OF_PRODUCT if of_product else _EVERYTHING
    if happening is Happening.PAID:
        return (
            ORDER_COLUMNS
            + """
            FROM orders o
            WHERE o.paid_at >= $1 AND o.paid_at < $2
              AND (o.paid_at, o.order_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $11))
            """
            + _WHERE
            + which
            + " ORDER BY o.paid_at DESC, o.order_id DESC LIMIT $9"
        )
    return (
        ORDER_COLUMNS
        + """
        FROM orders o
        WHERE o.placed_at >= $1 AND o.placed_at < $2
          AND (o.placed_at, o.order_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $11))
        """
        + _WHERE
        + which
        + " ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $9"
    )


async def behind(read: Read, which: Behind, cursor: str | None = None, limit: int | None = None) -> Page[Order]:
    """The orders that a figure counts, the newest first."""
    assert which.product_id is None or which.merchant_id is not None, "a product is a merchant's"
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Order,
        _sql(which.happening, which.product_id is not None),
        which.since,
        which.until,
        *key,
        which.currency,
        which.merchant_id,
        which.channel,
        which.category_id,
        most + 1,
        which.product_id,
        _LAST,
    )
    if which.happening is Happening.PAID:
        return paging.cut(found, most, lambda last: (last.paid_at, last.order_id))
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))
