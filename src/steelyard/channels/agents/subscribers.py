"""What agents' platforms are told of: an order was created, and each change of it."""

from collections.abc import Sequence

from steelyard.channels.agents.service import tell, tell_of_orders
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.logistics.parcels import ParcelDelivered
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.orders import OrderCancelled, OrderShipped, PurchasePaid


async def created(tx: Tx, facts: Sequence[PurchasePaid]) -> None:
    await tell(tx, [fact.purchase_id for fact in facts], "created")


async def shipped(tx: Tx, facts: Sequence[OrderShipped]) -> None:
    await tell_of_orders(tx, [fact.order_id for fact in facts], "shipped")


async def delivered(tx: Tx, facts: Sequence[ParcelDelivered]) -> None:
    await tell_of_orders(tx, [fact.order_id for fact in facts], "delivered")


async def cancelled(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    await tell_of_orders(tx, [fact.order_id for fact in facts], "cancelled")


async def refunded(tx: Tx, facts: Sequence[OrderRefunded]) -> None:
    await tell_of_orders(tx, [fact.order_id for fact in facts], "refunded")


SUBSCRIBER = Subscriber(
    "agents",
    {
        PurchasePaid: created,
        OrderShipped: shipped,
        ParcelDelivered: delivered,
        OrderCancelled: cancelled,
        OrderRefunded: refunded,
    },
)
