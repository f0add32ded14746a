"""Questions about promotions and coupons."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, cast
from uuid import UUID

from steelyard.goods.promotions.model import PLATFORM, Coupon, Offer, PromotionId, Used
from steelyard.kernel import keeping
from steelyard.kernel.db import Read

KEPT = "goods.promotions"
OFFERS_PER_SHOP_MAX = 500
COUPONS_SHOWN_MAX = 100
TO_GIVE_MAX = 200
# So long before its end a buyer is reminded of a coupon.
ENDS_SOON = timedelta(days=3)


async def offering(read: Read) -> frozenset[UUID]:
    """The shops, and the platform, that offer something, now or in some time. Known for two seconds, so that who buys where
    nothing is offered asks nothing more for it; also by those who place, unlike `keeping.kept`. Never asked as one
    merchant."""
    return (await _offering(read)).any


async def flashing(read: Read) -> frozenset[UUID]:
    """Those of `offering` that have a flash sale, now or in some time; known as long."""
    return (await _offering(read)).flash


async def shelving(read: Read) -> frozenset[UUID]:
    """Those of `offering` of which a price stands on the shelf, now or in some time: lowered, or in a flash sale; known as
    long."""
    return (await _offering(read)).shelf


async def own_offers(read: Read, buyer_id: UUID) -> list[Offer]:
    """The prices that shops ask of this buyer alone at this moment, since they are in a group of its customers. Where no shop
    has any such price, nothing is asked."""
    some = (await _offering(read)).own
    if not some:
        return []
    return await read.all(
        Offer,
        """
        SELECT p.merchant_id, p.promotion_id, p.name, p.rule, p.scope, p.currency, p.starts_at, p.ends_at, p.budget, p.spent
             , p.group_id
        FROM (SELECT DISTINCT merchant_id, group_id FROM customer_group_members
              WHERE buyer_id = $1 AND (until IS NULL OR until > now())) AS m
        JOIN customer_groups g USING (merchant_id, group_id)
        JOIN promotions p ON p.merchant_id = m.merchant_id AND p.group_id = m.group_id
        WHERE g.closed_at IS NULL
          AND p.stopped_at IS NULL AND p.ends_at > now() AND p.starts_at <= now() AND (p.budget IS NULL OR p.spent < p.budget)
          AND p.rule ->> 'type' = 'special_price'
        ORDER BY p.merchant_id, p.promotion_id LIMIT $2
        """,
        buyer_id,
        OFFERS_PER_SHOP_MAX,
    )


class _Offering(NamedTuple):
    at: float
    any: frozenset[UUID]
    flash: frozenset[UUID]
    shelf: frozenset[UUID]
    own: frozenset[UUID]


async def _offering(read: Read) -> _Offering:
    kept = cast("_Offering | None", read.kept.get(KEPT))
    if kept is None or time.monotonic() - kept.at > keeping.KEPT_SECONDS:
        rows = await read.fetch(
            """
            SELECT merchant_id, bool_or(session_id IS NOT NULL) AS flash
                 , bool_or(shelf OR session_id IS NOT NULL) AS shelf
                 , bool_or(group_id IS NOT NULL AND rule ->> 'type' = 'special_price') AS own
            FROM promotions
            WHERE stopped_at IS NULL AND ends_at > now() GROUP BY merchant_id
            """
        )
        kept = _Offering(
            time.monotonic(),
            frozenset(row["merchant_id"] for row in rows),
            frozenset(row["merchant_id"] for row in rows if row["flash"]),
            frozenset(row["merchant_id"] for row in rows if row["shelf"]),
            frozenset(row["merchant_id"] for row in rows if row["own"]),
        )
        read.kept[KEPT] = kept
    return kept


async def running(read: Read, merchant_ids: Collection[UUID], sources: Collection[str] = ()) -> dict[UUID, list[Offer]]:
    """What these shops offer, and the platform beside them, now or in some time, as far as there is budget left; by whose
    it is, and who offers nothing is missing. What counts only for orders of one source is among it for those of `sources`."""
    some = sorted((await offering(read)).intersection([PLATFORM, *merchant_ids])) if merchant_ids else []
    if not some:
        return {}
    found = await read.all(
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
        WHERE merchant_id = ANY($1) AND stopped_at IS NULL AND ends_at > now() AND (budget IS NULL OR spent < budget)
          AND (only_source IS NULL OR only_source = ANY($3))
        ORDER BY merchant_id, promotion_id LIMIT $2
        """,
        some,
        OFFERS_PER_SHOP_MAX * len(some),
        list(sources),
    )
    by_shop: dict[UUID, list[Offer]] = {}
    for offer in found:
        by_shop.setdefault(offer.merchant_id, []).append(offer)
    return by_shop


async def held_by(read: Read, buyer_ids: Collection[UUID], offers: Collection[Offer]) -> dict[UUID, set[PromotionId]]:
    """Of which coupons among these offers each buyer has an unused one."""
    coupons = [offer.promotion_id for offer in offers if offer.coupon]
    if not coupons or not buyer_ids:
        return {}
    rows = await read.fetch(
        """
        SELECT DISTINCT buyer_id, promotion_id FROM coupon_claims
        WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) AND used_for IS NULL
        """,
        list(set(buyer_ids)),
        coupons,
    )
    found: dict[UUID, set[PromotionId]] = {}
    for row in rows:
        found.setdefault(row["buyer_id"], set()).add(PromotionId(row["promotion_id"]))
    return found


