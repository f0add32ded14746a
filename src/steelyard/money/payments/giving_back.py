"""The buyer has money back: what was not taken yet is let go, what was taken is refunded."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money.payments.capture_model import CaptureUnderWay
from steelyard.money.payments.refund_model import RefundRoute
from steelyard.money.payments.refunds import OutOf, lock_of_order, refund, shared
from steelyard.money.payments.voids import release


async def give_back(
    tx: Tx,
    *,
    refund_id: UUID,
    merchant_id: UUID,
    order_id: UUID,
    amount: int,
    reason: str,
    out_of: OutOf,
    by: str,
    route: RefundRoute = RefundRoute.ORIGIN,
    payment_id: UUID | None = None,
) -> None:
    """The buyer has `amount` of an order's money back: what is only authorised of it is let go, the rest refunded, the ways that
    it came, in proportion to what is left of each. The same id twice is the same.

    Raises as `refund` does, and `CaptureUnderWay` while the channel is asked to take it: then nobody knows which it is.
    """
    assert amount > 0
    splits = await lock_of_order(tx, merchant_id, order_id, payment_id)
    rest = amount
    if any(split.captured < split.authorised for split in splits):
        if await _given_before(tx, merchant_id, refund_id):
            return
        if any(split.capturing for split in splits):
            raise CaptureUnderWay(order_id=order_id)
        for split, part in shared(splits, amount):
            if lets_go := min(part, split.uncaptured):
                await release(tx, split, lets_go, document=refund_id, reason=reason, by=by)
                rest -= lets_go
    if rest:
        await refund(
            tx,
            refund_id=refund_id,
            merchant_id=merchant_id,
            order_id=order_id,
            amount=rest,
            reason=reason,
            out_of=out_of,
            by=by,
            route=route,
            payment_id=payment_id,
            held=splits,
        )


async def _given_before(tx: Tx, merchant_id: UUID, refund_id: UUID) -> bool:
    """Whether this id let something go before, or, where all was decided by then, refunded it."""
    return await tx.value(
        """
        SELECT EXISTS (SELECT FROM payment_releases WHERE merchant_id = $1 AND document = $2)
            OR EXISTS (SELECT FROM refunds WHERE merchant_id = $1 AND refund_id = $2)
        """,
        merchant_id,
        refund_id,
    )
