"""Questions about refunds that wait for a second person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.limit_model import RequestSide, WaitingRefund
from steelyard.trade.orders.model import OrderId


async def request_in(read: Read, merchant_id: MerchantId, request_id: UUID) -> WaitingRefund | None:
    return await read.one(
        WaitingRefund,
        """
        SELECT merchant_id, request_id, refund_id, order_id, case_id, side, command, amount, currency, why, state, asked_by
             , asked_at, expires_at, answered_by, answered_at, answer
        FROM refund_requests WHERE merchant_id = $1 AND request_id = $2
        """,
        merchant_id,
        request_id,
    )


async def requests_page(
    read: Read,
    side: RequestSide,
    *,
    merchant_id: MerchantId | None = None,
    waiting: bool = True,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[WaitingRefund]:
    """What waits for a second person of this side, or what did and is answered; the newest first."""
    size = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        WaitingRefund,
        """
        SELECT merchant_id, request_id, refund_id, order_id, case_id, side, command, amount, currency, why, state, asked_by
             , asked_at, expires_at, answered_by, answered_at, answer
        FROM refund_requests
        WHERE side = $1 AND merchant_id = coalesce($2, merchant_id) AND (state = 'waiting') = $3
          AND ($4::timestamptz IS NULL OR (asked_at, request_id) < ($4, $5::uuid))
        ORDER BY asked_at DESC, request_id DESC LIMIT $6
        """,
        side,
        merchant_id,
        waiting,
        *key,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.asked_at, last.request_id))


async def count_waiting(read: Read, side: RequestSide, merchant_id: MerchantId | None = None) -> int:
    """How many wait for a second person of this side: for the first page."""
    return await read.value(
        """
        SELECT count(*)::integer FROM refund_requests
        WHERE side = $1 AND state = 'waiting' AND merchant_id = coalesce($2, merchant_id)
        """,
        side,
        merchant_id,
    )


async def waiting_of_orders(read: Read, order_ids: Sequence[OrderId]) -> Mapping[OrderId, list[WaitingRefund]]:
    """What waits for a second person of each of these orders."""
    found: dict[OrderId, list[WaitingRefund]] = {order_id: [] for order_id in order_ids}
    for each in await read.all(
        WaitingRefund,
        """
        SELECT merchant_id, request_id, refund_id, order_id, case_id, side, command, amount, currency, why, state, asked_by
             , asked_at, expires_at, answered_by, answered_at, answer
        FROM refund_requests
        WHERE (merchant_id, order_id) IN (SELECT merchant_id, order_id FROM orders WHERE order_id = ANY($1))
          AND state = 'waiting'
        ORDER BY asked_at, request_id LIMIT $2
        """,
        list(order_ids),
        paging.ITEMS_PER_PAGE_MAX,
    ):
        found[each.order_id].append(each)
    return found
