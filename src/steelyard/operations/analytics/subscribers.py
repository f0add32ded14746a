"""What happened to an order makes the figures of its days stale."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.analytics.rollup import mark
from steelyard.trade import aftersales, orders


async def on_purchases(
    tx: Tx, events: Sequence[orders.PurchasePlaced | orders.PurchasePaid | orders.PurchaseCancelled]
) -> None:
    rows = await tx.fetch(
        "SELECT merchant_id, placed_at, paid_at, cancelled_at FROM orders WHERE purchase_id = ANY($1)",
        [event.purchase_id for event in events],
    )
    await mark(tx, [(row["merchant_id"], at) for row in rows for at in row[1:] if at is not None])


async def on_moved(tx: Tx, events: Sequence[orders.OrderCancelled | orders.OrderLetGo]) -> None:
    await _mark_orders(tx, [(event.merchant_id, event.order_id) for event in events])


async def on_refunded(tx: Tx, events: Sequence[aftersales.OrderRefunded]) -> None:
    rows = await tx.fetch(
        """
        SELECT r.merchant_id, r.at FROM order_refunds r
        JOIN unnest($1::uuid[], $2::uuid[]) AS e (merchant_id, refund_id) USING (merchant_id, refund_id)
        """,
        [event.merchant_id for event in events],
        [event.refund_id for event in events],
    )
    await mark(tx, [(row["merchant_id"], row["at"]) for row in rows])


async def _mark_orders(tx: Tx, which: Sequence[tuple[UUID, UUID]]) -> None:
    rows = await tx.fetch(
        """
        SELECT o.merchant_id, o.placed_at, o.paid_at, o.cancelled_at FROM orders o
        JOIN unnest($1::uuid[], $2::uuid[]) AS e (merchant_id, order_id) USING (merchant_id, order_id)
        """,
        [merchant_id for merchant_id, _ in which],
        [order_id for _, order_id in which],
    )
    await mark(tx, [(row["merchant_id"], at) for row in rows for at in row[1:] if at is not None])


SUBSCRIBER = Subscriber(
    "analytics",
    {
        orders.PurchasePlaced: on_purchases,
        orders.PurchasePaid: on_purchases,
        orders.PurchaseCancelled: on_purchases,
        orders.OrderCancelled: on_moved,
        orders.OrderLetGo: on_moved,
        aftersales.OrderRefunded: on_refunded,
    },
)
