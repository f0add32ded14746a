"""Giving money back: never more than was captured; promised at once, then sent and followed until it has arrived."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from steelyard.kernel import events, ids, money
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.events import Refunded
from steelyard.money.payments.model import (
    REFUND_MACHINE,
    DueRefund,
    NothingCaptured,
    PaymentSplit,
    Refund,
    RefundAnswer,
    RefundId,
    RefundState,
    RefundTooLarge,
    is_purse,
)
from steelyard.money.payments.purses import put_back
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
) -> Refund:
    """Promise the buyer `amount` of an order's money back; the same id twice is the same refund.

    `out_of` says where the money is now: held until receipt, already the merchant's, or owed for a gift card. Without a
    `payment_id` it goes back the ways that the order's money came, in proportion to what is left of each, never more than came
    that way: what goes back by the channel (or most of it) is this refund, what goes back another way a refund that is part
    of it. Raises `NothingCaptured` or `RefundTooLarge`; two that together are too large wait for each other, and the second
    is refused.
    """
    assert amount > 0
    splits = [split for split in await lock_of_order(tx, merchant_id, order_id, payment_id) if split.captured]
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
        made.append(await _promise(tx, part_id, split, part, reason, part_of=RefundId(refund_id) if made else None))
        await _write_step(tx, made[-1], "nowhere", RefundState.INSTRUCTED, by)
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
    tx: Tx, refund_id: RefundId, split: PaymentSplit, amount: int, reason: str, part_of: RefundId | None
) -> Refund:
    made = await tx.one(
        Refund,
        """
        INSERT INTO refunds (merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state
          , channel, attempt_at, part_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'instructed', $9, now(), $10)
        ON CONFLICT (merchant_id, refund_id) DO NOTHING
        RETURNING merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
          , channel_reference, failure, created_at, succeeded_at, part_of
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
             , refunding, refunded
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
             , channel_reference, failure, created_at, succeeded_at
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
             , refunding, refunded
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
                , r.attempts > 1 AS asked_before
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


async def record_refund(tx: Tx, refund_id: UUID, attempt: int, answer: RefundAnswer, by: str) -> RefundState:
    """Write down what the channel says of a refund; returns the state it is in now. Raises `NotFound`.

    Twice, late and out of order are fine: succeeded wins over everything, and a failure of an earlier attempt says
    nothing about the present one.
    """
    row = await tx.row(
        """
        SELECT r.merchant_id, r.refund_id, r.state
             , (SELECT count(*) FROM refund_history h
                WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed')
               AS attempt
        FROM refunds r WHERE r.refund_id = $1
        FOR UPDATE OF r
        """,
        refund_id,
    )
    if row is None:
        raise NotFound(refund_id=refund_id)
    state = RefundState(row["state"])
    late = attempt != row["attempt"] and answer.state is not RefundState.SUCCEEDED
    if late or state is RefundState.SUCCEEDED:
        return state
    if state is RefundState.FAILED and answer.state is RefundState.SUCCEEDED:
        # The channel took back its failure: the machine goes there through a new instruction.
        await _move(tx, row["merchant_id"], refund_id, RefundState.INSTRUCTED, answer=answer, by=by)
        state = RefundState.INSTRUCTED
    if not REFUND_MACHINE.allows(state, answer.state):
        return state
    moved = await _move(tx, row["merchant_id"], refund_id, answer.state, answer=answer, by=by)
    if answer.state is RefundState.SUCCEEDED:
        await _succeeded(tx, moved)
    return moved.state


async def retry_refund(tx: Tx, merchant_id: UUID, refund_id: UUID, by: str) -> Refund:
    """Instruct a failed refund once more, under a new key at the channel. Raises `NotFound`, `TransitionRefused`."""
    row = await tx.row(
        "SELECT state FROM refunds WHERE merchant_id = $1 AND refund_id = $2 FOR UPDATE", merchant_id, refund_id
    )
    if row is None:
        raise NotFound(refund_id=refund_id)
    REFUND_MACHINE.check(RefundState(row["state"]), RefundState.INSTRUCTED)
    again = RefundAnswer(reference=None, state=RefundState.SENT)
    return await _move(tx, merchant_id, refund_id, RefundState.INSTRUCTED, answer=again, by=by)


async def _move(
    tx: Tx, merchant_id: UUID, refund_id: UUID, to: RefundState, *, answer: RefundAnswer, by: str
) -> Refund:
    before = await tx.value(
        "SELECT state FROM refunds WHERE merchant_id = $1 AND refund_id = $2", merchant_id, refund_id
    )
    moved = await tx.one(
        Refund,
        """
        UPDATE refunds
        SET state = $3, failure = $5, channel_reference = coalesce($4, channel_reference)
          , succeeded_at = CASE $3 WHEN 'succeeded' THEN now() END
          , attempt_at = CASE WHEN $3 = 'instructed' THEN now() WHEN $3 = 'sent' THEN attempt_at END
          , attempts = CASE WHEN $3 = 'instructed' THEN 0 ELSE attempts END
        WHERE merchant_id = $1 AND refund_id = $2
        RETURNING merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
          , channel_reference, failure, created_at, succeeded_at
        """,
        merchant_id,
        refund_id,
        str(to),
        answer.reference,
        answer.failure,
    )
    assert moved is not None
    await _write_step(tx, moved, before, to, by)
    return moved


async def _write_step(tx: Tx, refund: Refund, before: str, to: RefundState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO refund_history (merchant_id, refund_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5
        FROM refund_history WHERE merchant_id = $1 AND refund_id = $2
        """,
        refund.merchant_id,
        refund.refund_id,
        before,
        str(to),
        by,
    )


async def _succeeded(tx: Tx, refund: Refund) -> None:
    """The buyer has the money: out of the books of both sides, and told."""
    await tx.execute(
        """
        UPDATE payment_splits SET refunding = refunding - $4, refunded = refunded + $4
        WHERE merchant_id = $1 AND order_id = $2 AND payment_id = $3
        """,
        refund.merchant_id,
        refund.order_id,
        refund.payment_id,
        refund.amount,
    )
    back = [refunded_by_merchant(refund.merchant_id, refund.refund_id, refund.amount, refund.currency)]
    if is_purse(refund.channel):
        await put_back(tx, refund)
    else:
        back.append(refunded_to_buyer(refund.buyer_id, refund.refund_id, refund.amount, refund.currency))
    await ledger.post(tx, back)
    await events.publish(
        tx,
        Refunded(
            refund_id=refund.refund_id,
            merchant_id=refund.merchant_id,
            order_id=refund.order_id,
            buyer_id=refund.buyer_id,
            amount=refund.amount,
            currency=refund.currency,
        ),
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


def refunded_by_merchant(merchant_id: UUID, refund_id: UUID, amount: int, currency: str) -> Transfer:
    """What was due has left the merchant's side …"""
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.REFUND_DUE,
        credit=AccountKind.ORDER_CLEARING,
        amount=amount,
        currency=currency,
        reason="refunded",
        document=refund_id,
    )


def refunded_to_buyer(buyer_id: UUID, refund_id: UUID, amount: int, currency: str) -> Transfer:
    """… and the channel has given it to the buyer."""
    return Transfer(
        owner_id=buyer_id,
        debit=AccountKind.PURCHASE_CLEARING,
        credit=AccountKind.CHANNEL_CASH,
        amount=amount,
        currency=currency,
        reason="refunded",
        document=refund_id,
    )
