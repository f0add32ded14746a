"""Coupons that a shop or the platform gives: it says to whom, and what knows buyers and their orders does it by event."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.promotions.events import CouponsGiven, GiftAsked
from steelyard.goods.promotions.model import CouponGift, GiftAudience
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_

EMAILS_PER_GIFT_MAX = 1_000
EMAIL_CHARACTERS_MAX = 254
BUYERS_PER_GIFT_MAX = 10_000
DAYS_MAX = 3_650
GIFTS_SHOWN_MAX = 20
BUYERS_PER_EVENT = 500


async def ask_gift(tx: Tx, gift: CouponGift, by: str) -> None:
    """Give a coupon of the shop, or of the platform, to these. Said twice, the first counts. Raises `Invalid`, `NotFound` for
    what is no coupon that it gives, or none any more."""
    assert gift.audience is not GiftAudience.SEGMENT, "who is in a segment now is known above: `give_to_segment`"
    _check(gift)
    if await _written(tx, gift, by):
        await events.publish(tx, GiftAsked(merchant_id=gift.merchant_id, gift_id=gift.gift_id))


async def give_to_segment(
    tx: Tx, gift: CouponGift, buyer_ids: Sequence[UUID], by: str, *, mailed: bool = True
) -> list[UUID] | None:
    """Give a coupon to these, who are in a segment at this moment; returns who has got one. They hear of it in their account, and
    by mail unless `mailed` is false. Said twice, the first counts, and None is returned. Raises `NotFound` as `ask_gift` does."""
    assert gift.audience is GiftAudience.SEGMENT
    assert len(buyer_ids) <= BUYERS_PER_GIFT_MAX
    return await give(tx, gift, buyer_ids, mailed=mailed) if await _written(tx, gift, by) else None


async def _written(tx: Tx, gift: CouponGift, by: str) -> bool:
    """Whether it is new. Raises `NotFound`."""
    there = await tx.value(
        """
        SELECT true FROM promotions
        WHERE merchant_id = $1 AND promotion_id = $2 AND given AND stopped_at IS NULL AND ends_at > now()
        """,
        gift.merchant_id,
        gift.promotion_id,
    )
    if not there:
        raise NotFound()
    new = await tx.value(
        """
        INSERT INTO coupon_gifts (merchant_id, gift_id, promotion_id, audience, days, emails, asked_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (merchant_id, gift_id) DO NOTHING RETURNING true
        """,
        gift.merchant_id,
        gift.gift_id,
        gift.promotion_id,
        gift.audience,
        gift.days,
        sorted({email.strip().lower() for email in gift.emails}),
        by,
    )
    return new is not None


def _check(gift: CouponGift) -> None:
    named = gift.audience is GiftAudience.NAMED
    if named and not 0 < len(gift.emails) <= EMAILS_PER_GIFT_MAX:
        raise Invalid({"emails": N_("Please name between one and a thousand e-mail addresses")})
    if any("@" not in email or len(email) > EMAIL_CHARACTERS_MAX for email in gift.emails):
        raise Invalid({"emails": N_("Each line is one e-mail address")})
    if (gift.audience is GiftAudience.BOUGHT) != (gift.days is not None) or not 1 <= (gift.days or 1) <= DAYS_MAX:
        raise Invalid({"days": N_("Please enter a number of days")})


async def gift_to_do(tx: Tx, merchant_id: UUID, gift_id: UUID) -> CouponGift | None:
    """What was asked for, held until it is done; none when it is done."""
    return await tx.one(
        CouponGift,
        """
        SELECT merchant_id, gift_id, promotion_id, audience, days, emails, asked_at, done_at, given, left_out
        FROM coupon_gifts WHERE merchant_id = $1 AND gift_id = $2 AND done_at IS NULL FOR UPDATE
        """,
        merchant_id,
        gift_id,
    )


async def give(tx: Tx, gift: CouponGift, buyer_ids: Sequence[UUID], *, mailed: bool = True) -> list[UUID]:
    """One coupon for each of these, as far as there are copies, and for nobody more than they may have; returns who has got
    one. The addresses that were named are kept no longer than this."""
    given = await _handed(tx, gift.merchant_id, gift.promotion_id, buyer_ids, again=False)
    await tx.execute(
        """
        WITH done AS (
            UPDATE coupon_gifts SET done_at = now(), given = $4, left_out = $5, emails = '{}'
            WHERE merchant_id = $1 AND gift_id = $2
        )
        UPDATE promotions SET claimed = claimed + $4 WHERE merchant_id = $1 AND promotion_id = $3 AND $4 > 0
        """,
        gift.merchant_id,
        gift.gift_id,
        gift.promotion_id,
        len(given),
        max(0, max(len(gift.emails), len(set(buyer_ids))) - len(given)),
    )
    await _tell(tx, gift.merchant_id, gift.promotion_id, given, mailed=mailed)
    return given


async def _handed(
    tx: Tx, merchant_id: UUID, promotion_id: UUID, buyer_ids: Sequence[UUID], *, again: bool
) -> list[UUID]:
    offered = await tx.row(
        """
        SELECT per_buyer, copies - claimed AS copies
             , stopped_at IS NOT NULL OR ends_at <= now() OR spent >= budget AS over
        FROM promotions WHERE merchant_id = $1 AND promotion_id = $2 AND given FOR NO KEY UPDATE
        """,
        merchant_id,
        promotion_id,
    )
    rows = await tx.fetch(
        """
        WITH have AS (
            SELECT b.buyer_id, count(c.number) AS claims, coalesce(max(c.number), 0) AS last
            FROM unnest($1::uuid[]) AS b (buyer_id)
            LEFT JOIN coupon_claims c ON c.buyer_id = b.buyer_id AND c.promotion_id = $2
            GROUP BY 1
        )
        INSERT INTO coupon_claims (buyer_id, promotion_id, number, merchant_id, again)
        SELECT buyer_id, $2, last + 1, $3, $6 FROM have WHERE claims < $4 OR $6 ORDER BY buyer_id LIMIT $5
        RETURNING buyer_id
        """,
        [] if offered is None or offered["over"] else list(set(buyer_ids)),
        promotion_id,
        merchant_id,
        offered["per_buyer"] if offered else 0,
        BUYERS_PER_GIFT_MAX if offered is None or offered["copies"] is None else offered["copies"],
        again,
    )
    return sorted(row["buyer_id"] for row in rows)


async def _tell(tx: Tx, merchant_id: UUID, promotion_id: UUID, given: Sequence[UUID], *, mailed: bool = True) -> None:
    await events.publish(
        tx,
        *(
            CouponsGiven(
                merchant_id=merchant_id,
                promotion_id=promotion_id,
                buyer_ids=list(given[n : n + BUYERS_PER_EVENT]),
                mailed=mailed,
            )
            for n in range(0, len(given), BUYERS_PER_EVENT)
        ),
    )


async def hand_out(
    tx: Tx, merchant_id: UUID, promotion_id: UUID, buyer_ids: Sequence[UUID], *, again: bool = False
) -> list[UUID]:
    """One coupon for each of these, as `give` does, for a reason that is written down elsewhere; returns who has got one. Whoever
    calls this says it once. With `again` the reason comes again, as a birthday does, and has a limit of its own: who has had as
    many as one may have gets another."""
    assert len(buyer_ids) <= BUYERS_PER_GIFT_MAX
    given = await _handed(tx, merchant_id, promotion_id, buyer_ids, again=again)
    await tx.execute(
        "UPDATE promotions SET claimed = claimed + $3 WHERE merchant_id = $1 AND promotion_id = $2 AND $3 > 0",
        merchant_id,
        promotion_id,
        len(given),
    )
    await _tell(tx, merchant_id, promotion_id, given)
    return given


async def take_away(tx: Tx, promotion_id: UUID, buyer_id: UUID) -> bool:
    """Take the last unused coupon of these from somebody who got it for something that is undone; returns whether there was
    one. That it was claimed stays counted: it was a copy."""
    taken = await tx.execute(
        """
        DELETE FROM coupon_claims WHERE (buyer_id, promotion_id, number) = (
            SELECT buyer_id, promotion_id, number FROM coupon_claims
            WHERE buyer_id = $1 AND promotion_id = $2 AND used_for IS NULL ORDER BY number DESC LIMIT 1 FOR UPDATE)
        """,
        buyer_id,
        promotion_id,
    )
    return bool(taken)


async def take_away_from(tx: Tx, promotion_id: UUID, buyer_ids: Sequence[UUID]) -> int:
    """Take every unused coupon of these from all of them, as `take_away` does; returns how many there were."""
    assert len(buyer_ids) <= BUYERS_PER_GIFT_MAX
    return await tx.execute(
        """
        DELETE FROM coupon_claims WHERE (buyer_id, promotion_id, number) IN (
            SELECT buyer_id, promotion_id, number FROM coupon_claims
            WHERE promotion_id = $1 AND buyer_id = ANY($2) AND used_for IS NULL ORDER BY buyer_id, number FOR UPDATE)
        """,
        promotion_id,
        list(buyer_ids),
    )


async def gifts_of(read: Read, merchant_id: UUID, promotion_id: UUID) -> list[CouponGift]:
    """To whom a shop gave this coupon, the last first."""
    return await read.all(
        CouponGift,
        """
        SELECT merchant_id, gift_id, promotion_id, audience, days, emails, asked_at, done_at, given, left_out
        FROM coupon_gifts WHERE merchant_id = $1 AND promotion_id = $2 ORDER BY asked_at DESC, gift_id LIMIT $3
        """,
        merchant_id,
        promotion_id,
        GIFTS_SHOWN_MAX,
    )
