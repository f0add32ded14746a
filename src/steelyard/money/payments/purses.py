"""Paying out of a buyer's purses: a payment like any other, whose channel is the house itself.

When a purchase is placed, its part is kept (a pending payment, its money in the purse's held account); when the purchase is
paid it is captured, and when it is dropped the payment is cancelled and its money free again. Refunds go back into the
purse. Each of these is said any number of times and done once.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money import wallets
from steelyard.money.payments.instructions import instruct_all
from steelyard.money.payments.model import (
    ChannelAnswer,
    Instruction,
    Payment,
    PaymentId,
    PaymentState,
    Recording,
    Refund,
    RefundRoute,
    Split,
)
from steelyard.money.payments.outcomes import record_all
from steelyard.money.wallets import Cause, Move, Purse, Tender
from steelyard.parties.customers.model import BuyerId


class Tendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a purse pays of a purchase; `orders` are (merchant, order), in the order of the tender's parts. `again`: how often
    purses were given back what they had kept for it."""

    purchase_id: UUID
    buyer_id: BuyerId
    currency: str
    expires_at: datetime
    tender: Tender
    orders: Sequence[tuple[UUID, UUID]]
    again: int = 0

    @property
    def payment_id(self) -> PaymentId:
        time = [str(self.again)] if self.again else []
        return PaymentId(ids.derived(self.purchase_id, self.tender.purse, *time))


async def keep(tx: Tx, tendered: Sequence[Tendered]) -> None:
    """Keep these parts of new purchases. The purses are held, and what is asked of them is in them."""
    if not tendered:
        return
    await instruct_all(tx, [_instruction(each) for each in tendered])
    await record_all(tx, [_says(each.payment_id, PaymentState.PENDING, "system") for each in tendered])
    done = await wallets.move(tx, [_kept(each) for each in tendered])
    assert all(done), "whoever holds a purse knows what is in it"


def _instruction(each: Tendered) -> Instruction:
    return Instruction(
        payment_id=each.payment_id,
        purchase_id=each.purchase_id,
        buyer_id=each.buyer_id,
        channel=each.tender.purse,
        amount=each.tender.amount,
        currency=each.currency,
        splits=[
            Split(merchant_id=merchant_id, order_id=order_id, amount=part)
            for (merchant_id, order_id), part in zip(each.orders, each.tender.parts, strict=True)
            if part
        ],
        expires_at=each.expires_at,
        return_url="",
    )


def _kept(each: Tendered) -> Move:
    return Move(
        buyer_id=each.buyer_id,
        purse=each.tender.purse,
        currency=each.currency,
        amount=-each.tender.amount,
        cause=Cause.HELD,
        document=each.payment_id,
        about=each.purchase_id,
        by="buyer",
    )


async def kept_of(read: Read, purchase_id: UUID) -> dict[UUID, int]:
    """What purses pay of each order of a purchase."""
    rows = await read.fetch(
        """
        SELECT s.order_id, sum(s.amount)::bigint AS amount
        FROM payments p JOIN payment_splits s USING (payment_id)
        WHERE p.purchase_id = $1 AND p.state IN ('pending', 'captured') AND p.channel IN ('balance', 'points')
        GROUP BY s.order_id
        """,
        purchase_id,
    )
    return {row["order_id"]: row["amount"] for row in rows}


async def take(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """These purchases are paid: what was kept for them is captured."""
    kept = await _kept_for(tx, purchase_ids)
    if kept:
        await record_all(tx, [_says(each.payment_id, PaymentState.CAPTURED, "system") for each in kept])


async def let_go(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """These purchases are not paid any more: what was kept for them is the buyers' to spend again."""
    kept = await _kept_for(tx, purchase_ids)
    if not kept:
        return
    await record_all(tx, [_says(each.payment_id, PaymentState.CANCELLED, "system") for each in kept])
    done = await wallets.move(tx, [_returned(each) for each in kept])
    assert all(done), "a payment is cancelled once"


def _returned(payment: Payment) -> Move:
    return Move(
        buyer_id=payment.buyer_id,
        purse=Purse(payment.channel),
        currency=payment.currency,
        amount=payment.amount,
        cause=Cause.RETURNED,
        document=payment.payment_id,
        about=payment.purchase_id,
    )


async def _kept_for(tx: Tx, purchase_ids: Sequence[UUID]) -> list[Payment]:
    return await tx.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, later, authorised_until, instalments
        FROM payments
        WHERE purchase_id = ANY($1::uuid[]) AND state = 'pending' AND channel IN ('balance', 'points')
        ORDER BY payment_id FOR UPDATE
        """,
        list(purchase_ids),
    )


def _says(payment_id: UUID, state: PaymentState, by: str) -> Recording:
    match state:
        case PaymentState.PENDING | PaymentState.CAPTURED | PaymentState.CANCELLED:
            return Recording(payment_id=payment_id, answer=ChannelAnswer(reference=None, state=state), by=by)
        case _:
            raise AssertionError("a purse says nothing else")


def purse_of(refund: Refund) -> Purse:
    """Where a refund goes to: the purse that its part of the payment came from, or the balance instead of a channel."""
    return Purse.BALANCE if refund.route is RefundRoute.BALANCE else Purse(refund.channel)


async def hold_for(tx: Tx, refunds: Sequence[Refund]) -> None:
    """Hold the purses that these refunds go into, as far as they are there."""
    await wallets.lock(tx, sorted({(each.buyer_id, purse_of(each), each.currency) for each in refunds}))


async def put_back(tx: Tx, refunds: Sequence[tuple[Refund, UUID]]) -> None:
    """Refunds have arrived in purses, each under its document."""
    back = [
        Move(
            buyer_id=refund.buyer_id,
            purse=purse_of(refund),
            currency=refund.currency,
            amount=refund.amount,
            cause=Cause.REFUNDED,
            document=document,
            about=refund.order_id,
        )
        for refund, document in refunds
    ]
    done = await wallets.move(tx, back)
    assert all(done), "a refund succeeds once"
