"""What the desk hands out in a session: a live price with pieces of its own, a coupon to be grabbed, a draw. Each is a form on a
page of its own, which opens as a sheet over the desk."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live import LivePrice, NewDraw
from steelyard.channels.live.model import Session
from steelyard.channels.rooms.model import Room
from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import ProductView, Sku, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions.model import Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.live_room.desk import DESK, RUN, session_of, studio
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

COUPONS_SHOWN = 60
MINUTES = (1, 3, 5, 10, 15, 30, 60)
SECONDS = (30, 60, 120, 180, 300)
COUNTDOWNS = (0, 10, 30, 60, 180)
PIECES_MAX, EACH_MAX, WINNERS_MAX = 1_000_000, 9_999, 100
SECRET_BYTES = 32


class PriceForm(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    room: Room
    product: ProductView
    currency: str
    skus: Sequence[tuple[Sku, Price | None, int]]


class HandForm(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    room: Room
    coupons: Sequence[Offer]


async def price_form(read: Read, merchant_id: MerchantId, session_id: UUID, product_id: UUID) -> PriceForm:
    """Raises `NotFound` for what is not in the bag."""
    session, room = await session_of(read, merchant_id, session_id)
    bag = await live.goods(read, merchant_id, session_id)
    product = await catalog.product(read, product_id)
    if product is None or not any(each.product_id == product_id for each in bag):
        raise NotFound()
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    skus = [sku for sku in product.skus if sku.active]
    prices = await pricing.current(read, [SkuId(sku.sku_id) for sku in skus], shop.currency)
    free = await inventory.available(read, [SkuId(sku.sku_id) for sku in skus])
    return PriceForm(
        session=session,
        room=room,
        product=product,
        currency=shop.currency,
        skus=[(sku, prices.get(SkuId(sku.sku_id)), free.get(SkuId(sku.sku_id), 0)) for sku in skus],
    )


async def hand_form(read: Read, merchant_id: MerchantId, session_id: UUID) -> HandForm:
    session, room = await session_of(read, merchant_id, session_id)
    now = datetime.now(UTC)
    coupons = [
        each
        for each in await promotions.offers(read, merchant_id, None, COUPONS_SHOWN)
        if each.coupon and not each.given and not each.code and each.stopped_at is None
        and each.starts_at <= now < each.ends_at
    ]  # fmt: skip
    return HandForm(session=session, room=room, coupons=coupons)


def seconds_words(visit: Visit, seconds: Sequence[int]) -> list[tuple[int, str]]:
    """Times to choose from."""
    return [
        (each, visit.say(N_("{count} s"), count=each) if each < 60 else visit.say(N_("{count} min"), count=each // 60))
        for each in seconds
    ]


@get("/{session_id:uuid}/desk/price/{product_id:uuid}", opt={"permission": RUN})
async def new_price(
    visit: NamedDependency[Visit], session_id: FromPath[UUID], product_id: FromPath[UUID]
) -> Response[str]:
    """A live price: of which variant, how much, how many pieces, how many each, how long, after which countdown."""
    return await _price_page(visit, session_id, product_id, Entries({}, {}))


async def _price_page(
    visit: Visit, session_id: UUID, product_id: UUID, entries: Entries, *, status: int = 200, problem: str = ""
) -> Response[str]:
    view = await visit.merchant_db.ask(price_form, visit.merchant_id, session_id, product_id)
    return await studio(
        visit,
        "price_form.html",
        view.session,
        view.room,
        status=status,
        view=view,
        entries=entries,
        errors=errors_of(visit, entries.errors),
        problem=problem,
        offer_id=entries.text("offer_id") or ids.mint(),
        minutes=seconds_words(visit, [each * 60 for each in MINUTES]),
        countdowns=[
            (seconds, words if seconds else visit.say(N_("at once")))
            for seconds, words in seconds_words(visit, COUNTDOWNS)
        ],
    )


@post("/{session_id:uuid}/desk/price/{product_id:uuid}", opt={"permission": RUN})
async def set_price(
    request: WebRequest, visit: NamedDependency[Visit], session_id: FromPath[UUID], product_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Sell pieces at a live price. The form's id makes a second click harmless."""
    entries = await entries_of(request)
    view = await visit.merchant_db.ask(price_form, visit.merchant_id, session_id, product_id)
    sku_id = next(iter(entries.uuids("sku_id")), None)
    if sku_id not in {sku.sku_id for sku, _, _ in view.skus} or sku_id is None:
        entries.refuse("sku_id", N_("Please choose a variant."))
        sku_id = product_id
    wanted = LivePrice(
        merchant_id=visit.merchant_id,
        session_id=session_id,
        offer_id=entries.uuid("offer_id"),
        sku_id=sku_id,
        price=entries.money("price", view.currency) or 0,
        pieces=entries.number("pieces", least=1, most=PIECES_MAX),
        per_buyer=entries.number("per_buyer", otherwise=0, most=EACH_MAX) or None,
        seconds=entries.number("seconds", least=1, most=86_400),
        in_seconds=entries.number("in_seconds", otherwise=0, most=86_400),
    )
    try:
        entries.check()
        await visit.merchant_db.transact(
            live.act, visit.merchant_id, session_id, visit.by, "price", _set_price, wanted, visit.by
        )
    except Refusal as refusal:
        problem = _note(entries, refusal, visit)
        return await _price_page(visit, session_id, product_id, entries, status=refusal.status, problem=problem)
    return redirect(visit, f"{DESK}/{session_id}/desk", (visit.say(N_("The live price stands.")), "good"))


