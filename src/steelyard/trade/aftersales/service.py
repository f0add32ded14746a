"""Commands: cancel a paid order, give money back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import inventory
from steelyard.kernel import events, ids, money
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.logistics import fulfilment, parcels
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.model import PaymentId, RefundAnswer, RefundId, RefundRoute, RefundState
from steelyard.money.wallets.model import SwitchedOff
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import WALLETS
from steelyard.trade import groups, orders
from steelyard.trade.aftersales.events import OrderRefunded
from steelyard.trade.aftersales.fees import Beside, all_fees_left, freight_fees_of, freight_subsidy_of
from steelyard.trade.aftersales.gifts import kept_back, together, unearned
from steelyard.trade.aftersales.model import (
    LINES_PER_REFUND_MAX,
    NOTE_CHARACTERS_MAX,
    AmountTooHigh,
    FreightTooHigh,
    LineShare,
    NotRefundable,
    NotThatMany,
    OrderRefund,
    Reason,
    RefundRequest,
    Returned,
    both_of,
    freight_of,
    less_of,
    paid_for,
    share_of,
    tax_of,
)
from steelyard.trade.aftersales.queries import of_orders
from steelyard.trade.commission.model import added
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
        shares = [share_of(_line(lines, item), item.quantity) for item in left]
        beside = Beside(fees=await all_fees_left(tx, order, lines), subsidy=order.subsidy_kept)
        await _give_back(tx, order, request, lines, shares, by, beside=beside, left=request.freight)


async def refund(tx: Tx, request: RefundRequest, by: str) -> None:
    """Give back some pieces of a paid order and some of its freight; commission goes back to the merchant in proportion.

    The pieces are first taken from what has not left the house, which then need not be sent; `restock` is for the others. So
    are gifts that are not earned any more; for those that were sent their worth is kept back.
    Said twice with the same id, the second changes nothing. Raises `NotFound`, `NotRefundable`, `NotThatMany`,
    `AmountTooHigh`, `FreightTooHigh`, `UseCancel`, `Invalid`, `SwitchedOff` (the house keeps no balances).
    """
    order = await orders.lock_order(tx, request.merchant_id, request.order_id)
    if await _decided(tx, request):
        return
    if order.state not in REFUNDABLE:
        raise NotRefundable(state=str(order.state))
    if request.route is RefundRoute.BALANCE and not await policies.number(tx, WALLETS):
        raise SwitchedOff()
    lines = (await orders.lines_of(tx, [order.order_id]))[order.order_id]
    _check(request, lines)
    left = await freight_left(tx, order, lines)
    if request.freight > left:
        raise FreightTooHigh(left=left, wanted=request.freight, currency=order.currency)
    wanted = {item.line: item.quantity for item in request.lines}
    gifts = unearned(lines, wanted) if wanted else {}
    stayed: dict[int, int] = {}
    if wanted and order.state in TO_SEND:
        stayed = await orders.withdraw_pieces(tx, order, [*together(wanted, gifts).items()], by)
        unsent = {line: min(count, max(0, stayed.get(line, 0) - wanted.get(line, 0))) for line, count in gifts.items()}
        wanted = together(wanted, {line: count for line, count in unsent.items() if count})
        gifts = {line: count - unsent[line] for line, count in gifts.items() if count > unsent[line]}
    shares = _shares(lines, wanted, {item.line: item.amount for item in request.less})
    if gifts and not request.keeps_gifts:
        shares, charged = kept_back(lines, shares, gifts)
        await orders.charge_gifts(tx, order, charged)
    if request.restock:
        if order.state is OrderState.SHIPPED:  # what is still on its way to its door is not back
            await orders.require_paid_at_the_door(tx, order)
        await _restock(tx, request, lines, stayed, by)
    beside = _beside(order, lines, shares, request.freight, left)
    await _give_back(tx, order, request, lines, shares, by, beside=beside, left=left)


def _beside(order: Order, lines: Sequence[OrderLine], shares: Sequence[LineShare], freight: int, left: int) -> Beside:
    """What goes back beside these shares and so much freight of what was `left` of it."""
    subsidy, fees = sum(share.subsidy for share in shares), [part for share in shares for part in share.fees]
    if freight:
        whole = freight_of(order, lines)
        subsidy += freight_subsidy_of(order, whole, whole - left, freight)
        fees += freight_fees_of(order, whole, whole - left, freight)
    return Beside(fees=added(fees), subsidy=subsidy)


def _shares(lines: Sequence[OrderLine], pieces: Mapping[int, int], less: Mapping[int, int]) -> list[LineShare]:
    """What goes back of each line: for its pieces, without them, or both."""
    by_line = {line.line: line for line in lines}
    found = [
        both_of(by_line[line], count, less[line]) if line in less else share_of(by_line[line], count)
        for line, count in pieces.items()
    ]
    return found + [less_of(by_line[line], amount) for line, amount in less.items() if line not in pieces]


async def _restock(tx: Tx, request: RefundRequest, lines: Sequence[OrderLine], stayed: dict[int, int], by: str) -> None:
    """Put what came back on the shelf; what never left stands there already."""
    back = [
        (_line(lines, item).sku_id, None, item.quantity - stayed.get(item.line, 0))
        for item in request.lines
        if item.quantity > stayed.get(item.line, 0)
    ]
    if back:
        await inventory.take_back(tx, request.merchant_id, back, document=request.refund_id, by=by)


def _check(request: RefundRequest, lines: Sequence[OrderLine]) -> None:
    if len(request.lines) > LINES_PER_REFUND_MAX or len({item.line for item in request.lines}) != len(request.lines):
        raise Invalid({"lines": N_("Please name each line once")})
    if len(request.note) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("Please be brief: 500 characters at most")})
    if request.freight < 0 or any(item.quantity < 1 for item in request.lines):
        raise Invalid({"quantity": N_("Please enter a positive number")})
    if not request.lines and not request.freight and not request.less:
        raise Invalid({"lines": N_("Please choose what to refund")})
    for item in request.lines:
        line = next((line for line in lines if line.line == item.line), None)
        left = line.quantity - line.refunded_quantity if line else 0
        if item.quantity > left:
            raise NotThatMany(line=item.line, left=left, wanted=item.quantity)
    _check_less(request, lines)


def _check_less(request: RefundRequest, lines: Sequence[OrderLine]) -> None:
    if len({item.line for item in request.less}) != len(request.less):
        raise Invalid({"lines": N_("Please name each line once")})
    if any(item.amount < 1 for item in request.less):
        raise Invalid({"amount": N_("Please enter a positive number")})
    by_line = {line.line: line for line in lines}
    pieces = {item.line: item.quantity for item in request.lines}
    for item in request.less:
        line = by_line.get(item.line)
        left = paid_for(line) - line.refunded if line else 0
        if line is not None and item.line in pieces:
            left -= share_of(line, pieces[item.line]).amount
        if item.amount > left:
            raise AmountTooHigh(line=item.line, left=max(left, 0), wanted=item.amount)


def _line(lines: Sequence[OrderLine], item: Returned) -> OrderLine:
    return next(line for line in lines if line.line == item.line)


async def _decided(tx: Tx, request: RefundRequest) -> bool:
    return await tx.value(
        "SELECT EXISTS (SELECT FROM order_refunds WHERE merchant_id = $1 AND refund_id = $2 AND order_id = $3)",
        request.merchant_id,
        request.refund_id,
        request.order_id,
    )


async def freight_left(read: Read, order: Order, lines: Sequence[OrderLine]) -> int:
    """Of what was paid for sending a locked order, what has not been given back."""
    return freight_of(order, lines) - await read.value(
        "SELECT coalesce(sum(freight), 0)::bigint FROM order_refunds WHERE merchant_id = $1 AND order_id = $2",
        order.merchant_id,
        order.order_id,
    )


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
    if not await _decided(tx, request):
        lines = (await orders.lines_of(tx, [order.order_id]))[order.order_id]
        freight = await freight_left(tx, order, lines)
        parts = money.split(amount, [*(paid_for(line) - line.refunded for line in lines), freight])
        shares = [less_of(line, part) for line, part in zip(lines, parts, strict=False) if part]
        beside = _beside(order, lines, shares, parts[-1], freight)
        request = msgspec.structs.replace(request, freight=parts[-1])
        await _give_back(
            tx, order, request, lines, shares, "channel", beside=beside, left=freight, payment_id=payment_id
        )
        arrived = RefundAnswer(reference=reference, state=RefundState.SUCCEEDED)
        await payments.record_refund(tx, refund_id, 1, arrived, "channel")
    decided = await of_orders(tx, [order.order_id])
    return next(each for each in decided[order.order_id] if each.refund_id == refund_id)


async def _give_back(
    tx: Tx,
    order: Order,
    request: RefundRequest,
    lines: Sequence[OrderLine],
    shares: Sequence[LineShare],
    by: str,
    *,
    beside: Beside,
    left: int,
    payment_id: PaymentId | None = None,
) -> None:
    """The buyer has their money back, the merchant its fees, the platform its part of what promotions took off."""
    goods = sum(share.amount for share in shares)
    released = order.state is OrderState.COMPLETED
    amount = goods + request.freight
    if amount == 0:
        raise Invalid({"lines": N_("These goods cost nothing: there is nothing to refund")})
    tax = tax_of(order, lines, shares, request.freight, freight_of(order, lines) - left)
    await _write(tx, order, request, shares, by, beside, tax)
    await orders.record_refund(
        tx,
        order,
        amount=amount,
        commission=beside.commission,
        fee_tax=beside.fee_tax,
        subsidy=beside.subsidy,
        lines=[(share.line, share.quantity, share.amount) for share in shares],
    )
    await payments.give_back(
        tx,
        refund_id=request.refund_id,
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        amount=amount,
        reason=request.reason,
        out_of=AccountKind.PAYABLE if released else AccountKind.HELD,
        by=by,
        payment_id=payment_id,
        route=request.route,
    )
    if released and (beside.fees or beside.subsidy):
        await ledger.post(tx, _taken_back(order, request.refund_id, beside))
    await events.publish(
        tx,
        OrderRefunded(
            refund_id=request.refund_id,
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            goods=goods,
            freight=request.freight,
            commission=beside.commission,
            subsidy=beside.subsidy,
            currency=order.currency,
            released=released,
        ),
    )


def _taken_back(order: Order, refund_id: RefundId, beside: Beside) -> list[Transfer]:
    """Before release no fee was taken and no subsidy was paid; after it, the refund's part of each goes back."""
    moves = [
        (AccountKind.FEE_TAX, AccountKind.COMMISSION, beside.fee_tax, "fee_tax_returned"),
        (AccountKind.COMMISSION, AccountKind.PAYABLE, beside.commission, "commission_returned"),
        (AccountKind.PAYABLE, AccountKind.SUBSIDY, beside.subsidy, "subsidy_returned"),
    ]
    return [
        Transfer(
            owner_id=order.merchant_id,
            debit=debit,
            credit=credit,
            amount=amount,
            currency=order.currency,
            reason=reason,
            document=refund_id,
        )
        for debit, credit, amount, reason in moves
        if amount
    ]


async def _write(
    tx: Tx, order: Order, request: RefundRequest, shares: Sequence[LineShare], by: str, beside: Beside, tax: int
) -> None:
    await tx.execute(
        """
        INSERT INTO order_refunds (merchant_id, refund_id, order_id, goods, freight, commission, currency, reason, note, by
                                 , released, subsidy, tax, fees, fee_tax)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::jsonb, $15)
        """,
        order.merchant_id,
        request.refund_id,
        order.order_id,
        sum(share.amount for share in shares),
        request.freight,
        beside.commission,
        order.currency,
        request.reason,
        request.note,
        by,
        order.state is OrderState.COMPLETED,
        beside.subsidy,
        tax,
        msgspec.json.encode(beside.fees).decode(),
        beside.fee_tax,
    )
    await tx.execute(
        """
        INSERT INTO order_refund_lines (merchant_id, refund_id, order_id, line, quantity, amount)
        SELECT $1, $2, $3, * FROM unnest($4::integer[], $5::integer[], $6::bigint[])
        """,
        order.merchant_id,
        request.refund_id,
        order.order_id,
        [share.line for share in shares],
        [share.quantity for share in shares],
        [share.amount for share in shares],
    )
