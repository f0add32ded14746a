"""What orders take of promotions: held before their goods are, written down with them, given back when they are dropped.

The rows of promotions with a budget, or with only so many pieces, are locked in the order of their keys, then those of the
coupons, and all of it before any stock row: see docs/architecture.md. Any other promotion is locked by nobody.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import inventory
from steelyard.goods.inventory.model import HandedOver
from steelyard.goods.promotions.events import FlashChanged
from steelyard.goods.promotions.model import Flash, Held, LimitReached, OfferGone, Use
from steelyard.kernel import events
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Refusal


class _Left(msgspec.Struct):
    """What is left of what promotions have, as it was committed last, and of what is handed out here."""

    budgets: dict[UUID, int]
    flashes: dict[UUID, Flash]
    coupons: dict[tuple[UUID, UUID], list[int]]
    bought: dict[tuple[UUID, UUID], int]


async def hold(tx: Tx, uses: Sequence[Use]) -> tuple[list[Held], dict[UUID, Refusal]]:
    """Keep what these uses need, in their order and for each purchase all or nothing; also returns the purchases for
    which something is not there any more, each with what is to be said of it."""
    budgets, flashes = await _limited(tx, uses)
    left = _Left(
        budgets=budgets,
        flashes=flashes,
        coupons=await _coupons(tx, [use for use in uses if use.coupon]),
        bought=await _bought(tx, [use for use in uses if use.pieces]),
    )
    held: list[Held] = []
    refused: dict[UUID, Refusal] = {}
    by_purchase: dict[UUID, list[Use]] = {}
    for use in uses:
        by_purchase.setdefault(use.purchase_id, []).append(use)
    for purchase_id, mine in by_purchase.items():
        refusal = next((found for use in mine if (found := _refusal(use, left)) is not None), None)
        if refusal is None:
            held += [_taken(use, left) for use in mine]
        else:
            refused[purchase_id] = refusal
    return held, refused


def _refusal(use: Use, left: _Left) -> Refusal | None:
    """Why there is nothing for this use, if there is not."""
    if use.amount > left.budgets.get(use.promotion_id, use.amount):
        return OfferGone()
    if use.coupon and not left.coupons.get((use.buyer_id, use.promotion_id)):
        return OfferGone()
    if not use.pieces:
        return None
    flash = left.flashes.get(use.promotion_id)
    if flash is None or use.pieces > flash.left:
        return OfferGone()
    bought = left.bought.get((use.buyer_id, use.promotion_id), 0)
    if use.pieces > (flash.per_order or use.pieces) or bought + use.pieces > (flash.per_buyer or bought + use.pieces):
        return LimitReached(most=min(each for each in (flash.per_order, flash.per_buyer) if each), bought=bought)
    return None


def _taken(use: Use, left: _Left) -> Held:
    """The use with what it takes, which is there for no other any more."""
    limited = use.promotion_id in left.budgets
    if limited:
        left.budgets[use.promotion_id] -= use.amount
    flash = left.flashes[use.promotion_id] if use.pieces else None
    if flash is not None:
        left.flashes[use.promotion_id] = msgspec.structs.replace(flash, taken=flash.taken + use.pieces)
        key = (use.buyer_id, use.promotion_id)
        left.bought[key] = left.bought.get(key, 0) + use.pieces
    claim = left.coupons[use.buyer_id, use.promotion_id].pop(0) if use.coupon else None
    return Held(use=use, claim=claim, limited=limited, flash=flash)


async def _limited(tx: Tx, uses: Sequence[Use]) -> tuple[dict[UUID, int], dict[UUID, Flash]]:
    """What those that have a budget still have, and the flash prices that still count, as it was committed last; held from
    now on."""
    rows = await tx.fetch(
        """
        SELECT promotion_id, budget - spent AS left, session_id, sku_id, pieces, taken
             , pieces_per_order, pieces_per_buyer, returned_at
        FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND (budget IS NOT NULL OR session_id IS NOT NULL)
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({use.merchant_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    flashes = {
        row["promotion_id"]: Flash(
            session_id=row["session_id"],
            sku_id=row["sku_id"],
            pieces=row["pieces"],
            taken=row["taken"],
            per_order=row["pieces_per_order"],
            per_buyer=row["pieces_per_buyer"],
        )
        for row in rows
        if row["session_id"] is not None and row["returned_at"] is None
    }
    return {row["promotion_id"]: row["left"] for row in rows if row["left"] is not None}, flashes


async def _bought(tx: Tx, uses: Sequence[Use]) -> dict[tuple[UUID, UUID], int]:
    """How many pieces these buyers have at these flash prices. Whoever changes that holds the price, as we do."""
    if not uses:
        return {}
    rows = await tx.fetch(
        "SELECT buyer_id, promotion_id, pieces FROM promotion_limits WHERE buyer_id = ANY($1) AND promotion_id = ANY($2)",
        list({use.buyer_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    return {(row["buyer_id"], row["promotion_id"]): row["pieces"] for row in rows}


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
    """Write down what was held for orders that are written down; pieces of flash sales are kept for these from now on.

    The constraints on what is spent, taken and had by a buyer stand behind what `hold` has looked at.
    """
    await tx.execute(
        """
        WITH used AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::integer[], $7::boolean[]
                               , $8::integer[], $9::integer[])
                AS u (merchant_id, order_id, promotion_id, buyer_id, amount, claim, limited, pieces, most)
        ), spent AS (
            UPDATE promotions p
            SET spent = p.spent + s.amount * (p.budget IS NOT NULL)::integer, taken = p.taken + s.pieces
            FROM (SELECT merchant_id, promotion_id, sum(amount) AS amount, sum(pieces)::integer AS pieces FROM used
                  WHERE limited OR pieces > 0 GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = u.order_id FROM used u
            WHERE c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim
        ), limits AS (
            INSERT INTO promotion_limits AS l (buyer_id, promotion_id, pieces, most)
            SELECT buyer_id, promotion_id, sum(pieces)::integer, min(most) FROM used WHERE most IS NOT NULL
            GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (buyer_id, promotion_id) DO UPDATE SET pieces = l.pieces + excluded.pieces
        )
        INSERT INTO promotion_uses (merchant_id, order_id, promotion_id, buyer_id, amount, claim, pieces)
        SELECT merchant_id, order_id, promotion_id, buyer_id, amount, claim, pieces FROM used
        """,
        [each.use.merchant_id for each in held],
        [each.use.order_id for each in held],
        [each.use.promotion_id for each in held],
        [each.use.buyer_id for each in held],
        [each.use.amount for each in held],
        [each.claim for each in held],
        [each.limited for each in held],
        [each.use.pieces for each in held],
        [each.flash.per_buyer if each.flash else None for each in held],
    )
    of_flash = [(each.use, each.flash) for each in held if each.flash is not None]
    if of_flash:
        await inventory.hand_over(
            tx, [_move(use, flash.session_id, use.order_id, flash.sku_id) for use, flash in of_flash]
        )
        await _announce(tx, {use.promotion_id for use, flash in of_flash if flash.left == use.pieces})


def _move(use: Use, from_id: UUID, to_id: UUID, sku_id: UUID) -> HandedOver:
    return HandedOver(merchant_id=use.merchant_id, from_id=from_id, to_id=to_id, sku_id=sku_id, quantity=use.pieces)


async def _announce(tx: Tx, promotion_ids: Collection[UUID]) -> None:
    """These flash prices are sold out, or are not any more."""
    if not promotion_ids:
        return
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.session_id, p.sku_id, s.product_id FROM promotions p JOIN skus s USING (merchant_id, sku_id)
        WHERE p.promotion_id = ANY($1)
        """,
        list(promotion_ids),
    )
    await events.publish(
        tx,
        *(
            FlashChanged(
                merchant_id=row["merchant_id"],
                session_id=row["session_id"],
                product_ids=[row["product_id"]],
                sku_ids=[row["sku_id"]],
            )
            for row in rows
        ),
    )


async def give_back(tx: Tx, orders: Collection[tuple[UUID, UUID]]) -> None:
    """These `(merchant_id, order_id)` are dropped, and nothing was paid for them: their coupons can be used again, and
    budgets have what they took. Pieces of a flash sale that is not over are kept for it again, and their buyers may have
    as many more. Said twice, nothing changes."""
    rows = await tx.fetch(
        """
        SELECT u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim, u.pieces
        FROM promotion_uses u JOIN unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) USING (merchant_id, order_id)
        WHERE u.given_back_at IS NULL
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
    )
    if not rows:
        return
    locked = await tx.fetch(
        """
        SELECT promotion_id, session_id, sku_id, taken = pieces AS sold_out, returned_at FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND (budget IS NOT NULL OR session_id IS NOT NULL)
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({row["merchant_id"] for row in rows}),
        list({row["promotion_id"] for row in rows}),
    )
    dropped = await tx.fetch(
        """
        WITH dropped AS (
            UPDATE promotion_uses u SET given_back_at = now()
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS d (merchant_id, order_id, promotion_id)
            WHERE u.merchant_id = d.merchant_id AND u.order_id = d.order_id AND u.promotion_id = d.promotion_id
              AND u.given_back_at IS NULL
            RETURNING u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim, u.amount, u.pieces
        ), spent AS (
            UPDATE promotions p
            SET spent = p.spent - s.amount * (p.budget IS NOT NULL)::integer, taken = p.taken - s.pieces
            FROM (SELECT merchant_id, promotion_id, sum(amount) AS amount, sum(pieces)::integer AS pieces FROM dropped
                  GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
              AND (p.budget IS NOT NULL OR p.session_id IS NOT NULL)
        ), limits AS (
            UPDATE promotion_limits l SET pieces = l.pieces - d.pieces
            FROM (SELECT buyer_id, promotion_id, sum(pieces)::integer AS pieces FROM dropped WHERE pieces > 0
                  GROUP BY 1, 2) AS d
            WHERE l.buyer_id = d.buyer_id AND l.promotion_id = d.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = NULL FROM dropped d
            WHERE c.buyer_id = d.buyer_id AND c.promotion_id = d.promotion_id AND c.number = d.claim
        )
        SELECT merchant_id, order_id, promotion_id, pieces FROM dropped
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["promotion_id"] for row in rows],
    )
    running = [row for row in locked if row["session_id"] is not None and row["returned_at"] is None]
    await _keep_again(tx, dropped, {row["promotion_id"]: row for row in running})


async def _keep_again(tx: Tx, dropped: Sequence[Row], flashes: dict[UUID, Row]) -> None:
    """The pieces of orders that are dropped are the flash sale's again; of one that is over they stay the orders', with
    whom they are released."""
    back = [row for row in dropped if row["promotion_id"] in flashes]
    if not back:
        return
    await inventory.hand_over(
        tx,
        [
            HandedOver(
                merchant_id=row["merchant_id"],
                from_id=row["order_id"],
                to_id=flashes[row["promotion_id"]]["session_id"],
                sku_id=flashes[row["promotion_id"]]["sku_id"],
                quantity=row["pieces"],
            )
            for row in back
        ],
    )
    await _announce(tx, {row["promotion_id"] for row in back if flashes[row["promotion_id"]]["sold_out"]})
