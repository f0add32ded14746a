"""Buying without leaving the stream: the options in a sheet over the picture, then the storefront's own checkout in that sheet.

The order says by its source which session it came from, and at which second of it the buyer chose. Without scripts, and where a
browser shows no sheets, these are pages like others.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live.model import Session
from steelyard.goods import promotions
from steelyard.goods.promotions.model import Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations.analytics import Step
from steelyard.operations.behaviour import Kind
from steelyard.surfaces.live_room.counted import gatherer_of
from steelyard.surfaces.live_room.frame import LIVE, Around, around, show
from steelyard.surfaces.live_room.gathering import Gatherer
from steelyard.surfaces.live_room.hub import Key
from steelyard.surfaces.live_room.showing import client_of, live_prices, replay_of, room_of, second_of
from steelyard.surfaces.web import footfall, limit_words
from steelyard.surfaces.web.choosing import Choice, Variant, choice_of
from steelyard.surfaces.web.opening import open_with_what_we_know
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart
from steelyard.trade.cart.model import QUANTITY_PER_LINE_MAX
from steelyard.trade.checkout.model import LIVE as SOLD_LIVE
from steelyard.trade.checkout.model import SHOP, CheckoutId, Line

# So many seconds behind the camera a viewer may be, or have left the sheet open, and the order still says when they chose.
BEHIND_SECONDS_MAX = 3_600
DIGITS_MAX = 6


class BuyPage(msgspec.Struct, frozen=True, kw_only=True):
    """What can be chosen of a product, and what it costs in this session (`low`: there is a live price). `replay`: it is bought
    from the recording, at the price of now."""

    around: Around
    session: Session | None
    choice: Choice
    replay: bool = False
    low: Offer | None = None

    @property
    def low_of_chosen(self) -> Offer | None:
        """The live price, where it is of the variant that is chosen and there are pieces left."""
        low, variant = self.low, self.choice.variant
        if low is None or low.flash is None or variant is None or low.flash.sku_id != variant.sku.sku_id:
            return None
        return low if low.flash.left and low.starts_at <= datetime.now(UTC) else None

    @property
    def price(self) -> int | None:
        """What a piece of what is chosen costs, in minor units."""
        low, variant = self.low_of_chosen, self.choice.variant
        if low is not None and (price := promotions.flash_price(low)) is not None:
            return price
        return variant.price.amount if variant and variant.price else None

    @property
    def buyable(self) -> bool:
        variant = self.choice.variant
        return variant is not None and variant.price is not None and (variant.buyable or self.low_of_chosen is not None)

    @property
    def most(self) -> int:
        """So many pieces can be taken at once."""
        flash = self.low_of_chosen.flash if self.low_of_chosen else None
        if flash is None:
            return max(1, self.choice.quantity_max)
        own = [each for each in (flash.per_order, flash.per_buyer) if each is not None]
        return max(1, min(flash.left, QUANTITY_PER_LINE_MAX, *own)) if own else max(1, flash.left)


async def buy_page(
    read: Read,
    slug: str,
    product_id: UUID,
    given: Mapping[str, str],
    buyer_id: UUID | None,
    replay_id: UUID | None = None,
) -> BuyPage:
    """Of the room's session, or of its replay `replay_id`. Raises `NotFound` for what is not in the bag of it."""
    room, session = await room_of(read, slug) if replay_id is None else await replay_of(read, slug, replay_id)
    choice = await choice_of(read, product_id, given)
    if session is None or choice.product.merchant_id != room.merchant_id:
        raise NotFound()
    bag = await live.goods(read, room.merchant_id, session.session_id)
    if not any(each.product_id == product_id and each.shown for each in bag):
        raise NotFound()
    low = (await live_prices(read, session)).get(product_id)
    if low is not None and low.flash is not None and not any(name.startswith("o") for name in given):
        # Nothing is chosen yet: begin with what has the live price.
        choice = await choice_of(read, product_id, {"sku": _code_of(choice, low.flash.sku_id)})
    return BuyPage(
        around=await around(read, buyer_id), session=session, choice=choice, low=low, replay=replay_id is not None
    )


def _code_of(choice: Choice, sku_id: UUID) -> str:
    return next((each.sku.code for each in choice.variants if each.sku.sku_id == sku_id), "")


