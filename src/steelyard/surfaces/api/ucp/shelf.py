"""Products and variants as the protocol's catalog says them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import Category, ProductId, ProductView, Sku, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Lowered
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Template
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.api.ucp.envelope import Ask, Document
from steelyard.surfaces.api.ucp.shapes import ProductRequest

DEFAULT_TITLE = Text({"zh-Hans": "标准", "en": "Standard"})


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Products with everything that is said of them: what they cost, what is free, who sells them and how they send; `lows`, by
    SKU, what is lowered for everybody."""

    products: list[ProductView]
    prices: dict[SkuId, Price]
    free: dict[SkuId, int]
    shops: dict[MerchantId, ShopCard]
    ways: dict[MerchantId, list[Template]]
    category_names: dict[UUID, tuple[str, Text]]
    lows: dict[UUID, Lowered] = {}


async def on_shelf(read: Read, product_ids: Sequence[UUID]) -> Shelf:
    """These products, as far as they are for sale, in this order."""
    found = await catalog.products(read, product_ids)
    shown = [
        found[ProductId(product_id)]
        for product_id in product_ids
        if ProductId(product_id) in found and found[ProductId(product_id)].on_sale
    ]
    if not shown:
        return Shelf(products=[], prices={}, free={}, shops={}, ways={}, category_names={})
    shops = await merchants.cards(read, {product.merchant_id for product in shown})
    sku_ids = [sku.sku_id for product in shown for sku in product.skus]
    ways = await freight.templates_of(read, shops)
    prices = await pricing.current_at_home(read, sku_ids)
    return Shelf(
        products=shown,
        prices=prices,
        lows=await promotions.lowered_prices(
            read, [each for view in shown for each in promotions.articles_of(view, prices)]
        ),
        free=await inventory.available(read, sku_ids),
        shops=shops,
        ways={merchant_id: [way for way in found if way.active] for merchant_id, found in ways.items()},
        category_names=_names(await catalog.categories(read)),
    )


def _names(tree: Sequence[Category]) -> dict[UUID, tuple[str, Text]]:
    found: dict[UUID, tuple[str, Text]] = {}
    waiting = list(tree)
    while waiting:
        category = waiting.pop()
        found[category.category_id] = (category.slug, category.name)
        waiting += category.children
    return found


def product(shelf: Shelf, view: ProductView, ask: Ask) -> Document:
    """A product with the variants that have a price; what is in stock comes first."""
    sellable = [sku for sku in view.skus if sku.active and sku.sku_id in shelf.prices]
    sellable.sort(key=lambda sku: shelf.free[sku.sku_id] <= 0)
    variants = [_variant(shelf, view, sku, ask) for sku in sellable]
    prices = [variant["price"] for variant in variants]
    said: Document = {
        "id": str(view.product_id),
        "handle": view.slug,
        "title": view.title.in_language(ask.locale),
        "description": {"plain": view.description.in_language(ask.locale) or view.title.in_language(ask.locale)},
        "url": f"{ask.settings.base_url}/products/{view.product_id}",
        "categories": _categories(shelf, view),
        "media": _media(view, ask),
        "variants": variants,
    }
    if view.options:
        said["options"] = [
            {
                "name": option.name.in_language(ask.locale),
                "values": [{"label": value.in_language(ask.locale)} for value in option.values],
            }
            for option in view.options
        ]
    if prices:
        said["price_range"] = {
            "min": min(prices, key=lambda price: price["amount"]),
            "max": max(prices, key=lambda price: price["amount"]),
        }
    return said


