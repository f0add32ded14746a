"""What orders take of promotions: held before their goods are, written down with them, given back when they are dropped.

The rows of promotions with a budget are locked in the order of their keys, then those of the coupons, and all of it before
any stock row: see docs/architecture.md. A promotion without a budget is locked by nobody.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods.promotions.model import PLATFORM, Held, PromotionId, Use
from steelyard.kernel.db import Row, Tx


async def hold(tx: Tx, uses: Sequence[Use]) -> tuple[list[Held], set[UUID]]:
    """Keep what these uses need, in their order and for each purchase all or nothing; also returns the purchases for
    which something is not there any more."""
    left = await _budgets(tx, uses)
    coupons = await _coupons(tx, [use for use in uses if use.coupon])
    held: list[Held] = []
    refused: set[UUID] = set()
    for purchase_id in dict.fromkeys(use.purchase_id for use in uses):
        mine = [use for use in uses if use.purchase_id == purchase_id]
        wanted = _wanted(mine)
        enough = all(left.get(promotion_id, amount) >= amount for promotion_id, amount in wanted.items())
        with_coupon = {(use.buyer_id, use.promotion_id) for use in mine if use.coupon}
        if not enough or not all(coupons.get(key) for key in with_coupon):
            refused.add(purchase_id)
            continue
        for promotion_id in left.keys() & wanted.keys():
            left[promotion_id] -= wanted[promotion_id]
        # One coupon for all orders of the purchase that it takes something off.
        claims = {key: coupons[key].pop(0) for key in sorted(with_coupon)}
        held += [
            Held(use=use, claim=claims.get((use.buyer_id, use.promotion_id)), limited=use.promotion_id in left)
            for use in mine
        ]
    return held, refused


def _wanted(uses: Sequence[Use]) -> dict[PromotionId, int]:
    wanted: dict[PromotionId, int] = {}
    for each in uses:
        wanted[each.promotion_id] = wanted.get(each.promotion_id, 0) + each.amount
    return wanted


async def _budgets(tx: Tx, uses: Sequence[Use]) -> dict[PromotionId, int]:
    """What those that have a budget still have, as it was committed last; held from now on."""
    rows = await tx.fetch(
        """
        SELECT promotion_id, budget - spent AS left FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND budget IS NOT NULL
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({use.merchant_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    return {PromotionId(row["promotion_id"]): row["left"] for row in rows}


async def _coupons(tx: Tx, uses: Sequence[Use]) -> dict[tuple[UUID, UUID], list[int]]:
    """The numbers of the unused coupons of these buyers; held from now on."""
    if not uses:
        return {}
    rows = await tx.fetch(
        """
        SELECT buyer_id, promotion_id, number FROM coupon_claims
        WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) AND used_for IS NULL
        ORDER BY buyer_id, promotion_id, number FOR NO KEY UPDATE
        """,
        list({use.buyer_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    found: dict[tuple[UUID, UUID], list[int]] = {}
    for row in rows:
        found.setdefault((row["buyer_id"], row["promotion_id"]), []).append(row["number"])
    return found


async def use(tx: Tx, held: Sequence[Held]) -> None:
    """Write down what was held for orders that are written down."""
    await tx.execute(
        """
        WITH used AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::integer[], $7::boolean[]
                               , $8::bigint[], $9::uuid[])
                AS u (merchant_id, order_id, promotion_id, buyer_id, amount, claim, limited, platform, used_for)
        ), spent AS (
            UPDATE promotions p SET spent = p.spent + s.amount
            FROM (SELECT merchant_id, promotion_id, sum(amount) AS amount FROM used WHERE limited GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = u.used_for FROM used u
            WHERE c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim
        )
        INSERT INTO promotion_uses (merchant_id, order_id, promotion_id, buyer_id, amount, claim, platform)
        SELECT merchant_id, order_id, promotion_id, buyer_id, amount, claim, platform FROM used
        """,
        [each.use.merchant_id for each in held],
        [each.use.order_id for each in held],
        [each.use.promotion_id for each in held],
        [each.use.buyer_id for each in held],
        [each.use.amount for each in held],
        [each.claim for each in held],
        [each.limited for each in held],
        [each.use.platform for each in held],
        [each.use.used_for for each in held],
    )


async def give_back(tx: Tx, orders: Collection[tuple[UUID, UUID]]) -> None:
    """These `(merchant_id, order_id)` are dropped unpaid, or cancelled as a whole: their coupons can be used again, and
    budgets have what they took. A coupon of the platform comes back with the last order that it was used for. Said twice,
    nothing changes."""
    rows = await tx.fetch(
        """
        SELECT u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim
        FROM promotion_uses u JOIN unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) USING (merchant_id, order_id)
        WHERE u.given_back_at IS NULL
        """,
        [merchant_id for owner in orders for merchant_id in (owner[0], PLATFORM)],
        [order_id for _, order_id in orders for _ in range(2)],
    )
    if not rows:
        return
    await tx.fetch(
        """
        SELECT FROM promotions WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND budget IS NOT NULL
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({row["merchant_id"] for row in rows}),
        list({row["promotion_id"] for row in rows}),
    )
    await _lock_coupons(tx, rows)
    await tx.execute(
        """
        WITH dropped AS (
            UPDATE promotion_uses u SET given_back_at = now()
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS d (merchant_id, order_id, promotion_id)
            WHERE u.merchant_id = d.merchant_id AND u.order_id = d.order_id AND u.promotion_id = d.promotion_id
              AND u.given_back_at IS NULL
            RETURNING u.merchant_id, u.promotion_id, u.buyer_id, u.claim, u.amount
        ), spent AS (
            UPDATE promotions p SET spent = p.spent - s.amount
            FROM (SELECT merchant_id, promotion_id, sum(amount) AS amount FROM dropped GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id AND p.budget IS NOT NULL
        )
        UPDATE coupon_claims c SET used_for = NULL FROM dropped d
        WHERE c.buyer_id = d.buyer_id AND c.promotion_id = d.promotion_id AND c.number = d.claim
          AND NOT EXISTS (SELECT FROM promotion_uses k
                          WHERE k.merchant_id = d.merchant_id AND k.promotion_id = d.promotion_id
                            AND k.buyer_id = d.buyer_id AND k.claim = d.claim AND k.given_back_at IS NULL
                            AND k.order_id <> ALL($2))
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["promotion_id"] for row in rows],
    )


async def _lock_coupons(tx: Tx, rows: Sequence[Row]) -> None:
    """Two orders of a purchase that are given back at the same moment wait for each other: the second sees the first."""
    claimed = [row for row in rows if row["claim"] is not None]
    if claimed:
        await tx.fetch(
            """
            SELECT FROM coupon_claims WHERE buyer_id = ANY($1) AND promotion_id = ANY($2)
            ORDER BY buyer_id, promotion_id, number FOR NO KEY UPDATE
            """,
            list({row["buyer_id"] for row in claimed}),
            list({row["promotion_id"] for row in claimed}),
        )
