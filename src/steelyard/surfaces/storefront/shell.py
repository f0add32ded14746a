"""What stands around every page of the storefront, and how its pages are rendered."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import msgspec
from babel import numbers
from litestar import Response
from litestar.datastructures import Cookie
from litestar.status_codes import HTTP_200_OK

from steelyard.goods import catalog, promotions
from steelyard.goods import search as goods_search
from steelyard.goods.catalog.model import Category, CategoryId
from steelyard.goods.promotions.model import Offer
from steelyard.goods.search.model import CategoryCount, Hit
from steelyard.kernel import i18n
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import kept_of
from steelyard.kernel.money import Money
from steelyard.operations import research
from steelyard.parties.access.model import AccountKind
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.assets import NODE_MODULES
from steelyard.surfaces.components.page import Crumb, Flash, Link, NavItem
from steelyard.surfaces.storefront.seo import NOT_LISTED, Seo, head
from steelyard.surfaces.storefront.typed import number
from steelyard.surfaces.web import asking, footfall
from steelyard.surfaces.web.pages import Frame, render
from steelyard.surfaces.web.pictures import WIDTHS
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart, favourites

BUYER_LINKS = (
    (N_("My account"), "/account"),
    (N_("My orders"), "/orders"),
    (N_("Wallet"), "/account/wallet"),
    (N_("Coupons"), "/coupons"),
    (N_("My memberships"), "/account/memberships"),
    (N_("Flash sales"), "/flash"),
    (N_("Favourites"), "/account/favourites"),
    (N_("Browsing history"), "/account/history"),
    (N_("My reviews"), "/account/reviews"),
    (N_("Address book"), "/account/addresses"),
    (N_("My invoices"), "/account/invoices"),
    (N_("Where I am signed in"), "/account/sessions"),
)
CONSOLES = {
    AccountKind.OPERATOR: "/operator",
    AccountKind.MERCHANT: "/merchant",
    AccountKind.BUYER: "/account",
    AccountKind.APPLICANT: "/sell/application",
}
FACETS_SHOWN_MAX = 12
# Pages on which surveys ask quietly: those that people look around on, and none on which they pay or fill something in.
_ASKING = frozenset({"/", "/orders", "/account"})
_ASKING_BELOW = ("/shops/", "/products/", "/c/", "/topics/")
# Drafts that a console shows in a frame are shown whole.
_PREVIEWS = frozenset({"draft", "preview"})
AGREE = "/account/agree"
AFTERWARDS = N_("You can go on looking around; we ask again before you order.")


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The category tree, how many pieces lie in the cart, which products and shops the visitor keeps, and the prices that shops
    ask of them alone."""

    categories: Sequence[Category]
    cart_count: int
    kept: frozenset[UUID] = frozenset()
    followed: frozenset[UUID] = frozenset()
    own: Sequence[Offer] = ()

    def find(self, category_id: CategoryId) -> Category | None:
        """The category of this id, wherever in the tree it is."""
        waiting = list(self.categories)
        while waiting:
            category = waiting.pop()
            if category.category_id == category_id:
                return category
            waiting.extend(category.children)
        return None

    def named(self, counts: Sequence[CategoryCount]) -> list[tuple[Category, int]]:
        """The categories that facets name, the fullest first."""
        pairs = [(self.find(each.category_id), each.count) for each in counts[:FACETS_SHOWN_MAX]]
        return [(category, count) for category, count in pairs if category is not None]

    def trail(self, path: Sequence[CategoryId]) -> list[Category]:
        """The categories along a path from the root."""
        return [category for category in (self.find(step) for step in path) if category is not None]


async def shell(read: Read, buyer_id: BuyerId | None) -> Shell:
    """What every page asks for beside its own questions; `buyer_id` is none of who has never been here."""
    if buyer_id is None:
        return Shell(categories=await catalog.categories(read), cart_count=0)
    marks = await favourites.marks(read, buyer_id)
    return Shell(
        categories=await catalog.categories(read),
        cart_count=await cart.count(read, buyer_id),
        kept=frozenset(marks.products),
        followed=frozenset(marks.shops),
        own=await promotions.own_offers(read, buyer_id),
    )


async def show(
    visit: Visit,
    template: str,
    around: Shell,
    /,
    *,
    category: Category | None = None,
    crumbs: Sequence[Crumb] = (),
    search: str = "",
    flashes: Sequence[Flash] = (),
    status: int = 200,
    cookies: Sequence[Cookie] = (),
    seo: Seo = NOT_LISTED,
    asks: bool = True,
    shop_id: UUID | None = None,
    **values: Any,
) -> Response[str]:
    """A page of the storefront. `shop_id`: whose page it is, for surveys that ask
    there. `category` is marked in the navigation; `crumbs` follow after the home page.
    Robots do not list it, unless `seo` says what it is. `asks` is false where the page itself asks about changed terms."""
    root = category.path[0] if category else None
    frame = Frame(
        nav=[
            NavItem(each.name.in_language(visit.locale), f"/c/{each.slug}", glyph(each.icon), each.category_id == root)
            for each in around.categories
        ],
        cart_count=around.cart_count,
        breadcrumb=[Crumb(visit.say(N_("Home")), "/"), *crumbs] if crumbs else [],
        search=search,
        viewer_links=_links(visit),
        flashes=flashes,
        survey_href=await _survey_href(visit, shop_id) if status == HTTP_200_OK else "",
        sheet=visit.in_sheet and not _PREVIEWS & set(visit.connection.query_params),
        asking=asking.notice(visit, await asking.of_buyer(visit) if asks else [], AGREE, visit.say(AFTERWARDS)),
    )
    if status == HTTP_200_OK:
        await noted(visit)
    shown = {
        "cents": Money,
        "media": media,
        "thumb": thumb,
        "srcset": srcset,
        "hit_path": hit_path,
        "short_money": partial(short_money, visit.locale),
        "glyph": glyph,
        "CONSOLES": CONSOLES,
        "kept_products": around.kept,
        "own_hit": partial(own_hit, around.own),
        "followed_shops": around.followed,
        "seo": head(visit, seo, frame.breadcrumb),
        **values,
    }
    return await render(visit, f"storefront/{template}", frame, status=status, cookies=cookies, **shown)


