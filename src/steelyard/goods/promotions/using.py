"""What orders take of promotions: held before their goods are, written down with them, given back when they are dropped.

The rows of promotions with a budget, or with only so many pieces, are locked in the order of their keys, then those of the
coupons, and all of it before any stock row: see docs/architecture.md. Any other promotion is locked by nobody, unless a
coupon of it is claimed by its code in the same moment. What is particular to flash sales is in `handing`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from steelyard.goods.promotions import handing, people
from steelyard.goods.promotions.model import PLATFORM, Flash, Held, LimitReached, OfferGone, Use
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Refusal


@dataclass
class _Lot:
    """What is left of a promotion that is held: of its budget and its copies (none: as much as there may be), and of a flash
    sale's pieces."""

    left: int | None
    copies: int | None
    per_buyer: int
    flash: Flash | None


_Whose = tuple[UUID, UUID]


@dataclass
class _Claims:
    """How many of a coupon a buyer has, and the number of the last: those that were taken back leave their numbers free."""

    count: int = 0
    last: int = 0


@dataclass
class _There:
    """What there is for these uses, less what was taken for those before."""

    lots: dict[UUID, _Lot]
    unused: dict[_Whose, list[int]]
    claims: dict[_Whose, _Claims]
    had: dict[_Whose, int]


async def hold(tx: Tx, uses: Sequence[Use]) -> tuple[list[Held], dict[UUID, Refusal]]:
    """Keep what these uses need, in their order and for each purchase all or nothing; also returns the purchases for
    which something is not there any more, each with what is to be said of it."""
    there = _There(
        lots=await _lots(tx, uses),
        unused=await _coupons(tx, [use for use in uses if use.coupon]),
        claims=await _claims(tx, [use for use in uses if use.by_code]),
        had=await handing.had(tx, [use for use in uses if use.pieces]),
    )
    held: list[Held] = []
    refused: dict[UUID, Refusal] = {}
    by_purchase: dict[UUID, list[Use]] = {}
    for use in uses:
        by_purchase.setdefault(use.purchase_id, []).append(use)
    for purchase_id, mine in by_purchase.items():
        whole = _together(mine)
        refusal = next((found for use in whole.values() if (found := _refusal(use, there)) is not None), None)
        if refusal is None:
            held += _spread(mine, {promotion_id: _take(use, there) for promotion_id, use in whole.items()})
        else:
            refused[purchase_id] = refusal
    return held, refused


def _together(uses: Sequence[Use]) -> dict[UUID, Use]:
    """What each promotion takes off the whole purchase: one of the platform may take something off several orders."""
    whole: dict[UUID, Use] = {}
    for each in uses:
        before = whole.get(each.promotion_id)
        whole[each.promotion_id] = (
            each if before is None else msgspec.structs.replace(each, amount=before.amount + each.amount)
        )
    return whole


def _spread(uses: Sequence[Use], taken: dict[UUID, Held]) -> list[Held]:
    """What was taken for a purchase, order by order: one coupon serves all of them, and is claimed with the first."""
    held: list[Held] = []
    for each in uses:
        mine = taken[each.promotion_id]
        held.append(msgspec.structs.replace(mine, use=each))
        taken[each.promotion_id] = msgspec.structs.replace(mine, fresh=False)
    return held


def _refusal(use: Use, there: _There) -> Refusal | None:
    """Why there is nothing for this use, if there is not."""
    lot, whose = there.lots.get(use.promotion_id), (use.buyer_id, use.promotion_id)
    if lot is not None and lot.left is not None and use.amount > lot.left:
        return OfferGone()
    if use.pieces:
        return _no_pieces(use, lot.flash if lot else None, there.had.get(whose, 0))
    if not use.coupon or there.unused.get(whose):
        return None
    if not use.by_code or lot is None:
        return OfferGone()
    enough = (lot.copies is None or lot.copies > 0) and there.claims.get(whose, _Claims()).count < lot.per_buyer
    return None if enough else OfferGone()


