"""Commands on purchases and orders. Lock order: purchase, orders, then what lies in lower modules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import inventory
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Dispatch, Instruction
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders import states
from steelyard.trade.orders.events import (
    OrderCancelled,
    OrderCompleted,
    OrderShipped,
    PurchaseCancelled,
    PurchasePaid,
)
from steelyard.trade.orders.model import (
    MACHINE,
    UNTRACKED_DELIVERY_DAYS,
    NotCancellable,
    NotPayable,
    Order,
    OrderId,
    OrderState,
    Purchase,
    PurchaseId,
    PurchaseState,
)


async def lock_purchase(tx: Tx, purchase_id: PurchaseId) -> Purchase:
    """The purchase, held until the transaction ends. Raises `NotFound`."""
    purchase = await tx.one(
        Purchase,
        """
        SELECT buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, placed_at, pay_by
        FROM purchases WHERE purchase_id = $1 FOR UPDATE
        """,
        purchase_id,
    )
    if purchase is None:
        raise NotFound()
    return purchase


async def lock_order(tx: Tx, merchant_id: MerchantId, order_id: OrderId) -> Order:
    """The order, held until the transaction ends. Raises `NotFound` when this merchant has no such order."""
    order = await tx.one(
        Order,
        """
        SELECT merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight, tax_added, tax_included
             , total, commission, refunded, commission_returned, delivery, contact, address, note, source, placed_at
             , paid_at, shipped_at, delivered_at, receive_by, completed_at, cancelled_at, cancel_reason
        FROM orders WHERE merchant_id = $1 AND order_id = $2 FOR UPDATE
        """,
        merchant_id,
        order_id,
    )
    if order is None:
        raise NotFound()
    return order


async def mark_paid(tx: Tx, purchase: Purchase, by: str) -> None:
    """The money of a locked purchase is there: its orders are paid and the merchants are asked to send them.

    Raises `NotPayable` unless the purchase is waiting for payment.
    """
    if purchase.state is not PurchaseState.PLACED:
        raise NotPayable(state=str(purchase.state))
    await states.move_purchase(tx, purchase, PurchaseState.PAID, by)
    await states.move_orders_of(tx, purchase.purchase_id, OrderState.PAID, by)
    await tx.execute("UPDATE orders SET paid_at = now() WHERE purchase_id = $1", purchase.purchase_id)
    lines = await tx.all(
        Instruction,
        """
        SELECT l.merchant_id, l.order_id, l.line, l.sku_id, l.quantity
        FROM orders o JOIN order_lines l USING (merchant_id, order_id) WHERE o.purchase_id = $1
        """,
        purchase.purchase_id,
    )
    await fulfilment.instruct(tx, lines)
    await events.publish(
        tx,
        PurchasePaid(
            purchase_id=purchase.purchase_id,
            buyer_id=purchase.buyer_id,
            total=purchase.total,
            currency=purchase.currency,
        ),
    )


async def cancel_purchase(tx: Tx, purchase_id: PurchaseId, reason: str, by: str) -> None:
    """Drop a purchase that is not paid: its stock is free again. Said twice, the second changes nothing.

    Raises `NotCancellable` when it is paid: then orders are cancelled one by one, with refunds (see aftersales).
    """
    purchase = await lock_purchase(tx, purchase_id)
    if purchase.state is PurchaseState.CANCELLED:
        return
    if purchase.state is not PurchaseState.PLACED:
        raise NotCancellable(state=str(purchase.state))
    await states.move_purchase(tx, purchase, PurchaseState.CANCELLED, by)
    cancelled = await states.move_orders_of(tx, purchase_id, OrderState.CANCELLED, by, reason=reason)
    await inventory.release_orders(tx, cancelled)
    await events.publish(tx, PurchaseCancelled(purchase_id=purchase_id, buyer_id=purchase.buyer_id, reason=reason))


async def cancel_order(tx: Tx, order: Order, reason: str, by: str) -> None:
    """Call off a locked, paid order of which nothing has left the house; giving the money back is the caller's.

    Raises `TransitionRefused`, and `AlreadyLeft` from fulfilment.
    """
    MACHINE.check(order.state, OrderState.CANCELLED)
    await fulfilment.withdraw(tx, order.merchant_id, order.order_id)
    await inventory.release_orders(tx, [(order.merchant_id, order.order_id)])
    await states.move_order(tx, order, OrderState.CANCELLED, by, reason=reason)
    await events.publish(
        tx,
        OrderCancelled(merchant_id=order.merchant_id, order_id=order.order_id, buyer_id=order.buyer_id, reason=reason),
    )


async def ship(tx: Tx, dispatch: Dispatch, by: str) -> Order:
    """Send a parcel of an order, whole or in part. Said twice with the same parcel id, the second changes nothing.

    Raises `NotFound`, `TransitionRefused` when the order is not to be sent, and what `fulfilment.ship` raises.
    """
    order = await lock_order(tx, MerchantId(dispatch.merchant_id), OrderId(dispatch.order_id))
    if order.state not in (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED):
        raise TransitionRefused(machine="order", state=str(order.state), wanted=str(OrderState.SHIPPED))
    whole = await fulfilment.ship(tx, dispatch, by)
    following = OrderState.SHIPPED if whole else OrderState.PARTLY_SHIPPED
    if following is order.state:
        return order
    await states.move_order(tx, order, following, by)
    if whole:
        merchant = await merchants.get(tx, order.merchant_id)
        assert merchant is not None
        days = timedelta(days=UNTRACKED_DELIVERY_DAYS + merchant.receipt_days)
        await tx.execute(
            "UPDATE orders SET shipped_at = now(), receive_by = now() + $3 WHERE merchant_id = $1 AND order_id = $2",
            order.merchant_id,
            order.order_id,
            days,
        )
    await events.publish(
        tx,
        OrderShipped(
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            buyer_id=order.buyer_id,
            parcel_id=dispatch.parcel_id,
            whole=whole,
        ),
    )
    return order


async def confirm_receipt(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """The buyer has the goods: the held money becomes the merchant's, less the commission frozen at sale.

    Said twice, the second changes nothing. Raises `NotFound`, and `TransitionRefused` unless everything has been sent.
    """
    order = await lock_order(tx, merchant_id, order_id)
    if order.state is OrderState.COMPLETED:
        return
    MACHINE.check(order.state, OrderState.COMPLETED)
    await states.move_order(tx, order, OrderState.COMPLETED, by)
    await _release(tx, order)


async def _release(tx: Tx, order: Order) -> None:
    commission = order.commission - order.commission_returned
    moves = [
        (AccountKind.HELD, AccountKind.PAYABLE, order.kept, "released"),
        (AccountKind.PAYABLE, AccountKind.COMMISSION, commission, "commission"),
    ]
    await ledger.post(
        tx,
        [
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
        ],
    )
    await events.publish(
        tx,
        OrderCompleted(
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            goods=order.goods,
            freight=order.freight,
            tax_added=order.tax_added,
            total=order.kept,
            commission=commission,
            currency=order.currency,
            at=datetime.now(UTC),
        ),
    )


async def record_refund(
    tx: Tx, order: Order, *, amount: int, commission: int, lines: Sequence[tuple[int, int, int]]
) -> None:
    """Note on a locked order what is given back: `lines` are (line, quantity, amount). The constraints hold the limits."""
    await tx.execute(
        """
        UPDATE orders SET refunded = refunded + $3, commission_returned = commission_returned + $4
        WHERE merchant_id = $1 AND order_id = $2
        """,
        order.merchant_id,
        order.order_id,
        amount,
        commission,
    )
    await tx.execute(
        """
        UPDATE order_lines l SET refunded_quantity = l.refunded_quantity + r.quantity, refunded = l.refunded + r.amount
        FROM unnest($3::integer[], $4::integer[], $5::bigint[]) AS r (line, quantity, amount)
        WHERE l.merchant_id = $1 AND l.order_id = $2 AND l.line = r.line
        """,
        order.merchant_id,
        order.order_id,
        [line for line, _, _ in lines],
        [quantity for _, quantity, _ in lines],
        [money for _, _, money in lines],
    )


async def record_delivery(tx: Tx, refs: Sequence[tuple[UUID, UUID]]) -> None:
    """Of these orders (merchant, order), those all of whose parcels have arrived are delivered: receipt counts as
    confirmed so many days later as the merchant grants."""
    await tx.execute(
        """
        UPDATE orders o
        SET delivered_at = arrived.at, receive_by = arrived.at + m.receipt_days * interval '1 day'
        FROM unnest($1::uuid[], $2::uuid[]) AS r (merchant_id, order_id)
        JOIN merchants m USING (merchant_id)
        CROSS JOIN LATERAL (SELECT max(p.delivered_at) AS at, bool_and(p.state = 'delivered') AS whole
                            FROM parcels p WHERE p.order_id = r.order_id AND p.merchant_id = r.merchant_id) arrived
        WHERE o.merchant_id = r.merchant_id AND o.order_id = r.order_id AND o.state = 'shipped' AND arrived.whole
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