async def _survey_href(visit: Visit, shop_id: UUID | None) -> str:
    """Where a page asks whether a survey is to be shown below it: nowhere on the way to paying, and not where none might ask."""
    path = visit.connection.url.path
    of_an_order = path.startswith("/orders/") and path.count("/") == 2
    if path not in _ASKING and not of_an_order and not path.startswith(_ASKING_BELOW):
        return ""
    known = await kept_of(visit.db, research.ON_PAGES, research.on_pages)
    shops = {research.MARKETPLACE} if shop_id is None else {research.MARKETPLACE, shop_id}
    signed_in = visit.account is not None and visit.account.buyer_id is not None
    if not research.might_ask(known, shops, signed_in=signed_in):
        return ""
    return f"/surveys/card?of={shop_id}" if shop_id is not None else "/surveys/card"


async def noted(visit: Visit) -> None:
    """What is noted of each page that is shown: that it was, and whether a search led to it."""
    footfall.note(visit)
    await _note_follow(visit)


async def _note_follow(visit: Visit) -> None:
    """A product that was opened from a list of hits tells that its search was a good one."""
    if not visit.connection.url.path.startswith("/products/"):
        return
    came_from = urlsplit(visit.connection.headers.get("referer", ""))
    if came_from.path == "/search" and came_from.netloc == visit.connection.url.netloc:
        words = dict(parse_qsl(came_from.query)).get("q", "").replace("\x00", "")
        await visit.db.transact(goods_search.record_follow, words)


def _links(visit: Visit) -> list[Link]:
    account = visit.account
    if account is None:
        return []
    if account.kind is AccountKind.BUYER:
        return [Link(visit.say(label), href) for label, href in BUYER_LINKS]
    return [Link(visit.say(N_("My desk")), CONSOLES[account.kind])]


def asked(visit: Visit) -> list[tuple[str, str]]:
    """The query string, name by name; some names stand there more than once."""
    return [(name, str(value)) for name, value in visit.connection.query_params.multi_items()]


def page_number(visit: Visit) -> int:
    """Which part of a list that goes on this is; it only decides whether the next comes by itself."""
    return number(visit.connection.query_params.get("page"), 1)


@cache
def glyph(name: str) -> str:
    """A category's icon, or a parcel where there is no drawing of that name."""
    return name if (NODE_MODULES / "lucide-static" / "icons" / f"{Path(name).name}.svg").is_file() else "package"


def media(file: str | None) -> str:
    """The address of a picture in the file store; empty for none."""
    return f"/media/{file}" if file else ""


def srcset(file: str | None, *, up_to: int = WIDTHS[-1]) -> str:
    """A picture's renditions for `srcset`, up to a width; empty for a drawing, which fits every size."""
    if not file or file.endswith(".svg"):
        return ""
    return ", ".join(f"/media/{width}/{file} {width}w" for width in WIDTHS if width <= up_to)


def thumb(file: str | None, width: int = 360) -> str:
    """The address of one rendition, for where there is a single size; empty for no picture."""
    if not file or file.endswith(".svg"):
        return media(file)
    return f"/media/{width}/{file}"


def short_money(locale: str, amount: int, currency: str) -> str:
    """An amount without the part behind the point, where that is nothing: ¥50."""
    value = Money(amount, currency).decimal()
    pattern = "¤#,##0" if value == value.to_integral_value() else "¤#,##0.00"
    return numbers.format_currency(value, currency, pattern, locale=i18n.babel_locale(locale), currency_digits=False)


def hit_path(hit: Hit) -> str:
    """The address of a product, with its words in it."""
    return f"/products/{hit.product_id}/{hit.slug}" if hit.slug else f"/products/{hit.product_id}"


def own_hit(offers: Sequence[Offer], hit: Hit) -> tuple[Hit, bool]:
    """A card with the price that its shop asks of this visitor alone, where that is lower than everybody's; and whether it is."""
    usual = hit.price if hit.usual is None else hit.usual
    prices = [
        price
        for offer in offers
        if offer.merchant_id == hit.merchant_id
        and offer.currency == hit.currency
        and promotions.in_scope(offer.scope, hit.product_id, hit.category_path)
        and (price := promotions.own_price(offer, hit.product_id, usual)) is not None
        and price < hit.price
    ]
    return (msgspec.structs.replace(hit, price=min(prices), compare_at=None), True) if prices else (hit, False)


def category_crumbs(visit: Visit, trail: Sequence[Category], *, last_is_page: bool) -> list[Crumb]:
    """The way down the category tree; the last step has no link where it is the page itself."""
    return [
        Crumb(
            category.name.in_language(visit.locale),
            None if last_is_page and place == len(trail) - 1 else f"/c/{category.slug}",
        )
        for place, category in enumerate(trail)
    ]
