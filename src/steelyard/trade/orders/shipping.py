"""Sending many orders at once: what a shop does every morning."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal, TransitionRefused
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import NotSent
from steelyard.logistics.parcels.model import NewParcel
from steelyard.money import payments
from steelyard.parties import merchants, policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import UNTRACKED_DELIVERY
from steelyard.trade.orders import door, states
from steelyard.trade.orders.events import OrderShipped
from steelyard.trade.orders.model import MACHINE, Order, OrderState
from steelyard.trade.orders.queries import ORDER_COLUMNS
from steelyard.trade.orders.service import SENDABLE

ORDERS_PER_DISPATCH_MAX = 200


async def ship_all(tx: Tx, merchant_id: MerchantId, parcels: Sequence[NewParcel], by: str) -> list[Order]:
    """Send all that is left of each of these orders of a merchant, each in one parcel: all of them, or none. Returns the
    orders as they were. Said twice with the same parcel ids, the second changes nothing.

    Raises `NotSent`, which says what is wrong with which order.
    """
    assert 0 < len(parcels) <= ORDERS_PER_DISPATCH_MAX
    orders = await _lock(tx, merchant_id, sorted(parcel.order_id for parcel in parcels))
    troubles: dict[UUID, Refusal] = {
        order.order_id: TransitionRefused(machine=MACHINE.name, state=str(order.state), wanted=str(OrderState.SHIPPED))
        for order in orders
        if order.state not in SENDABLE
    }
    there = {order.order_id for order in orders}
    troubles |= {parcel.order_id: NotFound() for parcel in parcels if parcel.order_id not in there}
    if troubles:
        raise NotSent(troubles)
    fresh = await fulfilment.ship_whole(tx, merchant_id, parcels, by)
    sent = [order.order_id for order in orders if fresh[order.order_id]]
    leaving = {parcel.order_id: (parcel.parcel_id, True) for parcel in parcels if fresh[parcel.order_id]}
    await door.leave(tx, merchant_id, leaving, by)
    await states.move_orders(tx, sent, OrderState.SHIPPED, by)
    await _count_on_arrival(tx, merchant_id, sent)
    await payments.want(tx, [(merchant_id, order_id) for order_id in sent], "sending")
    parcel_of = {parcel.order_id: parcel.parcel_id for parcel in parcels}
    await events.publish(
        tx,
        *(
            OrderShipped(
                merchant_id=order.merchant_id,
                order_id=order.order_id,
                buyer_id=order.buyer_id,
                parcel_id=parcel_of[order.order_id],
                whole=True,
            )
            for order in orders
            if fresh[order.order_id]
        ),
    )
    return orders


async def _lock(tx: Tx, merchant_id: MerchantId, order_ids: Sequence[UUID]) -> list[Order]:
    return await tx.all(
        Order,
        ORDER_COLUMNS
        + "FROM orders o WHERE o.merchant_id = $1 AND o.order_id = ANY($2) ORDER BY o.merchant_id, o.order_id FOR UPDATE",
        merchant_id,
        list(order_ids),
    )


async def _count_on_arrival(tx: Tx, merchant_id: MerchantId, order_ids: Sequence[UUID]) -> None:
    """Until the carrier tells more, the orders count as received after this time."""
    merchant = await merchants.get(tx, merchant_id)
    assert merchant is not None
    await tx.execute(
        "UPDATE orders SET receive_by = now() + $3 WHERE merchant_id = $1 AND order_id = ANY($2)",
        merchant_id,
        list(order_ids),
        timedelta(days=await policies.number(tx, UNTRACKED_DELIVERY) + merchant.receipt_days),
    )
