"""Sharing a product or a shop: its link, a card with its picture and a code to scan, and a poster to keep."""

from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.goods import catalog, search
from steelyard.goods.search.model import Hit
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.behaviour import Kind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import seo
from steelyard.surfaces.storefront.shell import shell, show
from steelyard.surfaces.web import footfall, posters
from steelyard.surfaces.web.pages import local_path
from steelyard.surfaces.web.posters import Poster
from steelyard.surfaces.web.scanning import qr_svg
from steelyard.surfaces.web.visit import Visit

PATH_CHARACTERS_MAX = 300
DAY = "public, max-age=86400"


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What is shared, and the one address it has; `short` is the same without words in it, for codes. `hit` is none for a
    shop."""

    title: Text
    picture: str | None
    path: str
    short: str
    poster: str
    shop: ShopCard
    hit: Hit | None = None


async def shared_product(read: Read, product_id: UUID) -> Shared:
    """Raises `NotFound` for what is not for sale."""
    product = await catalog.product(read, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    found = await search.cards(read, [(product.merchant_id, product.product_id)])
    return Shared(
        title=product.title,
        picture=product.pictures[0].file if product.pictures else None,
        path=seo.product_path(product),
        short=f"/products/{product_id}",
        poster=f"/products/{product_id}/poster.png",
        shop=(await merchants.cards(read, [product.merchant_id]))[product.merchant_id],
        hit=found[0] if found else None,
    )


async def shared_shop(read: Read, slug: str) -> Shared:
    """Raises `NotFound` for a shop that is not open."""
    shop = await merchants.by_slug(read, slug)
    if shop is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    path = f"/shops/{quote(shop.slug)}"
    poster = f"{path}/poster.png"
    return Shared(title=shop.name, picture=shop.logo, path=path, short=path, poster=poster, shop=shop)


@get("/products/{product_id:uuid}/share")
async def share_product(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[str]:
    """The link to a product, and its card with a code to scan."""
    view = await visit.db.ask(shared_product, product_id)
    footfall.tell(visit, Kind.SHARE, merchant_id=view.shop.merchant_id, product_id=product_id, what="product")
    return await _page(visit, view)


@get("/shops/{slug:str}/share")
async def share_shop(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The link to a shop, and its card with a code to scan."""
    view = await visit.db.ask(shared_shop, slug.replace("\x00", ""))
    footfall.tell(visit, Kind.SHARE, merchant_id=view.shop.merchant_id, what="shop")
    return await _page(visit, view)


async def _page(visit: Visit, view: Shared) -> Response[str]:
    crumbs = [Crumb(view.title.in_language(visit.locale), view.path), Crumb(visit.say(N_("Share")))]
    link = visit.settings.base_url.rstrip("/") + view.path
    return await show(
        visit,
        "share.html",
        await visit.db.ask(shell, visit.buyer_id),
        crumbs=crumbs,
        view=view,
        link=link,
        code=f"/media/qr.svg?to={quote(f'{view.path}?qr=share')}",
        poster_href=view.poster if posters.able(visit) else "",
    )


@get("/products/{product_id:uuid}/poster.png")
async def product_poster(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[bytes]:
    """A product to pass on as a picture, at the price that it has for everybody."""
    view = await visit.db.ask(shared_product, product_id)
    return await _poster(visit, view)


@get("/shops/{slug:str}/poster.png")
async def shop_poster(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[bytes]:
    """A shop to pass on as a picture."""
    view = await visit.db.ask(shared_shop, slug.replace("\x00", ""))
    return await _poster(visit, view)


async def _poster(visit: Visit, view: Shared) -> Response[bytes]:
    hit, locale = view.hit, visit.locale
    price = posters.price_words(visit, hit.price, hit.currency, more=hit.price_to > hit.price) if hit else ""
    poster = Poster(
        title=view.title.in_language(locale),
        link=posters.link(visit, view.short),
        scan=visit.say(posters.SCAN),
        house=visit.say(posters.HOUSE),
        sender=view.shop.name.in_language(locale) if hit else "",
        price=price,
        remark="" if hit else view.shop.notice.in_language(locale),
        picture=view.picture,
        sign=hit is None,
    )
    return await posters.answer(visit, poster)


@get("/media/qr.svg")
async def code(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The address of a page of this house as a code to scan. Codes that lead elsewhere are not drawn."""
    path = local_path(visit.connection.query_params.get("to", ""), "")
    if not path or len(path) > PATH_CHARACTERS_MAX or not path.isascii():
        raise NotFound()
    drawing = qr_svg(visit.settings.base_url.rstrip("/") + path)
    return Response(drawing.encode(), media_type="image/svg+xml", headers={"cache-control": DAY})


HANDLERS = [share_product, share_shop, product_poster, shop_poster, code]
