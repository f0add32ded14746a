"""What happened to an order, or to a visitor, is counted into what is known of the customer in the moment it commits."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.lifecycle.counting import count
from steelyard.operations.lifecycle.service import fold
from steelyard.parties import customers
from steelyard.trade import aftersales, orders


async def on_purchases(
    tx: Tx,
    events: Sequence[
        orders.PurchasePlaced
        | orders.PurchasePaid
        | orders.PurchaseCancelled
        | orders.OrderCancelled
        | orders.OrderLetGo
    ],
) -> None:
    await count(tx, {event.buyer_id for event in events})


async def on_refunded(tx: Tx, events: Sequence[aftersales.OrderRefunded]) -> None:
    rows = await tx.fetch(
        """
        SELECT DISTINCT o.buyer_id FROM orders o
        JOIN unnest($1::uuid[], $2::uuid[]) AS e (merchant_id, order_id) USING (merchant_id, order_id)
        """,
        [event.merchant_id for event in events],
        [event.order_id for event in events],
    )
    await count(tx, {row["buyer_id"] for row in rows})


async def on_merged(tx: Tx, events: Sequence[customers.VisitorMerged]) -> None:
    await fold(tx, {event.visitor_id for event in events})


SUBSCRIBER = Subscriber(
    "lifecycle",
    {
        orders.PurchasePlaced: on_purchases,
        orders.PurchasePaid: on_purchases,
        orders.PurchaseCancelled: on_purchases,
        orders.OrderCancelled: on_purchases,
        orders.OrderLetGo: on_purchases,
        aftersales.OrderRefunded: on_refunded,
        customers.VisitorMerged: on_merged,
    },
)
