"""Questions about reviews."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId
from steelyard.trade.reviews.model import STARS_OF, Only, Rating, Review, ReviewId, Rules, Sort, ToReview

COLUMNS: LiteralString = """
SELECT r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options, r.stars
     , r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures, r.followed_up_at, r.reply
     , r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
"""
_REVIEW: LiteralString = COLUMNS + "FROM reviews r "
_LAST = UUID(int=2**128 - 1)
WORTH_MAX = 2_147_483_647
TO_REVIEW_MAX = 50
ALL_STARS = (1, 2, 3, 4, 5)


async def rules(read: Read) -> Rules:
    """The operator's rules."""
    found = await read.one(Rules, "SELECT write_days, follow_up_days, automatic_days FROM review_rules")
    assert found is not None, "the schema writes one row"
    return found


async def review(read: Read, review_id: ReviewId) -> Review | None:
    return await read.one(Review, _REVIEW + "WHERE r.review_id = $1", review_id)


async def rating(read: Read, product_id: UUID) -> Rating:
    """How a product is rated; nothing but zeros when nobody has said anything."""
    return (await ratings(read, [product_id]))[product_id]


async def ratings(read: Read, product_ids: Iterable[UUID]) -> dict[UUID, Rating]:
    """How each of these products is rated."""
    wanted = list(product_ids)
    found = await read.all(
        Rating,
        """
        SELECT product_id, stars_1, stars_2, stars_3, stars_4, stars_5, texts, pictured, followed_up, silent
        FROM product_ratings WHERE product_id = ANY($1)
        """,
        wanted,
    )
    known: dict[UUID, Rating] = {each.product_id: each for each in found}
    return {product_id: known.get(product_id, Rating(product_id=product_id)) for product_id in wanted}  # pyright: ignore[reportArgumentType]  # a product's id


async def of_product(
    read: Read,
    product_id: UUID,
    *,
    sort: Sort = Sort.USEFUL,
    only: Only = Only.ALL,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Review]:
    """The shown reviews of a product: what tells most first, or the newest."""
    most = paging.limit(limit)
    stars = list(STARS_OF.get(only, ALL_STARS))
    pictured, followed_up = only is Only.PICTURES, only is Only.FOLLOWED_UP
    if sort is Sort.NEWEST:
        moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
        found = await read.all(
            Review,
            _REVIEW
            + """
            WHERE r.product_id = $1 AND r.hidden_at IS NULL AND r.stars = ANY($2)
              AND (NOT $3 OR r.pictures <> '{}' OR r.follow_up_pictures <> '{}')
              AND (NOT $4 OR r.follow_up IS NOT NULL)
              AND (r.written_at, r.review_id) < (coalesce($5::timestamptz, 'infinity'), coalesce($6::uuid, $8))
            ORDER BY r.written_at DESC, r.review_id DESC LIMIT $7
            """,
            product_id,
            stars,
            pictured,
            followed_up,
            moment,
            last,
            most + 1,
            _LAST,
        )
        return paging.cut(found, most, lambda each: (each.written_at, each.review_id))
    worth, moment, last = paging.read_cursor(cursor, int, datetime, UUID) or (WORTH_MAX, None, None)
    found = await read.all(
        Review,
        _REVIEW
        + """
        WHERE r.product_id = $1 AND r.hidden_at IS NULL AND r.stars = ANY($2)
          AND (NOT $3 OR r.pictures <> '{}' OR r.follow_up_pictures <> '{}')
          AND (NOT $4 OR r.follow_up IS NOT NULL)
          AND (r.worth, r.written_at, r.review_id) < ($9::integer, coalesce($5::timestamptz, 'infinity')
                                                    , coalesce($6::uuid, $8))
        ORDER BY r.worth DESC, r.written_at DESC, r.review_id DESC LIMIT $7
        """,
        product_id,
        stars,
        pictured,
        followed_up,
        moment,
        last,
        most + 1,
        _LAST,
        worth,
    )
    return paging.cut(found, most, lambda each: (each.worth, each.written_at, each.review_id))


