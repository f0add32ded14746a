"""Buyers have money back: what was not taken yet is let go, what was taken is refunded."""

from collections.abc import Sequence
from contextlib import nullcontext
from uuid import UUID

from msgspec.structs import replace

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.money.payments.capture_model import CaptureUnderWay
from steelyard.money.payments.model import PaymentSplit
from steelyard.money.payments.refund_model import RefundId, RefundRoute
from steelyard.money.payments.refunds import Giving, OutOf, lock_splits, refund_each, shared
from steelyard.money.payments.refusals import NothingCaptured
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
    giving = Giving(
        refund_id=RefundId(refund_id), merchant_id=merchant_id, order_id=order_id, amount=amount, reason=reason,
        out_of=out_of, by=by, payment_id=payment_id, route=route,
    )  # fmt: skip
    [refusal] = await give_back_each(tx, [giving])
    if refusal is not None:
        raise refusal


async def give_back_each(tx: Tx, wanted: Sequence[Giving]) -> list[Refusal | None]:
    """`give_back` for many orders at once, each of them once; of each, why it is refused. That leaves nothing behind."""
    locked = await lock_splits(tx, wanted)
    refused: dict[UUID, Refusal] = {}
    taken: list[tuple[Giving, Sequence[PaymentSplit]]] = []
    for giving in wanted:
        assert giving.amount > 0
        splits = locked[giving.refund_id]
        if not splits:
            refused[giving.refund_id] = NothingCaptured(order_id=giving.order_id)
        elif all(split.captured >= split.authorised for split in splits):
            taken.append((giving, splits))
        else:
            try:
                async with tx.savepoint() if len(wanted) > 1 else nullcontext():
                    await _partly(tx, giving, splits)
            except Refusal as refusal:
                refused[giving.refund_id] = refusal
    answers = await refund_each(tx, taken) if taken else []
    refused |= {
        giving.refund_id: answer
        for (giving, _), answer in zip(taken, answers, strict=True)
        if isinstance(answer, Refusal)
    }
    return [refused.get(giving.refund_id) for giving in wanted]


async def _partly(tx: Tx, giving: Giving, splits: Sequence[PaymentSplit]) -> None:
    """Of an order that the channel has not taken whole."""
    if await _given_before(tx, giving.merchant_id, giving.refund_id):
        return
    if any(split.capturing for split in splits):
        raise CaptureUnderWay(order_id=giving.order_id)
    rest = giving.amount
    for split, part in shared(splits, giving.amount):
        if lets_go := min(part, split.uncaptured):
            await release(tx, split, lets_go, document=giving.refund_id, reason=giving.reason, by=giving.by)
            rest -= lets_go
    if rest:
        [answer] = await refund_each(tx, [(replace(giving, amount=rest), splits)])
        if isinstance(answer, Refusal):
            raise answer


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
