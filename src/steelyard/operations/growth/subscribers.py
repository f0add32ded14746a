"""What becomes known of orders and reviews counts for memberships."""

from collections.abc import Sequence

from steelyard.kernel import days
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.growth import rewarding
from steelyard.operations.growth.counting import earn_orders, earn_reviews, take_back
from steelyard.operations.growth.privileges import add_points, take_points_back
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.orders import OrderCompleted, PurchasePaid
from steelyard.trade.reviews import ReviewsWritten


async def on_completed(tx: Tx, completed: Sequence[OrderCompleted]) -> None:
    """Points first: they are those of the level that the buyer had while waiting for the goods."""
    keys = [(order.merchant_id, order.order_id) for order in completed]
    await add_points(tx, keys)
    await earn_orders(tx, keys, days.today())
    await rewarding.on_received(tx, keys)


async def on_refunded(tx: Tx, refunded: Sequence[OrderRefunded]) -> None:
    refunds = [(fact.merchant_id, fact.order_id, fact.refund_id) for fact in refunded]
    await take_points_back(tx, refunds)
    await take_back(tx, refunds, days.today())
    await rewarding.on_refunded(tx, [(merchant_id, order_id) for merchant_id, order_id, _ in refunds])


async def on_paid(tx: Tx, paid: Sequence[PurchasePaid]) -> None:
    await rewarding.on_paid(tx, [purchase.purchase_id for purchase in paid])


async def on_reviews(tx: Tx, written: Sequence[ReviewsWritten]) -> None:
    rows = await tx.fetch(
        "SELECT DISTINCT buyer_id FROM reviews WHERE review_id = ANY($1)",
        [review_id for fact in written for review_id in fact.review_ids],
    )
    await earn_reviews(tx, [row["buyer_id"] for row in rows], days.today())


SUBSCRIBER = Subscriber(
    "growth",
    {PurchasePaid: on_paid, OrderCompleted: on_completed, OrderRefunded: on_refunded, ReviewsWritten: on_reviews},
)