async def _set_price(tx: Tx, _merchant_id: UUID, _session_id: UUID, wanted: LivePrice, by: str) -> None:
    await live.set_price(tx, wanted, by)


async def _begin_draw(tx: Tx, _merchant_id: UUID, _session_id: UUID, wanted: NewDraw, by: str) -> None:
    await live.begin_draw(tx, wanted, by)


def _note(entries: Entries, refusal: Refusal, visit: Visit) -> str:
    """What is wrong beside its field; what has no field is said above the form."""
    if not isinstance(refusal, Invalid):
        return visit.refused(refusal)
    for name, words in refusal.fields.items():
        entries.refuse(name.removesuffix("_0"), words)
    return ""


@get("/{session_id:uuid}/desk/drop", opt={"permission": RUN})
async def new_drop(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Response[str]:
    """A coupon or red packet to be grabbed: which, and how long."""
    return await _hand_page(visit, session_id, "drop_form.html", Entries({}, {}))


@get("/{session_id:uuid}/desk/draw", opt={"permission": RUN})
async def new_draw(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Response[str]:
    """A draw among those who write: the prize, how many win, by which word, how long."""
    return await _hand_page(visit, session_id, "draw_form.html", Entries({}, {}))


async def _hand_page(
    visit: Visit, session_id: UUID, template: str, entries: Entries, *, status: int = 200, problem: str = ""
) -> Response[str]:
    view = await visit.merchant_db.ask(hand_form, visit.merchant_id, session_id)
    return await studio(
        visit,
        template,
        view.session,
        view.room,
        status=status,
        view=view,
        entries=entries,
        errors=errors_of(visit, entries.errors),
        problem=problem,
        form_id=entries.text("form_id") or ids.mint(),
        seconds=seconds_words(visit, SECONDS),
    )


@post("/{session_id:uuid}/desk/drop", opt={"permission": RUN})
async def throw(
    request: WebRequest, visit: NamedDependency[Visit], session_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Throw a coupon of the shop into the session."""
    entries = await entries_of(request)
    promotion_id = next(iter(entries.uuids("promotion_id")), None)
    seconds = entries.number("seconds", least=1, most=86_400)
    if promotion_id is None:
        entries.refuse("promotion_id", N_("Please choose a coupon that can be claimed."))
    try:
        entries.check()
        assert promotion_id is not None, "else it was refused"
        await visit.merchant_db.transact(
            live.act,
            visit.merchant_id,
            session_id,
            visit.by,
            "coupon",
            live.throw,
            entries.uuid("form_id"),
            promotion_id,
            visit.by,
            seconds=seconds,
            red_packet=entries.flag("red_packet"),
        )
    except Refusal as refusal:
        problem = _note(entries, refusal, visit)
        return await _hand_page(visit, session_id, "drop_form.html", entries, status=refusal.status, problem=problem)
    return redirect(visit, f"{DESK}/{session_id}/desk", (visit.say(N_("It is thrown.")), "good"))


@post("/{session_id:uuid}/desk/draw", opt={"permission": RUN})
async def begin_draw(
    request: WebRequest, visit: NamedDependency[Visit], session_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Begin a draw. What decides it is drawn here and kept secret until it is over; what it is, is told at once as a digest."""
    entries = await entries_of(request)
    wanted = NewDraw(
        merchant_id=visit.merchant_id,
        session_id=session_id,
        draw_id=entries.uuid("form_id"),
        secret=secrets.token_hex(SECRET_BYTES),
        prize=entries.words("prize", required=True, most=60),
        winners=entries.number("winners", least=1, most=WINNERS_MAX),
        seconds=entries.number("seconds", least=1, most=86_400),
        word=entries.text("word", most=30),
        promotion_id=next(iter(entries.uuids("promotion_id")), None),
    )
    try:
        entries.check()
        await visit.merchant_db.transact(
            live.act, visit.merchant_id, session_id, visit.by, "draw", _begin_draw, wanted, visit.by
        )
    except Refusal as refusal:
        problem = _note(entries, refusal, visit)
        return await _hand_page(visit, session_id, "draw_form.html", entries, status=refusal.status, problem=problem)
    return redirect(visit, f"{DESK}/{session_id}/desk", (visit.say(N_("The draw has begun.")), "good"))


HANDLERS: Sequence[Any] = [new_price, set_price, new_drop, throw, new_draw, begin_draw]
