"""A merchant's products: listed, shown, made, changed, priced, on and off the shelf."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog import model
from steelyard.goods.catalog.model import (
    Attribute,
    CategoryId,
    NewSku,
    Option,
    ProductId,
    ProductState,
    SkuChange,
    SkuId,
)
from steelyard.goods.pricing.model import AMOUNT_MAX, NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.money import currencies
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId, PapersMissing, PublishingRestricted, RulesNotAgreed
from steelyard.surfaces.api.v1 import product_shapes
from steelyard.surfaces.api.v1.calls import Call, Once
from steelyard.surfaces.api.v1.product_shapes import (
    CategoryList,
    NewProduct,
    ProductAttribute,
    ProductChange,
    ProductDetail,
    ProductList,
)
from steelyard.surfaces.api.v1.words import Cursor, Limit, text_of

InProductState = Annotated[ProductState | None, QueryParameter(name="state", description="Only what is in this state.")]
TAGS = ["Products"]
READ = {"permission": "products.read"}
EDIT = {"permission": "products.edit"}
PRICES_PER_CALL_MAX = 1_000

Amount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Move = Callable[[Tx, MerchantId, Sequence[UUID], str], Awaitable[list[ProductId]]]


class PriceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a variant costs from now on, in minor units. A market price (`compare_at`) that is not higher than the price
    is left out."""

    sku_id: UUID
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    amount: Amount
    compare_at: Amount | None = None


class PriceChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices to be set, all or none."""

    prices: Annotated[list[PriceChange], Meta(min_length=1, max_length=PRICES_PER_CALL_MAX)]


class PricesChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The variants whose price is another than before."""

    changed: list[UUID]


@get("/categories", opt=READ, tags=TAGS, summary="List the categories")
async def list_categories(call: NamedDependency[Call]) -> CategoryList:
    """The categories of the marketplace: a product is in one of them."""
    return await call.db.ask(product_shapes.tree)


