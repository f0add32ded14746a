"""What the house announces, as news of customers of a shop."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.goods import inventory, pricing, promotions
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.events import Subscriber
from steelyard.logistics import parcels
from steelyard.operations import lifecycle, segments
from steelyard.operations.journeys.callers import call_keepers
from steelyard.operations.journeys.calling import Whom
from steelyard.operations.journeys.catalogue import Event
from steelyard.operations.journeys.hearing import ENTERED_SEGMENT, LEFT, News, hear
from steelyard.operations.lifecycle.model import Stage
from steelyard.trade import aftersales, orders, reviews

_STAGES = {
    Stage.LEAD: Event.REGISTERED,
    Stage.DORMANT: Event.BECAME_DORMANT,
    Stage.LOST: Event.BECAME_LOST,
}


async def on_placed(tx: Tx, happened: Sequence[orders.PurchasePlaced]) -> None:
    """Whether it stays unpaid is looked at when the journey's delay is over."""
    rows = await _orders_of(tx, [each.purchase_id for each in happened])
    await hear(tx, [_news(row, Event.ORDER_UNPAID, row["placed_at"]) for row in rows if row["paid_at"] is None])


async def on_paid(tx: Tx, happened: Sequence[orders.PurchasePaid]) -> None:
    rows = await _orders_of(tx, [each.purchase_id for each in happened])
    news: list[News] = []
    for row in rows:
        if row["paid_at"] is not None:
            news += [_news(row, Event.FIRST_ORDER_PAID, row["paid_at"])] if row["first"] else []
            news.append(_news(row, Event.ORDER_PAID, row["paid_at"]))
    await hear(tx, news)


async def on_dropped(tx: Tx, happened: Sequence[orders.PurchaseCancelled]) -> None:
    rows = await _orders_of(tx, [each.purchase_id for each in happened])
    await hear(tx, [_news(row, Event.ORDER_CANCELLED, row["cancelled_at"] or datetime.now(UTC)) for row in rows])


async def on_cancelled(tx: Tx, happened: Sequence[orders.OrderCancelled]) -> None:
    await _hear_of(tx, ((each.merchant_id, each.order_id) for each in happened), Event.ORDER_CANCELLED)


async def on_delivered(tx: Tx, happened: Sequence[parcels.ParcelDelivered]) -> None:
    """Of a parcel that goes back or out again (an after-sales case) nothing is told: its order is not found under that id."""
    await _hear_of(tx, ((each.merchant_id, each.order_id) for each in happened), Event.PARCEL_RECEIVED)


async def on_completed(tx: Tx, happened: Sequence[orders.OrderCompleted]) -> None:
    await _hear_of(tx, ((each.merchant_id, each.order_id) for each in happened), Event.ORDER_COMPLETED)


async def on_refunded(tx: Tx, happened: Sequence[aftersales.OrderRefunded]) -> None:
    await _hear_of(tx, ((each.merchant_id, each.order_id) for each in happened), Event.REFUND_PAID)


async def on_reviewed(tx: Tx, happened: Sequence[reviews.ReviewsWritten]) -> None:
    await _hear_of(tx, ((each.merchant_id, each.order_id) for each in happened), Event.REVIEW_WRITTEN)


async def on_moved(tx: Tx, happened: Sequence[lifecycle.CustomerMoved]) -> None:
    """Who shows interest for the first time, and who has not come back for long. Who comes to life again is no lead anew."""
    now = datetime.now(UTC)
    await hear(
        tx,
        [
            News(event=_STAGES[Stage(each.to_stage)], merchant_id=each.merchant_id, buyer_id=each.buyer_id, at=now)
            for each in happened
            if Stage(each.to_stage) in _STAGES
        ],
    )


async def on_entered(tx: Tx, happened: Sequence[segments.SegmentEntered]) -> None:
    """Who is counted into a segment because it says something else now has not become anything."""
    now = datetime.now(UTC)
    await hear(
        tx,
        [
            News(event=f"{ENTERED_SEGMENT}{each.segment_id}", merchant_id=each.merchant_id, buyer_id=buyer_id, at=now)
            for each in happened
            if not each.counted
            for buyer_id in each.buyer_ids
        ],
    )


async def on_left(tx: Tx, happened: Sequence[segments.SegmentLeft]) -> None:
    now = datetime.now(UTC)
    await hear(
        tx,
        [
            News(event=f"{LEFT}{each.segment_id}", merchant_id=each.merchant_id, buyer_id=buyer_id, at=now)
            for each in happened
            for buyer_id in each.buyer_ids
        ],
    )


