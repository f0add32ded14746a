"""What is done to promotions that run, by a shop or by the platform: the end is put off, the budget raised, coupons are given."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import CouponGift, GiftAudience, Offer
from steelyard.kernel.db import Tx
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import offer_forms as forms
from steelyard.surfaces.web.entries import Entries

# Addresses out of whatever a table program wrote, with other columns and quotation marks around them.
_EMAIL = re.compile(r"[^\s,;\"'<>]+@[^\s,;\"'<>]+")
LIST_CHARACTERS_MAX = 100_000
LIST_BYTES_MAX = 200_000
# To a segment it is given on the segment's own page.
OFFERED = (GiftAudience.NAMED, GiftAudience.BOUGHT, GiftAudience.NEVER)


class Longer(msgspec.Struct, frozen=True, kw_only=True):
    """Until when, and with which budget, an offer is to run. `offer`: what it would be, to be looked at for conflicts."""

    ends_at: datetime
    budget: int | None
    offer: Offer


def longer_of(form: Entries, offer: Offer) -> Longer:
    """What the form asks for. Raises `Invalid`."""
    ends_at = forms.moment(form, "ends_at")
    budget = form.money("budget", offer.currency, required=offer.budget is not None)
    form.check()
    assert ends_at is not None, "a missing one was refused"
    longer = msgspec.structs.replace(offer, ends_at=max(ends_at, offer.ends_at))
    return Longer(ends_at=ends_at, budget=budget, offer=longer)


async def extend(
    tx: Tx, actor: Actor, offer: Offer, longer: Longer, *, seen: str, confirmed: Mapping[str, object]
) -> None:
    before, after = await promotions.extend(
        tx, offer.merchant_id, offer.promotion_id, ends_at=longer.ends_at, budget=longer.budget, seen=seen
    )
    if before != after:
        facts: dict[str, Any] = {"name": str(offer.name), **confirmed}
        await access.audit(
            tx, actor, "promotions.extend", str(offer.promotion_id), facts,
            before=forms.told_of(before), after=forms.told_of(after),
        )  # fmt: skip


async def gift_of(form: Entries, merchant_id: MerchantId, promotion_id: UUID) -> CouponGift:
    """To whom the form wants a coupon to be given. Raises `Invalid`."""
    audience = next((each for each in OFFERED if each == form.text("audience")), GiftAudience.NAMED)
    text = form.text("emails", most=LIST_CHARACTERS_MAX)
    for file in form.files("list"):
        text += "\n" + (await file.read(LIST_BYTES_MAX)).decode("utf-8", errors="replace")
    form.check()
    named = audience is GiftAudience.NAMED
    days = form.number("days", otherwise=0, most=9_999) if audience is GiftAudience.BOUGHT else None
    form.check()
    return CouponGift(
        merchant_id=merchant_id,
        gift_id=form.uuid("gift_id"),
        promotion_id=promotion_id,
        audience=audience,
        days=days,
        emails=list(dict.fromkeys(_EMAIL.findall(text))) if named else [],
    )


async def give(tx: Tx, actor: Actor, gift: CouponGift) -> None:
    """Which addresses were named is written down nowhere but until it is done."""
    await promotions.ask_gift(tx, gift, actor.by)
    facts = {"audience": str(gift.audience), "days": gift.days, "named": len(gift.emails)}
    await access.audit(tx, actor, "promotions.give", str(gift.promotion_id), facts)
