"""Questions about gift cards that were bought in the shop."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.gifts.model import CURRENCY, LATELY_DAYS, Sale, SaleState, Sold, Terms
from steelyard.parties import merchants, policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import (
    GIFTS_LEAST,
    GIFTS_MOST,
    GIFTS_PER_DAY,
    GIFTS_REFUND_DAYS,
    GIFTS_SOLD,
    WALLETS,
)


async def terms(read: Read) -> Terms:
    """What counts now."""
    least, most = await policies.number(read, GIFTS_LEAST), await policies.number(read, GIFTS_MOST)
    return Terms(
        on=bool(await policies.number(read, WALLETS) and await policies.number(read, GIFTS_SOLD)),
        least=min(least, most),
        most=most,
        per_day=await policies.number(read, GIFTS_PER_DAY),
        refund_days=await policies.number(read, GIFTS_REFUND_DAYS),
        currencies=[CURRENCY, *(each for each in await merchants.currencies_sold_in(read) if each != CURRENCY)],
    )


async def get(read: Read, buyer_id: BuyerId, sale_id: UUID) -> Sale | None:
    """A card that this buyer ordered."""
    return await read.one(
        Sale,
        """
        SELECT s.sale_id, s.buyer_id, s.amount, s.currency, s.recipient, s.sender, s.message, s.locale, s.day, s.placed_at
             , s.pay_by, s.send_at, s.paid_at, s.payment_id, s.refund_by, s.lapsed_at, s.sent_at, s.sendings, s.refunded_at
             , CASE c.state WHEN 'redeemed' THEN c.ended_at END AS redeemed_at, c.redeemed_by, c.last4, s.batch_id
             , s.refund_reason, b.cards, b.together
        FROM gift_sales s LEFT JOIN gift_cards c ON c.issue_id = s.sale_id
        CROSS JOIN LATERAL (SELECT count(*)::integer AS cards, sum(amount)::bigint AS together
                            FROM gift_sales t WHERE t.batch_id = s.batch_id) b
        WHERE s.sale_id = $1 AND s.buyer_id = $2
        """,
        sale_id,
        buyer_id,
    )


async def paid_with(read: Read, sale_id: UUID) -> list[Sale]:
    """A card with those that were ordered with it, in the order of their ids. For the operator."""
    return await read.all(
        Sale,
        """
        SELECT s.sale_id, s.buyer_id, s.amount, s.currency, s.recipient, s.sender, s.message, s.locale, s.day, s.placed_at
             , s.pay_by, s.send_at, s.paid_at, s.payment_id, s.refund_by, s.lapsed_at, s.sent_at, s.sendings, s.refunded_at
             , CASE c.state WHEN 'redeemed' THEN c.ended_at END AS redeemed_at, c.redeemed_by, c.last4, s.batch_id
             , s.refund_reason
        FROM gift_sales s LEFT JOIN gift_cards c ON c.issue_id = s.sale_id
        WHERE s.batch_id = (SELECT batch_id FROM gift_sales WHERE sale_id = $1) ORDER BY s.sale_id
        """,
        sale_id,
    )


async def of_buyer(read: Read, buyer_id: BuyerId, cursor: str | None = None, limit: int | None = None) -> Page[Sale]:
    """The cards that a buyer ordered, the newest first. (By whom one was redeemed is not the buyer's to know.)"""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Sale,
        """
        SELECT s.sale_id, s.buyer_id, s.amount, s.currency, s.recipient, s.sender, s.message, s.locale, s.day, s.placed_at
             , s.pay_by, s.send_at, s.paid_at, s.payment_id, s.refund_by, s.lapsed_at, s.sent_at, s.sendings, s.refunded_at
             , CASE c.state WHEN 'redeemed' THEN c.ended_at END AS redeemed_at, c.last4
        FROM gift_sales s LEFT JOIN gift_cards c ON c.issue_id = s.sale_id
        WHERE s.buyer_id = $1 AND ($2::timestamptz IS NULL OR (s.placed_at, s.sale_id) < ($2, $3::uuid))
        ORDER BY s.placed_at DESC, s.sale_id DESC LIMIT $4
        """,
        buyer_id,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.sale_id))


async def page(
    read: Read, state: SaleState | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[Sale]:
    """Cards that were ordered, the newest first, those in one state only when it is named."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Sale,
        """
        SELECT s.sale_id, s.buyer_id, s.amount, s.currency, s.recipient, s.sender, s.message, s.locale, s.day, s.placed_at
             , s.pay_by, s.send_at, s.paid_at, s.payment_id, s.refund_by, s.lapsed_at, s.sent_at, s.sendings, s.refunded_at
             , CASE c.state WHEN 'redeemed' THEN c.ended_at END AS redeemed_at, c.redeemed_by, c.last4, s.batch_id
             , s.refund_reason
        FROM gift_sales s LEFT JOIN gift_cards c ON c.issue_id = s.sale_id
        WHERE ($1::timestamptz IS NULL OR (s.placed_at, s.sale_id) < ($1, $2::uuid))
          AND ($4::text IS NULL OR $4 = CASE
                WHEN s.refunded_at IS NOT NULL THEN 'refunded' WHEN c.state = 'redeemed' THEN 'redeemed'
                WHEN s.sent_at IS NOT NULL THEN 'open' WHEN s.paid_at IS NOT NULL THEN 'to_send'
                WHEN s.lapsed_at IS NOT NULL THEN 'lapsed' ELSE 'unpaid' END)
        ORDER BY s.placed_at DESC, s.sale_id DESC LIMIT $3
        """,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
        state,
    )
    return paging.cut(found, most, lambda last: (last.placed_at, last.sale_id))


async def lately(read: Read) -> list[Sold]:
    """The cards of the last `LATELY_DAYS`, summed by how they stand."""
    return await read.all(
        Sold,
        """
        SELECT CASE WHEN s.refunded_at IS NOT NULL THEN 'refunded' WHEN c.state = 'redeemed' THEN 'redeemed'
                    WHEN s.sent_at IS NOT NULL THEN 'open' ELSE 'to_send' END AS state
             , s.currency, count(*)::integer AS cards, sum(s.amount)::bigint AS amount
        FROM gift_sales s JOIN gift_cards c ON c.issue_id = s.sale_id
        WHERE s.placed_at > now() - $1 * interval '1 day' AND s.paid_at IS NOT NULL
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        LATELY_DAYS,
    )
