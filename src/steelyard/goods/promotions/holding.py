"""What buyers hold: their coupons, usable, used and gone by, all that is kept of it for an export, and which end soon."""

from collections.abc import Collection
from uuid import UUID

from steelyard.goods.promotions.events import CouponEnding
from steelyard.goods.promotions.model import Owned, Standing
from steelyard.goods.promotions.queries import ENDS_SOON
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx

EXPORTED_MAX = 20_000
TOLD_PER_SWEEP = 20


async def owned(read: Read, buyer_id: UUID, standing: Standing, before: UUID | None, limit: int) -> list[Owned]:
    """A buyer's coupons that can be used now or in some time, were used, or went by unused; the newest kind first. `before`
    is the last of the page before."""
    return await read.all(
        Owned,
        """
        SELECT p.merchant_id, p.promotion_id, p.name, p.rule, p.scope, p.currency, p.starts_at, p.ends_at, p.coupon, p.code
             , p.copies, p.per_buyer, p.budget, p.claimed, p.spent, p.stopped_at, p.platform_millionths, p.new_buyers, p.given
             , c.claims, c.unused
        FROM (SELECT merchant_id, promotion_id, count(*) AS claims, count(*) FILTER (WHERE used_for IS NULL) AS unused
              FROM coupon_claims WHERE buyer_id = $1 GROUP BY 1, 2) AS c
        JOIN promotions p USING (merchant_id, promotion_id)
        WHERE ($2::uuid IS NULL OR p.promotion_id < $2)
          AND CASE $3
              WHEN 'used' THEN c.claims > c.unused
              WHEN 'usable' THEN c.unused > 0 AND p.stopped_at IS NULL AND p.ends_at > now()
                             AND (p.budget IS NULL OR p.spent < p.budget)
              ELSE c.unused > 0 AND (p.stopped_at IS NOT NULL OR p.ends_at <= now() OR p.spent >= p.budget) END
        ORDER BY p.promotion_id DESC LIMIT $4
        """,
        buyer_id,
        before,
        standing,
        limit,
    )


async def of_buyers(read: Read, buyer_ids: Collection[UUID]) -> list[dict[str, object]]:
    """All coupons that these had, for an export: which, since when, and what they were used for."""
    rows = await read.fetch(
        """
        SELECT p.name, p.code, c.claimed_at, p.ends_at, u.used_at, u.took_off, p.currency
        FROM coupon_claims c
        JOIN promotions p ON p.merchant_id = c.merchant_id AND p.promotion_id = c.promotion_id
        CROSS JOIN LATERAL (
            SELECT min(u.at) AS used_at, sum(u.amount)::bigint AS took_off FROM promotion_uses u
            WHERE u.merchant_id = c.merchant_id AND u.promotion_id = c.promotion_id AND u.buyer_id = c.buyer_id
              AND u.claim = c.number AND u.given_back_at IS NULL) AS u
        WHERE c.buyer_id = ANY($1) ORDER BY c.claimed_at LIMIT $2
        """,
        list(buyer_ids),
        EXPORTED_MAX,
    )
    return [dict(row) for row in rows]


async def holders(read: Read, promotion_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
    """Who has an unused coupon of it, by their ids; `after` is the last of those before."""
    rows = await read.fetch(
        """
        SELECT DISTINCT buyer_id FROM coupon_claims
        WHERE promotion_id = $1 AND used_for IS NULL AND ($2::uuid IS NULL OR buyer_id > $2)
        ORDER BY buyer_id LIMIT $3
        """,
        promotion_id,
        after,
        limit,
    )
    return [row["buyer_id"] for row in rows]


async def tell_of_ends(tx: Tx) -> int:
    """Announce the coupons that end within three days, and of whose time half is over: of one for a day nobody has to be reminded
    in the hour in which they got it. Each end is announced once; returns how many were."""
    rows = await tx.fetch(
        """
        UPDATE promotions SET told_end = ends_at WHERE (merchant_id, promotion_id) IN (
            SELECT merchant_id, promotion_id FROM promotions
            WHERE coupon AND stopped_at IS NULL AND ends_at > now() AND ends_at <= now() + $2
              AND now() - starts_at >= ends_at - now() AND told_end IS DISTINCT FROM ends_at
              AND (budget IS NULL OR spent < budget) AND claimed > 0
            ORDER BY ends_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING merchant_id, promotion_id, ends_at
        """,
        TOLD_PER_SWEEP,
        ENDS_SOON,
    )
    await events.publish(
        tx,
        *(
            CouponEnding(merchant_id=row["merchant_id"], promotion_id=row["promotion_id"], ends_at=row["ends_at"])
            for row in rows
        ),
    )
    return len(rows)
