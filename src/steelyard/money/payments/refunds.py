"""Giving money back: never more than was captured; promised at once. What becomes of it is in `refund_outcomes`."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from steelyard.kernel import ids, money
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.model import DueRefund, PaymentSplit, Refund, RefundId, RefundRoute, is_purse
from steelyard.money.payments.refusals import NothingCaptured, RefundTooLarge
from steelyard.money.payments.voids import let_go_all

FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 600

OutOf = Literal[AccountKind.HELD, AccountKind.PAYABLE, AccountKind.GIFT_CARDS]


async def refund(
    tx: Tx,
    *,
    refund_id: UUID,
    merchant_id: UUID,
    order_id: UUID,
    amount: int,
    reason: str,
    out_of: OutOf,
    by: str,
    payment_id: UUID | None = None,
    route: RefundRoute = RefundRoute.ORIGIN,
    held: Sequence[PaymentSplit] = (),
) -> Refund:
    """Promise the buyer `amount` of an order's money back; the same id twice is the same refund.

    `out_of` says where the money is now: held until receipt, already the merchant's, or owed for a gift card. Without a
    `payment_id` it goes back the ways that the order's money came, in proportion to what is left of each, never more than came
    that way: what goes back by the channel (or most of it) is this refund, what goes back another way a refund that is part
    of it. With the `route` to the balance, what came by a channel goes into the buyer's balance instead; what came out of a
    purse goes back there on any route. Raises `NothingCaptured` or `RefundTooLarge`; two that together are too large wait for
    each other, and the second is refused. `held`: the order's splits, where the caller has locked them.
    """
    assert amount > 0
    locked = held or await lock_of_order(tx, merchant_id, order_id, payment_id)
    splits = [split for split in locked if split.captured]
    if not splits:
        raise NothingCaptured(order_id=order_id)
    earlier = await _claimed(tx, merchant_id, refund_id)
    if earlier is not None:
        assert earlier.order_id == order_id, "a refund's id belongs to one refund"
        return earlier
    made: list[Refund] = []
    for split, part in shared(splits, amount):
        part_id = RefundId(ids.derived(refund_id, str(split.payment_id)) if made else refund_id)
        await _take(tx, split, part)
        way = RefundRoute.ORIGIN if is_purse(split.channel) else route
        made.append(await _promise(tx, part_id, split, part, reason, way, RefundId(refund_id) if made else None, by))
    await ledger.post(tx, [refund_due(merchant_id, refund_id, amount, made[0].currency, out_of)])
    return made[0]


def shared(splits: Sequence[PaymentSplit], amount: int) -> list[tuple[PaymentSplit, int]]:
    """Which part goes back of which payment: the channel's first, then the largest."""
    left = sum(split.refundable + split.uncaptured for split in splits)
    if left < amount:
        one = splits[0]
        raise RefundTooLarge(order_id=one.order_id, asked=amount, left=left, currency=one.currency)
    parts = zip(splits, money.split(amount, [split.refundable + split.uncaptured for split in splits]), strict=True)
    return sorted(
        ((split, part) for split, part in parts if part),
        key=lambda each: (is_purse(each[0].channel), -each[1], each[0].payment_id),
    )


async def _promise(
    tx: Tx,
    refund_id: RefundId,
    split: PaymentSplit,
    amount: int,
    reason: str,
    route: RefundRoute,
    part_of: RefundId | None,
    by: str,
) -> Refund:
    made = await tx.one(
        Refund,
        """
        WITH made AS (
            INSERT INTO refunds (merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state
              , channel, attempt_at, part_of, route)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'instructed', $9, now(), $10, $11)
            ON CONFLICT (merchant_id, refund_id) DO NOTHING
            RETURNING merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
              , channel_reference, failure, created_at, succeeded_at, part_of, route
        ), step AS (
            INSERT INTO refund_history (merchant_id, refund_id, step, from_state, to_state, by)
            SELECT merchant_id, refund_id, 1, 'nowhere', state, $12 FROM made
        )
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, part_of, route
        FROM made
        """,
        split.merchant_id,
        refund_id,
        split.order_id,
        split.payment_id,
        split.buyer_id,
        amount,
        split.currency,
        reason,
        split.channel,
        part_of,
        route,
        by,
    )
    assert made is not None, "the order's split is locked: nobody else claims its refunds"
    return made


