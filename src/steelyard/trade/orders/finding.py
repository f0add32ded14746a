"""How a merchant finds its orders: by what they are, whose they are, and what waits for somebody."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import codes, paging
from steelyard.kernel.db import Read, Row
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.due import late
from steelyard.trade.orders.model import (
    STUCK_AFTER_DAYS,
    Order,
    OrderId,
    OrderNote,
    OrderState,
    Wanted,
)
from steelyard.trade.orders.queries import ORDER_COLUMNS

ORDERS_FOUND_MAX = 2_000
MATCHES_MAX = 500

_LAST = UUID(int=2**128 - 1)
_FIRST = UUID(int=0)

# What narrows a list down. Scalar subqueries, not EXISTS: those PostgreSQL may answer by reading a whole table at once.
_NARROWED: LiteralString = """
  AND o.placed_at >= coalesce($5::timestamptz, '-infinity') AND o.placed_at < coalesce($6::timestamptz, 'infinity')
  AND ($7 = '' OR starts_with(o.address ->> 'region', $7))
  AND ($8::bigint IS NULL OR o.total >= $8) AND ($9::bigint IS NULL OR o.total <= $9)
  AND (NOT $10 OR o.note <> '')
  AND ($11 = '' OR (SELECT true FROM parcels p WHERE p.order_id = o.order_id AND p.carrier = $11 LIMIT 1))
  AND ($12::uuid IS NULL OR (SELECT true FROM order_lines l
                             WHERE l.order_id = o.order_id AND l.product_id = $12 LIMIT 1))
  AND (NOT $14 OR (o.reminded_at IS NOT NULL AND o.state IN ('paid', 'partly_shipped')))
"""


def finding(*, chosen: bool, oldest_first: bool, every_state: bool) -> LiteralString:
    """The question in each of its ways. Of `chosen` orders each is looked up. Else there is one run of the index for each
    state, so that a few open orders are found at once among millions of finished ones; of orders in `every_state` one run
    for all, which ends as soon as there are enough."""
    after: LiteralString = (
        "(o.placed_at, o.order_id) > (coalesce($3::timestamptz, '-infinity'), $4)"
        if oldest_first
        else "(o.placed_at, o.order_id) < (coalesce($3::timestamptz, 'infinity'), $4)"
    )
    order: LiteralString = (
        "ORDER BY o.placed_at, o.order_id LIMIT $13"
        if oldest_first
        else "ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $13"
    )
    if chosen:
        return (
            ORDER_COLUMNS
            + "FROM unnest($15::uuid[]) AS w (order_id) JOIN orders o ON o.merchant_id = $1 AND o.order_id = w.order_id "
            + "WHERE o.state = ANY($2) AND "
            + after
            + _NARROWED
            + order
        )
    if every_state:
        return (
            ORDER_COLUMNS
            + "FROM orders o WHERE o.merchant_id = $1 AND $2::text[] IS NOT NULL AND "
            + after
            + _NARROWED
            + order
        )
    return (
        ORDER_COLUMNS  # noqa: S608  # literals of ours
        + "FROM unnest($2::text[]) AS s (state) CROSS JOIN LATERAL ("
        + "SELECT * FROM orders o WHERE o.merchant_id = $1 AND o.state = s.state AND "
        + after
        + _NARROWED
        + order
        + ") o "
        + order
    )


WORDED: LiteralString = """
(SELECT order_id FROM orders WHERE merchant_id = $1 AND code = $2 LIMIT 1)
UNION (SELECT order_id FROM parcels WHERE merchant_id = $1 AND number = upper($3) LIMIT $4)
UNION (SELECT order_id FROM order_lines WHERE merchant_id = $1 AND sku_code = $3 LIMIT $4)
UNION (SELECT order_id FROM orders
       WHERE merchant_id = $1 AND phone_backward = nullif(reverse(regexp_replace($3, '[^0-9]', '', 'g')), '')
       LIMIT $4)
UNION (SELECT order_id FROM orders WHERE merchant_id = $1 AND contact_phone = $3 LIMIT $4)
UNION (SELECT order_id FROM orders WHERE merchant_id = $1 AND buyer_name = lower($3) LIMIT $4)
UNION (SELECT order_id FROM orders WHERE merchant_id = $1 AND contact_email = lower($3) LIMIT $4)
"""


async def find(
    read: Read, merchant_id: MerchantId, wanted: Wanted, *, cursor: str | None = None, limit: int | None = None
) -> Page[Order]:
    """A merchant's orders that fit, the newest first unless the oldest are asked for. At most `ORDERS_FOUND_MAX` at once."""
    at, order_id = paging.read_cursor(cursor, datetime, UUID) or (None, _FIRST if wanted.oldest_first else _LAST)
    most = min(limit or paging.ITEMS_PER_PAGE, ORDERS_FOUND_MAX)
    now = datetime.now(UTC)
    narrowed = (
        merchant_id,
        sorted(set(wanted.states or OrderState)),
        at,
        order_id,
        wanted.since,
        wanted.until,
        wanted.region,
        wanted.least,
        wanted.most,
        wanted.with_buyers_note,
        wanted.carrier,
        wanted.product_id,
        most + 1,
        wanted.trouble == "reminded",
    )
    chosen = await _chosen(read, merchant_id, wanted, now)
    if chosen is None:
        found = await read.all(
            Order,
            finding(chosen=False, oldest_first=wanted.oldest_first, every_state=not wanted.states),
            *narrowed,
        )
    elif chosen:
        found = await read.all(
            Order, finding(chosen=True, oldest_first=wanted.oldest_first, every_state=False), *narrowed, chosen
        )
    else:
        found = []
    return paging.cut(found, most, lambda last: (last.placed_at, last.order_id))


