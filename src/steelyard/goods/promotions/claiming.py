"""Coupons and those who want one: claim, enter a code, forget."""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods.promotions.groups import forget_members
from steelyard.goods.promotions.model import PLATFORM, CodeUnknown, CouponClaimed, CouponGone
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal


async def claim(tx: Tx, buyer_id: UUID, merchant_id: UUID, promotion_id: UUID) -> None:
    """The buyer has one more of this coupon, if there is one for them. The coupon's row is held: who comes at the same
    moment counts what this one has taken.

    Raises `NotFound`, `CouponGone`, `CouponClaimed`.
    """
    offered = await tx.row(
        """
        SELECT per_buyer, copies IS NOT NULL AND claimed >= copies AS gone
             , stopped_at IS NOT NULL OR ends_at <= now() OR spent >= budget AS over
        FROM promotions WHERE merchant_id = $1 AND promotion_id = $2 AND coupon AND NOT given FOR NO KEY UPDATE
        """,
        merchant_id,
        promotion_id,
    )
    if offered is None:
        raise NotFound()
    have = await tx.row(
        "SELECT count(*) AS claims, coalesce(max(number), 0) AS last FROM coupon_claims "
        "WHERE buyer_id = $1 AND promotion_id = $2",
        buyer_id,
        promotion_id,
    )
    assert have is not None, "a count is there"
    if have["claims"] >= offered["per_buyer"]:
        raise CouponClaimed()
    if offered["over"] or offered["gone"]:
        raise CouponGone()
    await tx.execute(
        "INSERT INTO coupon_claims (buyer_id, promotion_id, number, merchant_id) VALUES ($1, $2, $3, $4)",
        buyer_id,
        promotion_id,
        have["last"] + 1,
        merchant_id,
    )
    await tx.execute(
        "UPDATE promotions SET claimed = claimed + 1 WHERE merchant_id = $1 AND promotion_id = $2",
        merchant_id,
        promotion_id,
    )


async def claim_all(tx: Tx, wanted: Sequence[tuple[UUID, UUID, UUID]]) -> list[Refusal | None]:
    """`claim` for many `(buyer_id, merchant_id, promotion_id)` at once, in this order: none for who has one more now, or the
    refusal that `claim` would have raised. The coupons' rows are held, so that who comes in another batch waits and counts."""
    rows = await tx.fetch(
        """
        SELECT promotion_id, per_buyer, copies - claimed AS left
             , stopped_at IS NOT NULL OR ends_at <= now() OR spent >= budget AS over
        FROM promotions WHERE merchant_id = ANY($1) AND promotion_id = ANY($2) AND coupon AND NOT given
        ORDER BY merchant_id, promotion_id FOR NO KEY UPDATE
        """,
        list({merchant_id for _, merchant_id, _ in wanted}),
        list({promotion_id for _, _, promotion_id in wanted}),
    )
    offered = {row["promotion_id"]: row for row in rows}
    left: dict[UUID, int | None] = {promotion_id: row["left"] for promotion_id, row in offered.items()}
    rows = await tx.fetch(
        """
        SELECT buyer_id, promotion_id, count(*) AS claims, max(number) AS last FROM coupon_claims
        WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) GROUP BY 1, 2
        """,
        list({buyer_id for buyer_id, _, _ in wanted}),
        list(offered),
    )
    have = {(row["buyer_id"], row["promotion_id"]): (row["claims"], row["last"]) for row in rows}
    answers: list[Refusal | None] = []
    taken: list[tuple[UUID, UUID, int, UUID]] = []
    for buyer_id, merchant_id, promotion_id in wanted:
        coupon, whose = offered.get(promotion_id), (buyer_id, promotion_id)
        claims, last = have.get(whose, (0, 0))
        there = left.get(promotion_id)
        if coupon is None:
            answers.append(NotFound())
        elif claims >= coupon["per_buyer"]:
            answers.append(CouponClaimed())
        elif coupon["over"] or (there is not None and there <= 0):
            answers.append(CouponGone())
        else:
            left[promotion_id] = None if there is None else there - 1
            have[whose] = (claims + 1, last + 1)
            taken.append((buyer_id, promotion_id, last + 1, merchant_id))
            answers.append(None)
    if taken:
        await _note(tx, taken)
    return answers


async def _note(tx: Tx, taken: Sequence[tuple[UUID, UUID, int, UUID]]) -> None:
    """Write down these `(buyer_id, promotion_id, number, merchant_id)`, and count them with their coupons."""
    await tx.execute(
        """
        WITH taken AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[])
                AS t (buyer_id, promotion_id, number, merchant_id)
        ), counted AS (
            UPDATE promotions p SET claimed = p.claimed + t.claims
            FROM (SELECT merchant_id, promotion_id, count(*) AS claims FROM taken GROUP BY 1, 2) AS t
            WHERE p.merchant_id = t.merchant_id AND p.promotion_id = t.promotion_id
        )
        INSERT INTO coupon_claims (buyer_id, promotion_id, number, merchant_id)
        SELECT buyer_id, promotion_id, number, merchant_id FROM taken
        """,
        [buyer_id for buyer_id, _, _, _ in taken],
        [promotion_id for _, promotion_id, _, _ in taken],
        [number for _, _, number, _ in taken],
        [merchant_id for _, _, _, merchant_id in taken],
    )


async def claim_code(tx: Tx, buyer_id: UUID, code: str, merchant_ids: Collection[UUID]) -> None:
    """`claim` the coupon of one of these shops, or of the platform, that has this code.

    Raises `CodeUnknown`, `CouponGone`, `CouponClaimed`.
    """
    found = await tx.row(
        """
        SELECT merchant_id, promotion_id FROM promotions
        WHERE merchant_id = ANY($1) AND code = $2 AND starts_at <= now()
        ORDER BY (stopped_at IS NULL AND ends_at > now()) DESC, promotion_id LIMIT 1
        """,
        [PLATFORM, *merchant_ids],
        code.strip().upper(),
    )
    if found is None:
        raise CodeUnknown()
    await claim(tx, buyer_id, found["merchant_id"], found["promotion_id"])


async def forget(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase the coupons of buyers who leave, and what they had at flash prices; how many were claimed or sold stays
    counted."""
    await tx.execute("DELETE FROM coupon_claims WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM coupon_people WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM promotion_limits WHERE buyer_id = ANY($1)", list(buyer_ids))
    await forget_members(tx, buyer_ids)
