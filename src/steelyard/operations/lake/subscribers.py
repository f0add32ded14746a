"""What makes a day's file stale, and who is to stand in the files under another name, or not at all."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations import behaviour
from steelyard.operations.lake import keeping
from steelyard.operations.lake.writing import mark
from steelyard.parties import customers
from steelyard.trade import aftersales, orders


async def on_purchases(tx: Tx, events: Sequence[orders.PurchasePlaced | orders.PurchasePaid]) -> None:
    rows = await tx.fetch(
        "SELECT placed_at, paid_at FROM orders WHERE purchase_id = ANY($1)", [event.purchase_id for event in events]
    )
    await mark(tx, [at for row in rows for at in row if at is not None])


async def on_refunded(tx: Tx, events: Sequence[aftersales.OrderRefunded]) -> None:
    rows = await tx.fetch(
        """
        SELECT r.at FROM order_refunds r
        JOIN unnest($1::uuid[], $2::uuid[]) AS e (merchant_id, refund_id) USING (merchant_id, refund_id)
        """,
        [event.merchant_id for event in events],
        [event.refund_id for event in events],
    )
    await mark(tx, [row["at"] for row in rows])


async def on_merged(tx: Tx, events: Sequence[customers.VisitorMerged]) -> None:
    await keeping.became(tx, list({event.visitor_id: event.buyer_id for event in events}.items()))


async def on_forgotten(tx: Tx, events: Sequence[behaviour.BehaviourForgotten]) -> None:
    await keeping.forget(tx, [person for event in events for person in event.people])


SUBSCRIBER = Subscriber(
    "lake",
    {
        orders.PurchasePlaced: on_purchases,
        orders.PurchasePaid: on_purchases,
        aftersales.OrderRefunded: on_refunded,
        customers.VisitorMerged: on_merged,
        behaviour.BehaviourForgotten: on_forgotten,
    },
)
