"""What is done to promotions that run: their end is put off, their budget raised, and coupons are given to buyers."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import CouponGift, GiftAudience, Offer
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.promotions import NEEDS, shown_page
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web import offer_forms as forms
from steelyard.surfaces.web.clashes import against as against_it
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

# Addresses out of whatever a table program wrote, with other columns and quotation marks around them.
_EMAIL = re.compile(r"[^\s,;\"'<>]+@[^\s,;\"'<>]+")
LIST_CHARACTERS_MAX = 100_000
LIST_BYTES_MAX = 200_000


@post("/promotions/{promotion_id:uuid}/extend", opt=NEEDS)
async def extend_promotion(
    visit: NamedDependency[Visit], promotion_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """A later end, a larger budget: what buyers were told stays true."""
    form = await entries_of(request)
    here = f"{frame.PROMOTIONS}/{promotion_id}"
    offer = await visit.merchant_db.ask(promotions.get, visit.merchant_id, promotion_id)
    if offer is None:
        raise NotFound()
    try:
        ends_at = forms.moment(form, "ends_at")
        budget = form.money("budget", offer.currency, required=offer.budget is not None)
        form.check()
        assert ends_at is not None, "a missing one was refused"
        longer = msgspec.structs.replace(offer, ends_at=max(ends_at, offer.ends_at))
        against = await visit.db.ask(against_it, longer.promotion) if ends_at > offer.ends_at else []
        conflict_words.check(against, "ends_at")
        warned = conflict_words.told(visit, against, offer.currency)
        if warned and not form.flag("anyway"):
            return await shown_page(visit, promotion_id, {}, form, warned)
        await visit.merchant_db.transact(
            extend,
            visit.actor,
            offer,
            ends_at=ends_at,
            budget=budget,
            seen=form.text("seen"),
            confirmed=conflict_words.for_the_log(against),
        )
    except Invalid as refusal:
        return await shown_page(visit, promotion_id, errors_of(visit, refusal.fields), form)
    return redirect(visit, here, (visit.say(SAVED), "good"))


async def extend(
    tx: Tx,
    actor: Actor,
    offer: Offer,
    *,
    ends_at: datetime,
    budget: int | None,
    seen: str,
    confirmed: Mapping[str, object],
) -> None:
    before, after = await promotions.extend(
        tx, offer.merchant_id, offer.promotion_id, ends_at=ends_at, budget=budget, seen=seen
    )
    if before != after:
        await access.audit(
            tx, actor, "promotions.extend", str(offer.promotion_id), {"name": str(offer.name), **confirmed},
            before=forms.told_of(before), after=forms.told_of(after),
        )  # fmt: skip


@post("/promotions/{promotion_id:uuid}/give", opt=NEEDS)
async def give_coupon(
    visit: NamedDependency[Visit], promotion_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """To buyers by their addresses, to all who bought lately, or to followers who have not bought."""
    form = await entries_of(request)
    try:
        gift = await gift_of(form, visit, promotion_id)
        await visit.merchant_db.transact(give, visit.actor, gift)
    except Invalid as refusal:
        return await shown_page(visit, promotion_id, errors_of(visit, refusal.fields), form)
    said = N_("The coupons are on their way. How many have got one is seen here in a moment.")
    return redirect(visit, f"{frame.PROMOTIONS}/{promotion_id}#given", (visit.say(said), "good"))


async def gift_of(form: Entries, visit: Visit, promotion_id: UUID) -> CouponGift:
    audience = next((each for each in GiftAudience if each == form.text("audience")), GiftAudience.NAMED)
    text = form.text("emails", most=LIST_CHARACTERS_MAX)
    for file in form.files("list"):
        text += "\n" + (await file.read(LIST_BYTES_MAX)).decode("utf-8", errors="replace")
    form.check()
    named = audience is GiftAudience.NAMED
    days = form.number("days", otherwise=0, most=9_999) if audience is GiftAudience.BOUGHT else None
    form.check()
    return CouponGift(
        merchant_id=visit.merchant_id,
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


HANDLERS = [extend_promotion, give_coupon]
