"""Promotions and coupons of the platform: over which shops and categories, who pays which part, and what came of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import Category
from steelyard.goods.promotions.model import PLATFORM, Offer, OfferBegun, PromotionId, Scope, Used
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants, operator
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web import offer_forms as forms
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web.clashes import against as against_it
from steelyard.surfaces.web.console import SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 50
SHOPS_SHOWN = 100
MILLIONTHS_PER_PERCENT = 10_000
# How deep in the tree of categories the form lets choose.
DEPTH = 2


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    offers: list[Offer]
    used: Mapping[UUID, Used]
    next: UUID | None


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion can be for, and in which currency."""

    currency: str
    shops: Sequence[ShopCard]
    categories: Sequence[tuple[Category, int]]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    offer: Offer
    used: Used
    shops: Sequence[ShopCard]
    categories: Sequence[Text]


async def listed(read: Read, before: UUID | None) -> Listed:
    found = await promotions.offers(read, PLATFORM, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return Listed(
        offers=shown,
        used=await promotions.used(read, PLATFORM, [offer.promotion_id for offer in shown]),
        next=shown[-1].promotion_id if len(found) > PER_PAGE else None,
    )


async def choices(read: Read) -> Choices:
    house = await operator.profile(read)
    return Choices(
        currency=house.currency if house else "CNY",
        shops=(await merchants.listed(read, limit=SHOPS_SHOWN)).items,
        categories=list(_flat(await catalog.categories(read))),
    )


def _flat(tree: Sequence[Category], depth: int = 1) -> Iterator[tuple[Category, int]]:
    for each in tree:
        yield each, depth
        if depth < DEPTH:
            yield from _flat(each.children, depth + 1)


async def shown(read: Read, promotion_id: UUID) -> Shown:
    """Raises `NotFound`: a shop's promotion is not the platform's."""
    offer = await promotions.get(read, PLATFORM, promotion_id)
    if offer is None:
        raise NotFound()
    used = await promotions.used(read, PLATFORM, [promotion_id])
    cards = await merchants.cards(read, [MerchantId(each) for each in offer.scope.shops])
    return Shown(
        offer=offer,
        used=used.get(promotion_id) or Used(orders=0, amount=0),
        shops=list(cards.values()),
        categories=[
            each.name for each, _ in _flat(await catalog.categories(read)) if each.category_id in offer.scope.categories
        ],
    )


@get("/promotions", opt=NEEDS)
async def promotion_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    """What the platform offers, or has offered, and what came of it."""
    found = await visit.db.ask(listed, as_uuid(before or ""))
    return await frame.show(
        visit,
        "promotions.html",
        frame.PROMOTIONS,
        found=found,
        states=words.states(visit, found.offers),
        words=words.told(visit, found.offers),
        next_href=address(frame.PROMOTIONS, before=found.next),
        start_href=frame.PROMOTIONS if before else "",
    )


@get("/promotions/new", opt=NEEDS)
async def new_promotion(visit: NamedDependency[Visit], kind: FromQuery[str | None] = None) -> Response[Any]:
    """Which kind it is comes first; the form asks for what that kind needs."""
    return await _form(visit, kind or "", Entries({}, {}), {})


@get("/promotions/{promotion_id:uuid}/edit", opt=NEEDS)
async def change_promotion(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Response[Any] | Redirect:
    """The form with what it says, as long as it has not begun."""
    offer = await visit.db.ask(promotions.get, PLATFORM, promotion_id)
    if offer is None:
        raise NotFound()
    if not forms.changeable(offer, datetime.now(UTC)):
        return redirect(visit, f"{frame.PROMOTIONS}/{promotion_id}", (visit.refused(OfferBegun()), "info"))
    return await _form(visit, forms.kind_of(offer), forms.typed_of(offer), {})


async def _form(
    visit: Visit, kind: str, typed: Entries, errors: dict[str, str], warned: conflict_words.Told | None = None
) -> Response[Any]:
    found = await visit.db.ask(choices)
    return await frame.show(
        visit,
        "promotion_form.html",
        frame.PROMOTIONS,
        status=422 if errors else 409 if warned else 200,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (visit.say(N_("New promotion")), None)],
        errors=errors,
        warned=warned,
        found=found,
        chosen={*map(str, typed.uuids("shops")), *map(str, typed.uuids("categories"))},
        **forms.form_values(visit, kind, typed, found.currency, datetime.now(UTC)),
    )


@post("/promotions/new", opt=NEEDS)
async def make_promotion(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Make one, or change one that has not begun."""
    form = await entries_of(request)
    kind = form.text("kind")
    if kind not in forms.KIND_NAMES:
        return redirect(visit, f"{frame.PROMOTIONS}/new")
    found = await visit.db.ask(choices)
    warned: conflict_words.Told | None = None
    try:
        offer = offer_of(form, kind, found.currency)
        form.check()
        assert offer is not None, "what cannot be read was refused"
        promotions.check(offer)
        against = await visit.db.ask(against_it, offer.promotion)
        warned = conflict_words.told(visit, against, found.currency)
        conflict_words.check(against, "name_zh")
        if warned and not form.flag("anyway"):
            return await _form(visit, kind, form, {}, warned)
        await visit.db.transact(save, visit.actor, offer, conflict_words.for_the_log(against))
    except Invalid as refusal:
        return await _form(visit, kind, form, errors_of(visit, refusal.fields), warned)
    except Refusal as refusal:
        return await _form(visit, kind, form, {"name_zh": told(visit, refusal)})
    return redirect(visit, frame.PROMOTIONS, (visit.say(SAVED), "good"))


def offer_of(form: Entries, kind: str, currency: str) -> Offer | None:
    """What the form asks for; what cannot be read is noted in it, and then there may be none."""
    terms = forms.terms_of(form, kind, currency)
    percent = form.number("platform", most=100)
    scope = Scope(shops=frozenset(form.uuids("shops")), categories=frozenset(form.uuids("categories")))
    if terms is None:
        return None
    return Offer(
        merchant_id=PLATFORM,
        promotion_id=PromotionId(form.uuid("promotion_id")),
        scope=scope,
        currency=currency,
        platform_millionths=percent * MILLIONTHS_PER_PERCENT,
        **msgspec.structs.asdict(terms),
    )


async def save(tx: Tx, actor: Actor, offer: Offer, confirmed: Mapping[str, object] | None = None) -> None:
    await promotions.save(tx, offer)
    facts = {
        "name": str(offer.name),
        "coupon": offer.coupon,
        "ends_at": offer.ends_at.isoformat(),
        "platform": f"{offer.platform_millionths / MILLIONTHS_PER_PERCENT:g} %",
        **(confirmed or {}),
    }
    await access.audit(tx, actor, "promotions.save", str(offer.promotion_id), facts)


async def stop(tx: Tx, actor: Actor, promotion_id: UUID) -> None:
    await promotions.stop(tx, PLATFORM, promotion_id)
    await access.audit(tx, actor, "promotions.stop", str(promotion_id), {})


@get("/promotions/{promotion_id:uuid}", opt=NEEDS)
async def promotion_page(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Response[Any]:
    """What it says, for whom, who pays, and what came of it."""
    return await shown_page(visit, promotion_id, {}, Entries({}, {}))


async def shown_page(
    visit: Visit,
    promotion_id: UUID,
    errors: dict[str, str],
    entered: Entries,
    warned: conflict_words.Told | None = None,
) -> Response[Any]:
    """The page, with what was entered into its forms and is wrong."""
    found = await visit.db.ask(shown, promotion_id)
    offer, now = found.offer, datetime.now(UTC)
    return await frame.show(
        visit,
        "promotion.html",
        frame.PROMOTIONS,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (offer.name.in_language(visit.locale), None)],
        found=found,
        offer=offer,
        state=words.states(visit, [offer])[str(promotion_id)],
        status=422 if errors else 409 if warned else 200,
        errors=errors,
        warned=warned,
        gifts=await visit.db.ask(promotions.gifts_of, PLATFORM, promotion_id) if offer.given else [],
        **forms.act_values(offer, entered, now),
        changeable=forms.changeable(offer, now),
        stoppable=offer.stopped_at is None and offer.ends_at > now,
        words=words.rule_words(visit, offer.rule, offer.currency),
    )


@post("/promotions/{promotion_id:uuid}/stop", opt=NEEDS)
async def stop_promotion(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Redirect:
    """It counts for nothing that is placed from now on."""
    return await done(
        visit,
        f"{frame.PROMOTIONS}/{promotion_id}",
        N_("It is stopped. What was bought with it stays as it is."),
        lambda: visit.db.transact(stop, visit.actor, promotion_id),
    )


HANDLERS = [promotion_list, new_promotion, make_promotion, change_promotion, promotion_page, stop_promotion]
