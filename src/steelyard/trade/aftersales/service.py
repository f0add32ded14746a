"""Commands: cancel a paid order, give money back."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods import inventory
from steelyard.kernel import ids, money
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.logistics import fulfilment, parcels
from steelyard.money import payments
from steelyard.money.payments.model import PaymentId, RefundAnswer, RefundId, RefundRoute, RefundState
from steelyard.money.wallets.model import SwitchedOff
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import WALLETS
from steelyard.trade import groups, orders
from steelyard.trade.aftersales.fees import Beside, all_fees_left
from steelyard.trade.aftersales.gifts import kept_back, together, unearned
from steelyard.trade.aftersales.giving import Decided, decided_before, freights_left, give_back
from steelyard.trade.aftersales.model import (
    NotRefundable,
    OrderRefund,
    Reason,
    RefundRequest,
    Returned,
    less_of,
    paid_for,
    share_of,
)
from steelyard.trade.aftersales.queries import of_orders
from steelyard.trade.aftersales.reckoning import beside_of, check, check_freight, line_of, shares_of
from steelyard.trade.orders.model import CarrierCollects, Order, OrderId, OrderLine, OrderState

REFUNDABLE = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED})
TO_SEND = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED})


async def cancel(tx: Tx, merchant_id: MerchantId, order_id: OrderId, refund_id: RefundId, reason: str, by: str) -> None:
    """Call off a paid order of which nothing has been sent, and give all of its money back. One that is held leaves its team.

    Said twice, the second changes nothing. Raises `TransitionRefused`, `AlreadyLeft`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    if order.state is OrderState.CANCELLED:
        return
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    if order.state is OrderState.HELD:
        await groups.leave(tx, [order_id])
    await orders.cancel_order(tx, order, reason, by)
    await _all_back(tx, order, lines, refund_id, Reason.CANCELLED, by)


