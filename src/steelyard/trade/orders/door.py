"""Orders that are paid at the door: they leave in one parcel, are received once their cash is collected, and are called off when
nobody pays."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.logistics import parcels
from steelyard.logistics.parcels import ParcelDelivered
from steelyard.logistics.parcels.model import ToCollect
from steelyard.money import payments
from steelyard.money.payments import ArrivedAtTheDoor, DoorCollection
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders import states
from steelyard.trade.orders.events import OrderCancelled
from steelyard.trade.orders.model import MACHINE, Order, OrderId, OrderState
from steelyard.trade.orders.refusals import CarrierCollects, NotPaidAtTheDoor, OneParcelAtTheDoor

REFUSED = "refused_at_the_door"


async def leave(tx: Tx, merchant_id: UUID, parcel_of: Mapping[UUID, tuple[UUID, bool]], by: str) -> None:
    """These locked orders leave now, each in the parcel named, whole or not; whoever hands over what is paid at the door is told
    what to ask for. Raises `OneParcelAtTheDoor`."""
    told = await payments.tell_at_the_door(tx, merchant_id, list(parcel_of), by)
    if any(not parcel_of[order_id][1] for order_id in told):
        raise OneParcelAtTheDoor()
    if told:
        asked = {
            parcel_of[order_id][0]: ToCollect(amount=one.left, currency=one.currency) for order_id, one in told.items()
        }
        await parcels.ask_to_collect(tx, merchant_id, asked)


async def note_collected(tx: Tx, facts: Sequence[ParcelDelivered]) -> None:
    """What carriers handed over is paid, where they collect; what a shop brings itself it says by itself."""
    arrived: list[ArrivedAtTheDoor] = []
    for merchant_id in sorted({fact.merchant_id for fact in facts}):
        mine = {fact.order_id: fact for fact in facts if fact.merchant_id == merchant_id}
        for order_id, carrier in (await parcels.collected_by(tx, merchant_id, list(mine))).items():
            reported = mine[order_id].collected
            arrived.append(
                ArrivedAtTheDoor(merchant_id=merchant_id, order_id=order_id, carrier=carrier, reported=reported)
            )
    if arrived:
        await payments.collect_at_the_door(tx, arrived, "carrier")


async def require_paid(tx: Tx, order: Order) -> None:
    """Raises `NotPaidAtTheDoor` as long as the cash of an order is not there."""
    door = (await payments.doors_of(tx, order.merchant_id, [order.order_id])).get(order.order_id)
    if door is not None and door.left:
        raise NotPaidAtTheDoor()


async def keep(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> DoorCollection:
    """A shop that brought the parcel itself has the cash. Raises `CarrierCollects`, `NotAtTheDoor`."""
    if await parcels.collected_by(tx, merchant_id, [order_id]):
        raise CarrierCollects()
    return await payments.keep_at_the_door(tx, merchant_id, order_id, by)


async def refuse(tx: Tx, order: Order, by: str) -> None:
    """Nobody paid at the door for a locked order: it is called off; giving back what was promised, and what purses paid, is the
    caller's. Its goods are under way back: the shop puts them on the shelf when they are there. Raises `NotAtTheDoor`,
    `TransitionRefused`."""
    MACHINE.check(order.state, OrderState.CANCELLED)
    await payments.refuse_at_the_door(tx, order.merchant_id, order.order_id, by)
    await parcels.give_up(tx, order.merchant_id, order.order_id, by)
    await states.move_orders(tx, [order.order_id], OrderState.CANCELLED, by, reason=REFUSED)
    await events.publish(
        tx,
        OrderCancelled(merchant_id=order.merchant_id, order_id=order.order_id, buyer_id=order.buyer_id, reason=REFUSED),
    )
