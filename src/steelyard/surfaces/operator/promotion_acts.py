"""What the platform does to its promotions that run: the end is put off, the budget raised, and coupons are given."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.promotions import NEEDS, shown_page
from steelyard.surfaces.web import conflict_words, offer_acts
from steelyard.surfaces.web.clashes import against as against_it
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


@post("/promotions/{promotion_id:uuid}/extend", opt=NEEDS)
async def extend_promotion(
    visit: NamedDependency[Visit], promotion_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """A later end, a larger budget: what buyers were told stays true."""
    form = await entries_of(request)
    offer = await visit.db.ask(promotions.get, PLATFORM, promotion_id)
    if offer is None:
        raise NotFound()
    try:
        longer = offer_acts.longer_of(form, offer)
        later = longer.ends_at > offer.ends_at
        against = await visit.db.ask(against_it, longer.offer.promotion) if later else []
        conflict_words.check(against, "ends_at")
        warned = conflict_words.told(visit, against, offer.currency)
        if warned and not form.flag("anyway"):
            return await shown_page(visit, promotion_id, {}, form, warned)
        await visit.db.transact(
            offer_acts.extend,
            visit.actor,
            offer,
            longer,
            seen=form.text("seen"),
            confirmed=conflict_words.for_the_log(against),
        )
    except Invalid as refusal:
        return await shown_page(visit, promotion_id, errors_of(visit, refusal.fields), form)
    return redirect(visit, f"{frame.PROMOTIONS}/{promotion_id}", (visit.say(SAVED), "good"))


@post("/promotions/{promotion_id:uuid}/give", opt=NEEDS)
async def give_coupon(
    visit: NamedDependency[Visit], promotion_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """To accounts by their addresses, to all who bought lately, or to those who have an account and have not bought."""
    form = await entries_of(request)
    try:
        gift = await offer_acts.gift_of(form, PLATFORM, promotion_id)
        await visit.db.transact(offer_acts.give, visit.actor, gift)
    except Invalid as refusal:
        return await shown_page(visit, promotion_id, errors_of(visit, refusal.fields), form)
    said = N_("The coupons are on their way. How many have got one is seen here in a moment.")
    return redirect(visit, f"{frame.PROMOTIONS}/{promotion_id}#given", (visit.say(said), "good"))


HANDLERS = [extend_promotion, give_coupon]
