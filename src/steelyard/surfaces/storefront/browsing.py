"""Home, topics, categories and shops."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.channels.live import OnAir
from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import Category
from steelyard.goods.promotions.model import Offer
from steelyard.goods.search.model import GoodsList, Hit
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import experiments, growth, merchandising
from steelyard.operations.behaviour import MARKETPLACE, Kind
from steelyard.operations.experiments import Exposure
from steelyard.operations.experiments.model import page_of
from steelyard.operations.merchandising.model import DEFAULT_HOME, HOME, HOUSE, SHOP, TOPIC, ShopCategory
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import Merchant, MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import coupons, seo
from steelyard.surfaces.storefront.composed import Composed, compose, in_a_frame, page_for
from steelyard.surfaces.storefront.listing import Filters, Listing, find, read_filters
from steelyard.surfaces.storefront.searching import searched_for
from steelyard.surfaces.storefront.shell import Shell, asked, category_crumbs, page_number, shell, show
from steelyard.surfaces.storefront.sorting import Turn, default_sort, exposed, list_of, turn_in, turn_of
from steelyard.surfaces.storefront.strangers import Answer, Drawn, shared
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import campaigns, reviews
from steelyard.trade.campaigns.model import Campaign
from steelyard.trade.reviews.model import ShopScore


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A page that somebody has put together."""

    shell: Shell
    title: Text
    composed: Composed
    choices: search.Choices = search.Choices()
    campaigns: Sequence[Campaign] = ()
    live: Sequence[OnAir] = ()
    exposure: Exposure | None = None


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    listing: Listing
    category: Category | None = None
    shop: ShopCard | None = None
    score: ShopScore | None = None
    show_categories: bool = False
    composed: Composed | None = None
    own_categories: Sequence[ShopCategory] = ()
    own_category: ShopCategory | None = None
    own_hits: Sequence[Hit] = ()
    offers: Sequence[Offer] = ()
    campaigns: Sequence[Campaign] = ()
    live: Sequence[OnAir] = ()
    membership: bool = False
    invites: bool = False
    exposure: Exposure | None = None
    turn: Turn | None = None


async def home_view(read: Read, visit: Visit) -> PageView:
    page, exposure = await page_for(read, visit, HOUSE, HOME)
    around = await shell(read, visit.known_buyer_id)
    return PageView(
        shell=around,
        title=Text(),
        composed=await compose(read, visit, around, page.blocks if page and page.blocks else DEFAULT_HOME),
        choices=await search.choices(read, visit.buyer_id),
        campaigns=await campaigns.running(read),
        live=await live.on_air_now(read),
        exposure=exposure,
    )


async def topic_view(read: Read, visit: Visit, slug: str) -> PageView:
    page, _ = await page_for(read, visit, HOUSE, TOPIC + slug)
    if page is None:
        raise NotFound()
    around = await shell(read, visit.known_buyer_id)
    return PageView(shell=around, title=page.title, composed=await compose(read, visit, around, page.blocks))


async def category_view(read: Read, buyer_id: BuyerId, slug: str, filters: Filters, turn: Turn | None) -> ListingView:
    around = await shell(read, buyer_id)
    found = await catalog.category(read, slug)
    if found is None:
        raise NotFound()
    return ListingView(
        shell=around,
        category=around.find(found.category_id),
        listing=await find(
            read, filters, await default_sort(read, turn, list_of(filters)), category_id=found.category_id
        ),
        campaigns=[each for each in await campaigns.running(read) if each.rules.reaches(found.path)],
    )


async def shop_view(read: Read, visit: Visit, slug: str, filters: Filters, within: UUID | None) -> ListingView:
    shop = await merchants.by_slug(read, slug)
    if shop is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    around = await shell(read, visit.known_buyer_id)
    own = await merchandising.shop_categories(read, shop.merchant_id)
    chosen = next((each for each in own if each.shop_category_id == within), None)
    page = exposure = None
    if filters.plain and chosen is None:
        page, exposure = await page_for(read, visit, shop.merchant_id, SHOP)
    turn = None
    if chosen is None and not filters.q:
        turn = turn_in(visit, filters, await experiments.on_page(read, shop.merchant_id, page_of(GoodsList.SHOP)))
    # Words are answered in each shop as they are in all of them.
    goods_list, owner_id = (GoodsList.SEARCH, MARKETPLACE) if filters.q else (GoodsList.SHOP, shop.merchant_id)
    default = await default_sort(read, turn, goods_list, owner_id)
    hits: Sequence[Hit] = ()
    if chosen is not None:
        found = await merchandising.products_of(read, shop.merchant_id, chosen.shop_category_id)
        hits = await search.cards(read, [(shop.merchant_id, product_id) for product_id in found])
    return ListingView(
        shell=around,
        shop=shop,
        score=(await reviews.scores(read, [shop.merchant_id])).get(shop.merchant_id),
        listing=await find(read, filters, default, merchant_id=shop.merchant_id),
        composed=await compose(read, visit, around, page.blocks, merchant_id=shop.merchant_id) if page else None,
        own_categories=own,
        own_category=chosen,
        own_hits=hits,
        offers=await coupons.of_shop(read, shop.merchant_id, visit.known_buyer_id),
        live=[each for each in await live.on_air_now(read) if each.merchant_id == shop.merchant_id],
        membership=await growth.is_open(read, shop.merchant_id),
        invites=await growth.invites(read, shop.merchant_id),
        exposure=exposure,
        turn=turn,
    )


