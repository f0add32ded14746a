"""Promotions and coupons: what the shop offers, what came of it, and what a cart would cost with it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import ProductId, ProductState, SkuCard, SkuId
from steelyard.goods.promotions.model import (
    Bundle,
    Buyer,
    Cart,
    CartLine,
    Group,
    Offer,
    OfferBegun,
    PromotionId,
    Reckoning,
    Scope,
    Used,
)
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.flash import Article, articles
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
PRODUCTS_SHOWN = 200


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    offers: list[Offer]
    used: dict[UUID, Used]
    next: UUID | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`named`: what is given, or sold together, and how many pieces of it."""

    offer: Offer
    used: Used | None
    cards: Sequence[tuple[SkuCard, int]]
    named: Sequence[tuple[SkuCard, int]] = ()
    group: Group | None = None


async def listed(read: Read, merchant_id: MerchantId, before: UUID | None) -> Listed:
    found = await promotions.offers(read, merchant_id, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    used = await promotions.used(read, merchant_id, [offer.promotion_id for offer in shown])
    return Listed(offers=shown, used=dict(used), next=shown[-1].promotion_id if len(found) > PER_PAGE else None)


async def _goods(read: Read, merchant_id: MerchantId) -> dict[ProductId, Text]:
    """What is on the shelf, to be chosen from."""
    page = await catalog.products_page(read, merchant_id, ProductState.ON_SHELF, limit=PRODUCTS_SHOWN)
    return {row.product_id: row.title for row in page.items}


async def _shown(read: Read, merchant_id: MerchantId, promotion_id: UUID, currency: str) -> Shown:
    """Raises `NotFound`: another merchant's promotion is not there."""
    offer = await promotions.get(read, merchant_id, promotion_id)
    if offer is None:
        raise NotFound()
    used = await promotions.used(read, merchant_id, [promotion_id])
    groups = await promotions.customer_groups(read, merchant_id) if offer.group_id else []
    parts = promotions.named(offer.rule)
    wanted = sorted(offer.scope.products) or list(await _goods(read, merchant_id))
    by_product = await catalog.sku_ids_of(read, merchant_id, wanted[:PRODUCTS_SHOWN])
    # One of each: what an offer does hardly depends on the choice.
    sku_ids = [SkuId(some[0]) for some in by_product.values() if some]
    # Of a set each, since only all of them together are it.
    sku_ids = [*parts] if isinstance(offer.rule, Bundle) else sku_ids
    cards = await catalog.cards(read, [*sku_ids, *parts])
    prices = await pricing.current(read, sku_ids, currency)
    return Shown(
        offer=offer,
        used=used.get(promotion_id),
        cards=[(cards[each], prices[each].amount) for each in sku_ids if each in cards and each in prices],
        named=[(cards[each], count) for each, count in parts.items() if each in cards],
        group=next((each for each in groups if each.group_id == offer.group_id), None),
    )


@get("/promotions", opt=NEEDS)
async def promotion_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, as_uuid(before or ""))
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
    offer = await visit.merchant_db.ask(promotions.get, visit.merchant_id, promotion_id)
    if offer is None:
        raise NotFound()
    if not forms.changeable(offer, datetime.now(UTC)):
        return redirect(visit, f"{frame.PROMOTIONS}/{promotion_id}", (visit.refused(OfferBegun()), "info"))
    return await _form(visit, forms.kind_of(offer), forms.typed_of(offer), {})


async def _again(
    visit: Visit, kind: str, form: Entries, errors: dict[str, str], warned: conflict_words.Told | None = None
) -> Response[Any]:
    """The form with what was typed; what it is saved over is what is there now, which the error has told of."""
    offer = await visit.merchant_db.ask(promotions.get, visit.merchant_id, form.uuid("promotion_id"))
    return await _form(visit, kind, form, errors, promotions.version_of(offer) if offer else "", warned)