async def _chosen(read: Read, merchant_id: MerchantId, wanted: Wanted, now: datetime) -> list[UUID] | None:
    """The orders that what is asked for leads to, when they are few: those of a word, of somebody named, of trouble with
    a parcel, with notes, of a product that is not much sold. None when there are no such."""
    groups = [
        group
        for group in (
            None if wanted.among is None else list(wanted.among),
            await _named(read, merchant_id, wanted.named) if wanted.named is not None else None,
            await _worded(read, merchant_id, wanted.text.strip()) if wanted.text.strip() else None,
            await _in_trouble(read, merchant_id, wanted.trouble, now) if wanted.trouble in ("stuck", "lost") else None,
            await late(read, merchant_id, now) if wanted.trouble == "late" else None,
            await _noted(read, merchant_id) if wanted.with_notes else None,
            await _of_product(read, merchant_id, wanted.product_id) if wanted.product_id is not None else None,
        )
        if group is not None
    ]
    if not groups:
        return None
    return sorted(set(groups[0]).intersection(*groups[1:]))


async def _named(read: Read, merchant_id: MerchantId, account_id: UUID) -> list[UUID]:
    return _ids(
        await read.fetch(
            """
        SELECT DISTINCT order_id FROM order_note_mentions
        WHERE merchant_id = $1 AND account_id = $2 AND seen_at IS NULL LIMIT $3
        """,
            merchant_id,
            account_id,
            MATCHES_MAX,
        )
    )


async def _worded(read: Read, merchant_id: MerchantId, text: str) -> list[UUID]:
    return _ids(
        await read.fetch(
            WORDED,
            merchant_id,
            codes.read(text),
            text,
            MATCHES_MAX,
        )
    )


async def _in_trouble(read: Read, merchant_id: MerchantId, trouble: str, now: datetime) -> list[UUID]:
    """Those with a parcel that is lost, or has been on its way for too long."""
    if trouble == "lost":
        return _ids(
            await read.fetch(
                "SELECT DISTINCT order_id FROM parcels WHERE merchant_id = $1 AND state = 'lost' LIMIT $2",
                merchant_id,
                ORDERS_FOUND_MAX,
            )
        )
    return _ids(
        await read.fetch(
            """
        SELECT DISTINCT order_id FROM parcels
        WHERE merchant_id = $1 AND sent_at <= $2 AND state IN ('handed_over', 'in_transit') LIMIT $3
        """,
            merchant_id,
            now - timedelta(days=STUCK_AFTER_DAYS),
            ORDERS_FOUND_MAX,
        )
    )


async def _noted(read: Read, merchant_id: MerchantId) -> list[UUID]:
    """Those that staff wrote about last."""
    return _ids(
        await read.fetch(
            "SELECT order_id FROM order_notes WHERE merchant_id = $1 ORDER BY at DESC LIMIT $2",
            merchant_id,
            ORDERS_FOUND_MAX,
        )
    )


async def _of_product(read: Read, merchant_id: MerchantId, product_id: UUID) -> list[UUID] | None:
    """None when they are many: then the list is soon full in the order of time."""
    found = _ids(
        await read.fetch(
            "SELECT order_id FROM order_lines WHERE merchant_id = $1 AND product_id = $2 LIMIT $3",
            merchant_id,
            product_id,
            MATCHES_MAX + 1,
        )
    )
    return found if len(found) <= MATCHES_MAX else None


def _ids(rows: Sequence[Row]) -> list[UUID]:
    return [row["order_id"] for row in rows]


async def notes_of(read: Read, merchant_id: MerchantId, order_ids: Sequence[OrderId]) -> dict[UUID, list[OrderNote]]:
    """What staff told each other about these orders, the first first."""
    found: dict[UUID, list[OrderNote]] = {order_id: [] for order_id in order_ids}
    for note in await read.all(
        OrderNote,
        """
        SELECT n.note_id, n.order_id, n.said, n.by, n.at
             , ARRAY(SELECT m.account_id FROM order_note_mentions m
                     WHERE m.merchant_id = n.merchant_id AND m.note_id = n.note_id ORDER BY 1) AS mentions
        FROM order_notes n WHERE n.merchant_id = $1 AND n.order_id = ANY($2)
        ORDER BY n.order_id, n.at, n.note_id LIMIT $3
        """,
        merchant_id,
        list(order_ids),
        ORDERS_FOUND_MAX,
    ):
        found[note.order_id].append(note)
    return found


async def of_merchant(read: Read, merchant_id: MerchantId, order_ids: Sequence[UUID]) -> list[Order]:
    """Those of these orders that are this merchant's, the oldest payment first."""
    return await read.all(
        Order,
        ORDER_COLUMNS
        + """
        FROM orders o WHERE o.merchant_id = $1 AND o.order_id = ANY($2)
        ORDER BY o.paid_at NULLS LAST, o.order_id LIMIT $3
        """,
        merchant_id,
        list(order_ids),
        ORDERS_FOUND_MAX,
    )


async def freight_used(read: Read, merchant_id: MerchantId, days: int) -> dict[UUID, int]:
    """How many of the orders that were paid in the last days chose each delivery option."""
    rows = await read.fetch(
        """
        SELECT (delivery ->> 'template_id')::uuid AS template_id, count(*)::integer AS orders FROM orders
        WHERE merchant_id = $1 AND paid_at > now() - $2 * interval '1 day' AND delivery ->> 'template_id' IS NOT NULL
        GROUP BY 1
        """,
        merchant_id,
        days,
    )
    return {row["template_id"]: row["orders"] for row in rows}