def second_said(given: Mapping[str, Any], session: Session, *, replay: bool = False) -> int:
    """At which second of the session (of its recording: `replay`) the viewer chose, as their page counts; never later than now,
    and not long ago."""
    said = str(given.get("second", ""))
    if replay:
        return int(said) if said.isascii() and said.isdecimal() and len(said) <= DIGITS_MAX else 0
    now = second_of(session, datetime.now(UTC))
    seen = int(said) if said.isascii() and said.isdecimal() and len(said) <= DIGITS_MAX else now
    return seen if max(0, now - BEHIND_SECONDS_MAX) <= seen <= now else now


@get(LIVE + "/{slug:str}/buy/{product_id:uuid}")
async def options(visit: NamedDependency[Visit], slug: FromPath[str], product_id: FromPath[UUID]) -> Response[str]:
    """What can be chosen, and what it costs here."""
    return await _options(visit, slug, product_id, None)


@get(LIVE + "/{slug:str}/replay/{replay_id:uuid}/buy/{product_id:uuid}")
async def replay_options(
    visit: NamedDependency[Visit], slug: FromPath[str], replay_id: FromPath[UUID], product_id: FromPath[UUID]
) -> Response[str]:
    """What can be chosen of what is explained in a replay, and what it costs now."""
    return await _options(visit, slug, product_id, replay_id)


async def _options(visit: Visit, slug: str, product_id: UUID, replay_id: UUID | None) -> Response[str]:
    given = visit.connection.query_params
    view = await visit.db.ask(buy_page, slug, product_id, given, visit.known_buyer_id, replay_id)
    session_id = view.session.session_id if view.session is not None else None
    footfall.note(visit, Step.PRODUCT, [view.choice.product.merchant_id], product_id, session_id)
    if (counted := _counted(visit, view)) is not None and "hx-request" not in visit.connection.headers:
        counted[0].clicked(counted[1], product_id)
        merchant_id = view.choice.product.merchant_id
        footfall.tell(visit, Kind.LIVE_CLICK, merchant_id=merchant_id, product_id=product_id, session_id=session_id)
    return await _shown(visit, slug, view, given)


@post(LIVE + "/{slug:str}/buy/{product_id:uuid}")
async def buy(
    visit: NamedDependency[Visit],
    slug: FromPath[str],
    product_id: FromPath[UUID],
    data: URLEncodedBody[dict[str, Any]],
) -> Response[str] | Redirect:
    """Open a checkout for what was chosen, which says that it comes from this session, and go there. Said twice, it is one."""
    return await _buy(visit, slug, product_id, data, None)


@post(LIVE + "/{slug:str}/replay/{replay_id:uuid}/buy/{product_id:uuid}")
async def replay_buy(
    visit: NamedDependency[Visit],
    slug: FromPath[str],
    replay_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: URLEncodedBody[dict[str, Any]],
) -> Response[str] | Redirect:
    """The same from a replay: a purchase in the shop, which says of which replay and at which second. Said twice, it is one."""
    return await _buy(visit, slug, product_id, data, replay_id)


async def _buy(
    visit: Visit, slug: str, product_id: UUID, data: Mapping[str, Any], replay_id: UUID | None
) -> Response[str] | Redirect:
    given = {name: str(value) for name, value in data.items()}
    view = await visit.db.ask(buy_page, slug, product_id, given, visit.known_buyer_id, replay_id)
    variant = view.choice.variant
    if variant is None or not view.buyable or view.price is None:
        gone = visit.say(N_("This combination cannot be had. Please choose another."))
        return await _shown(visit, slug, view, given, status=422, error=gone)
    pieces = _pieces(given, view)
    if given.get("then") == "cart":
        return await _put(visit, slug, view, variant, pieces, given)
    # The same choice clicked twice is one checkout; who comes back to this sheet and chooses otherwise has another.
    said = _uuid(given.get("checkout_id")) or ids.mint()
    checkout_id = ids.derived(said, str(variant.sku.sku_id), str(pieces))
    line = Line(line_id="1", sku_id=variant.sku.sku_id, quantity=pieces, seen_price=view.price)
    try:
        await visit.db.transact(
            open_with_what_we_know,
            CheckoutId(checkout_id),
            visit.buyer_id,
            [line],
            visit.locale,
            client=_client(view, given),
        )
    except Refusal as refusal:
        return await _shown(visit, slug, view, given, status=refusal.status, error=visit.refused(refusal))
    session_id = view.session.session_id if view.session is not None else None
    footfall.note(visit, Step.CART, [view.choice.product.merchant_id], product_id, session_id, quantity=line.quantity)
    if (counted := _counted(visit, view)) is not None:
        counted[0].put_in_cart(counted[1], product_id)
    return redirect(visit, f"/checkout/{checkout_id}")