async def _form(
    visit: Visit,
    kind: str,
    typed: Entries,
    errors: dict[str, str],
    seen: str | None = None,
    warned: conflict_words.Told | None = None,
) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    values = forms.form_values(visit, kind, typed, currency, datetime.now(UTC), forms.SHOP_KINDS)
    found = await visit.merchant_db.ask(articles, visit.merchant_id, currency) if kind in forms.OF_ARTICLES else []
    numbers = {str(each.card.sku_id): each.card.code for each in found}
    for name in ("gift", *(f"part_{n}" for n in range(forms.PARTS))):
        if typed.text(name) in numbers:
            typed.keep(name, [numbers[typed.text(name)]])
    title = visit.say(N_("New promotion"))
    return await frame.show(
        visit,
        "promotion_form.html",
        frame.PROMOTIONS,
        status=422 if errors else 409 if warned else 200,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (title, None)],
        errors=errors,
        articles=found,
        groups=await visit.merchant_db.ask(promotions.customer_groups, visit.merchant_id),
        warned=warned,
        goods=await visit.merchant_db.ask(_goods, visit.merchant_id),
        chosen={str(each) for each in typed.uuids("products")},
        sold_in=await visit.merchant_db.ask(catalog.sold_in, visit.merchant_id) if kind == "sale" else {},
        chosen_categories={str(each) for each in typed.uuids("categories")},
        **(values if seen is None else {**values, "seen": seen}),
    )


@post("/promotions/new", opt=NEEDS)
async def make_promotion(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    kind = form.text("kind")
    if kind not in forms.SHOP_KIND_NAMES:
        return redirect(visit, f"{frame.PROMOTIONS}/new")
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    found = await visit.merchant_db.ask(articles, visit.merchant_id, currency) if kind in forms.OF_ARTICLES else []
    warned: conflict_words.Told | None = None
    try:
        offer = offer_of(form, visit.merchant_id, kind, currency, found)
        form.check()
        assert offer is not None, "what cannot be read was refused"
        promotions.check(offer)
        against = await visit.db.ask(against_it, offer.promotion)
        warned = conflict_words.told(visit, against, currency)
        conflict_words.check(against, "name_zh")
        if warned and not form.flag("anyway"):
            return await _again(visit, kind, form, {}, warned)
        await visit.merchant_db.transact(
            save, visit.actor, offer, form.text("seen"), conflict_words.for_the_log(against)
        )
    except Invalid as refusal:
        return await _again(visit, kind, form, errors_of(visit, refusal.fields), warned)
    except Refusal as refusal:
        return await _again(visit, kind, form, {"name_zh": told(visit, refusal)})
    return redirect(visit, frame.PROMOTIONS, (visit.say(SAVED), "good"))


async def save(
    tx: Tx, actor: Actor, offer: Offer, seen: str = "", confirmed: Mapping[str, object] | None = None
) -> None:
    """`confirmed`: which warnings were read and put aside, for the log."""
    before = await promotions.change(tx, offer, seen)
    if before is not None and promotions.version_of(before) == promotions.version_of(offer):
        return
    facts = {"name": str(offer.name), "coupon": offer.coupon, "ends_at": offer.ends_at.isoformat(), **(confirmed or {})}
    await access.audit(
        tx, actor, "promotions.save", str(offer.promotion_id), facts,
        before=forms.told_of(before) if before else None, after=forms.told_of(offer) if before else None,
    )  # fmt: skip


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, promotion_id: UUID) -> None:
    await promotions.stop(tx, merchant_id, promotion_id)
    await access.audit(tx, actor, "promotions.stop", str(promotion_id), {})


def offer_of(
    form: Entries, merchant_id: MerchantId, kind: str, currency: str, found: Sequence[Article] = ()
) -> Offer | None:
    """What the form asks for; what cannot be read is noted in it, and then there may be none."""
    terms = forms.terms_of(form, kind, currency, {each.card.code.upper(): each.card.sku_id for each in found})
    products = form.uuids("products")
    if terms is None:
        return None
    if isinstance(terms.rule, Bundle):
        products = [each.card.product_id for each in found if each.card.sku_id in terms.rule.parts]
    return Offer(
        merchant_id=merchant_id,
        promotion_id=PromotionId(form.uuid("promotion_id")),
        scope=Scope(
            products=frozenset(products), categories=frozenset(form.uuids("categories") if terms.shelf else ())
        ),
        currency=currency,
        **msgspec.structs.asdict(terms),
    )


