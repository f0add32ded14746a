"""Commands on purchases and orders. Lock order: purchase, orders, then what lies in lower modules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import inventory, promotions
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Dispatch, Instruction
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties import merchants, policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import UNTRACKED_DELIVERY
from steelyard.trade.orders import bookings, door, states
from steelyard.trade.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderShipped,
    PurchaseCancelled,
    PurchasePaid,
)
from steelyard.trade.orders.model import (
    EXTENSION_DAYS,
    MACHINE,
    SHIP_WITHIN_HOURS,
    NotCancellable,
    NotPayable,
    Order,
    OrderId,
    OrderState,
    Purchase,
    PurchaseId,
    PurchaseState,
    UseCancel,
)
from steelyard.trade.orders.queries import ORDER_COLUMNS


async def lock_purchase(tx: Tx, purchase_id: PurchaseId) -> Purchase:
    """The purchase, held until the transaction ends. Raises `NotFound`."""
    found = await lock_purchases(tx, [purchase_id])
    if not found:
        raise NotFound()
    return found[0]


async def lock_purchases(tx: Tx, purchase_ids: Sequence[PurchaseId]) -> list[Purchase]:
    """These purchases, as far as there are any, held until the transaction ends and locked in the order of their keys."""
    return await tx.all(
        Purchase,
        """
        SELECT buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, placed_at, pay_by
             , tendered, deposit, team_id
        FROM purchases WHERE purchase_id = ANY($1) ORDER BY purchase_id FOR UPDATE
        """,
        list(purchase_ids),
    )


async def lock_order(tx: Tx, merchant_id: MerchantId, order_id: OrderId) -> Order:
    """The order, held until the transaction ends. Raises `NotFound` when this merchant has no such order."""
    order = await tx.one(
        Order,
        ORDER_COLUMNS + "FROM orders o WHERE o.merchant_id = $1 AND o.order_id = $2 FOR UPDATE",
        merchant_id,
        order_id,
    )
    if order is None:
        raise NotFound()
    return order


async def mark_paid(tx: Tx, purchases: Sequence[Purchase], by: str) -> None:
    """The money of locked purchases is there: their orders are paid and the merchants are asked to send them; those of
    purchases in a team are held, until they are let go (`holding`).

    Raises `NotPayable` unless each of them is waiting for payment.
    """
    for purchase in purchases:
        if purchase.state is not PurchaseState.PLACED:
            raise NotPayable(state=str(purchase.state))
    await states.move_purchases(tx, purchases, PurchaseState.PAID, by)
    if held := [purchase.purchase_id for purchase in purchases if purchase.team_id is not None]:
        await states.move_orders_of(tx, held, OrderState.HELD, by)
    if to_send := [purchase.purchase_id for purchase in purchases if purchase.team_id is None]:
        await _to_be_sent(tx, to_send, by)
    await events.publish(
        tx,
        *(
            PurchasePaid(
                purchase_id=purchase.purchase_id,
                buyer_id=purchase.buyer_id,
                total=purchase.total,
                currency=purchase.currency,
            )
            for purchase in purchases
        ),
    )


async def _to_be_sent(tx: Tx, purchase_ids: Sequence[PurchaseId], by: str) -> None:
    await states.move_orders_of(tx, purchase_ids, OrderState.PAID, by)
    lines = await tx.all(
        Instruction,
        """
        SELECT l.merchant_id, l.order_id, l.line, l.sku_id, l.quantity, l.ship_hours, b.ships_by AS ship_by
        FROM orders o JOIN order_lines l USING (merchant_id, order_id) LEFT JOIN presale_bookings b USING (merchant_id, order_id)
        WHERE o.purchase_id = ANY($1)
        """,
        list(purchase_ids),
    )
    await fulfilment.instruct(tx, lines)


async def cancel_purchase(tx: Tx, purchase_id: PurchaseId, reason: str, by: str, *, deposit_too: bool = False) -> None:
    """Drop a purchase that is not paid: its stock is free again. Said twice, the second changes nothing.

    Raises `NotCancellable` when it is paid: then orders are cancelled one by one, with refunds (see aftersales); and when a
    deposit was paid for it, unless `deposit_too`: then that is given up, or goes back, as its presale says.
    """
    purchase = await lock_purchase(tx, purchase_id)
    if purchase.state is PurchaseState.CANCELLED:
        return
    if purchase.state is not PurchaseState.PLACED:
        raise NotCancellable(state=str(purchase.state))
    if purchase.deposit and not deposit_too:
        booking = (await bookings.lock_bookings(tx, [purchase_id]))[purchase_id]
        if booking.deposit_paid_at is not None:
            raise NotCancellable(state="deposit_paid")
    await drop(tx, [purchase], reason, by)


async def drop(tx: Tx, purchases: Sequence[Purchase], reason: str, by: str) -> None:
    """Drop locked purchases that are not paid, all in one go: their stock rows are locked together, in SKU order, so that
    a sweep over many of them and the buyers who want the same goods never meet head on."""
    await states.move_purchases(tx, purchases, PurchaseState.CANCELLED, by)
    cancelled = await states.move_orders_of(
        tx, [purchase.purchase_id for purchase in purchases], OrderState.CANCELLED, by, reason=reason
    )
    await promotions.give_back(tx, cancelled)
    if any(purchase.tendered for purchase in purchases):
        await payments.let_go(tx, [purchase.purchase_id for purchase in purchases if purchase.tendered])
    await inventory.release_orders(tx, cancelled)
    if parts := [purchase for purchase in purchases if purchase.deposit]:
        await bookings.end(tx, parts, reason)
    await events.publish(
        tx,
        *(
            PurchaseCancelled(purchase_id=purchase.purchase_id, buyer_id=purchase.buyer_id, reason=reason)
            for purchase in purchases
        ),
    )


async def cancel_order(tx: Tx, order: Order, reason: str, by: str) -> None:
    """Call off a locked order, paid or held, of which nothing has left the house; giving the money back is the caller's.

    Raises `TransitionRefused` (what is not paid yet is dropped with its purchase), and `AlreadyLeft` from fulfilment.
    """
    if order.state not in (OrderState.HELD, OrderState.PAID):
        raise TransitionRefused(machine=MACHINE.name, state=str(order.state), wanted=str(OrderState.CANCELLED))
    await fulfilment.withdraw(tx, order.merchant_id, order.order_id)
    await inventory.release_orders(tx, [(order.merchant_id, order.order_id)])
    await states.move_orders(tx, [order.order_id], OrderState.CANCELLED, by, reason=reason)
    await events.publish(
        tx,
        OrderCancelled(merchant_id=order.merchant_id, order_id=order.order_id, buyer_id=order.buyer_id, reason=reason),
    )


async def withdraw_pieces(tx: Tx, order: Order, pieces: Sequence[tuple[int, int]], by: str) -> dict[int, int]:
    """Pieces `(line, quantity)` of a locked, paid order are given back: those that have not left the house stay there.
    Returns how many of each line stay.

    When all that was not withdrawn has gone, the order is sent. Raises `UseCancel` when nothing would be left to send of
    an order of which nothing was sent.
    """
    withdrawal = await fulfilment.withdraw_pieces(tx, order.merchant_id, order.order_id, pieces)
    if withdrawal.left or not any(withdrawal.lines.values()):
        await _due_for_the_rest(tx, order)
        return withdrawal.lines
    if not withdrawal.sent:
        raise UseCancel()
    await states.move_orders(tx, [order.order_id], OrderState.SHIPPED, by)
    await _count_on_arrival(tx, order)
    # Its parcels may have arrived while the order still waited for the rest.
    await record_delivery(tx, [(order.merchant_id, order.order_id)])
    return withdrawal.lines


SENDABLE = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED})


async def ship(tx: Tx, dispatch: Dispatch, by: str) -> Order:
    """Send a parcel of an order, whole or in part; returns the order as it was before. Said twice with the same parcel
    id, the second changes nothing, whatever became of the order meanwhile.

    Raises `NotFound`, `TransitionRefused` when the order is not to be sent, and what `fulfilment.ship` raises.
    """
    order = await lock_order(tx, MerchantId(dispatch.merchant_id), OrderId(dispatch.order_id))
    if order.state not in SENDABLE:
        raise TransitionRefused(machine=MACHINE.name, state=str(order.state), wanted=str(OrderState.SHIPPED))
    departure = await fulfilment.ship(tx, dispatch, by)
    if not departure.fresh:
        return order
    await door.leave(tx, dispatch.merchant_id, {dispatch.order_id: (dispatch.parcel_id, departure.whole)}, by)
    following = OrderState.SHIPPED if departure.whole else OrderState.PARTLY_SHIPPED
    if following is not order.state:
        await states.move_orders(tx, [order.order_id], following, by)
    if departure.whole:
        await _count_on_arrival(tx, order)
    else:
        await _due_for_the_rest(tx, order)
    await payments.want(tx, [(order.merchant_id, order.order_id)], "sending")
    await events.publish(
        tx,
        OrderShipped(
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            buyer_id=order.buyer_id,
            parcel_id=dispatch.parcel_id,
            whole=departure.whole,
        ),
    )
    return order


async def _due_for_the_rest(tx: Tx, order: Order) -> None:
    """Where a line promised to leave sooner or later than others, what has not left is due as its own lines say."""
    if order.ship_hours is None:
        return
    await tx.execute(
        """
        UPDATE orders o SET ship_by = o.paid_at + w.hours * interval '1 hour'
        FROM (SELECT min(coalesce(l.ship_hours, $3)) AS hours
              FROM fulfilment_lines f JOIN order_lines l USING (merchant_id, order_id, line)
              WHERE f.merchant_id = $1 AND f.order_id = $2 AND f.shipped + f.withdrawn < f.quantity) w
        WHERE o.merchant_id = $1 AND o.order_id = $2 AND w.hours IS NOT NULL
        """,
        order.merchant_id,
        order.order_id,
        SHIP_WITHIN_HOURS,
    )


async def _count_on_arrival(tx: Tx, order: Order) -> None:
    """Until the carrier tells more, the order counts as received after this time."""
    merchant = await merchants.get(tx, order.merchant_id)
    assert merchant is not None
    await tx.execute(
        "UPDATE orders SET receive_by = now() + $3 WHERE merchant_id = $1 AND order_id = $2",
        order.merchant_id,
        order.order_id,
        timedelta(days=await policies.number(tx, UNTRACKED_DELIVERY) + merchant.receipt_days),
    )


async def confirm_receipt(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """The buyer has the goods: the held money becomes the merchant's, with what the platform bears of promotions, less the
    commission frozen at sale.

    Said twice, the second changes nothing. Raises `NotFound`, `TransitionRefused` unless everything has been sent, and
    `NotPaidAtTheDoor`.
    """
    order = await lock_order(tx, merchant_id, order_id)
    if order.state is OrderState.COMPLETED:
        return
    MACHINE.check(order.state, OrderState.COMPLETED)
    await door.require_paid(tx, order)
    await complete(tx, [order], by)


async def complete(tx: Tx, orders: Sequence[Order], by: str) -> None:
    """Locked orders, all sent, are received. Their transfers are posted together, so that accounts are locked in order. Raises
    `CaptureUnderWay` as long as their money has not come."""
    await payments.require_collected(tx, [(order.merchant_id, order.order_id) for order in orders])
    await states.move_orders(tx, [order.order_id for order in orders], OrderState.COMPLETED, by)
    await ledger.post(tx, [transfer for order in orders for transfer in _release(order)])
    at = datetime.now(UTC)
    await events.publish(tx, *(_completed(order, at) for order in orders))


def _release(order: Order) -> list[Transfer]:
    moves = [
        (AccountKind.HELD, AccountKind.PAYABLE, order.kept, "released"),
        (AccountKind.SUBSIDY, AccountKind.PAYABLE, order.subsidy_kept, "subsidy"),
        (AccountKind.PAYABLE, AccountKind.COMMISSION, order.commission_kept, "commission"),
        # What the merchant paid as tax on it is not the platform's.
        (AccountKind.COMMISSION, AccountKind.FEE_TAX, order.fee_tax_kept, "fee_tax"),
    ]
    return [
        Transfer(
            owner_id=order.merchant_id,
            debit=debit,
            credit=credit,
            amount=amount,
            currency=order.currency,
            reason=reason,
            document=order.order_id,
        )
        for debit, credit, amount, reason in moves
        if amount
    ]


def _completed(order: Order, at: datetime) -> OrderCompleted:
    return OrderCompleted(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        goods=order.goods,
        freight=order.freight,
        tax_added=order.tax_added,
        total=order.kept,
        commission=order.commission_kept,
        subsidy=order.subsidy_kept,
        currency=order.currency,
        at=at,
    )


async def record_delivery(tx: Tx, refs: Sequence[tuple[UUID, UUID]]) -> None:
    """Of these orders (merchant, order), those all of whose parcels have arrived are delivered: receipt counts as
    confirmed so many days later as the merchant grants, counted from when the last of it was sent or withdrawn at the
    earliest: nothing is received the moment that it is complete."""
    await tx.execute(
        """
        UPDATE orders o
        SET delivered_at = arrived.at, receive_by = greatest(arrived.at, o.shipped_at)
              + (m.receipt_days + CASE WHEN o.extended_at IS NULL THEN 0 ELSE $3 END) * interval '1 day'
        FROM unnest($1::uuid[], $2::uuid[]) AS r (merchant_id, order_id)
        JOIN merchants m USING (merchant_id)
        CROSS JOIN LATERAL (SELECT max(p.delivered_at) AS at, bool_and(p.state = 'delivered') AS whole
                            FROM parcels p WHERE p.order_id = r.order_id AND p.merchant_id = r.merchant_id) arrived
        WHERE o.merchant_id = r.merchant_id AND o.order_id = r.order_id AND o.state = 'shipped' AND arrived.whole
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
        EXTENSION_DAYS,
    )