async def _put(
    visit: Visit, slug: str, view: BuyPage, variant: Variant, pieces: int, given: Mapping[str, str]
) -> Response[str] | Redirect:
    """Into the cart, which knows from which session and second; the picture goes on, and so does choosing."""
    product_id, client = view.choice.product.product_id, _client(view, given)
    try:
        await visit.db.transact(
            cart.put,
            visit.buyer_id,
            variant.sku.sku_id,
            pieces,
            source=client if client.startswith(f"{SOLD_LIVE}:") else None,
        )
    except Refusal as refusal:
        return await _shown(visit, slug, view, given, status=refusal.status, error=visit.refused(refusal))
    session_id = view.session.session_id if view.session is not None else None
    footfall.note(visit, Step.CART, [view.choice.product.merchant_id], product_id, session_id, quantity=pieces)
    if (counted := _counted(visit, view)) is not None:
        counted[0].put_in_cart(counted[1], product_id)
    here = _address(slug, view) + view.choice.query
    return redirect(visit, here, (visit.say(N_("It is in your cart.")), "good"))


def _address(slug: str, view: BuyPage) -> str:
    """Of the page on which this is chosen."""
    room = f"{LIVE}/{quote(slug)}"
    replay = f"/replay/{view.session.session_id}" if view.replay and view.session else ""
    return f"{room}{replay}/buy/{view.choice.product.product_id}"


def _client(view: BuyPage, given: Mapping[str, str]) -> str:
    """Before a session begins and after it has ended, its goods are bought in the shop."""
    session = view.session
    if view.replay and session is not None:
        return f"{SHOP}:replay:{session.session_id}:{second_said(given, session, replay=True)}"
    if session is None or session.started_at is None or session.ended_at is not None:
        return SHOP
    return client_of(session, second_said(given, session))


def _counted(visit: Visit, view: BuyPage) -> tuple[Gatherer, Key] | None:
    """Where it is counted that somebody looks at a product or begins to buy it, while the session is on."""
    gatherer, session = gatherer_of(visit), view.session
    if gatherer is None or session is None or session.started_at is None or session.ended_at is not None:
        return None
    return gatherer, Key(session.merchant_id, session.session_id)


def _pieces(given: Mapping[str, str], view: BuyPage) -> int:
    said = given.get("quantity", "1")
    wanted = int(said) if said.isascii() and said.isdecimal() and len(said) <= DIGITS_MAX else 1
    return min(max(wanted, 1), view.most, QUANTITY_PER_LINE_MAX)


def _uuid(said: str | None) -> UUID | None:
    try:
        return UUID(str(said))
    except ValueError:
        return None


async def _shown(
    visit: Visit, slug: str, view: BuyPage, given: Mapping[str, Any], *, status: int = 200, error: str = ""
) -> Response[str]:
    title = view.choice.product.title.in_language(visit.locale)
    here = f"{LIVE}/{quote(slug)}"
    if view.replay and view.session:
        here += f"/replay/{view.session.session_id}"
    return await show(
        visit,
        "buy.html",
        view.around,
        crumbs=[
            (visit.say(N_("Live")), LIVE),
            (visit.say(N_("Replay") if view.replay else N_("Room")), here),
            (title, None),
        ],
        status=status,
        view=view,
        slug=slug,
        error=error,
        path=_address(slug, view),
        checkout_id=given.get("checkout_id") or ids.mint(),
        second=second_said(given, view.session, replay=view.replay) if view.session else 0,
        quantity=max(1, view.choice.least),
        limit_rules=limit_words.rules(visit, view.choice.limits),
    )


HANDLERS = [options, buy, replay_options, replay_buy]

__all__ = ["HANDLERS", "second_said"]