@get("/")
async def home(visit: NamedDependency[Visit]) -> Response[str]:
    """The front page: categories, what sells, what is new, who is here."""
    view = await visit.db.ask(home_view, visit)
    footfall.expose(visit, view.exposure)
    about = seo.Seo(
        path="/",
        description=visit.say(N_("Many shops, one cart: choose from every shop, pay once, and follow each parcel.")),
        data=[seo.site(visit, visit.say(N_("Steelyard"))), seo.organization(visit, visit.say(N_("Steelyard")))],
    )
    return in_a_frame(visit, await show(visit, "home.html", view.shell, view=view, seo=about))


@get("/topics/{slug:str}")
async def topic(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """A topic: a page that the house has put together for an occasion."""
    view = await visit.db.ask(topic_view, visit, slug.replace("\x00", ""))
    title = view.title.in_language(visit.locale)
    about = seo.Seo(path=f"/topics/{quote(slug)}", description=title)
    return in_a_frame(visit, await show(visit, "topic.html", view.shell, crumbs=[Crumb(title)], view=view, seo=about))


@get("/categories")
async def all_categories(visit: NamedDependency[Visit]) -> Response[str]:
    """The category tree."""
    around = await visit.db.ask(shell, visit.buyer_id)
    crumbs = [Crumb(visit.say(N_("All categories")))]
    return await show(visit, "categories.html", around, crumbs=crumbs, categories=around.categories, seo=seo.Seo())


@get("/c/{slug:str}")
async def category_page(visit: NamedDependency[Visit], slug: FromPath[str]) -> Answer:
    """The goods of a category and of those below it. An address that it once had leads on."""
    turn = await turn_of(visit)
    return await shared(visit, partial(_category, visit, slug, turn), turn.key if turn else None)


async def _category(visit: Visit, slug: str, turn: Turn | None) -> Drawn:
    filters = read_filters(asked(visit))
    try:
        view = await visit.db.ask(category_view, visit.buyer_id, slug, filters, turn)
    except NotFound:
        now = await visit.db.ask(catalog.category_now, slug)
        if now is None:
            raise
        return Drawn(answer=Redirect(f"/c/{now}", status_code=301))
    assert view.category is not None, "a category that exists is in the tree"
    crumbs = category_crumbs(visit, view.shell.trail(view.category.path), last_is_page=True)
    answer = await show(
        visit,
        "category.html",
        view.shell,
        seo=seo.category(visit, view.category, view.listing.results.count, plain=filters.plain),
        category=view.category,
        crumbs=crumbs,
        view=view,
        part=page_number(visit),
    )
    note = exposed(turn, view.listing.results)
    return Drawn(answer=answer, about=view.listing.about.union(view.category.path), note=note)


@get("/shops/{slug:str}")
async def shop_page(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """A shop and its goods."""
    filters = read_filters(asked(visit))
    within = as_uuid(visit.connection.query_params.get("in", ""))
    view = await visit.db.ask(shop_view, visit, slug, filters, within)
    assert view.shop is not None
    crumbs = [Crumb(view.shop.name.in_language(visit.locale))]
    page = await show(
        visit,
        "shop.html",
        view.shell,
        seo=seo.shop(visit, view.shop, plain=filters.plain),
        crumbs=crumbs,
        search=filters.q,
        view=view,
        offers=coupons.shown(visit, view.offers),
        part=page_number(visit),
        shop_id=view.shop.merchant_id,
    )
    footfall.tell(visit, Kind.VIEW, merchant_id=view.shop.merchant_id, page="shop")
    footfall.expose(visit, view.exposure)
    exposed(view.turn, view.listing.results)(visit)
    if filters.q and not filters.after:
        searched_for(filters.q, view.listing.results.count, view.shop.merchant_id)(visit)
    return in_a_frame(visit, page)


class LicenceView(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    shop: ShopCard
    merchant: Merchant


async def licence_view(read: Read, buyer_id: BuyerId, slug: str) -> LicenceView:
    shop = await merchants.by_slug(read, slug)
    merchant = await merchants.get(read, shop.merchant_id) if shop else None
    if shop is None or merchant is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    return LicenceView(shell=await shell(read, buyer_id), shop=shop, merchant=merchant)


@get("/shops/{slug:str}/licence")
async def shop_licence(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """Who runs a shop, as the E-commerce Law (article 15) wants it shown."""
    view = await visit.db.ask(licence_view, visit.buyer_id, slug)
    crumbs = [
        Crumb(view.shop.name.in_language(visit.locale), f"/shops/{slug}"),
        Crumb(visit.say(N_("Business licence"))),
    ]
    return await show(visit, "shop_licence.html", view.shell, crumbs=crumbs, view=view)
