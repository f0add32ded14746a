"""To whom a shop's coupon goes: its own buyers and followers with an account, and nobody whom it does not know."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions import BUYERS_PER_GIFT_MAX, GiftAsked
from steelyard.goods.promotions.model import CouponGift, GiftAudience
from steelyard.kernel.db import Read, Tx


async def give(tx: Tx, facts: Sequence[GiftAsked]) -> None:
    """Carry out what shops asked for; once, however often it is told."""
    for fact in facts:  # few, and each is a statement over many
        gift = await promotions.gift_to_do(tx, fact.merchant_id, fact.gift_id)
        if gift is not None:
            await promotions.give(tx, gift, await _audience(tx, gift))


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
    return [row["buyer_id"] for row in rows]