async def of_merchant(
    read: Read,
    merchant_id: MerchantId,
    *,
    unanswered: bool = False,
    low: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Review]:
    """A shop's reviews, the newest first: all, those that wait for a reply, or of these the ones with few stars."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    where: LiteralString = "WHERE r.merchant_id = $1 "
    if unanswered or low:
        where += "AND r.reply IS NULL AND r.hidden_at IS NULL AND NOT r.automatic "
    if low:
        where += "AND r.stars <= 3 "
    found = await read.all(
        Review,
        _REVIEW
        + where
        + """
        AND (r.written_at, r.review_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY r.written_at DESC, r.review_id DESC LIMIT $4
        """,
        merchant_id,
        moment,
        last,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.written_at, each.review_id))


async def of_buyers(
    read: Read, buyer_ids: Sequence[BuyerId], cursor: str | None = None, limit: int | None = None
) -> Page[Review]:
    """What these buyers wrote, the newest first, hidden ones too."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Review,
        _REVIEW
        + """
        WHERE r.buyer_id = ANY($1) AND NOT r.automatic
          AND (r.written_at, r.review_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY r.written_at DESC, r.review_id DESC LIMIT $4
        """,
        list(buyer_ids),
        moment,
        last,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.written_at, each.review_id))


async def of_orders(read: Read, order_ids: Sequence[OrderId]) -> Mapping[tuple[OrderId, int], Review]:
    """The reviews of these orders by (order, line); automatic ones left out, since a buyer may still write."""
    found = await read.all(
        Review,
        _REVIEW  # noqa: S608  # literals of ours
        + """
        JOIN (SELECT o.merchant_id, o.order_id FROM orders o WHERE o.order_id = ANY($1)) AS w
          USING (merchant_id, order_id)
        WHERE NOT r.automatic
        """,
        list(order_ids),
    )
    return {(each.order_id, each.line): each for each in found}


async def to_review(read: Read, buyer_ids: Sequence[BuyerId], limit: int = TO_REVIEW_MAX) -> list[ToReview]:
    """Lines that these buyers have received and not reviewed, what was received last first; of their latest orders,
    without those that were taken off the list."""
    return await read.all(
        ToReview,
        """
        SELECT l.merchant_id, l.order_id, o.code, l.line, l.product_id, l.title, l.options, l.picture
             , coalesce(o.delivered_at, o.completed_at) + rules.write_days * interval '1 day' AS until
        FROM review_rules rules
        CROSS JOIN LATERAL (
            SELECT purchase_id FROM purchases WHERE buyer_id = ANY($1) ORDER BY placed_at DESC LIMIT 100
        ) p
        JOIN orders o ON o.purchase_id = p.purchase_id
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
        WHERE (o.state = 'completed' OR o.state = 'shipped' AND o.delivered_at IS NOT NULL)
          AND coalesce(o.delivered_at, o.completed_at) > now() - rules.write_days * interval '1 day'
          AND o.hidden_at IS NULL AND l.kind = 'goods' AND l.refunded_quantity < l.quantity
          AND NOT EXISTS (SELECT FROM reviews r WHERE r.merchant_id = l.merchant_id AND r.order_id = l.order_id
                          AND r.line = l.line AND NOT r.automatic)
        ORDER BY coalesce(o.delivered_at, o.completed_at) DESC, l.order_id, l.line LIMIT $2
        """,
        list(buyer_ids),
        limit,
    )


async def voted(read: Read, buyer_id: BuyerId, reviews: Sequence[Review]) -> set[UUID]:
    """Which of these reviews the buyer found helpful."""
    if not reviews:
        return set()
    rows = await read.fetch(
        """
        SELECT v.review_id FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, review_id)
        JOIN review_votes v USING (merchant_id, review_id) WHERE v.buyer_id = $3
        """,
        [each.merchant_id for each in reviews],
        [each.review_id for each in reviews],
        buyer_id,
    )
    return {row["review_id"] for row in rows}
