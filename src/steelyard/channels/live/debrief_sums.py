"""What the orders of a session came to, summed by the database: by minute, by product, what of it went back, and earlier
sessions."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.channels.live.debrief_model import Brief, Happened
from steelyard.channels.live.model import Session
from steelyard.kernel.db import Read

PRODUCTS_MAX = 1_000
HAPPENED_MAX = 1_000


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A product's orders, those of them that were paid, and their pieces and amount."""

    orders: int
    paid: int
    pieces: int
    gmv: int


async def orders_by_minute(
    read: Read, merchant_id: UUID, session_id: UUID, last: int
) -> dict[int, tuple[int, int, int]]:
    """`{minute: (orders, paid, gmv)}` by when they were placed; what was placed after the end, out of a sheet that was open,
    counts for the last minute."""
    rows = await read.fetch(
        """
        SELECT least($3, greatest(0, floor(extract(epoch FROM o.placed_at - s.started_at) / 60)))::integer AS minute
             , count(*)::integer AS orders, (count(*) FILTER (WHERE l.paid_at IS NOT NULL))::integer AS paid
             , coalesce(sum(n.amount) FILTER (WHERE l.paid_at IS NOT NULL), 0)::bigint AS gmv
        FROM live_orders l
        JOIN live_sessions s USING (merchant_id, session_id)
        JOIN orders o USING (merchant_id, order_id)
        CROSS JOIN LATERAL (SELECT sum(n.amount) AS amount FROM order_lines n
                            WHERE n.merchant_id = l.merchant_id AND n.order_id = l.order_id) n
        WHERE l.merchant_id = $1 AND l.session_id = $2
        GROUP BY 1 ORDER BY 1
        """,
        merchant_id,
        session_id,
        last,
    )
    return {row["minute"]: (row["orders"], row["paid"], row["gmv"]) for row in rows}


async def trade_by_product(read: Read, merchant_id: UUID, session_id: UUID) -> dict[UUID, Trade]:
    """What was ordered and paid of each product."""
    rows = await read.fetch(
        """
        SELECT n.product_id, count(DISTINCT l.order_id)::integer AS orders
             , (count(DISTINCT l.order_id) FILTER (WHERE l.paid_at IS NOT NULL))::integer AS paid
             , coalesce(sum(n.quantity) FILTER (WHERE l.paid_at IS NOT NULL), 0)::integer AS pieces
             , coalesce(sum(n.amount) FILTER (WHERE l.paid_at IS NOT NULL), 0)::bigint AS gmv
        FROM live_orders l JOIN order_lines n USING (merchant_id, order_id)
        WHERE l.merchant_id = $1 AND l.session_id = $2 AND n.product_id IS NOT NULL
        GROUP BY n.product_id ORDER BY gmv DESC, n.product_id LIMIT $3
        """,
        merchant_id,
        session_id,
        PRODUCTS_MAX,
    )
    return {
        row["product_id"]: Trade(orders=row["orders"], paid=row["paid"], pieces=row["pieces"], gmv=row["gmv"])
        for row in rows
    }


async def refunded(read: Read, merchant_id: UUID, session_id: UUID) -> dict[UUID | None, int]:
    """What has been given back until now of a session's orders, by product; under none what is of no line, freight for one."""
    rows = await read.fetch(
        """
        WITH given AS (
            SELECT f.merchant_id, f.refund_id, f.order_id, f.goods + f.freight AS whole
            FROM live_orders l JOIN order_refunds f ON f.order_id = l.order_id AND f.merchant_id = l.merchant_id
            WHERE l.merchant_id = $1 AND l.session_id = $2
        ), lines AS (
            SELECT n.product_id, sum(r.amount) AS amount
            FROM given g JOIN order_refund_lines r USING (merchant_id, refund_id, order_id)
            JOIN order_lines n USING (merchant_id, order_id, line) GROUP BY n.product_id
        )
        SELECT product_id, amount::bigint FROM lines WHERE product_id IS NOT NULL
        UNION ALL
        SELECT NULL, (coalesce((SELECT sum(whole) FROM given), 0)
                    - coalesce((SELECT sum(amount) FROM lines WHERE product_id IS NOT NULL), 0))::bigint
        LIMIT $3
        """,
        merchant_id,
        session_id,
        PRODUCTS_MAX,
    )
    return {row["product_id"]: row["amount"] for row in rows if row["amount"]}


async def happened(read: Read, session: Session) -> list[Happened]:
    """What viewers were told in a session beside chat and figures."""
    assert session.started_at is not None
    rows = await read.fetch(
        """
        SELECT greatest(0, floor(extract(epoch FROM at - $3)))::integer AS second
             , CASE WHEN kind = 'state' THEN 'broke_off' ELSE kind END AS what, body ->> 'product_id' AS product_id
        FROM live_beats
        WHERE merchant_id = $1 AND session_id = $2
          AND (kind IN ('pin', 'unpin', 'coupon', 'draw') OR (kind = 'price' AND NOT (body ->> 'ended')::boolean)
            OR (kind = 'muted' AND (body ->> 'all')::boolean)
            OR (kind = 'state' AND body ->> 'streaming' = 'false'))
        ORDER BY seq LIMIT $4
        """,
        session.merchant_id,
        session.session_id,
        session.started_at,
        HAPPENED_MAX,
    )
    return [
        Happened(
            second=row["second"], what=row["what"], product_id=UUID(row["product_id"]) if row["product_id"] else None
        )
        for row in rows
    ]


async def briefs(read: Read, session: Session, most: int) -> list[Brief]:
    """The sessions of the shop that ended before this one began, the last first."""
    found: Sequence[Brief] = await read.all(
        Brief,
        """
        SELECT s.session_id, s.title, s.started_at
             , greatest(0, floor(extract(epoch FROM s.ended_at - s.started_at)))::integer AS seconds
             , coalesce(g.peak, 0) AS peak, coalesce(g.entered, 0) AS entered, t.orders, t.paid, t.gmv
        FROM live_sessions s
        LEFT JOIN live_stages g USING (merchant_id, session_id)
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT l.order_id)::integer AS orders
                 , (count(DISTINCT l.order_id) FILTER (WHERE l.paid_at IS NOT NULL))::integer AS paid
                 , coalesce(sum(n.amount) FILTER (WHERE l.paid_at IS NOT NULL), 0)::bigint AS gmv
            FROM live_orders l JOIN order_lines n USING (merchant_id, order_id)
            WHERE l.merchant_id = s.merchant_id AND l.session_id = s.session_id) t
        WHERE s.merchant_id = $1 AND s.state = 'ended' AND s.starts_at < $2 AND s.session_id <> $3
        ORDER BY s.starts_at DESC, s.session_id DESC LIMIT $4
        """,
        session.merchant_id,
        session.starts_at,
        session.session_id,
        most,
    )
    return list(found)