def _no_pieces(use: Use, flash: Flash | None, had: int) -> Refusal | None:
    if flash is None or use.pieces > flash.left:
        return OfferGone()
    most = flash.most(had)
    return LimitReached(free=most, bought=had) if most is not None and use.pieces > most else None


def _take(use: Use, there: _There) -> Held:
    """The use with what it takes, which is there for no other any more."""
    lot, whose = there.lots.get(use.promotion_id), (use.buyer_id, use.promotion_id)
    limited = lot is not None and lot.left is not None
    if lot is not None and lot.left is not None:
        lot.left -= use.amount
    if use.pieces:
        assert lot is not None and lot.flash is not None, "what has only so many pieces is held"
        flash = lot.flash
        lot.flash = msgspec.structs.replace(flash, taken=flash.taken + use.pieces)
        there.had[whose] = there.had.get(whose, 0) + use.pieces
        return Held(use=use, claim=None, limited=limited, flash=flash)
    if not use.coupon:
        return Held(use=use, claim=None, limited=limited)
    if there.unused.get(whose):
        return Held(use=use, claim=there.unused[whose].pop(0), limited=limited)
    assert lot is not None, "what is claimed by its code is held"
    lot.copies = None if lot.copies is None else lot.copies - 1
    before = there.claims.get(whose, _Claims())
    there.claims[whose] = _Claims(count=before.count + 1, last=before.last + 1)
    return Held(use=use, claim=before.last + 1, limited=limited, fresh=True)


