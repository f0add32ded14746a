"""Questions about refunds that wait for a second person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.access.model import AccountId
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


async def to_decide(
    read: Read,
    side: RequestSide,
    by: AccountId,
    *,
    merchant_ids: Sequence[MerchantId] | None = None,
    currency: str | None = None,
    least: int | None = None,
    most: int | None = None,
    limit: int,
) -> list[WaitingRefund]:
    """What of this side waits for anybody but who asked, so for this one, too: what is over first comes first. Of these shops
    (none: of all), in a currency, between two amounts."""
    return await read.all(
        WaitingRefund,
        """
        SELECT merchant_id, request_id, refund_id, order_id, case_id, side, command, amount, currency, why, state, asked_by
             , asked_at, expires_at, answered_by, answered_at, answer
        FROM refund_requests
        WHERE side = $1 AND state = 'waiting' AND asked_by <> $2
          AND ($3::uuid[] IS NULL OR merchant_id = ANY($3)) AND currency = coalesce($4, currency)
          AND amount >= coalesce($5::bigint, amount) AND amount <= coalesce($6::bigint, amount)
        ORDER BY expires_at, request_id LIMIT $7
        """,
        side,
        by,
        None if merchant_ids is None else list(merchant_ids),
        currency,
        least,
        most,
        limit,
    )


async def requests_of(
    read: Read, side: RequestSide, asked: Sequence[tuple[MerchantId, UUID]]
) -> Mapping[UUID, WaitingRefund]:
    """These requests (merchant, request) of a side, answered or not, by their ids."""
    found = await read.all(
        WaitingRefund,
        """
        SELECT r.merchant_id, r.request_id, r.refund_id, r.order_id, r.case_id, r.side, r.command, r.amount, r.currency, r.why
             , r.state, r.asked_by, r.asked_at, r.expires_at, r.answered_by, r.answered_at, r.answer
        FROM refund_requests r JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, request_id)) w
            USING (merchant_id, request_id)
        WHERE r.side = $3
        """,
        [merchant_id for merchant_id, _ in asked],
        [request_id for _, request_id in asked],
        side,
    )
    return {each.request_id: each for each in found}


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
