"""What rewards do when an order is received, or money of it goes back."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.orders import OrderCompleted
from steelyard.trade.rewards.service import reward, take_back


async def on_completed(tx: Tx, completed: Sequence[OrderCompleted]) -> None:
    await reward(tx, [(order.merchant_id, order.order_id) for order in completed])


async def on_refunded(tx: Tx, refunded: Sequence[OrderRefunded]) -> None:
    await take_back(tx, [(fact.merchant_id, fact.order_id, fact.refund_id) for fact in refunded])


SUBSCRIBER = Subscriber("rewards", {OrderCompleted: on_completed, OrderRefunded: on_refunded})
