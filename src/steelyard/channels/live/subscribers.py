"""What live sessions do when something of them is bought."""

from collections.abc import Sequence

from steelyard.channels.live import sold
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade.orders import PurchaseCancelled, PurchasePaid, PurchasePlaced


async def on_placed(tx: Tx, facts: Sequence[PurchasePlaced]) -> None:
    await sold.placed(tx, [fact.purchase_id for fact in facts])


async def on_paid(tx: Tx, facts: Sequence[PurchasePaid]) -> None:
    await sold.paid(tx, [fact.purchase_id for fact in facts])


async def on_dropped(tx: Tx, facts: Sequence[PurchaseCancelled]) -> None:
    await sold.dropped(tx, [fact.purchase_id for fact in facts])


SUBSCRIBER = Subscriber("live", {PurchasePlaced: on_placed, PurchasePaid: on_paid, PurchaseCancelled: on_dropped})
