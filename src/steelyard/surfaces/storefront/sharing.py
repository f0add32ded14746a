"""Sharing a product or a shop: its link, and a card with its picture and a code to scan."""

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
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import seo
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web.pages import local_path
from steelyard.surfaces.web.scanning import qr_svg
from steelyard.surfaces.web.visit import Visit

PATH_CHARACTERS_MAX = 300
DAY = "public, max-age=86400"


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What is shared, and the one address it has. `hit` is none for a shop."""

    shell: Shell
    title: Text
    picture: str | None
    path: str
    shop: ShopCard
    hit: Hit | None = None


async def shared_product(read: Read, buyer_id: BuyerId, product_id: UUID) -> Shared:
    """Raises `NotFound` for what is not for sale."""
    product = await catalog.product(read, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    found = await search.cards(read, [(product.merchant_id, product.product_id)])
    return Shared(
        shell=await shell(read, buyer_id),
        title=product.title,
        picture=product.pictures[0].file if product.pictures else None,
        path=seo.product_path(product),
        shop=(await merchants.cards(read, [product.merchant_id]))[product.merchant_id],
        hit=found[0] if found else None,
    )


async def shared_shop(read: Read, buyer_id: BuyerId, slug: str) -> Shared:
    """Raises `NotFound` for a shop that is not open."""
    shop = await merchants.by_slug(read, slug)
    if shop is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    path = f"/shops/{quote(shop.slug)}"
    return Shared(shell=await shell(read, buyer_id), title=shop.name, picture=shop.logo, path=path, shop=shop)


@get("/products/{product_id:uuid}/share")
async def share_product(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[str]:
    """The link to a product, and its card with a code to scan."""
    return await _page(visit, await visit.db.ask(shared_product, visit.buyer_id, product_id))


@get("/shops/{slug:str}/share")
async def share_shop(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """The link to a shop, and its card with a code to scan."""
    return await _page(visit, await visit.db.ask(shared_shop, visit.buyer_id, slug.replace("\x00", "")))


async def _page(visit: Visit, view: Shared) -> Response[str]:
    crumbs = [Crumb(view.title.in_language(visit.locale), view.path), Crumb(visit.say(N_("Share")))]
    link = visit.settings.base_url.rstrip("/") + view.path
    return await show(
        visit,
        "share.html",
        view.shell,
        crumbs=crumbs,
        view=view,
        link=link,
        code=f"/media/qr.svg?to={quote(view.path)}",
    )


@get("/media/qr.svg")
async def code(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The address of a page of this house as a code to scan. Codes that lead elsewhere are not drawn."""
    path = local_path(visit.connection.query_params.get("to", ""), "")
    if not path or len(path) > PATH_CHARACTERS_MAX or not path.isascii():
        raise NotFound()
    drawing = qr_svg(visit.settings.base_url.rstrip("/") + path)
    return Response(drawing.encode(), media_type="image/svg+xml", headers={"cache-control": DAY})


HANDLERS = [share_product, share_shop, code]
