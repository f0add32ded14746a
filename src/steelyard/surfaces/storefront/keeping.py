"""What a visitor keeps in mind: favourite products and shops, and the products they looked at."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.operations.behaviour import Kind
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.problems import for_program
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import favourites, reviews
from steelyard.trade.favourites.model import FOOTPRINTS_DAYS, Kept, KeptShop, Seen, Which
from steelyard.trade.reviews.model import ShopScore
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

FAVOURITES = "/account/favourites"
HISTORY = "/account/history"
PER_PAGE = 24
WHICH = (
    (Which.ALL, N_("All")),
    (Which.CHEAPER, N_("Cheaper now")),
    (Which.BACK, N_("Back in stock")),
    (Which.GONE, N_("No longer sold")),
)


class FavouritesPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    counts: Mapping[Which, int]
    products: Page[Kept]
    followed: Sequence[KeptShop]
    shops: Mapping[MerchantId, ShopCard]
    scores: Mapping[MerchantId, ShopScore]


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """`days` are the products of each day, the latest first."""

    shell: Shell
    on: bool
    days: Sequence[tuple[date, Sequence[Seen]]]
    shops: Mapping[MerchantId, ShopCard]
    next: str | None


async def favourites_page(read: Read, buyer_id: BuyerId, which: Which, after: str | None) -> FavouritesPage:
    products = await favourites.products(read, buyer_id, which, after, PER_PAGE)
    followed = await favourites.shops(read, buyer_id)
    shops = await merchants.cards(
        read, {each.merchant_id for each in followed} | {each.merchant_id for each in products.items}
    )
    return FavouritesPage(
        shell=await shell(read, buyer_id),
        counts=await favourites.product_counts(read, buyer_id),
        products=products,
        followed=[each for each in followed if each.merchant_id in shops],
        shops=shops,
        scores=await reviews.scores(read, [each.merchant_id for each in followed]),
    )


async def history_page(read: Read, buyer_id: BuyerId, after: str | None) -> HistoryPage:
    page = await favourites.footprints(read, buyer_id, after, PER_PAGE)
    days = groupby(page.items, key=lambda each: _day(each.seen_at))
    return HistoryPage(
        shell=await shell(read, buyer_id),
        on=await favourites.footprints_on(read, buyer_id),
        days=[(day, list(seen)) for day, seen in days],
        shops=await merchants.cards(read, {each.merchant_id for each in page.items}),
        next=page.next,
    )


def _day(moment: datetime) -> date:
    return moment.astimezone(SETTLEMENT_ZONE).date()


@post("/favourites")
async def change(
    visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]
) -> Redirect | Response[dict[str, bool]]:
    """Keep a product or follow a shop; or no longer. A script is told how it stands, a browser goes back to its page."""
    try:
        message = await _change(visit, data)
    except NotFound:
        raise
    except Refusal as refusal:
        if for_program(visit.connection):
            raise
        return redirect(visit, local_path(said(data, "return_to"), FAVOURITES), (visit.refused(refusal), "bad"))
    if for_program(visit.connection):
        return Response({"done": True}, status_code=200)
    return redirect(visit, local_path(said(data, "return_to"), FAVOURITES), (visit.say(message), "good"))


async def _change(visit: Visit, data: Mapping[str, Any]) -> str:
    product_id, dropped = uuid_of(data.get("keep")), uuid_of(data.get("drop"))
    followed, left = uuid_of(data.get("follow")), uuid_of(data.get("unfollow"))
    if product_id is not None:
        await visit.db.transact(favourites.keep_product, visit.buyer_id, product_id)
        footfall.tell(visit, Kind.FAVOURITE, product_id=product_id, action="add")
        return N_("It is in your favourites.")
    if dropped is not None:
        await visit.db.transact(favourites.drop_products, visit.buyer_id, [dropped])
        footfall.tell(visit, Kind.FAVOURITE, product_id=dropped, action="remove")
        return N_("It is no longer in your favourites.")
    if followed is not None:
        await visit.db.transact(favourites.keep_shop, visit.buyer_id, MerchantId(followed))
        footfall.tell(visit, Kind.FAVOURITE, merchant_id=followed, action="follow")
        return N_("You follow this shop.")
    if left is not None:
        await visit.db.transact(favourites.drop_shop, visit.buyer_id, MerchantId(left))
        footfall.tell(visit, Kind.FAVOURITE, merchant_id=left, action="unfollow")
        return N_("You no longer follow this shop.")
    raise NotFound()


@get(FAVOURITES)
async def favourites_shown(visit: NamedDependency[Visit]) -> Response[str]:
    """What is kept, and what has become of it since; the shops that are followed."""
    given = visit.connection.query_params
    which = Which(given["which"]) if given.get("which") in set(Which) else Which.ALL
    view = await visit.db.ask(favourites_page, visit.buyer_id, which, given.get("after"))
    return await show(
        visit,
        "favourites.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), "/account"), Crumb(visit.say(N_("Favourites")))],
        view=view,
        which=which,
        which_shown=WHICH,
        after=given.get("after"),
        of_shops=given.get("tab") == "shops",
    )


@get(HISTORY)
async def history_shown(visit: NamedDependency[Visit]) -> Response[str]:
    """What was looked at in the last days, day by day."""
    after = visit.connection.query_params.get("after")
    view = await visit.db.ask(history_page, visit.buyer_id, after)
    return await show(
        visit,
        "history.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), "/account"), Crumb(visit.say(N_("Browsing history")))],
        view=view,
        after=after,
        days_kept=FOOTPRINTS_DAYS,
    )


@post(f"{HISTORY}/remove")
async def history_removed(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Forget that one product was looked at, or with `all` everything."""
    product_id = uuid_of(data.get("product"))
    if said(data, "all"):
        await visit.db.transact(favourites.wipe_footprints, visit.buyer_id)
        return redirect(visit, HISTORY, (visit.say(N_("Your history is empty.")), "good"))
    if product_id is None:
        raise NotFound()
    await visit.db.transact(favourites.wipe_footprints, visit.buyer_id, [product_id])
    return redirect(visit, HISTORY)


@post(f"{HISTORY}/switch")
async def history_switched(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Whether what is looked at is remembered at all."""
    on = said(data, "on") == "yes"
    await visit.db.transact(favourites.switch_footprints, visit.buyer_id, on=on)
    done = N_("From now on we remember what you look at.") if on else N_("Nothing is remembered any more.")
    return redirect(visit, HISTORY, (visit.say(done), "good"))


HANDLERS = [change, favourites_shown, history_shown, history_removed, history_switched]
