"""For robots: robots.txt and the sitemaps, an index of files of categories, shops and so many products each."""

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID
from xml.sax.saxutils import escape

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import Category
from steelyard.kernel import days, i18n
from steelyard.kernel.db import Database
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState, ShopCard
from steelyard.surfaces.storefront.seo import in_language

# What is somebody's own, and lists in all their shapes, need not be read.
CLOSED = (
    *("/cart", "/checkout", "/orders", "/purchases", "/account", "/merchant", "/operator", "/suggest", "/find-order"),
    *("/*?*facet=", "/*?*sort=", "/*?*after=", "/*?*price_from=", "/*?*price_to="),
)
SHOPS_MAX = 10_000
BOUNDARIES_SECONDS = 3_600
KEPT = "public, max-age=3600"
_KEY = "sitemap_boundaries"

WebRequest = Request[object, None, State]


@get("/robots.txt", opt={"exclude_from_csrf": True})
async def robots(request: WebRequest) -> Response[str]:
    """What robots may read. A demo is nobody's business."""
    settings: Settings = request.app.state.settings
    if settings.development:
        said = ["User-agent: *", "Disallow: /"]
    else:
        closed = [f"Disallow: {path}" for path in CLOSED]
        said = ["User-agent: *", *closed, "", f"Sitemap: {settings.base_url.rstrip('/')}/sitemap.xml"]
    return Response("\n".join(said) + "\n", media_type="text/plain", headers={"cache-control": KEPT})


@get("/sitemap.xml", opt={"exclude_from_csrf": True})
async def sitemap(request: WebRequest) -> Response[str]:
    """The index of all sitemaps."""
    base = _origin(request)
    names = ["categories.xml", "shops.xml"]
    names += [f"products-{merchant_id.hex}-{product_id.hex}.xml" for merchant_id, product_id in await _starts(request)]
    lines = [f"<sitemap><loc>{base}/sitemaps/{name}</loc></sitemap>" for name in names]
    return _xml("sitemapindex", lines)


@get("/sitemaps/{name:str}", opt={"exclude_from_csrf": True})
async def sitemap_file(request: WebRequest, name: FromPath[str]) -> Response[str]:
    """One file: categories, shops, or the products from one on."""
    db: Database = request.app.state.db
    base = _origin(request)
    if name == "categories.xml":
        roots = await db.ask(catalog.categories)
        return _xml("urlset", [_url(f"{base}/c/{each.slug}") for each in _all(roots)])
    if name == "shops.xml":
        return _xml("urlset", [_url(f"{base}/shops/{shop.slug}") async for shop in _shops(db)])
    first = _start(name)
    if first is None:
        raise NotFound()
    found = await db.ask(search.addresses, first)
    return _xml("urlset", [_url(f"{base}/products/{each.product_id}/{each.slug}", each.listed_at) for each in found])


async def _starts(request: WebRequest) -> Sequence[tuple[UUID, UUID]]:
    """The first product of each file; looked up once an hour, since it reads the index of all products."""
    state, db = request.app.state, cast(Database, request.app.state.db)
    kept = cast("tuple[float, Sequence[tuple[UUID, UUID]]] | None", state.get(_KEY))
    if kept is None or time.monotonic() - kept[0] > BOUNDARIES_SECONDS:
        kept = (time.monotonic(), await db.ask(search.address_pages))
        state[_KEY] = kept
    return kept[1]


def _start(name: str) -> tuple[UUID, UUID] | None:
    parts = name.removesuffix(".xml").split("-")
    try:
        return (UUID(parts[1]), UUID(parts[2])) if parts[0] == "products" and len(parts) == 3 else None
    except ValueError:
        return None


def _all(categories: Iterable[Category]) -> Iterable[Category]:
    for each in categories:
        yield each
        yield from _all(each.children)


async def _shops(db: Database) -> AsyncIterator[ShopCard]:
    cursor, seen = None, 0
    while seen < SHOPS_MAX:
        page = await db.ask(merchants.listed, cursor, 100)
        for shop in page.items:
            if shop.state is MerchantState.OPEN:
                yield shop
        cursor, seen = page.next, seen + len(page.items)
        if cursor is None:
            return


def _origin(request: WebRequest) -> str:
    settings: Settings = request.app.state.settings
    return settings.base_url.rstrip("/")


def _url(address: str, at: datetime | None = None) -> str:
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{locale}" href="{escape(in_language(address, locale))}"/>'
        for locale in i18n.LOCALES
    )
    when = f"<lastmod>{days.day_of(at).isoformat()}</lastmod>" if at else ""
    return f"<url><loc>{escape(address)}</loc>{when}{others}</url>"


def _xml(root: str, lines: Sequence[str]) -> Response[str]:
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    body = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', f"<{root} {spaces}>", *lines, f"</{root}>"])
    return Response(body, media_type="application/xml", headers={"cache-control": KEPT})
