"""What groups does when a team has ended, and when a purchase in one is dropped unpaid."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.trade import orders
from steelyard.trade.groups.events import TeamEnded
from steelyard.trade.groups.leaving import leave
from steelyard.trade.groups.queries import paid_orders, unpaid_purchases
from steelyard.trade.orders import PurchaseCancelled
from steelyard.trade.orders.model import NotCancellable, PurchaseId


async def on_ended(tx: Tx, facts: Sequence[TeamEnded]) -> None:
    """What is not paid is dropped: nobody pays for a team that has ended. The orders of one that succeeded are sent; those of
    one that came to nothing are called off where refunds are made (see aftersales)."""
    for fact in facts:
        for purchase_id in await unpaid_purchases(tx, fact.merchant_id, fact.team_id):
            try:
                await orders.cancel_purchase(tx, PurchaseId(purchase_id), reason="group_ended", by="system")
            except NotCancellable:
                continue  # paid meanwhile, and too late: that was noted then
        if fact.succeeded:
            await orders.let_go(tx, await paid_orders(tx, fact.merchant_id, fact.team_id), by="system")


async def on_dropped(tx: Tx, facts: Sequence[PurchaseCancelled]) -> None:
    """Of most of these purchases none is in a team, and one question tells."""
    rows = await tx.fetch(
        "SELECT order_id FROM group_members WHERE purchase_id = ANY($1) AND gone_at IS NULL",
        [fact.purchase_id for fact in facts],
    )
    if rows:
        await leave(tx, [row["order_id"] for row in rows])


SUBSCRIBER = Subscriber("groups", {TeamEnded: on_ended, PurchaseCancelled: on_dropped})