def detail(shelf: Shelf, view: ProductView, ask: Ask, wanted: ProductRequest, asked: UUID) -> Document:
    """A product on its own: with `selected`, and for each choice whether it exists and can be bought.

    The variant asked for, or else the one nearest to the choices made, stands first; choices that no variant has
    together are let go, those named last in `preferences` first.
    """
    said = product(shelf, view, ask)
    if not said["variants"] or not view.options:
        return said
    names = [option.name.in_language(ask.locale) for option in view.options]
    chosen = {each.name: each.label for each in wanted.selected if each.name in names}
    variants: list[Document] = said["variants"]
    exact = next((variant for variant in variants if variant["id"] == str(asked)), None)
    featured = exact if exact and not chosen else _nearest(variants, chosen, wanted.preferences)
    said["variants"] = [featured, *(variant for variant in variants if variant is not featured)]
    said["selected"] = featured["options"]
    effective = _choice(featured)
    for option in said["options"]:
        others = {name: label for name, label in effective.items() if name != option["name"]}
        for value in option["values"]:
            fitting = [
                variant
                for variant in variants
                if _choice(variant).items() >= {**others, option["name"]: value["label"]}.items()
            ]
            value["exists"] = bool(fitting)
            value["available"] = any(variant["availability"]["available"] for variant in fitting)
    return said


def _nearest(variants: Sequence[Document], chosen: dict[str, str], preferences: Sequence[str]) -> Document:
    """The first variant with all these choices; else with ever fewer of them."""
    rank = {name: place for place, name in enumerate(preferences)}
    keep = sorted(chosen, key=lambda name: rank.get(name, len(rank)))
    while True:
        wanted = {name: chosen[name] for name in keep}
        for variant in variants:
            if _choice(variant).items() >= wanted.items():
                return variant
        keep.pop()


def _choice(variant: Document) -> dict[str, str]:
    return {each["name"]: each["label"] for each in variant["options"]}


def _variant(shelf: Shelf, view: ProductView, sku: Sku, ask: Ask) -> Document:
    shop, price, free = shelf.shops[view.merchant_id], shelf.prices[sku.sku_id], shelf.free[sku.sku_id]
    low = shelf.lows.get(sku.sku_id)
    if low is not None:
        price = msgspec.structs.replace(price, amount=low.price, compare_at=low.was)
        free = max(free, low.offer.flash.left if low.offer.flash else 0)
    options = [
        {
            "name": option.name.in_language(ask.locale),
            "label": option.values[index].in_language(ask.locale),
        }
        for option, index in zip(view.options, sku.choice, strict=True)
    ]
    title = " / ".join(option["label"] for option in options) or DEFAULT_TITLE.in_language(ask.locale)
    said: Document = {
        "id": str(sku.sku_id),
        "sku": sku.code,
        "title": title,
        "description": {"plain": f"{view.title.in_language(ask.locale)} · {title}"},
        "price": {"amount": price.amount, "currency": shop.currency},
        "availability": {"available": free > 0, "status": "in_stock" if free > 0 else "out_of_stock"},
        "options": options,
        "seller": {
            "name": shop.name.in_language(ask.locale),
            "links": [{"type": "shop", "url": f"{ask.settings.base_url}/shops/{shop.slug}"}],
        },
        "fulfillment": {"methods": [_method(shelf, view, ask)]},
    }
    if price.compare_at and price.compare_at > price.amount:
        said["list_price"] = {"amount": price.compare_at, "currency": shop.currency}
    if sku.picture:
        said["media"] = [{"type": "image", "url": f"{ask.settings.base_url}/media/{sku.picture}"}]
    return said


def _method(shelf: Shelf, view: ProductView, ask: Ask) -> dict[str, Any]:
    """How the merchant sends: the ids may be chosen in a checkout."""
    return {
        "type": "shipping",
        "options": [
            {"id": str(way.template_id), "title": way.name.in_language(ask.locale)}
            for way in shelf.ways[view.merchant_id]
        ],
    }


def _categories(shelf: Shelf, view: ProductView) -> list[dict[str, str]]:
    """From the narrowest to the widest: a category's value may be searched by."""
    return [
        {"value": shelf.category_names[category_id][0], "taxonomy": "merchant"}
        for category_id in reversed(view.category_path)
        if category_id in shelf.category_names
    ]


def _media(view: ProductView, ask: Ask) -> list[dict[str, str]]:
    return [
        {
            "type": "image",
            "url": f"{ask.settings.base_url}/media/{picture.file}",
            "alt_text": picture.alt.in_language(ask.locale) or view.title.in_language(ask.locale),
        }
        for picture in view.pictures
    ]
