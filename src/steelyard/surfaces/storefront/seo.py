"""What robots are told of a page: its one address, the same in the other language, what it is about, and what not to list.

Each language of a page has an address of its own, `?lang=en` (decision 0025). Filtered, sorted and further pages of a list
are followed and not listed. Structured data (schema.org) stands in the page as `application/ld+json`: data, which a browser
neither runs nor, by the HTML standard, asks the content security policy about.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from steelyard.goods.catalog.model import Category, ProductView
from steelyard.goods.pricing.model import Price
from steelyard.kernel import i18n
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.web.visit import LANGUAGE_PARAMETER, Visit

DESCRIPTION_CHARACTERS_MAX = 160
PICTURES_MAX = 6
SCHEMA = "https://schema.org"

Data = Mapping[str, Any]


class Seo(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the page's one address, without language; none: whatever it was asked by. `data` is structured data."""

    path: str = ""
    description: str = ""
    picture: str = ""
    kind: str = "website"
    listed: bool = True
    data: Sequence[Data] = ()


NOT_LISTED = Seo(listed=False)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the page's head, addresses whole."""

    canonical: str
    alternates: Sequence[tuple[str, str]]
    description: str
    picture: str
    kind: str
    listed: bool
    data: Sequence[Data]


def head(visit: Visit, seo: Seo, crumbs: Sequence[Crumb]) -> Head:
    """The head of this visitor's page."""
    base = visit.settings.base_url.rstrip("/")
    path = seo.path or visit.connection.url.path
    data = [*seo.data, *([breadcrumb(base, crumbs)] if crumbs else [])]
    return Head(
        canonical=in_language(base + path, visit.locale),
        alternates=[(locale, in_language(base + path, locale)) for locale in i18n.LOCALES]
        + [("x-default", base + path)],
        description=" ".join(seo.description.split())[:DESCRIPTION_CHARACTERS_MAX],
        picture=base + seo.picture if seo.picture else "",
        kind=seo.kind,
        listed=seo.listed and not visit.settings.development,
        data=data if seo.listed else (),
    )


def in_language(url: str, locale: str) -> str:
    """The address of a page in one language."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode({LANGUAGE_PARAMETER: locale})}"


def breadcrumb(base: str, crumbs: Sequence[Crumb]) -> Data:
    """The way down to the page; the page itself has no address of its own in it."""
    steps = [
        {"@type": "ListItem", "position": place, "name": crumb.label}
        | ({"item": base + crumb.href} if crumb.href else {})
        for place, crumb in enumerate(crumbs, start=1)
    ]
    return {"@context": SCHEMA, "@type": "BreadcrumbList", "itemListElement": steps}


def organization(visit: Visit, name: str, logo: str = "") -> Data:
    """Who runs this place."""
    base = visit.settings.base_url.rstrip("/")
    return {"@context": SCHEMA, "@type": "Organization", "name": name, "url": f"{base}/"} | (
        {"logo": base + logo} if logo else {}
    )


def site(visit: Visit, name: str) -> Data:
    """The site, and where it is searched."""
    base = visit.settings.base_url.rstrip("/")
    target = {"@type": "EntryPoint", "urlTemplate": f"{base}/search?q={{words}}"}
    action = {"@type": "SearchAction", "target": target, "query-input": "required name=words"}
    return {"@context": SCHEMA, "@type": "WebSite", "name": name, "url": f"{base}/", "potentialAction": action}


def category(visit: Visit, found: Category, count: int, *, plain: bool) -> Seo:
    """A category's page; `plain`: without filters, sort or further pages."""
    words = visit.say(N_("{name}: {count} goods from many shops, one cart, paid once."))
    name = found.name.in_language(visit.locale)
    return Seo(path=f"/c/{found.slug}", description=words.format(name=name, count=count), listed=plain)


def shop(visit: Visit, found: ShopCard, *, plain: bool) -> Seo:
    """A shop's page."""
    picture = f"/media/{found.logo}" if found.logo else ""
    store = organization(visit, found.name.in_language(visit.locale), picture)
    base = visit.settings.base_url.rstrip("/")
    data = {**store, "@type": "Store", "url": f"{base}/shops/{found.slug}"}
    notice = found.notice.in_language(visit.locale)
    return Seo(path=f"/shops/{found.slug}", description=notice, picture=picture, listed=plain, data=[data])


def product_path(product: ProductView) -> str:
    """The one address of a product."""
    return f"/products/{product.product_id}" + (f"/{quote(product.slug)}" if product.slug else "")


def product(
    visit: Visit,
    found: ProductView,
    seller: ShopCard,
    offers: Sequence[tuple[Price, str, bool]],
    rating: tuple[float, int] | None = None,
) -> Seo:
    """A product's page. `offers` are its variants that have a price, each with its article number and whether it is in
    stock; `rating` is the average in stars and how many reviews it is of."""
    base = visit.settings.base_url.rstrip("/")
    path = product_path(found)
    title, words = found.title.in_language(visit.locale), found.description.in_language(visit.locale)
    pictures = [f"/media/{picture.file}" for picture in found.pictures[:PICTURES_MAX]]
    data: dict[str, Any] = {
        "@context": SCHEMA,
        "@type": "Product",
        "name": title,
        "description": words[:500] or title,
        "image": [base + picture for picture in pictures],
        "url": base + path,
        "offers": [_offer(base + path, seller, *offer, locale=visit.locale) for offer in offers],
    }
    if rating is not None and rating[1]:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(rating[0], 2),
            "reviewCount": rating[1],
        }
    return Seo(
        path=path,
        description=words or title,
        picture=pictures[0] if pictures else "",
        kind="product",
        data=[data],
    )


def _offer(url: str, seller: ShopCard, price: Price, code: str, in_stock: bool, *, locale: str) -> Data:
    return {
        "@type": "Offer",
        "url": url,
        "sku": code,
        "price": str(Money(price.amount, price.currency).decimal()),
        "priceCurrency": price.currency,
        "availability": f"{SCHEMA}/{'InStock' if in_stock else 'OutOfStock'}",
        "itemCondition": f"{SCHEMA}/NewCondition",
        "seller": {"@type": "Organization", "name": seller.name.in_language(locale)},
    }
