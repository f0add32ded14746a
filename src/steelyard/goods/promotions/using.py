"""What orders take of promotions: held before their goods are, written down with them, given back when they are dropped.

The rows of promotions with a budget are locked in the order of their keys, then those of the coupons, and all of it before
any stock row: see docs/architecture.md. A promotion without a budget is locked by nobody, unless a coupon of it is claimed
by its code in the same moment.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from steelyard.goods.promotions.model import Held, Use
from steelyard.kernel.db import Tx


@dataclass
class _Lot:
    """What is left of a promotion that is held: of its budget and its copies (none: as much as there may be)."""

    left: int | None
    copies: int | None
    per_buyer: int


_Whose = tuple[UUID, UUID]


async def hold(tx: Tx, uses: Sequence[Use]) -> tuple[list[Held], set[UUID]]:
    """Keep what these uses need, in their order and for each purchase all or nothing; also returns the purchases for
    which something is not there any more."""
    lots = await _lots(tx, uses)
    unused = await _coupons(tx, [use for use in uses if use.coupon])
    claims = await _claims(tx, [use for use in uses if use.by_code])
    held: list[Held] = []
    refused: set[UUID] = set()
    for purchase_id in dict.fromkeys(use.purchase_id for use in uses):
        mine = [use for use in uses if use.purchase_id == purchase_id]
        if all(_there(use, lots, unused, claims) for use in mine):
            held += [_take(use, lots, unused, claims) for use in mine]
        else:
            refused.add(purchase_id)
    return held, refused


def _there(use: Use, lots: dict[UUID, _Lot], unused: dict[_Whose, list[int]], claims: dict[_Whose, int]) -> bool:
    lot, whose = lots.get(use.promotion_id), (use.buyer_id, use.promotion_id)
    if lot is not None and lot.left is not None and use.amount > lot.left:
        return False
    if not use.coupon or unused.get(whose):
        return True
    if not use.by_code or lot is None:
        return False
    return (lot.copies is None or lot.copies > 0) and claims.get(whose, 0) < lot.per_buyer


def _take(use: Use, lots: dict[UUID, _Lot], unused: dict[_Whose, list[int]], claims: dict[_Whose, int]) -> Held:
    lot, whose = lots.get(use.promotion_id), (use.buyer_id, use.promotion_id)
    limited = lot is not None and lot.left is not None
    if lot is not None and lot.left is not None:
        lot.left -= use.amount
    if not use.coupon:
        return Held(use=use, claim=None, limited=limited)
    if unused.get(whose):
        return Held(use=use, claim=unused[whose].pop(0), limited=limited)
    assert lot is not None, "what is claimed by its code is held"
    lot.copies = None if lot.copies is None else lot.copies - 1
    claims[whose] = claims.get(whose, 0) + 1
    return Held(use=use, claim=claims[whose], limited=limited, fresh=True)


async def _lots(tx: Tx, uses: Sequence[Use]) -> dict[UUID, _Lot]:
    """What those that have a budget, and those that are claimed now, still have, as it was committed last; held from now
    on."""
    rows = await tx.fetch(
        """
        SELECT promotion_id, budget - spent AS left, copies - claimed AS copies, coalesce(per_buyer, 0) AS per_buyer
        FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND (budget IS NOT NULL OR promotion_id = ANY($3))
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({use.merchant_id for use in uses}),
        list({use.promotion_id for use in uses}),
        list({use.promotion_id for use in uses if use.by_code}),
    )
    return {row["promotion_id"]: _Lot(row["left"], row["copies"], row["per_buyer"]) for row in rows}


async def _coupons(tx: Tx, uses: Sequence[Use]) -> dict[_Whose, list[int]]:
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
    found: dict[_Whose, list[int]] = {}
    for row in rows:
        found.setdefault((row["buyer_id"], row["promotion_id"]), []).append(row["number"])
    return found


async def _claims(tx: Tx, uses: Sequence[Use]) -> dict[_Whose, int]:
    """How many these buyers have had of coupons that are held: nobody claims another meanwhile."""
    if not uses:
        return {}
    rows = await tx.fetch(
        """
        SELECT buyer_id, promotion_id, count(*) AS claims FROM coupon_claims
        WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) GROUP BY 1, 2
        """,
        list({use.buyer_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    return {(row["buyer_id"], row["promotion_id"]): row["claims"] for row in rows}


async def use(tx: Tx, held: Sequence[Held]) -> None:
    """Write down what was held for orders that are written down."""
    await tx.execute(
        """
        WITH used AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::integer[], $7::boolean[]
                               , $8::boolean[])
                AS u (merchant_id, order_id, promotion_id, buyer_id, amount, claim, limited, fresh)
        ), spent AS (
            UPDATE promotions p SET spent = p.spent + s.amount, claimed = p.claimed + s.claims
            FROM (SELECT merchant_id, promotion_id, coalesce(sum(amount) FILTER (WHERE limited), 0) AS amount
                       , count(*) FILTER (WHERE fresh) AS claims
                  FROM used WHERE limited OR fresh GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = u.order_id FROM used u
            WHERE c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim AND NOT u.fresh
        ), claimed AS (
            INSERT INTO coupon_claims (buyer_id, promotion_id, number, merchant_id, used_for)
            SELECT buyer_id, promotion_id, claim, merchant_id, order_id FROM used WHERE fresh
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
        [each.fresh for each in held],
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