@get("/promotions/{promotion_id:uuid}", opt=NEEDS)
async def promotion_page(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Response[Any]:
    """What it says and what came of it, with the calculator: asked for by the address, to be shown to a colleague."""
    return await shown_page(visit, promotion_id, {}, Entries({}, {}))


async def shown_page(
    visit: Visit,
    promotion_id: UUID,
    errors: dict[str, str],
    entered: Entries,
    warned: conflict_words.Told | None = None,
) -> Response[Any]:
    """The page, with what was entered into its forms and is wrong."""
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    found = await visit.merchant_db.ask(_shown, visit.merchant_id, promotion_id, currency)
    query = visit.connection.query_params
    typed = {name.removeprefix("n-"): value for name, value in query.items() if name.startswith("n-") and value}
    tried = await _try(visit, found, typed, currency)
    return await frame.show(
        visit,
        "promotion.html",
        frame.PROMOTIONS,
        crumbs=[
            (visit.say(N_("Promotions")), frame.PROMOTIONS),
            (found.offer.name.in_language(visit.locale), None),
        ],
        found=found,
        offer=found.offer,
        state=words.states(visit, [found.offer])[str(promotion_id)],
        status=422 if errors else 409 if warned else 200,
        errors=errors,
        warned=warned,
        **forms.act_values(found.offer, entered, datetime.now(UTC)),
        gifts=await visit.merchant_db.ask(promotions.gifts_of, visit.merchant_id, promotion_id)
        if found.offer.given
        else [],
        changeable=forms.changeable(found.offer, datetime.now(UTC)),
        stoppable=found.offer.stopped_at is None and found.offer.ends_at > datetime.now(UTC),
        words=words.rule_words(visit, found.offer.rule, currency),
        currency=currency,
        typed=typed,
        tried=tried,
        steps=words.every_step(visit, tried) if tried else [],
    )


async def _try(visit: Visit, found: Shown, typed: dict[str, str], currency: str) -> Reckoning | None:
    """What these pieces cost with all that the shop offers now, and this offer as if it ran; coupons as if claimed."""
    wanted = {
        sku_id: min(int(n), forms.PIECES_MAX) for sku_id, n in typed.items() if n.isdecimal() and len(n) < 5 and int(n)
    }
    lines = [
        CartLine(
            line_id=str(card.sku_id),
            sku_id=card.sku_id,
            product_id=card.product_id,
            merchant_id=card.merchant_id,
            categories=card.category_path,
            unit_price=amount,
            quantity=wanted[str(card.sku_id)],
        )
        for card, amount in found.cards
        if str(card.sku_id) in wanted
    ]
    if not lines:
        return None
    others = await visit.merchant_db.ask(promotions.offers, visit.merchant_id, None, PER_PAGE)
    now = datetime.now(UTC)
    running = [
        each for each in others if each.state(now) == "running" and each.promotion_id != found.offer.promotion_id
    ]
    own = msgspec.structs.replace(found.offer, starts_at=now, ends_at=now + timedelta(days=1))
    cart = Cart(
        currency=currency,
        lines=lines,
        at=now,
        buyer=Buyer(
            holds=frozenset(each.promotion_id for each in [*running, own] if each.coupon),
            segments=frozenset(segment for each in [*running, own] for segment in each.segments),
        ),
    )
    return promotions.reckon(cart, [each.promotion for each in [*running, own]])


@post("/promotions/{promotion_id:uuid}/stop", opt=NEEDS)
async def stop_promotion(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Redirect:
    """It counts for nothing that is placed from now on."""
    return await done(
        visit,
        f"{frame.PROMOTIONS}/{promotion_id}",
        N_("It is stopped. What was bought with it stays as it is."),
        lambda: visit.merchant_db.transact(stop, visit.actor, visit.merchant_id, promotion_id),
    )


HANDLERS = [promotion_list, new_promotion, make_promotion, promotion_page, change_promotion, stop_promotion]
