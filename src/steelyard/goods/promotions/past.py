"""What was offered at a moment gone by, and what a buyer had of it then: for those who ask why a price was what it was."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from steelyard.goods.promotions.model import Offer, PromotionId
from steelyard.goods.promotions.queries import OFFERS_PER_SHOP_MAX
from steelyard.kernel.db import Read


async def offered_at(read: Read, merchant_ids: Collection[UUID], at: datetime) -> list[Offer]:
    """What these shops, and the platform if it is named, offered at this moment. What was spent of budgets is that of today."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given, group_id, shelf
             , only_source
             , CASE WHEN session_id IS NOT NULL THEN
                   jsonb_build_object('session_id', session_id, 'sku_id', sku_id, 'pieces', pieces, 'taken', taken
                                    , 'per_order', pieces_per_order, 'per_buyer', pieces_per_buyer
                                    , 'presale', presale) END AS flash
        FROM promotions
        WHERE merchant_id = ANY($1) AND greatest(starts_at, created_at) <= $2 AND ends_at > $2
          AND (stopped_at IS NULL OR stopped_at > $2)
        ORDER BY merchant_id, promotion_id LIMIT $3
        """,
        list(merchant_ids),
        at,
        OFFERS_PER_SHOP_MAX * max(1, len(merchant_ids)),
    )


async def held_at(read: Read, buyer_id: UUID, at: datetime, order_ids: Collection[UUID]) -> set[PromotionId]:
    """Of which coupons this buyer had one at this moment that was not used for anything but these orders."""
    rows = await read.fetch(
        """
        SELECT DISTINCT c.promotion_id FROM coupon_claims c
        WHERE c.buyer_id = $1 AND c.claimed_at <= $2
          AND NOT EXISTS (SELECT FROM promotion_uses u
                          WHERE u.merchant_id = c.merchant_id AND u.promotion_id = c.promotion_id AND u.buyer_id = c.buyer_id
                            AND u.claim = c.number AND u.at < $2 AND u.given_back_at IS NULL AND u.order_id <> ALL($3))
        """,
        buyer_id,
        at,
        list(order_ids),
    )
    return {PromotionId(row["promotion_id"]) for row in rows}


async def groups_at(read: Read, buyer_id: UUID, merchant_ids: Collection[UUID], at: datetime) -> set[UUID]:
    """In which groups of these shops' customers this buyer was at this moment, as far as it is kept."""
    rows = await read.fetch(
        """
        SELECT group_id FROM customer_group_members
        WHERE merchant_id = ANY($1) AND buyer_id = $2 AND since <= $3 AND (until IS NULL OR until > $3)
        """,
        list(merchant_ids),
        buyer_id,
        at,
    )
    return {row["group_id"] for row in rows}
