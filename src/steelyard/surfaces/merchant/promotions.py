"""Promotions and coupons: what the shop offers, what came of it, and what a cart would cost with it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import ProductId, ProductState, SkuCard, SkuId
from steelyard.goods.promotions.model import (
    AmountOff,
    Buyer,
    BuyGet,
    Cart,
    CartLine,
    Counted,
    FreeShipping,
    Ladder,
    Offer,
    PiecesFor,
    PromotionId,
    RateOff,
    Reckoning,
    Rule,
    Scope,
    Step,
    Used,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import local_time
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web.console import SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import moment_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 50
STEPS = 3
PRODUCTS_SHOWN = 200
PIECES_MAX = 999
COUNT_MAX = 1_000_000
DAYS = 7
# What a shop can offer: (kind, what it is called, an example, its icon).
KINDS = (
    ("amount_off", N_("So much off"), N_("¥20 off over ¥200, or for each ¥200"), "badge-percent"),
    ("rate_off", N_("A part off"), N_("A tenth off from two pieces on"), "percent"),
    ("buy_get", N_("Some for nothing"), N_("Buy two, get the cheapest third for nothing"), "gift"),
    ("pieces_for", N_("Several at one price"), N_("Any three for ¥99"), "boxes"),
    (
        "ladder",
        N_("Cheaper by the dozen"),
        N_("Of one article: a twentieth off from 10 pieces on, a tenth from 50"),
        "layers",
    ),
    ("free_shipping", N_("Free delivery"), N_("Goes free over ¥99"), "truck"),
)
KIND_NAMES = {kind: name for kind, name, _, _ in KINDS}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    offers: list[Offer]
    used: dict[UUID, Used]
    next: UUID | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    offer: Offer
    used: Used | None
    cards: Sequence[tuple[SkuCard, int]]


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
    wanted = sorted(offer.scope.products) or list(await _goods(read, merchant_id))
    by_product = await catalog.sku_ids_of(read, merchant_id, wanted[:PRODUCTS_SHOWN])
    # One of each: what an offer does hardly depends on the choice.
    sku_ids = [SkuId(some[0]) for some in by_product.values() if some]
    cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current(read, sku_ids, currency)
    return Shown(
        offer=offer,
        used=used.get(promotion_id),
        cards=[(cards[each], prices[each].amount) for each in sku_ids if each in cards and each in prices],
    )


@get("/promotions", opt=NEEDS)
async def promotion_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, as_uuid(before or ""))
    return await frame.show(
        visit,
        "promotions.html",
        frame.PROMOTIONS,
        found=found,
        states=_states(visit, found.offers),
        words=words.told(visit, found.offers),
        next_href=address(frame.PROMOTIONS, before=found.next),
        start_href=frame.PROMOTIONS if before else "",
    )


def _states(visit: Visit, offers: Sequence[Offer]) -> dict[str, tuple[str, str]]:
    now = datetime.now(UTC)
    named = {str(offer.promotion_id): words.STATES[offer.state(now)] for offer in offers}
    return {promotion_id: (visit.say(word), tone) for promotion_id, (word, tone) in named.items()}


@get("/promotions/new", opt=NEEDS)
async def new_promotion(visit: NamedDependency[Visit], kind: FromQuery[str | None] = None) -> Response[Any]:
    """Which kind it is comes first; the form asks for what that kind needs."""
    return await _form(visit, kind or "", Entries({}, {}), {})


async def _form(visit: Visit, kind: str, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    now = datetime.now(UTC)
    title = visit.say(N_("New promotion"))
    return await frame.show(
        visit,
        "promotion_form.html",
        frame.PROMOTIONS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Promotions")), frame.PROMOTIONS), (title, None)],
        kind=kind if kind in KIND_NAMES else "",
        kinds=[(each, visit.say(name), visit.say(example), icon) for each, name, example, icon in KINDS],
        typed=typed,
        errors=errors,
        currency=currency,
        steps=range(STEPS),
        promotion_id=typed.text("promotion_id") or ids.mint(),
        goods=await visit.merchant_db.ask(_goods, visit.merchant_id),
        chosen={str(each) for each in typed.uuids("products")},
        starts_at=typed.text("starts_at") or local_time(now),
        ends_at=typed.text("ends_at") or local_time(now + timedelta(days=DAYS)),
    )


@post("/promotions/new", opt=NEEDS)
async def make_promotion(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    kind = form.text("kind")
    if kind not in KIND_NAMES:
        return redirect(visit, f"{frame.PROMOTIONS}/new")
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    try:
        offer = offer_of(form, visit.merchant_id, kind, currency)
        form.check()
        await visit.merchant_db.transact(save, visit.actor, cast("Offer", offer))
    except Invalid as refusal:
        return await _form(visit, kind, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await _form(visit, kind, form, {"name_zh": told(visit, refusal)})
    return redirect(visit, frame.PROMOTIONS, (visit.say(SAVED), "good"))


async def save(tx: Tx, actor: Actor, offer: Offer) -> None:
    await promotions.save(tx, offer)
    facts = {"name": str(offer.name), "coupon": offer.coupon, "ends_at": offer.ends_at.isoformat()}
    await access.audit(tx, actor, "promotions.save", str(offer.promotion_id), facts)


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, promotion_id: UUID) -> None:
    await promotions.stop(tx, merchant_id, promotion_id)
    await access.audit(tx, actor, "promotions.stop", str(promotion_id), {})


def offer_of(form: Entries, merchant_id: MerchantId, kind: str, currency: str) -> Offer | None:
    """What the form asks for; what cannot be read is noted in it, and then there may be none."""
    coupon = form.flag("coupon")
    starts, ends = _moment(form, "starts_at"), _moment(form, "ends_at")
    name = form.words("name", required=True, most=60)
    rule = rule_of(form, kind, currency)
    budget = form.money("budget", currency, required=False)
    copies = form.number("copies", otherwise=0, most=COUNT_MAX) if coupon else 0
    per_buyer = form.number("per_buyer", otherwise=1, least=1, most=PIECES_MAX) if coupon else None
    code = form.text("code", most=30).upper().replace(" ", "") if coupon else ""
    products = form.uuids("products")
    if starts is None or ends is None or rule is None:
        return None
    return Offer(
        merchant_id=merchant_id,
        promotion_id=PromotionId(form.uuid("promotion_id")),
        name=name,
        rule=rule,
        scope=Scope(products=frozenset(products)),
        currency=currency,
        starts_at=starts,
        ends_at=ends,
        coupon=coupon,
        code=code or None,
        copies=copies or None,
        per_buyer=per_buyer,
        budget=budget,
    )


def _moment(form: Entries, name: str) -> datetime | None:
    moment = moment_of(form.text(name, required=True, most=30))
    if moment is None:
        form.refuse(name, N_("Please enter a day and an hour"))
    return moment


def rule_of(form: Entries, kind: str, currency: str) -> Rule | None:
    pieces = form.text("counted") == Counted.PIECES
    match kind:
        case "amount_off":
            steps = tuple(
                Step(over, form.money(f"off_{n}", currency) or 0)
                for n in range(STEPS)
                if (over := form.money(f"over_{n}", currency, required=n == 0)) is not None
            )
            return AmountOff(steps=steps, again=form.flag("again")) if steps else None
        case "rate_off":
            counted = Counted.PIECES if pieces else Counted.AMOUNT
            steps = tuple(_rate_steps(form, currency, pieces=pieces))
            return RateOff(steps=steps, counted=counted) if steps else None
        case "ladder":
            steps = tuple(_rate_steps(form, currency, pieces=True))
            return Ladder(steps=steps) if steps else None
        case "buy_get":
            return BuyGet(
                buy=form.number("buy", least=1, most=PIECES_MAX), get=form.number("get", least=1, most=PIECES_MAX)
            )
        case "pieces_for":
            price = form.money("price", currency)
            return PiecesFor(pieces=form.number("pieces", least=1, most=PIECES_MAX), price=price or 0)
        case _:
            return FreeShipping(over=form.money("over_0", currency, required=False) or 0)


def _rate_steps(form: Entries, currency: str, *, pieces: bool) -> list[Step]:
    """Rows of thresholds and whole percents; the first is wanted."""
    found: list[Step] = []
    for n in range(STEPS):
        if n and not form.text(f"over_{n}"):
            continue
        over = form.number(f"over_{n}", least=1) if pieces else form.money(f"over_{n}", currency)
        found.append(Step(over or 0, 10_000 * form.number(f"percent_{n}", least=1, most=99)))
    return found


@get("/promotions/{promotion_id:uuid}", opt=NEEDS)
async def promotion_page(visit: NamedDependency[Visit], promotion_id: FromPath[UUID]) -> Response[Any]:
    """What it says and what came of it, with the calculator: asked for by the address, to be shown to a colleague."""
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
        state=_states(visit, [found.offer])[str(promotion_id)],
        stoppable=found.offer.stopped_at is None and found.offer.ends_at > datetime.now(UTC),
        words=words.rule_words(visit, found.offer.rule, currency),
        currency=currency,
        typed=typed,
        tried=tried,
        steps=words.every_step(visit, tried) if tried else [],
    )


async def _try(visit: Visit, found: Shown, typed: dict[str, str], currency: str) -> Reckoning | None:
    """What these pieces cost with all that the shop offers now, and this offer as if it ran; coupons as if claimed."""
    wanted = {sku_id: min(int(n), PIECES_MAX) for sku_id, n in typed.items() if n.isdecimal() and len(n) < 5 and int(n)}
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
        buyer=Buyer(holds=frozenset(each.promotion_id for each in [*running, own] if each.coupon)),
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


HANDLERS = [promotion_list, new_promotion, make_promotion, promotion_page, stop_promotion]