async def lock_of_order(tx: Tx, merchant_id: UUID, order_id: UUID, payment_id: UUID | None) -> list[PaymentSplit]:
    """The parts of payments for an order that have come, or are kept back for it: who refunds of them goes one after the other.
    Raises `NothingCaptured` where there is none."""
    splits = await tx.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded, disputed
        FROM payment_splits
        WHERE merchant_id = $1 AND order_id = $2 AND payment_id = coalesce($3, payment_id) AND authorised > 0
        ORDER BY payment_id
        FOR UPDATE
        """,
        merchant_id,
        order_id,
        payment_id,
    )
    if not splits:
        raise NothingCaptured(order_id=order_id)
    return splits


async def _claimed(tx: Tx, merchant_id: UUID, refund_id: UUID) -> Refund | None:
    return await tx.one(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, part_of, route
        FROM refunds WHERE merchant_id = $1 AND refund_id = $2
        """,
        merchant_id,
        refund_id,
    )


async def _take(tx: Tx, split: PaymentSplit, amount: int) -> None:
    """Put `amount` of what was captured on its way back."""
    await tx.execute(
        """
        UPDATE payment_splits SET refunding = refunding + $4
        WHERE merchant_id = $1 AND order_id = $2 AND payment_id = $3
        """,
        split.merchant_id,
        split.order_id,
        split.payment_id,
        amount,
    )


async def refund_surplus(tx: Tx, payment_id: UUID, reason: str) -> list[Refund]:
    """Give a captured payment back whole, since its purchase did not need it (paid twice, or cancelled before).

    Said twice it is done once. The money is still held: nothing of a surplus is ever released. What is only authorised of it is
    let go.
    """
    marked = await tx.execute(
        "UPDATE payments SET surplus = true WHERE payment_id = $1 AND state IN ('captured', 'authorised')", payment_id
    )
    assert marked == 1, "only what has come, or is kept back, can be a surplus"
    splits = await tx.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded, disputed
        FROM payment_splits WHERE payment_id = $1
        ORDER BY merchant_id, order_id
        FOR UPDATE
        """,
        payment_id,
    )
    await let_go_all(tx, splits, reason=reason, by="system")
    return [
        await refund(
            tx,
            refund_id=ids.derived(payment_id, "surplus", str(split.order_id)),
            merchant_id=split.merchant_id,
            order_id=split.order_id,
            payment_id=payment_id,
            amount=split.refundable,
            reason=reason,
            out_of=AccountKind.HELD,
            by="system",
        )
        for split in splits
        if split.refundable > 0
    ]


async def to_refund(tx: Tx, limit: int) -> list[DueRefund]:
    """Take up to `limit` refunds that are to be sent or asked for now.

    Their next attempt is pushed ahead first (5 s, 10 s, 20 s … at most 10 minutes).
    """
    return await tx.all(
        DueRefund,
        """
        WITH due AS (
            SELECT merchant_id, refund_id FROM refunds
            WHERE attempt_at <= now()
            ORDER BY attempt_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE refunds r
        SET attempts = r.attempts + 1
          , attempt_at = now() + least($2 * 2 ^ least(r.attempts, 20), $3) * interval '1 second'
          , channel_payment = coalesce(r.channel_payment, (SELECT p.channel_reference FROM payments p
                WHERE (p.buyer_id, p.payment_id) = (r.buyer_id, r.payment_id)))
        FROM due
        WHERE (r.merchant_id, r.refund_id) = (due.merchant_id, due.refund_id)
        RETURNING r.merchant_id, r.refund_id, r.payment_id, r.amount, r.currency, r.state, r.channel, r.channel_payment
                , r.route, r.attempts > 1 AS asked_before
                , (SELECT p.amount FROM payments p WHERE (p.buyer_id, p.payment_id) = (r.buyer_id, r.payment_id))
                  AS of_amount
                , (SELECT count(*) FROM refund_history h
                   WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed')
                  AS attempt
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


def refund_due(merchant_id: UUID, refund_id: UUID, amount: int, currency: str, out_of: AccountKind) -> Transfer:
    """The merchant owes this to the buyer from now on."""
    return Transfer(
        owner_id=merchant_id,
        debit=out_of,
        credit=AccountKind.REFUND_DUE,
        amount=amount,
        currency=currency,
        reason="refund_due",
        document=refund_id,
    )
