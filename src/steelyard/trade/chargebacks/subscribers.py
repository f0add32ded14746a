"""What chargebacks do when an order is let go by whatever else had held it, or called off."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.chargebacks.holding import BY, overtaken, withhold
from steelyard.trade.orders import OrderCancelled, OrderLetGo


async def on_let_go(tx: Tx, facts: Sequence[OrderLetGo]) -> None:
    """Its team is whole, or it was looked at: what of it is charged back holds it now."""
    await withhold(tx, sorted({fact.order_id for fact in facts}), BY)


async def on_cancelled(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    await overtaken(tx, [fact.order_id for fact in facts])


SUBSCRIBER = Subscriber("chargebacks", {OrderLetGo: on_let_go, OrderCancelled: on_cancelled})
