"""What orders take of promotions: held before their goods are, written down with them, given back when they are dropped.

The rows of promotions with a budget are locked in the order of their keys, then those of the coupons, and all of it before
any stock row: see docs/architecture.md. A promotion without a budget is locked by nobody.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods.promotions.model import Held, Use
from steelyard.kernel.db import Tx


async def hold(tx: Tx, uses: Sequence[Use]) -> tuple[list[Held], set[UUID]]:
    """Keep what these uses need, in their order and for each purchase all or nothing; also returns the purchases for
    which something is not there any more."""
    left = await _budgets(tx, uses)
    coupons = await _coupons(tx, [use for use in uses if use.coupon])
    held: list[Held] = []
    refused: set[UUID] = set()
    for purchase_id in dict.fromkeys(use.purchase_id for use in uses):
        mine = [use for use in uses if use.purchase_id == purchase_id]
        if all(_there(use, left, coupons) for use in mine):
            for use in mine:
                limited = use.promotion_id in left
                if limited:
                    left[use.promotion_id] -= use.amount
                claim = coupons[use.buyer_id, use.promotion_id].pop(0) if use.coupon else None
                held.append(Held(use=use, claim=claim, limited=limited))
        else:
            refused.add(purchase_id)
    return held, refused


def _there(use: Use, left: dict[UUID, int], coupons: dict[tuple[UUID, UUID], list[int]]) -> bool:
    enough = use.promotion_id not in left or use.amount <= left[use.promotion_id]
    return enough and (not use.coupon or bool(coupons.get((use.buyer_id, use.promotion_id))))


async def _budgets(tx: Tx, uses: Sequence[Use]) -> dict[UUID, int]:
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
    return {row["promotion_id"]: row["left"] for row in rows}


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
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::integer[], $7::boolean[])
                AS u (merchant_id, order_id, promotion_id, buyer_id, amount, claim, limited)
        ), spent AS (
            UPDATE promotions p SET spent = p.spent + s.amount
            FROM (SELECT merchant_id, promotion_id, sum(amount) AS amount FROM used WHERE limited GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = u.order_id FROM used u
            WHERE c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim
        )
        INSERT INTO promotion_uses (merchant_id, order_id, promotion_id, buyer_id, amount, claim)
        SELECT merchant_id, order_id, promotion_id, buyer_id, amount, claim FROM used
        """,
        [each.use.merchant_id for each in held],
        [each.use.order_id for each in held],
        [each.use.promotion_id for each in held],
        [each.use.buyer_id for each in held],
        [each.use.amount for each in held],
        [each.claim for each in held],
        [each.limited for each in held],
    )


async def give_back(tx: Tx, orders: Collection[tuple[UUID, UUID]]) -> None:
    """These `(merchant_id, order_id)` are dropped, and nothing was paid for them: their coupons can be used again, and
    budgets have what they took. Said twice, nothing changes."""
    rows = await tx.fetch(
        """
        SELECT u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim
        FROM promotion_uses u JOIN unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) USING (merchant_id, order_id)
        WHERE u.given_back_at IS NULL
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
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
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["promotion_id"] for row in rows],
    )
