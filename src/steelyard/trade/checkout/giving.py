"""To whom a coupon that is given goes: of a shop to its own buyers and followers with an account, and to nobody whom it does not
know; of the platform to whoever has an account."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions import BUYERS_PER_GIFT_MAX, GiftAsked
from steelyard.goods.promotions.model import PLATFORM, CouponGift, GiftAudience
from steelyard.kernel.db import Read, Tx


async def give(tx: Tx, facts: Sequence[GiftAsked]) -> None:
    """Carry out what shops asked for; once, however often it is told."""
    for fact in facts:  # few, and each is a statement over many
        gift = await promotions.gift_to_do(tx, fact.merchant_id, fact.gift_id)
        if gift is not None:
            found = await (_of_all if gift.merchant_id == PLATFORM else _audience)(tx, gift)
            await promotions.give(tx, gift, found)


async def _audience(read: Read, gift: CouponGift) -> list[UUID]:
    match gift.audience:
        case GiftAudience.BOUGHT:
            rows = await read.fetch(
                """
                SELECT DISTINCT o.buyer_id FROM orders o JOIN buyers b USING (buyer_id)
                WHERE o.merchant_id = $1 AND o.paid_at > now() - $2 * interval '1 day' AND o.state <> 'cancelled' AND NOT b.guest
                ORDER BY o.buyer_id LIMIT $3
                """,
                gift.merchant_id,
                gift.days,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.NEVER:
            rows = await read.fetch(
                """
                SELECT f.buyer_id FROM favourite_shops f JOIN buyers b USING (buyer_id)
                WHERE f.merchant_id = $1 AND NOT b.guest AND NOT EXISTS (
                    SELECT FROM orders o
                    WHERE o.merchant_id = f.merchant_id AND o.buyer_id = f.buyer_id AND o.paid_at IS NOT NULL
                      AND o.state <> 'cancelled')
                ORDER BY f.buyer_id LIMIT $2
                """,
                gift.merchant_id,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.NAMED:
            rows = await read.fetch(
                """
                SELECT b.buyer_id FROM buyers b
                WHERE lower(b.email) = ANY($2) AND NOT b.guest AND (
                    EXISTS (SELECT FROM orders o WHERE o.merchant_id = $1 AND o.buyer_id = b.buyer_id AND o.paid_at IS NOT NULL)
                    OR EXISTS (SELECT FROM favourite_shops f WHERE f.merchant_id = $1 AND f.buyer_id = b.buyer_id))
                ORDER BY b.buyer_id LIMIT $3
                """,
                gift.merchant_id,
                gift.emails,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.SEGMENT:
            raise AssertionError("what is given to a segment is given when it is asked for")
    return [row["buyer_id"] for row in rows]


async def _of_all(read: Read, gift: CouponGift) -> list[UUID]:
    """Of all who have an account here, and none of this coupon yet: said again, those come who were one too many before."""
    match gift.audience:
        case GiftAudience.BOUGHT:
            rows = await read.fetch(
                """
                SELECT b.buyer_id FROM buyers b
                WHERE b.buyer_id IN (SELECT o.buyer_id FROM orders o
                                     WHERE o.paid_at > now() - $2 * interval '1 day' AND o.state <> 'cancelled')
                  AND NOT b.guest
                  AND NOT EXISTS (SELECT FROM coupon_claims c WHERE c.buyer_id = b.buyer_id AND c.promotion_id = $1)
                ORDER BY b.buyer_id LIMIT $3
                """,
                gift.promotion_id,
                gift.days,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.NEVER:
            rows = await read.fetch(
                """
                SELECT b.buyer_id FROM buyers b
                WHERE NOT b.guest AND b.email IS NOT NULL
                  AND NOT EXISTS (SELECT FROM orders o
                                  WHERE o.buyer_id = b.buyer_id AND o.paid_at IS NOT NULL AND o.state <> 'cancelled')
                  AND NOT EXISTS (SELECT FROM coupon_claims c WHERE c.buyer_id = b.buyer_id AND c.promotion_id = $1)
                ORDER BY b.buyer_id LIMIT $2
                """,
                gift.promotion_id,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.NAMED:
            rows = await read.fetch(
                "SELECT buyer_id FROM buyers WHERE lower(email) = ANY($1) AND NOT guest ORDER BY buyer_id LIMIT $2",
                gift.emails,
                BUYERS_PER_GIFT_MAX,
            )
        case GiftAudience.SEGMENT:
            raise AssertionError("what is given to a segment is given when it is asked for")
    return [row["buyer_id"] for row in rows]
