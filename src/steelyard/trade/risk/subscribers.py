"""What risk does when something is paid, let go by its team, or called off."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.orders import OrderCancelled, OrderLetGo, PurchasePaid
from steelyard.trade.risk.service import look_at, overtaken


async def on_ready(tx: Tx, facts: Sequence[PurchasePaid | OrderLetGo]) -> None:
    """Paid, and nothing else to wait for: look at it before it is sent."""
    await look_at(tx, sorted({fact.purchase_id for fact in facts}))


async def on_cancelled(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    await overtaken(tx, [fact.order_id for fact in facts])


SUBSCRIBER = Subscriber("risk", {PurchasePaid: on_ready, OrderLetGo: on_ready, OrderCancelled: on_cancelled})