async def _lots(tx: Tx, uses: Sequence[Use]) -> dict[UUID, _Lot]:
    """What those that have a budget or only so many pieces, and those that are claimed now, still have, as it was committed
    last; held from now on."""
    rows = await tx.fetch(
        """
        SELECT promotion_id, budget - spent AS left, copies - claimed AS copies, coalesce(per_buyer, 0) AS per_buyer
             , session_id, sku_id, pieces, taken, pieces_per_order, pieces_per_buyer, returned_at
        FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2)
          AND (budget IS NOT NULL OR session_id IS NOT NULL OR promotion_id = ANY($3))
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({use.merchant_id for use in uses}),
        list({use.promotion_id for use in uses}),
        list({use.promotion_id for use in uses if use.by_code}),
    )
    return {
        row["promotion_id"]: _Lot(row["left"], row["copies"], row["per_buyer"], handing.flash_of(row)) for row in rows
    }


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


async def _claims(tx: Tx, uses: Sequence[Use]) -> dict[_Whose, _Claims]:
    """How many these buyers have had of coupons that are held: nobody claims another meanwhile."""
    if not uses:
        return {}
    rows = await tx.fetch(
        """
        SELECT buyer_id, promotion_id, count(*) AS claims, max(number) AS last FROM coupon_claims
        WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) GROUP BY 1, 2
        """,
        list({use.buyer_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    return {(row["buyer_id"], row["promotion_id"]): _Claims(row["claims"], row["last"]) for row in rows}


async def use(tx: Tx, held: Sequence[Held]) -> None:
    """Write down what was held for orders that are written down; pieces of flash sales are kept for these from now on.

    The constraints on what is spent, taken and had by a buyer stand behind what `hold` has looked at.
    """
    await tx.execute(
        """
        WITH used AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::integer[], $7::boolean[]
                               , $8::boolean[], $9::integer[], $10::integer[], $11::bigint[], $12::uuid[])
                AS u (merchant_id, order_id, promotion_id, buyer_id, amount, claim, limited, fresh, pieces, most, platform
                    , used_for)
        ), spent AS (
            UPDATE promotions p
            SET spent = p.spent + s.amount, claimed = p.claimed + s.claims, taken = p.taken + s.pieces
            FROM (SELECT merchant_id, promotion_id, coalesce(sum(amount) FILTER (WHERE limited), 0) AS amount
                       , count(*) FILTER (WHERE fresh) AS claims, sum(pieces)::integer AS pieces
                  FROM used WHERE limited OR fresh OR pieces > 0 GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = u.used_for FROM used u
            WHERE c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim AND NOT u.fresh
        ), claimed AS (
            INSERT INTO coupon_claims (buyer_id, promotion_id, number, merchant_id, used_for, entered)
            SELECT buyer_id, promotion_id, claim, merchant_id, used_for, true FROM used WHERE fresh
        ), limits AS (
            INSERT INTO promotion_limits AS l (buyer_id, promotion_id, pieces, most)
            SELECT buyer_id, promotion_id, sum(pieces)::integer, min(most) FROM used WHERE most IS NOT NULL
            GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (buyer_id, promotion_id) DO UPDATE SET pieces = l.pieces + excluded.pieces
        )
        INSERT INTO promotion_uses (merchant_id, order_id, promotion_id, buyer_id, amount, claim, pieces, platform)
        SELECT merchant_id, order_id, promotion_id, buyer_id, amount, claim, pieces, platform FROM used
        """,
        [each.use.merchant_id for each in held],
        [each.use.order_id for each in held],
        [each.use.promotion_id for each in held],
        [each.use.buyer_id for each in held],
        [each.use.amount for each in held],
        [each.claim for each in held],
        [each.limited for each in held],
        [each.fresh for each in held],
        [each.use.pieces for each in held],
        [each.flash.per_buyer if each.flash else None for each in held],
        [each.use.platform for each in held],
        [each.use.used_for for each in held],
    )
    await handing.out(tx, held)


async def give_back(tx: Tx, orders: Collection[tuple[UUID, UUID]], *, paid: bool = False) -> None:
    """These `(merchant_id, order_id)` are dropped unpaid, or cancelled as a whole (`paid`): their coupons can be used again,
    and budgets have what they took. A coupon of the platform comes back with the last order that it was used for; one that was
    claimed by its code with what is dropped unpaid is nobody's again, and can be claimed by others; once it was paid with,
    it stays its buyer's. Pieces of a flash sale that is not over are kept for it again, and their buyers may have as many more,
    where nothing was paid. Said twice, nothing changes."""
    rows = await _used_for(tx, orders, paid=paid)
    if not rows:
        return
    locked = await tx.fetch(
        """
        SELECT promotion_id, session_id, sku_id, taken = pieces AS sold_out, returned_at FROM promotions
        WHERE merchant_id = ANY($1) AND promotion_id = ANY($2)
          AND (budget IS NOT NULL OR session_id IS NOT NULL OR promotion_id = ANY($3))
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({row["merchant_id"] for row in rows}),
        list({row["promotion_id"] for row in rows}),
        list({row["promotion_id"] for row in rows if row["entered"] and not paid}),
    )
    used_for = await _lock_coupons(tx, rows)
    dropped = await _give_back(tx, rows, paid=paid)
    await people.let_go(tx, {_noted_for(row, used_for) for row in dropped if row["free"]})
    await handing.back(tx, dropped, locked)


