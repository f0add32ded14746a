"""What the API says of a product, and what it is told of one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog import model
from steelyard.goods.catalog.model import ProductState, ProductView
from steelyard.goods.pricing.model import AMOUNT_MAX, Price
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.words import Words, shown

SLUG_CHARACTERS_MAX = 100
TAX_CLASS_CHARACTERS_MAX = 40
BARCODE_CHARACTERS_MAX = 40
WEIGHT_GRAMS_MAX = 10_000_000

Slug = Annotated[str, Meta(min_length=1, max_length=SLUG_CHARACTERS_MAX, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
TaxClass = Annotated[str, Meta(min_length=1, max_length=TAX_CLASS_CHARACTERS_MAX)]
Code = Annotated[str, Meta(min_length=1, max_length=model.CODE_CHARACTERS_MAX)]
Barcode = Annotated[str, Meta(max_length=BARCODE_CHARACTERS_MAX)]
Grams = Annotated[int, Meta(ge=0, le=WEIGHT_GRAMS_MAX)]
Index = Annotated[int, Meta(ge=0, lt=model.VALUES_PER_OPTION_MAX)]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product in your list; `skus` counts its variants that are sold."""

    product_id: UUID
    category_id: UUID
    slug: str
    title: Words
    state: ProductState
    skus: int
    changed_at: datetime


class ProductList(msgspec.Struct, frozen=True, kw_only=True):
    """Products, the last changed first. `next` is the `cursor` of the following page; null on the last."""

    items: list[Product]
    next: str | None


class ProductOption(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer chooses, such as a colour, and the values there are."""

    name: Words
    values: Annotated[list[Words], Meta(min_length=1, max_length=model.VALUES_PER_OPTION_MAX)]


class ProductAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """What is so of all variants, such as the material."""

    name: Words
    value: Words


class ProductPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, to be fetched from `url` at this host; the first is the main one."""

    url: str
    alt: Words


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU. `choice` is, for each option of the product in order, the index of the chosen value. `price` is the one in
    your own currency, `compare_at` the market price that it is compared with, `price_now` what buyers see while a lower
    price or a flash sale of yours counts for it (null: the `price`); `free` pieces can be sold at once."""

    sku_id: UUID
    code: str
    barcode: str
    choice: list[int]
    weight_grams: int
    active: bool
    price: Money | None
    compare_at: Money | None
    price_now: Money | None
    free: int


class ProductDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A product whole. `on_sale` says whether buyers see it."""

    product_id: UUID
    category_id: UUID
    slug: str
    title: Words
    description: Words
    options: list[ProductOption]
    attributes: list[ProductAttribute]
    tax_class: str
    state: ProductState
    on_sale: bool
    pictures: list[ProductPicture]
    skus: list[Variant]
    created_at: datetime
    changed_at: datetime


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A category of the marketplace; `parent_id` is null at the roots."""

    category_id: UUID
    parent_id: UUID | None
    slug: str
    name: Words


class CategoryList(msgspec.Struct, frozen=True, kw_only=True):
    """The whole tree, each category after the one above it."""

    items: list[Category]


class NewVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant to be made: `code` is your article number, `price` in minor units of your currency."""

    code: Code
    price: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
    compare_at: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] | None = None
    choice: Annotated[list[Index], Meta(max_length=model.OPTIONS_PER_PRODUCT_MAX)] = []
    barcode: Barcode = ""
    weight_grams: Grams = 0


class NewProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product to be made, with all its variants: one for each choice of a value of every option that you sell.
    Without `slug` the address is made of the title."""

    category_id: UUID
    title: Words
    skus: Annotated[list[NewVariant], Meta(min_length=1, max_length=model.SKUS_PER_PRODUCT_MAX)]
    slug: Slug | None = None
    description: Words = {}
    options: Annotated[list[ProductOption], Meta(max_length=model.OPTIONS_PER_PRODUCT_MAX)] = []
    attributes: Annotated[list[ProductAttribute], Meta(max_length=model.ATTRIBUTES_PER_PRODUCT_MAX)] = []
    tax_class: TaxClass = "standard"
    on_shelf: bool = False


class VariantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of a variant; what is not named stays. One that is not `active` is not sold."""

    sku_id: UUID
    code: Code | None = None
    barcode: Barcode | None = None
    weight_grams: Grams | None = None
    active: bool | None = None


class ProductChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of a product; what is not named stays. Prices have a path of their own."""

    category_id: UUID | None = None
    slug: Slug | None = None
    title: Words | None = None
    description: Words | None = None
    attributes: Annotated[list[ProductAttribute], Meta(max_length=model.ATTRIBUTES_PER_PRODUCT_MAX)] | None = None
    tax_class: TaxClass | None = None
    skus: Annotated[list[VariantChange], Meta(max_length=model.SKUS_PER_PRODUCT_MAX)] = []


def listed(page: Page[model.ProductRow]) -> ProductList:
    return ProductList(items=[shown(Product, row, "") for row in page.items], next=page.next)


async def mine(read: Read, merchant_id: MerchantId, product_id: UUID) -> ProductView:
    """Raises `NotFound`: another merchant's product is not there."""
    found = await catalog.product(read, product_id)
    if found is None or found.merchant_id != merchant_id:
        raise NotFound()
    return found


async def whole(read: Read, merchant_id: MerchantId, product_id: UUID) -> ProductDetail:
    """Raises `NotFound`: another merchant's product is not there."""
    found = await mine(read, merchant_id, product_id)
    sku_ids = [sku.sku_id for sku in found.skus]
    currency = await currency_of(read, merchant_id)
    prices = await pricing.current(read, sku_ids, currency)
    free = await inventory.available(read, sku_ids)
    lows = await promotions.lowered_now(read, promotions.articles_of(found, prices))
    return shown(
        ProductDetail,
        found,
        currency,
        options=[ProductOption(name=option.name, values=list(option.values)) for option in found.options],
        attributes=[ProductAttribute(name=each.name, value=each.value) for each in found.attributes],
        pictures=[ProductPicture(url=f"/media/{picture.file}", alt=picture.alt) for picture in found.pictures],
        skus=[
            shown(
                Variant,
                sku,
                currency,
                price=Money(prices[sku.sku_id].amount, currency) if sku.sku_id in prices else None,
                compare_at=_compare_at(prices.get(sku.sku_id)),
                price_now=Money(lows[sku.sku_id].price, currency) if sku.sku_id in lows else None,
                free=free[sku.sku_id],
            )
            for sku in found.skus
        ],
    )


def _compare_at(price: Price | None) -> Money | None:
    return None if price is None or price.compare_at is None else Money(price.compare_at, price.currency)


async def currency_of(read: Read, merchant_id: MerchantId) -> str:
    """What the merchant's prices are in."""
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return merchant.currency


async def tree(read: Read) -> CategoryList:
    found: list[Category] = []

    def walk(level: list[model.Category]) -> None:
        for each in level:
            found.append(shown(Category, each, ""))
            walk(each.children)

    walk(await catalog.categories(read))
    return CategoryList(items=found)