async def refuse_at_the_door(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """Nobody paid for a parcel at the door: the order is called off, and nothing of it is owed. What purses paid of it goes back.

    Its goods are on their way back, and its shop puts them on the shelf when they are there. Said twice, the second changes
    nothing. Raises `NotFound`, `NotAtTheDoor`, `TransitionRefused`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    if order.state is OrderState.CANCELLED:
        return
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    await orders.refuse_at_the_door(tx, order, by)
    await _all_back(tx, order, lines, RefundId(returned_of(order_id)), Reason.REFUSED, by)


async def refuse_by_shop(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """`refuse_at_the_door` for a parcel that the shop brought itself. Raises `CarrierCollects`, and what that raises."""
    if await parcels.collected_by(tx, merchant_id, [order_id]):
        raise CarrierCollects()
    await refuse_at_the_door(tx, merchant_id, order_id, by)


async def back_on_the_shelf(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """The parcel that nobody paid for is back: what was in it can be sold again. Said twice, the second changes nothing. Raises
    `NotFound`."""
    order = await orders.lock_order(tx, merchant_id, order_id)
    if order.state is not OrderState.CANCELLED or order.shipped_at is None:
        raise NotFound()
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    gone = await fulfilment.status(tx, [order_id])
    back = [(line.sku_id, None, sent) for line in lines if (sent := gone[order_id][line.line].shipped)]
    await inventory.take_back(tx, merchant_id, back, document=returned_of(order_id), by=by)


def returned_of(order_id: UUID) -> UUID:
    """Under which document the goods of an order that nobody paid for at the door come back into stock."""
    return ids.derived(order_id, "door")


async def _all_back(
    tx: Tx, order: Order, lines: Sequence[OrderLine], refund_id: RefundId, reason: Reason, by: str
) -> None:
    """Give back all that was not given back of an order that is called off."""
    left = [
        Returned(line.line, line.quantity - line.refunded_quantity)
        for line in lines
        if line.quantity > line.refunded_quantity
    ]
    request = RefundRequest(
        refund_id=refund_id,
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        lines=left,
        freight=await freight_left(tx, order, lines),
        reason=reason,
    )
    if order.kept:
        shares = [share_of(line_of(lines, item), item.quantity) for item in left]
        beside = Beside(fees=await all_fees_left(tx, order, lines), subsidy=order.subsidy_kept)
        await give_back(
            tx,
            Decided(
                order=order, request=request, lines=lines, shares=shares, by=by, beside=beside, left=request.freight
            ),
        )


async def refund(tx: Tx, request: RefundRequest, by: str) -> None:
    """Give back some pieces of a paid order and some of its freight; commission goes back to the merchant in proportion.

    The pieces are first taken from what has not left the house, which then need not be sent; `restock` is for the others. So
    are gifts that are not earned any more; for those that were sent their worth is kept back.
    Said twice with the same id, the second changes nothing. Raises `NotFound`, `NotRefundable`, `NotThatMany`,
    `AmountTooHigh`, `FreightTooHigh`, `UseCancel`, `Invalid`, `SwitchedOff` (the house keeps no balances).
    """
    order = await orders.lock_order(tx, request.merchant_id, request.order_id)
    if await decided_before(tx, [request]):
        return
    if order.state not in REFUNDABLE:
        raise NotRefundable(state=str(order.state))
    if request.route is RefundRoute.BALANCE and not await policies.number(tx, WALLETS):
        raise SwitchedOff()
    lines = (await orders.lines_of(tx, [order.order_id]))[order.order_id]
    check(request, lines)
    left = await freight_left(tx, order, lines)
    check_freight(request, order, left)
    wanted = {item.line: item.quantity for item in request.lines}
    gifts = unearned(lines, wanted) if wanted else {}
    stayed: dict[int, int] = {}
    if wanted and order.state in TO_SEND:
        stayed = await orders.withdraw_pieces(tx, order, [*together(wanted, gifts).items()], by)
        unsent = {line: min(count, max(0, stayed.get(line, 0) - wanted.get(line, 0))) for line, count in gifts.items()}
        wanted = together(wanted, {line: count for line, count in unsent.items() if count})
        gifts = {line: count - unsent[line] for line, count in gifts.items() if count > unsent[line]}
    shares = shares_of(lines, wanted, {item.line: item.amount for item in request.less})
    if gifts and not request.keeps_gifts:
        shares, charged = kept_back(lines, shares, gifts)
        await orders.charge_gifts(tx, order, charged)
    if request.restock:
        if order.state is OrderState.SHIPPED:  # what is still on its way to its door is not back
            await orders.require_paid_at_the_door(tx, order)
        await _restock(tx, request, lines, stayed, by)
    beside = beside_of(order, lines, shares, request.freight, left)
    await give_back(
        tx, Decided(order=order, request=request, lines=lines, shares=shares, by=by, beside=beside, left=left)
    )


async def _restock(tx: Tx, request: RefundRequest, lines: Sequence[OrderLine], stayed: dict[int, int], by: str) -> None:
    """Put what came back on the shelf; what never left stands there already."""
    back = [
        (line_of(lines, item).sku_id, None, item.quantity - stayed.get(item.line, 0))
        for item in request.lines
        if item.quantity > stayed.get(item.line, 0)
    ]
    if back:
        await inventory.take_back(tx, request.merchant_id, back, document=request.refund_id, by=by)


async def freight_left(read: Read, order: Order, lines: Sequence[OrderLine]) -> int:
    """Of what was paid for sending a locked order, what has not been given back."""
    return (await freights_left(read, [(order, lines)]))[0]


async def charge_back(
    tx: Tx, order: Order, refund_id: RefundId, amount: int, payment_id: PaymentId, reference: str
) -> OrderRefund:
    """A channel has given the buyer `amount` of a locked order back for good, out of this payment, under its `reference` of the
    chargeback: a refund as any other, of which nobody need be asked any more. Returns it as it was decided.

    It is shared over what is left of the order's lines and freight by the largest remainder; the pieces stay with the buyer.
    The amount is at most what is left of the order. Said twice with the same id, the second changes nothing.
    """
    request = RefundRequest(
        refund_id=refund_id, merchant_id=order.merchant_id, order_id=order.order_id, reason=Reason.CHARGEBACK
    )
    if not await decided_before(tx, [request]):
        lines = (await orders.lines_of(tx, [order.order_id]))[order.order_id]
        freight = await freight_left(tx, order, lines)
        parts = money.split(amount, [*(paid_for(line) - line.refunded for line in lines), freight])
        shares = [less_of(line, part) for line, part in zip(lines, parts, strict=False) if part]
        beside = beside_of(order, lines, shares, parts[-1], freight)
        request = msgspec.structs.replace(request, freight=parts[-1])
        decided = Decided(
            order=order,
            request=request,
            lines=lines,
            shares=shares,
            by="channel",
            beside=beside,
            left=freight,
            payment_id=payment_id,
        )
        await give_back(tx, decided)
        arrived = RefundAnswer(reference=reference, state=RefundState.SUCCEEDED)
        await payments.record_refund(tx, refund_id, 1, arrived, "channel")
    known = await of_orders(tx, [order.order_id])
    return next(each for each in known[order.order_id] if each.refund_id == refund_id)