@get("/products", opt=READ, tags=TAGS, summary="List your products")
async def list_products(
    call: NamedDependency[Call],
    in_state: InProductState = None,
    q: FromQuery[str | None] = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> ProductList:
    """Your products, the last changed first: of one state (without it, all but those in the bin), and with `q` those
    whose title or article number contains it."""
    page = await call.db.ask(catalog.products_page, call.merchant_id, in_state, q or "", cursor, limit=limit)
    return product_shapes.listed(page)


@get("/products/{product_id:uuid}", opt=READ, tags=TAGS, summary="Show a product")
async def get_product(call: NamedDependency[Call], product_id: FromPath[UUID]) -> ProductDetail:
    """One of your products, with its variants, prices and free stock."""
    return await call.db.ask(product_shapes.whole, call.merchant_id, product_id)


@post("/products", opt=EDIT, tags=TAGS, summary="Make a product")
async def create_product(
    call: NamedDependency[Call], once: NamedDependency[Once], data: JSONBody[NewProduct]
) -> Response[ProductDetail]:
    """Make a product with all its variants and their prices, as a draft or on the shelf at once."""
    return await once(
        lambda product_id: call.db.transact(_create, call, _new(ProductId(product_id), data), data), status=201
    )


def _new(product_id: ProductId, data: NewProduct) -> model.NewProduct:
    title = text_of("title", data.title)
    return model.NewProduct(
        product_id=product_id,
        category_id=CategoryId(data.category_id),
        slug=data.slug or _slug(title.get("en", ""), data.skus[0].code),
        title=title,
        description=text_of("description", data.description),
        options=[
            Option(
                name=text_of("options", option.name),
                values=[text_of("options", value) for value in option.values],
            )
            for option in data.options
        ],
        attributes=_attributes(data.attributes),
        tax_class=data.tax_class,
        skus=[
            NewSku(
                sku_id=_sku_id(product_id, sku.choice),
                code=sku.code,
                choice=sku.choice,
                barcode=sku.barcode,
                weight_grams=sku.weight_grams,
            )
            for sku in data.skus
        ],
    )


def _slug(*words: str) -> str:
    slugs = (re.sub(r"[^a-z0-9]+", "-", each.lower()).strip("-")[:60].strip("-") for each in words)
    return next(filter(None, slugs), "product")


def _sku_id(product_id: ProductId, choice: Sequence[int]) -> SkuId:
    """A product's variant of a choice always has the same id, so that making it twice is making it once."""
    return SkuId(ids.derived(product_id, "sku", *map(str, choice)))


def _attributes(attributes: Sequence[ProductAttribute]) -> list[Attribute]:
    return [
        Attribute(name=text_of("attributes", each.name), value=text_of("attributes", each.value)) for each in attributes
    ]


async def _create(tx: Tx, call: Call, new: model.NewProduct, data: NewProduct) -> ProductDetail:
    if await catalog.create_product(tx, call.merchant_id, new, call.by):
        currency = await product_shapes.currency_of(tx, call.merchant_id)
        prices = [
            NewPrice(sku_id=made.sku_id, currency=currency, amount=sku.price, compare_at=sku.compare_at)
            for made, sku in zip(new.skus, data.skus, strict=True)
        ]
        await pricing.set_prices(tx, call.merchant_id, prices)
        if data.on_shelf:
            await _publish(tx, call.merchant_id, [new.product_id], call.by)
        await access.audit(tx, call.actor, "products.create", str(new.product_id), {"slug": new.slug})
    return await product_shapes.whole(tx, call.merchant_id, new.product_id)


@patch("/products/{product_id:uuid}", opt=EDIT, tags=TAGS, summary="Change a product")
async def change_product(
    call: NamedDependency[Call], product_id: FromPath[UUID], data: JSONBody[ProductChange]
) -> ProductDetail:
    """Change what a product says of itself, and its variants."""
    return await call.db.transact(_change, call, ProductId(product_id), data)


async def _change(tx: Tx, call: Call, product_id: ProductId, data: ProductChange) -> ProductDetail:
    await product_shapes.mine(tx, call.merchant_id, product_id)
    change = model.ProductChange(
        category_id=None if data.category_id is None else CategoryId(data.category_id),
        slug=data.slug,
        title=None if data.title is None else text_of("title", data.title),
        description=None if data.description is None else text_of("description", data.description),
        attributes=None if data.attributes is None else _attributes(data.attributes),
        tax_class=data.tax_class,
    )
    await catalog.edit(tx, call.merchant_id, product_id, change, call.by)
    if data.skus:
        changes = [
            SkuChange(
                sku_id=SkuId(each.sku_id),
                code=each.code,
                barcode=each.barcode,
                weight_grams=each.weight_grams,
                active=each.active,
            )
            for each in data.skus
        ]
        await catalog.change_skus(tx, call.merchant_id, product_id, changes, call.by)
    named = [name for name in data.__struct_fields__ if getattr(data, name)]
    await access.audit(tx, call.actor, "products.change", str(product_id), {"fields": named})
    return await product_shapes.whole(tx, call.merchant_id, product_id)


@post(
    "/products/{product_id:uuid}/put-on-shelf",
    status_code=200,
    opt=EDIT,
    tags=TAGS,
    summary="Put a product on the shelf",
)
async def put_on_shelf(
    call: NamedDependency[Call], once: NamedDependency[Once], product_id: FromPath[UUID]
) -> Response[ProductDetail]:
    """Show a product to buyers, or to the operator who reviews it first: `state` says which. It needs a variant that is
    active, and must not be in the bin."""
    return await once(lambda _: call.db.transact(_move, call, product_id, _publish, ProductState.ON_SHELF))


@post(
    "/products/{product_id:uuid}/take-off-shelf",
    status_code=200,
    opt=EDIT,
    tags=TAGS,
    summary="Take a product off the shelf",
)
async def take_off_shelf(
    call: NamedDependency[Call], once: NamedDependency[Once], product_id: FromPath[UUID]
) -> Response[ProductDetail]:
    """Stop selling a product. What is ordered stays ordered."""
    return await once(
        lambda _: call.db.transact(_move, call, product_id, catalog.take_off_shelf, ProductState.OFF_SHELF)
    )


async def _publish(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    found = await catalog.publish(tx, merchant_id, product_ids, by)
    if found.held:
        if await merchants.restricted(tx, merchant_id, datetime.now(UTC)):
            raise PublishingRestricted()
        if await catalog.without_papers(tx, merchant_id, found.held):
            raise PapersMissing()
        raise RulesNotAgreed()
    return [*found.on_shelf, *found.in_review]


async def _move(tx: Tx, call: Call, product_id: UUID, move: Move, goal: ProductState) -> ProductDetail:
    before = await product_shapes.mine(tx, call.merchant_id, product_id)
    moved = await move(tx, call.merchant_id, [product_id], call.by)
    if not moved and before.state not in (goal, ProductState.IN_REVIEW):
        raise TransitionRefused(machine="product", state=str(before.state), wanted=str(goal))
    if moved:
        action = "products.on" if goal is ProductState.ON_SHELF else "products.off"
        await access.audit(tx, call.actor, action, str(product_id))
    return await product_shapes.whole(tx, call.merchant_id, product_id)


@put("/prices", opt=EDIT, tags=TAGS, summary="Set prices")
async def set_prices(call: NamedDependency[Call], data: JSONBody[PriceChanges]) -> PricesChanged:
    """Say what variants cost from now on. Orders that are placed keep their prices."""
    return await call.db.transact(_set_prices, call, data)


async def _set_prices(tx: Tx, call: Call, data: PriceChanges) -> PricesChanged:
    await _check_currencies(tx, {each.currency for each in data.prices})
    changed = await pricing.set_prices(
        tx,
        call.merchant_id,
        [
            NewPrice(sku_id=SkuId(each.sku_id), currency=each.currency, amount=each.amount, compare_at=each.compare_at)
            for each in data.prices
        ],
    )
    for sku_id in changed:
        await access.audit(tx, call.actor, "products.price", str(sku_id))
    return PricesChanged(changed=changed)


async def _check_currencies(read: Read, wanted: set[str]) -> None:
    unknown = wanted - {each.currency for each in await currencies.all(read)}
    if unknown:
        raise Invalid({"currency": N_("This currency is not dealt in")})


HANDLERS = [
    list_categories,
    list_products,
    get_product,
    create_product,
    change_product,
    put_on_shelf,
    take_off_shelf,
    set_prices,
]
