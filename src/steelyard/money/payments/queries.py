"""Questions about payments and refunds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.payments.model import (
    Message,
    Payment,
    PaymentId,
    PaymentSplit,
    PaymentState,
    Refund,
    RefundState,
    Step,
)

PAYMENTS_PER_PURCHASE_MAX = 100
REFUNDS_PER_ORDER_MAX = 1_000
MESSAGES_SHOWN_MAX = 200


async def get(read: Read, payment_id: UUID) -> Payment | None:
    return (await get_all(read, [payment_id])).get(PaymentId(payment_id))


async def get_all(read: Read, payment_ids: Sequence[UUID]) -> dict[PaymentId, Payment]:
    """These payments, as far as there are any."""
    found = await read.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments WHERE payment_id = ANY($1)
        """,
        list(payment_ids),
    )
    return {payment.payment_id: payment for payment in found}


async def of_purchase(read: Read, purchase_id: UUID) -> list[Payment]:
    """Every try to pay a purchase, the latest first."""
    return await read.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments WHERE purchase_id = $1
        ORDER BY created_at DESC, payment_id DESC
        LIMIT $2
        """,
        purchase_id,
        PAYMENTS_PER_PURCHASE_MAX,
    )


async def latest_of(read: Read, purchase_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    """The latest try to pay each of these purchases, as far as there was any."""
    found = await read.all(
        Payment,
        """
        SELECT DISTINCT ON (purchase_id) buyer_id, payment_id, purchase_id, channel, amount, currency, state
             , channel_reference, cashier_url, failure, surplus, created_at, expires_at, captured_at, handed, later
             , authorised_until, instalments
        FROM payments WHERE purchase_id = ANY($1)
        ORDER BY purchase_id, created_at DESC, payment_id DESC
        """,
        list(purchase_ids),
    )
    return {payment.purchase_id: payment for payment in found}


async def by_reference(read: Read, reference: str, *, limit: int) -> list[Payment]:
    """The payments that a channel knows by this reference."""
    return await read.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments WHERE channel_reference = $1 ORDER BY payment_id LIMIT $2
        """,
        reference.strip(),
        limit,
    )


async def page(
    read: Read,
    *,
    state: PaymentState | None = None,
    channel: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Payment]:
    """All payments that fit, newest first; for the operator. `until` is not within it."""
    size = paging.limit(limit)
    after = paging.read_cursor(cursor, datetime, UUID)
    at, payment_id = after or (None, None)
    found = await read.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments
        WHERE ($1::text IS NULL OR state = $1)
          AND ($2::timestamptz IS NULL OR (created_at <= $2 AND (created_at < $2 OR payment_id > $3::uuid)))
          AND ($5::text IS NULL OR channel = $5)
          AND created_at >= coalesce($6::timestamptz, '-infinity') AND created_at < coalesce($7::timestamptz, 'infinity')
        ORDER BY created_at DESC, payment_id
        LIMIT $4
        """,
        state,
        at,
        payment_id,
        size + 1,
        channel,
        since,
        until,
    )
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], paging.write_cursor(last.created_at, last.payment_id) if last else None)


async def messages_about(read: Read, documents: Sequence[UUID]) -> list[Message]:
    """What channels have told about these payments and refunds, the first first."""
    return await read.all(
        Message,
        """
        SELECT channel, event_id, coalesce(body ->> 'type', body ->> 'event_type', body ->> 'notify_type') AS type, document
             , received_at, applied_at, error
        FROM webhook_receipts WHERE document = ANY($1)
        ORDER BY received_at, event_id LIMIT $2
        """,
        list(documents),
        MESSAGES_SHOWN_MAX,
    )


async def timeline(read: Read, payment_id: UUID) -> list[Step]:
    """The states a payment went through."""
    return await read.all(
        Step,
        """
        SELECT h.from_state, h.to_state, h.at, h.by
        FROM payments p JOIN payment_history h USING (buyer_id, payment_id)
        WHERE p.payment_id = $1
        ORDER BY h.step
        """,
        payment_id,
    )


async def timelines(read: Read, payment_ids: Sequence[UUID]) -> dict[UUID, list[Step]]:
    """The states that each of these payments went through."""
    found: dict[UUID, list[Step]] = {payment_id: [] for payment_id in payment_ids}
    for row in await read.fetch(
        """
        SELECT p.payment_id, h.from_state, h.to_state, h.at, h.by
        FROM payments p JOIN payment_history h USING (buyer_id, payment_id)
        WHERE p.payment_id = ANY($1)
        ORDER BY p.payment_id, h.step
        """,
        list(payment_ids),
    ):
        step = Step(from_state=row["from_state"], to_state=row["to_state"], at=row["at"], by=row["by"])
        found[row["payment_id"]].append(step)
    return found


async def splits_of_order(read: Read, merchant_id: UUID, order_id: UUID) -> list[PaymentSplit]:
    """What was to be collected, captured and given back for an order, by payment."""
    return await read.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded, disputed
        FROM payment_splits WHERE merchant_id = $1 AND order_id = $2
        ORDER BY payment_id
        """,
        merchant_id,
        order_id,
    )


