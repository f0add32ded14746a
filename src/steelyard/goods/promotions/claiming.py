"""Coupons and those who want one: claim, enter a code, forget."""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods.promotions.groups import forget_members
from steelyard.goods.promotions.model import PLATFORM, CodeUnknown, CouponClaimed, CouponGone
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound


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