async def offers(read: Read, merchant_id: UUID, before: UUID | None, limit: int) -> list[Offer]:
    """All that a shop has ever offered but for flash sales, what was made last first; `before` is the last of the page
    before."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given, group_id, shelf
        FROM promotions WHERE merchant_id = $1 AND session_id IS NULL AND ($2::uuid IS NULL OR promotion_id < $2)
        ORDER BY promotion_id DESC LIMIT $3
        """,
        merchant_id,
        before,
        limit,
    )


async def coupons_to_give(read: Read, merchant_id: UUID) -> list[Offer]:
    """The coupons that a shop gives to whom it wants and that can be given still, what was made last first."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given, group_id, shelf
        FROM promotions WHERE merchant_id = $1 AND given AND stopped_at IS NULL AND ends_at > now()
        ORDER BY promotion_id DESC LIMIT $2
        """,
        merchant_id,
        TO_GIVE_MAX,
    )


async def get(read: Read, merchant_id: UUID, promotion_id: UUID) -> Offer | None:
    return await read.one(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given, group_id, shelf
        FROM promotions WHERE merchant_id = $1 AND promotion_id = $2 AND session_id IS NULL
        """,
        merchant_id,
        promotion_id,
    )


async def used(read: Read, merchant_id: UUID, promotion_ids: Sequence[UUID]) -> Mapping[UUID, Used]:
    """How often these counted, without orders that were dropped unpaid or cancelled as a whole."""
    rows = await read.fetch(
        """
        SELECT promotion_id, count(*) AS orders, sum(amount)::bigint AS amount, sum(platform)::bigint AS platform
        FROM promotion_uses
        WHERE merchant_id = $1 AND promotion_id = ANY($2) AND given_back_at IS NULL GROUP BY promotion_id
        """,
        merchant_id,
        list(promotion_ids),
    )
    return {
        row["promotion_id"]: Used(orders=row["orders"], amount=row["amount"], platform=row["platform"]) for row in rows
    }


async def coupons_of(read: Read, buyer_id: UUID) -> list[Coupon]:
    """The unused coupons of a buyer that still count, what ends first first."""
    rows = await read.fetch(
        """
        SELECT promotion_id, merchant_id, count(*) AS claims, count(*) FILTER (WHERE used_for IS NULL) AS unused
        FROM coupon_claims WHERE buyer_id = $1 GROUP BY 1, 2
        """,
        buyer_id,
    )
    of_shops = await running(read, {row["merchant_id"] for row in rows})
    known = {offer.promotion_id: offer for shop in of_shops.values() for offer in shop}
    found = [
        Coupon(offer=known[row["promotion_id"]], claims=row["claims"], unused=row["unused"])
        for row in rows
        if row["promotion_id"] in known and row["unused"]
    ]
    return sorted(found, key=lambda coupon: (coupon.offer.ends_at, coupon.offer.promotion_id))


async def claimed_by(read: Read, buyer_id: UUID, offers: Sequence[Offer]) -> list[Coupon]:
    """These coupons before a buyer's eyes."""
    if not offers:
        return []
    rows = await read.fetch(
        """
        SELECT promotion_id, count(*) AS claims, count(*) FILTER (WHERE used_for IS NULL) AS unused
        FROM coupon_claims WHERE buyer_id = $1 AND promotion_id = ANY($2) GROUP BY 1
        """,
        buyer_id,
        [offer.promotion_id for offer in offers],
    )
    have = {row["promotion_id"]: row for row in rows}
    return [
        Coupon(offer=offer, claims=have[offer.promotion_id]["claims"], unused=have[offer.promotion_id]["unused"])
        if offer.promotion_id in have
        else Coupon(offer=offer)
        for offer in offers
    ]


async def to_claim(read: Read) -> list[Offer]:
    """The claim centre: coupons that lie open, of the platform and of shops that are, what ends first first."""
    return await read.all(
        Offer,
        """
        SELECT p.merchant_id, p.promotion_id, p.name, p.rule, p.scope, p.currency, p.starts_at, p.ends_at, p.coupon, p.code
             , p.copies, p.per_buyer, p.budget, p.claimed, p.spent, p.stopped_at, p.platform_millionths, p.new_buyers, p.given
        FROM promotions p LEFT JOIN merchants m USING (merchant_id)
        WHERE p.stopped_at IS NULL AND p.ends_at > now() AND p.starts_at <= now() AND p.coupon AND p.code IS NULL AND NOT p.given
          AND (p.copies IS NULL OR p.claimed < p.copies) AND (p.budget IS NULL OR p.spent < p.budget)
          AND (m.state = 'open' OR p.merchant_id = $2)
        ORDER BY p.ends_at, p.promotion_id LIMIT $1
        """,
        COUPONS_SHOWN_MAX,
        PLATFORM,
    )
