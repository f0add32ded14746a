"""Home, categories and shops."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import Category
from steelyard.goods.search.model import Query, Results, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import seo
from steelyard.surfaces.storefront.listing import SORTS, Filters, Listing, find, read_filters, shops_of
from steelyard.surfaces.storefront.shell import Shell, asked, category_crumbs, page_number, shell, show
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import reviews
from steelyard.trade.reviews.model import ShopScore

PRODUCTS_ON_HOME = 10
SHOPS_ON_HOME = 8


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    popular: Results
    newest: Results
    shops: dict[MerchantId, ShopCard]
    open_shops: Sequence[ShopCard]


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    listing: Listing
    category: Category | None = None
    shop: ShopCard | None = None
    score: ShopScore | None = None
    show_categories: bool = False


async def home_view(read: Read, buyer_id: BuyerId) -> HomeView:
    popular = await search.find(read, Query(sort=Sort.SALES, in_stock=True, limit=PRODUCTS_ON_HOME, facets=False))
    newest = await search.find(read, Query(sort=Sort.NEWEST, limit=PRODUCTS_ON_HOME, facets=False))
    shops = (await merchants.listed(read, limit=SHOPS_ON_HOME)).items
    return HomeView(
        shell=await shell(read, buyer_id),
        popular=popular,
        newest=newest,
        shops=await merchants.cards(read, shops_of(popular, newest)),
        open_shops=[shop for shop in shops if shop.state is MerchantState.OPEN],
    )


async def category_view(read: Read, buyer_id: BuyerId, slug: str, filters: Filters) -> ListingView:
    around = await shell(read, buyer_id)
    found = await catalog.category(read, slug)
    if found is None:
        raise NotFound()
    return ListingView(
        shell=around,
        category=around.find(found.category_id),
        listing=await find(read, filters, category_id=found.category_id),
    )


async def shop_view(read: Read, buyer_id: BuyerId, slug: str, filters: Filters) -> ListingView:
    shop = await merchants.by_slug(read, slug)
    if shop is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    return ListingView(
        shell=await shell(read, buyer_id),
        shop=shop,
        score=(await reviews.scores(read, [shop.merchant_id])).get(shop.merchant_id),
        listing=await find(read, filters, merchant_id=shop.merchant_id),
    )


@get("/")
async def home(visit: NamedDependency[Visit]) -> Response[str]:
    """The front page: categories, what sells, what is new, who is here."""
    view = await visit.db.ask(home_view, visit.buyer_id)
    about = seo.Seo(
        path="/",
        description=visit.say(N_("Many shops, one cart: choose from every shop, pay once, and follow each parcel.")),
        data=[seo.site(visit, visit.say(N_("Steelyard"))), seo.organization(visit, visit.say(N_("Steelyard")))],
    )
    return await show(visit, "home.html", view.shell, view=view, seo=about)


@get("/categories")
async def all_categories(visit: NamedDependency[Visit]) -> Response[str]:
    """The category tree."""
    around = await visit.db.ask(shell, visit.buyer_id)
    crumbs = [Crumb(visit.say(N_("All categories")))]
    return await show(visit, "categories.html", around, crumbs=crumbs, categories=around.categories, seo=seo.Seo())


@get("/c/{slug:str}")
async def category_page(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str] | Redirect:
    """The goods of a category and of those below it. An address that it once had leads on."""
    filters = read_filters(asked(visit))
    try:
        view = await visit.db.ask(category_view, visit.buyer_id, slug, filters)
    except NotFound:
        now = await visit.db.ask(catalog.category_now, slug)
        if now is None:
            raise
        return Redirect(f"/c/{now}", status_code=301)
    assert view.category is not None, "a category that exists is in the tree"
    crumbs = category_crumbs(visit, view.shell.trail(view.category.path), last_is_page=True)
    return await show(
        visit,
        "category.html",
        view.shell,
        seo=seo.category(visit, view.category, view.listing.results.count, plain=filters.plain),
        category=view.category,
        crumbs=crumbs,
        view=view,
        sorts=SORTS[1:],
        part=page_number(visit),
    )


@get("/shops/{slug:str}")
async def shop_page(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """A shop and its goods."""
    filters = read_filters(asked(visit))
    view = await visit.db.ask(shop_view, visit.buyer_id, slug, filters)
    assert view.shop is not None
    crumbs = [Crumb(view.shop.name.in_language(visit.locale))]
    return await show(
        visit,
        "shop.html",
        view.shell,
        seo=seo.shop(visit, view.shop, plain=filters.plain),
        crumbs=crumbs,
        search=filters.q,
        view=view,
        sorts=SORTS[1:],
        part=page_number(visit),
    )