async def on_prices(tx: Tx, happened: Sequence[pricing.PricesChanged]) -> None:
    await call_keepers(tx, await _products(tx, happened), Event.PRICE_DROPPED, Whom.CHEAPER)


async def on_shelf_prices(tx: Tx, happened: Sequence[promotions.ShelfPricesChanged]) -> None:
    """Of goods that are named; who lowers the prices of everything tells people otherwise."""
    named = {(each.merchant_id, product_id) for each in happened for product_id in each.product_ids}
    await call_keepers(tx, named, Event.PRICE_DROPPED, Whom.CHEAPER)


async def on_available(tx: Tx, happened: Sequence[inventory.AvailabilityChanged]) -> None:
    await call_keepers(tx, await _products(tx, happened), Event.BACK_IN_STOCK, Whom.BACK)


async def _products(
    tx: Tx, happened: Sequence[pricing.PricesChanged | inventory.AvailabilityChanged]
) -> set[tuple[UUID, UUID]]:
    named = {(each.merchant_id, sku_id) for each in happened for sku_id in each.sku_ids}
    rows = await tx.fetch(
        """
        SELECT DISTINCT s.merchant_id, s.product_id FROM skus s
        JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, sku_id) USING (merchant_id, sku_id)
        """,
        [merchant_id for merchant_id, _ in named],
        [sku_id for _, sku_id in named],
    )
    return {(row["merchant_id"], row["product_id"]) for row in rows}


async def _hear_of(tx: Tx, keys: Iterable[tuple[UUID, UUID]], event: Event) -> None:
    wanted = list(keys)
    rows = await tx.fetch(
        """
        SELECT o.merchant_id, o.order_id, o.buyer_id
             , ARRAY(SELECT l.product_id FROM order_lines l
                     WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id ORDER BY l.amount DESC, l.line) AS products
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS w (merchant_id, order_id, place)
        JOIN orders o ON o.merchant_id = w.merchant_id AND o.order_id = w.order_id ORDER BY w.place
        """,
        [merchant_id for merchant_id, _ in wanted],
        [order_id for _, order_id in wanted],
    )
    now = datetime.now(UTC)
    await hear(tx, [_news(row, event, now) for row in rows])


async def _orders_of(tx: Tx, purchase_ids: Sequence[UUID]) -> list[Row]:
    """`first`: nothing was paid at this shop before it."""
    return await tx.fetch(
        """
        SELECT o.merchant_id, o.order_id, o.buyer_id, o.placed_at, o.paid_at, o.cancelled_at
             , NOT EXISTS (SELECT FROM orders b WHERE b.buyer_id = o.buyer_id AND b.merchant_id = o.merchant_id
                                                  AND b.order_id <> o.order_id AND b.paid_at < o.paid_at) AS first
             , ARRAY(SELECT l.product_id FROM order_lines l
                     WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id ORDER BY l.amount DESC, l.line) AS products
        FROM unnest($1::uuid[]) WITH ORDINALITY AS w (purchase_id, place) JOIN orders o USING (purchase_id)
        ORDER BY w.place, o.merchant_id
        """,
        list(purchase_ids),
    )


def _news(row: Row, event: Event, at: datetime) -> News:
    products: tuple[UUID, ...] = tuple(row["products"])
    about = {"order_id": str(row["order_id"])} | ({"product_id": str(products[0])} if products else {})
    return News(
        event=event,
        merchant_id=row["merchant_id"],
        buyer_id=row["buyer_id"],
        at=at,
        products=products,
        about=about,
    )


SUBSCRIBER = Subscriber(
    "journeys",
    {
        orders.PurchasePlaced: on_placed,
        orders.PurchasePaid: on_paid,
        orders.PurchaseCancelled: on_dropped,
        orders.OrderCancelled: on_cancelled,
        orders.OrderCompleted: on_completed,
        parcels.ParcelDelivered: on_delivered,
        aftersales.OrderRefunded: on_refunded,
        reviews.ReviewsWritten: on_reviewed,
        lifecycle.CustomerMoved: on_moved,
        segments.SegmentEntered: on_entered,
        segments.SegmentLeft: on_left,
        pricing.PricesChanged: on_prices,
        promotions.ShelfPricesChanged: on_shelf_prices,
        inventory.AvailabilityChanged: on_available,
    },
)
