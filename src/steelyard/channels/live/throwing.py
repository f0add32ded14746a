"""Coupons and red packets that are thrown into a session: whoever is quick has one, as many as there are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.showing import hold_on_air
from steelyard.channels.live.stage_model import DROP_SECONDS_MAX, DROP_SECONDS_MIN, DropOver, Grab
from steelyard.goods import promotions
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_

DROPS_SHOWN_MAX = 50


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    drop_id: UUID
    promotion_id: UUID
    kind: str
    until: datetime


async def throw(
    tx: Tx,
    merchant_id: UUID,
    session_id: UUID,
    drop_id: UUID,
    promotion_id: UUID,
    by: str,
    *,
    seconds: int = 60,
    red_packet: bool = False,
) -> None:
    """Throw a coupon of the shop into the session, to be grabbed for so many seconds. How many there are, and what they may take
    off altogether, is the coupon's own. A red packet is a coupon that each buyer has once. Said twice, it stands once.

    Raises `NotFound`, `NotOnAir`, `Invalid`.
    """
    await hold_on_air(tx, merchant_id, session_id)
    if not DROP_SECONDS_MIN <= seconds <= DROP_SECONDS_MAX:
        raise Invalid({"seconds": N_("Please choose another time.")})
    coupon = await promotions.get(tx, merchant_id, promotion_id)
    now = datetime.now(UTC)
    if coupon is None or not coupon.coupon or coupon.given or coupon.code or coupon.gone or coupon.ends_at <= now:
        raise Invalid({"promotion_id": N_("Please choose a coupon that can be claimed.")})
    if red_packet and coupon.per_buyer != 1:
        raise Invalid({"promotion_id": N_("Of a red packet each buyer has one.")})
    kind, until = "red_packet" if red_packet else "coupon", now + timedelta(seconds=seconds)
    known = await tx.value(
        "SELECT true FROM live_drops WHERE merchant_id = $1 AND session_id = $2 AND drop_id = $3",
        merchant_id,
        session_id,
        drop_id,
    )
    if known:
        return
    body = {
        "drop_id": drop_id,
        "promotion_id": promotion_id,
        "kind": kind,
        "name": coupon.name,
        "until": until,
        "left": None if coupon.copies is None else coupon.copies - coupon.claimed,
    }
    (seq,) = await beats.append(
        tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.COUPON, body=body)
    )
    await tx.execute(
        """
        INSERT INTO live_drops (merchant_id, session_id, drop_id, promotion_id, kind, from_seq, until, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        merchant_id,
        session_id,
        drop_id,
        promotion_id,
        kind,
        seq,
        until,
        by,
    )


async def grab(tx: Tx, wanted: Sequence[Grab]) -> list[bool | Refusal]:
    """Give each of these a coupon, in this order, as long as there are any; True for who has one now. For many at once, by
    `batching.join`. `DropOver`, `CouponGone`, `CouponClaimed` for who has had theirs."""
    rows = await tx.fetch(
        """
        SELECT w.place, d.promotion_id, d.until > now() AND l.state = 'on_air' AS open
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS w (merchant_id, session_id, drop_id, place)
        JOIN live_drops d USING (merchant_id, session_id, drop_id)
        JOIN live_sessions l USING (merchant_id, session_id)
        """,
        [each.merchant_id for each in wanted],
        [each.session_id for each in wanted],
        [each.drop_id for each in wanted],
    )
    open_now = {row["place"] - 1: row["promotion_id"] for row in rows if row["open"]}
    places = sorted(open_now)
    answers: list[bool | Refusal] = [DropOver() for _ in wanted]
    claims = [(wanted[place].buyer_id, wanted[place].merchant_id, open_now[place]) for place in places]
    for place, refusal in zip(places, await promotions.claim_all(tx, claims), strict=True):
        answers[place] = True if refusal is None else refusal
    return answers


async def drops(read: Read, merchant_id: UUID, session_id: UUID) -> list[Drop]:
    """What can be grabbed now."""
    return await read.all(
        Drop,
        """
        SELECT drop_id, promotion_id, kind, until FROM live_drops
        WHERE merchant_id = $1 AND session_id = $2 AND until > now() ORDER BY from_seq DESC LIMIT $3
        """,
        merchant_id,
        session_id,
        DROPS_SHOWN_MAX,
    )
