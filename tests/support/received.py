"""Goods that have arrived, and what their buyer says of them."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import reviews
from steelyard.trade.orders.model import Order
from steelyard.trade.reviews.model import NewReview, OrderReview, ReviewId
from tests.support import deal


async def received(db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId) -> Order:
    """An order of one shop that the buyer has confirmed."""
    (order,) = await deal.paid(db, wanted, buyer_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    return await deal.again(db, order)


def said(order: Order, *stars: int, text: str = "", pictures: Sequence[str] = (), **more: object) -> OrderReview:
    """What is said of the order's lines, one after the other."""
    lines = [
        NewReview(review_id=ReviewId(ids.mint()), line=line, stars=each, text=text, pictures=pictures)
        for line, each in enumerate(stars, 1)
    ]
    scores = {"service": 5, "logistics": 5, "author": "Li Na"} | more
    return OrderReview(merchant_id=order.merchant_id, order_id=order.order_id, lines=lines, **scores)  # pyright: ignore[reportArgumentType]  # a test's own words


async def reviewed(
    db: Database,
    wanted: Sequence[tuple[UUID, int]],
    buyer_id: BuyerId,
    *stars: int,
    text: str = "",
    pictures: Sequence[str] = (),
    **more: object,
) -> tuple[Order, list[ReviewId]]:
    """Bought, received and reviewed."""
    order = await received(db, wanted, buyer_id)
    review = said(order, *stars, text=text, pictures=pictures, **more)
    await db.transact(reviews.write, review, [buyer_id])
    return order, [each.review_id for each in review.lines]