async def splits_of(read: Read, payment_id: UUID) -> list[PaymentSplit]:
    """Which orders a payment is for."""
    return await read.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded, disputed
        FROM payment_splits WHERE payment_id = $1
        ORDER BY merchant_id, order_id
        """,
        payment_id,
    )


async def kept_back(read: Read, orders: Sequence[tuple[UUID, UUID]]) -> list[PaymentSplit]:
    """What of these orders (merchant, order) is, or was, authorised first and captured later."""
    return await read.all(
        PaymentSplit,
        """
        SELECT s.merchant_id, s.order_id, s.payment_id, s.buyer_id, s.channel, s.amount, s.currency, s.authorised, s.capturing
             , s.captured, s.released, s.refunding, s.refunded
        FROM unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) JOIN payment_splits s USING (merchant_id, order_id)
        JOIN payments p ON (p.buyer_id, p.payment_id) = (s.buyer_id, s.payment_id)
        WHERE p.later AND s.authorised > 0 ORDER BY s.order_id, s.payment_id
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
    )


async def refund_of(read: Read, refund_id: UUID) -> Refund | None:
    return await read.one(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, route, twice_at
        FROM refunds WHERE refund_id = $1
        """,
        refund_id,
    )


async def refunds_of_order(read: Read, merchant_id: UUID, order_ids: UUID | Sequence[UUID]) -> list[Refund]:
    """The refunds of one order, or of several of one merchant, oldest first."""
    wanted = [order_ids] if isinstance(order_ids, UUID) else list(order_ids)
    return await read.all(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, route, twice_at
        FROM refunds WHERE merchant_id = $1 AND order_id = ANY($2::uuid[])
        ORDER BY created_at, refund_id
        LIMIT $3
        """,
        merchant_id,
        wanted,
        REFUNDS_PER_ORDER_MAX,
    )


async def refunds_page(
    read: Read, *, state: RefundState | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[Refund]:
    """All refunds, newest first; for the operator."""
    size = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, route, twice_at
        FROM refunds
        WHERE ($1::text IS NULL OR state = $1)
          AND ($2::timestamptz IS NULL OR (created_at, refund_id) < ($2, $3::uuid))
        ORDER BY created_at DESC, refund_id DESC
        LIMIT $4
        """,
        state,
        *key,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.created_at, last.refund_id))


async def refunds_of_payment(read: Read, payment_id: UUID) -> list[Refund]:
    """What was given back, or is on its way back, of a payment."""
    return await read.all(
        Refund,
        """
        SELECT r.merchant_id, r.refund_id, r.order_id, r.payment_id, r.buyer_id, r.amount, r.currency, r.reason, r.state
             , r.channel, r.channel_reference, r.failure, r.created_at, r.succeeded_at, r.route, r.twice_at
        FROM payment_splits s JOIN refunds r USING (merchant_id, order_id, payment_id)
        WHERE s.payment_id = $1
        ORDER BY r.created_at, r.refund_id
        LIMIT $2
        """,
        payment_id,
        REFUNDS_PER_ORDER_MAX,
    )


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel, or a purse, pays of an order, and what of it came back."""

    order_id: UUID
    channel: str
    amount: int
    refunded: int


async def means_of(read: Read, purchase_id: UUID) -> list[Means]:
    """By which means a purchase is paid, order by order: what has come in, and what purses keep for it."""
    return await read.all(
        Means,
        """
        SELECT s.order_id, s.channel, s.amount, s.refunded
        FROM payments p JOIN payment_splits s USING (payment_id)
        WHERE p.purchase_id = $1 AND NOT p.surplus AND s.amount > 0
          AND (p.state = 'captured' OR (p.state = 'pending' AND p.channel IN ('balance', 'points')))
        ORDER BY p.created_at, p.payment_id, s.order_id
        LIMIT $2
        """,
        purchase_id,
        REFUNDS_PER_ORDER_MAX,
    )
