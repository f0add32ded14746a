"""What speaks against an offer, asked of the house: its articles with their prices, and all that is offered beside it; and what
is on in some days, for the calendar."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods.promotions.conflicts import conflicts
from steelyard.goods.promotions.model import Bounds, Conflict, Offer, Promotion, Ware
from steelyard.goods.promotions.queries import running
from steelyard.kernel.db import Read
from steelyard.parties import policies
from steelyard.parties.policies.model import MARGIN_LEAST, OFF_MOST

WARES_MAX = 100
ACTIVITIES_MAX = 400
_PER_PERCENT = 10_000


async def speaks_against(
    read: Read,
    offered: Promotion,
    sku_ids: Collection[UUID] | None = None,
    *,
    teams: Collection[Promotion] = (),
) -> list[Conflict]:
    """What speaks against this offer, for its dearest articles (or for those of `sku_ids`), beside the prices for `teams` too.
    Never asked as one merchant: what the platform offers counts, too."""
    shops = [offered.merchant_id] if offered.merchant_id is not None else sorted(offered.scope.shops)
    goods = await _wares(read, shops, offered, sku_ids)
    others = await running(read, {ware.merchant_id for ware in goods} | set(shops))
    beside = [offer.promotion for some in others.values() for offer in some]
    beside = [each for each in (*beside, *teams) if each.currency == offered.currency]
    bounds = Bounds(
        margin=await policies.number(read, MARGIN_LEAST) * _PER_PERCENT,
        off=await policies.number(read, OFF_MOST) * _PER_PERCENT,
    )
    return conflicts(offered, goods, beside, bounds)


async def _wares(read: Read, shops: Sequence[UUID], offered: Promotion, sku_ids: Collection[UUID] | None) -> list[Ware]:
    scope = offered.scope
    return await read.all(
        Ware,
        """
        SELECT s.sku_id, s.product_id, s.merchant_id, c.path AS categories, p.title, r.amount AS price, k.amount AS cost
             , (SELECT least(min(h.amount), r.amount) FROM price_history h
                WHERE h.merchant_id = r.merchant_id AND h.sku_id = r.sku_id AND h.currency = r.currency
                  AND h.until > now() - interval '30 days' HAVING count(*) > 0) AS lowest
        FROM skus s
        JOIN products p USING (merchant_id, product_id)
        JOIN categories c USING (category_id)
        JOIN merchants m ON m.merchant_id = s.merchant_id
        JOIN prices r ON r.merchant_id = s.merchant_id AND r.sku_id = s.sku_id AND r.currency = m.currency
        LEFT JOIN unit_costs k ON k.merchant_id = r.merchant_id AND k.sku_id = r.sku_id AND k.currency = r.currency
        WHERE (s.merchant_id = ANY($1) OR cardinality($1::uuid[]) = 0 AND m.state = 'open') AND s.active
          AND r.currency = $2
          AND CASE WHEN $3::uuid[] IS NULL
              THEN p.state = 'on_shelf' AND p.product_id <> ALL($6)
                   AND (cardinality($4::uuid[]) = 0 AND cardinality($5::uuid[]) = 0
                        OR p.product_id = ANY($4) OR c.path && $5)
              ELSE s.sku_id = ANY($3) END
        ORDER BY k.amount IS NULL, r.amount DESC, s.sku_id LIMIT $7
        """,
        list(shops),
        offered.currency,
        None if sku_ids is None else list(sku_ids),
        list(scope.products),
        list(scope.categories),
        list(scope.without),
        WARES_MAX,
    )


async def on_between(read: Read, merchant_id: UUID | None, since: datetime, until: datetime) -> list[Offer]:
    """All offers, flash prices too, of a shop, or (none) of all shops and the platform, that run at some moment between these and
    were not stopped; what begins first first."""
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given, group_id, shelf
             , CASE WHEN session_id IS NOT NULL THEN
                   jsonb_build_object('session_id', session_id, 'sku_id', sku_id, 'pieces', pieces, 'taken', taken
                                    , 'per_order', pieces_per_order, 'per_buyer', pieces_per_buyer
                                    , 'presale', presale) END AS flash
        FROM promotions
        WHERE ($1::uuid IS NULL OR merchant_id = $1) AND stopped_at IS NULL AND ends_at > $2 AND starts_at < $3
        ORDER BY starts_at, merchant_id, promotion_id LIMIT $4
        """,
        merchant_id,
        since,
        until,
        ACTIVITIES_MAX,
    )
