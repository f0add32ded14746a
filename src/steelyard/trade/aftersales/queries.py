"""Questions about refunds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.trade.aftersales.model import OrderRefund, RefundBehind, RefundsWanted
from steelyard.trade.orders.model import OrderId

REFUNDS_MAX = 1_000


async def of_orders(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, list[OrderRefund]]:
    """What was given back of each of these orders, the first first."""
    found: dict[OrderId, list[OrderRefund]] = {order_id: [] for order_id in order_ids}
    for refund in await read.all(
        OrderRefund,
        """
        SELECT refund_id, order_id, goods, freight, commission, currency, reason, note, by, released, at, subsidy, tax
             , fees
        FROM order_refunds WHERE order_id = ANY($1) ORDER BY at, refund_id LIMIT $2
        """,
        list(order_ids),
        REFUNDS_MAX,
    ):
        found[refund.order_id].append(refund)
    return found


async def behind(
    read: Read, wanted: RefundsWanted, cursor: str | None = None, limit: int | None = None
) -> Page[RefundBehind]:
    """The refunds that a figure counts, the newest first. For the operator."""
    at, refund_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        RefundBehind,
        """
        SELECT r.merchant_id, r.refund_id, r.order_id, o.code, r.goods + r.freight AS amount, r.currency, r.reason, r.at
        FROM order_refunds r JOIN orders o ON o.merchant_id = r.merchant_id AND o.order_id = r.order_id
        WHERE r.at >= $1 AND r.at < $2
          AND ($3::timestamptz IS NULL OR (r.at, r.refund_id) < ($3, $4::uuid))
          AND ($5::text IS NULL OR r.currency = $5) AND ($6::uuid IS NULL OR r.merchant_id = $6)
          AND ($7::text IS NULL OR split_part(coalesce(o.source, 'shop'), ':', 1) = $7)
        ORDER BY r.at DESC, r.refund_id DESC LIMIT $8
        """,
        wanted.since,
        wanted.until,
        at,
        refund_id,
        wanted.currency,
        wanted.merchant_id,
        wanted.channel,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.refund_id))