async def _give_back(tx: Tx, rows: Sequence[Row], *, paid: bool) -> list[Row]:
    """What was given back now, of that what made a coupon `free`. All that it changes is held."""
    return await tx.fetch(
        """
        WITH dropped AS (
            UPDATE promotion_uses u SET given_back_at = now()
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS d (merchant_id, order_id, promotion_id)
            WHERE u.merchant_id = d.merchant_id AND u.order_id = d.order_id AND u.promotion_id = d.promotion_id
              AND u.given_back_at IS NULL
            RETURNING u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim, u.amount, u.pieces
        ), free AS (
            SELECT DISTINCT d.merchant_id, d.buyer_id, d.promotion_id, d.claim FROM dropped d
            WHERE d.claim IS NOT NULL
              AND NOT EXISTS (SELECT FROM promotion_uses k
                              WHERE k.merchant_id = d.merchant_id AND k.promotion_id = d.promotion_id
                                AND k.buyer_id = d.buyer_id AND k.claim = d.claim AND k.given_back_at IS NULL
                                AND k.order_id <> ALL($2))
        ), nobodys AS (
            DELETE FROM coupon_claims c USING free f
            WHERE c.buyer_id = f.buyer_id AND c.promotion_id = f.promotion_id AND c.number = f.claim AND c.entered AND NOT $4
            RETURNING c.merchant_id, c.promotion_id
        ), coupons AS (
            UPDATE coupon_claims c SET used_for = NULL, entered = false FROM free f
            WHERE c.buyer_id = f.buyer_id AND c.promotion_id = f.promotion_id AND c.number = f.claim
              AND (NOT c.entered OR $4)
        ), spent AS (
            UPDATE promotions p
            SET spent = p.spent - s.amount * (p.budget IS NOT NULL)::integer, taken = p.taken - s.pieces
              , claimed = p.claimed - s.claims
            FROM (SELECT merchant_id, promotion_id, sum(amount)::bigint AS amount, sum(pieces)::integer AS pieces
                       , (SELECT count(*) FROM nobodys n
                          WHERE n.merchant_id = d.merchant_id AND n.promotion_id = d.promotion_id)::integer AS claims
                  FROM dropped d GROUP BY 1, 2) AS s
            WHERE p.merchant_id = s.merchant_id AND p.promotion_id = s.promotion_id
              AND (p.budget IS NOT NULL OR p.session_id IS NOT NULL OR s.claims > 0)
        ), limits AS (
            UPDATE promotion_limits l SET pieces = l.pieces - d.pieces
            FROM (SELECT buyer_id, promotion_id, sum(pieces)::integer AS pieces FROM dropped WHERE pieces > 0
                  GROUP BY 1, 2) AS d
            WHERE l.buyer_id = d.buyer_id AND l.promotion_id = d.promotion_id
        )
        SELECT d.merchant_id, d.order_id, d.promotion_id, d.buyer_id, d.claim, d.pieces, f.claim IS NOT NULL AS free
        FROM dropped d
        LEFT JOIN free f USING (merchant_id, buyer_id, promotion_id, claim)
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["promotion_id"] for row in rows],
        paid,
    )


def _noted_for(row: Row, used_for: Mapping[tuple[UUID, UUID, int], UUID]) -> UUID:
    """Under what it was noted who used the coupon of this row."""
    claim = (row["buyer_id"], row["promotion_id"], row["claim"])
    own = row["order_id"] if row["merchant_id"] != PLATFORM else None
    return people.noted_for(row["promotion_id"], order_id=own, purchase_id=used_for.get(claim, row["order_id"]))


async def _lock_coupons(tx: Tx, rows: Sequence[Row]) -> dict[tuple[UUID, UUID, int], UUID]:
    """Two orders of a purchase that are given back at the same moment wait for each other: the second sees the first. What each
    of these coupons is used for."""
    claimed = [row for row in rows if row["claim"] is not None]
    if not claimed:
        return {}
    held = await tx.fetch(
        """
        SELECT buyer_id, promotion_id, number, used_for FROM coupon_claims WHERE buyer_id = ANY($1) AND promotion_id = ANY($2)
        ORDER BY buyer_id, promotion_id, number FOR NO KEY UPDATE
        """,
        list({row["buyer_id"] for row in claimed}),
        list({row["promotion_id"] for row in claimed}),
    )
    return {
        (row["buyer_id"], row["promotion_id"], row["number"]): row["used_for"]
        for row in held
        if row["used_for"] is not None
    }


async def _used_for(tx: Tx, orders: Collection[tuple[UUID, UUID]], *, paid: bool) -> list[Row]:
    """What was used for these orders, of their shops and of the platform, and is not given back."""
    return await tx.fetch(
        """
        SELECT u.merchant_id, u.order_id, u.promotion_id, u.buyer_id, u.claim, u.pieces, coalesce(c.entered, false) AS entered
        FROM promotion_uses u JOIN unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) USING (merchant_id, order_id)
        LEFT JOIN coupon_claims c ON c.buyer_id = u.buyer_id AND c.promotion_id = u.promotion_id AND c.number = u.claim
        WHERE u.given_back_at IS NULL AND (u.pieces = 0 OR NOT $3)
        """,
        [merchant_id for owner in orders for merchant_id in (owner[0], PLATFORM)],
        [order_id for _, order_id in orders for _ in range(2)],
        paid,
    )
