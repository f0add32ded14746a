"""/api/v1/products, /stock, /prices: what a merchant sells, how many, for how much."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from steelyard.goods import catalog, inventory, pricing, warehouses
from steelyard.goods.catalog.model import (
    CategoryId,
    NewProduct,
    NewSku,
    ProductChange,
    ProductId,
    ProductRow,
    ProductState,
    SkuId,
)
from steelyard.goods.inventory.model import Level, WarehouseUnknown
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.callers import Caller, once
from steelyard.surfaces.api.v1.shapes import (
    Booked,
    Changed,
    Moved,
    PricesRequest,
    ProductDetail,
    ProductPatch,
    ProductRequest,
    ShelfRequest,
    StockLine,
    StockRequest,
)


@get("/products", opt={"permission": "products.read"})
async def list_products(
    caller: NamedDependency[Caller],
    in_state: Annotated[ProductState | None, QueryParameter(name="state")] = None,
    text: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[ProductRow]:
    """Products, the last changed first. `text` is part of a title or an article number."""
    return await caller.db.ask(catalog.products_page, caller.merchant_id, in_state, text, cursor=cursor, limit=limit)


@get("/products/{product_id:uuid}", opt={"permission": "products.read"})
async def get_product(caller: NamedDependency[Caller], product_id: FromPath[UUID]) -> ProductDetail:
    """One product with its variants, prices and free pieces."""
    return await caller.db.ask(_whole, caller.merchant_id, product_id)


async def _whole(read: Read, merchant_id: MerchantId, product_id: UUID) -> ProductDetail:
    product = await catalog.product(read, product_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    sku_ids = [sku.sku_id for sku in product.skus]
    prices = await pricing.current_at_home(read, sku_ids)
    free = await inventory.available(read, sku_ids)
    return ProductDetail(
        product=product,
        prices={str(sku_id): price for sku_id, price in prices.items()},
        free={str(sku_id): pieces for sku_id, pieces in free.items()},
    )


@post("/products", opt={"permission": "products.edit"}, status_code=201)
async def create_product(caller: NamedDependency[Caller], data: JSONBody[ProductRequest]) -> Response[ProductDetail]:
    """A new product with its variants and their prices; on the shelf at once when it says so."""

    async def work(operation_id: UUID) -> ProductDetail:
        await caller.db.transact(_create, caller, operation_id, data)
        return await caller.db.ask(_whole, caller.merchant_id, operation_id)

    return await once(caller, ProductDetail, work, 201)


async def _create(tx: Tx, caller: Caller, product_id: UUID, wanted: ProductRequest) -> None:
    skus = [
        NewSku(
            sku_id=SkuId(ids.derived(product_id, "sku", variant.code)),
            code=variant.code,
            choice=variant.choice,
            barcode=variant.barcode,
            weight_grams=variant.weight_grams,
        )
        for variant in wanted.variants
    ]
    new = NewProduct(
        product_id=ProductId(product_id),
        category_id=await _category(tx, wanted.category),
        slug=wanted.slug,
        title=wanted.title,
        description=wanted.description,
        options=wanted.options,
        attributes=wanted.attributes,
        tax_class=wanted.tax_class,
        skus=skus,
        state=ProductState.ON_SHELF if wanted.on_shelf else ProductState.DRAFT,
    )
    await catalog.create_product(tx, caller.merchant_id, new, caller.by)
    currency = await _currency(tx, caller.merchant_id)
    prices = [
        NewPrice(sku_id=sku.sku_id, currency=currency, amount=variant.price, compare_at=variant.compare_at)
        for sku, variant in zip(skus, wanted.variants, strict=True)
    ]
    await pricing.set_prices(tx, caller.merchant_id, prices)
    await access.audit(tx, caller.actor, "products.create", str(product_id), {"title": str(wanted.title)})


async def _category(read: Read, slug: str) -> CategoryId:
    category = await catalog.category(read, slug)
    if category is None:
        raise Invalid({"category": N_("There is no such category")})
    return category.category_id


async def _currency(read: Read, merchant_id: MerchantId) -> str:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return merchant.currency


@patch("/products/{product_id:uuid}", opt={"permission": "products.edit"})
async def change_product(
    caller: NamedDependency[Caller], product_id: FromPath[UUID], data: JSONBody[ProductPatch]
) -> ProductDetail:
    """Change what a product says of itself."""
    await caller.db.transact(_change, caller, product_id, data)
    return await caller.db.ask(_whole, caller.merchant_id, product_id)


async def _change(tx: Tx, caller: Caller, product_id: UUID, wanted: ProductPatch) -> None:
    change = ProductChange(
        category_id=None if wanted.category is None else await _category(tx, wanted.category),
        title=wanted.title,
        description=wanted.description,
        attributes=wanted.attributes,
        tax_class=wanted.tax_class,
    )
    await catalog.change_product(tx, caller.merchant_id, product_id, change)
    await access.audit(tx, caller.actor, "products.change", str(product_id), {"title": str(wanted.title or "")})


@post("/products/on-shelf", opt={"permission": "products.edit"}, status_code=200)
async def put_on_shelf(caller: NamedDependency[Caller], data: JSONBody[ShelfRequest]) -> Response[Moved]:
    """Show products to buyers."""

    async def work(_: UUID) -> Moved:
        return await caller.db.transact(_move, caller, data.product_ids, on=True)

    return await once(caller, Moved, work, 200)


@post("/products/off-shelf", opt={"permission": "products.edit"}, status_code=200)
async def take_off_shelf(caller: NamedDependency[Caller], data: JSONBody[ShelfRequest]) -> Response[Moved]:
    """Stop selling products."""

    async def work(_: UUID) -> Moved:
        return await caller.db.transact(_move, caller, data.product_ids, on=False)

    return await once(caller, Moved, work, 200)


async def _move(tx: Tx, caller: Caller, product_ids: Sequence[UUID], *, on: bool) -> Moved:
    command = catalog.put_on_shelf if on else catalog.take_off_shelf
    moved = await command(tx, caller.merchant_id, product_ids, caller.by)
    for product_id in moved:
        await access.audit(tx, caller.actor, "products.on_shelf" if on else "products.off_shelf", str(product_id))
    return Moved(product_ids=list(moved))


@get("/stock", opt={"permission": "stock.read"})
async def list_stock(
    caller: NamedDependency[Caller],
    low: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[Level]:
    """Stock by SKU and warehouse; with `low`, only what is running low."""
    return await caller.db.ask(inventory.levels, caller.merchant_id, cursor, limit, low=low)


@post("/stock/receive", opt={"permission": "stock.edit"}, status_code=201)
async def receive_stock(caller: NamedDependency[Caller], data: JSONBody[StockRequest]) -> Response[Booked]:
    """Put pieces on hand."""

    async def work(operation_id: UUID) -> Booked:
        await caller.db.transact(_receive, caller, operation_id, data)
        return Booked(document=operation_id)

    return await once(caller, Booked, work, 201)


async def _receive(tx: Tx, caller: Caller, document: UUID, wanted: StockRequest) -> None:
    if any(line.quantity < 1 for line in wanted.lines):
        raise Invalid({"quantity": N_("Please enter a positive number")})
    lines = await _placed(tx, caller.merchant_id, wanted.lines)
    await inventory.receive(tx, caller.merchant_id, lines, document=document, by=caller.by, note=wanted.note)
    await access.audit(tx, caller.actor, "stock.receive", str(document), {"lines": len(lines)})


@post("/stock/count", opt={"permission": "stock.edit"}, status_code=201)
async def count_stock(caller: NamedDependency[Caller], data: JSONBody[StockRequest]) -> Response[Booked]:
    """Say how many pieces there are: what the books say differently is corrected."""

    async def work(operation_id: UUID) -> Booked:
        await caller.db.transact(_count, caller, operation_id, data)
        return Booked(document=operation_id)

    return await once(caller, Booked, work, 201)


async def _count(tx: Tx, caller: Caller, document: UUID, wanted: StockRequest) -> None:
    lines = await _placed(tx, caller.merchant_id, wanted.lines)
    await inventory.count(tx, caller.merchant_id, lines, document=document, by=caller.by, note=wanted.note)
    await access.audit(tx, caller.actor, "stock.count", str(document), {"lines": len(lines)})


async def _placed(read: Read, merchant_id: MerchantId, lines: Sequence[StockLine]) -> list[tuple[UUID, UUID, int]]:
    """The lines with their warehouse. Raises `Invalid` for SKUs that are not the merchant's, `WarehouseUnknown`."""
    cards = await catalog.cards(read, [line.sku_id for line in lines])
    if any(SkuId(line.sku_id) not in cards or cards[SkuId(line.sku_id)].merchant_id != merchant_id for line in lines):
        raise Invalid({"sku_id": N_("There is no such article")})
    first = next((house.warehouse_id for house in await warehouses.of_merchant(read, merchant_id) if house.open), None)
    if first is None:
        raise WarehouseUnknown()
    return [(line.sku_id, line.warehouse_id or first, line.quantity) for line in lines]


@post("/prices", opt={"permission": "products.edit"}, status_code=200)
async def set_prices(caller: NamedDependency[Caller], data: JSONBody[PricesRequest]) -> Response[Changed]:
    """Set prices, in the merchant's currency."""

    async def work(_: UUID) -> Changed:
        return await caller.db.transact(_set_prices, caller, data)

    return await once(caller, Changed, work, 200)


async def _set_prices(tx: Tx, caller: Caller, wanted: PricesRequest) -> Changed:
    currency = await _currency(tx, caller.merchant_id)
    prices = [
        NewPrice(sku_id=SkuId(line.sku_id), currency=currency, amount=line.amount, compare_at=line.compare_at)
        for line in wanted.prices
    ]
    changed = await pricing.set_prices(tx, caller.merchant_id, prices)
    await access.audit(tx, caller.actor, "products.prices", str(caller.merchant_id), {"changed": len(changed)})
    return Changed(sku_ids=list(changed))


handlers = [
    list_products,
    get_product,
    create_product,
    change_product,
    put_on_shelf,
    take_off_shelf,
    list_stock,
    receive_stock,
    count_stock,
    set_prices,
]
