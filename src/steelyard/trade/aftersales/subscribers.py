"""What aftersales does when an order is sent or called off while the buyer's request to cancel it is open, and when
it is called off while an after-sales case is open."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.case_steps import close_of_orders
from steelyard.trade.aftersales.requests import overtake
from steelyard.trade.orders import OrderCancelled, OrderShipped
from steelyard.trade.orders.model import OrderId


async def note_overtaken(tx: Tx, facts: Sequence[OrderShipped | OrderCancelled]) -> None:
    await overtake(tx, sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts}))


async def note_called_off(tx: Tx, facts: Sequence[OrderCancelled]) -> None:
    await note_overtaken(tx, facts)
    await close_of_orders(tx, sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts}))


SUBSCRIBER = Subscriber("aftersales", {OrderShipped: note_overtaken, OrderCancelled: note_called_off})
