"""The columns of a sheet of goods, and a merchant's goods as such rows: what export writes and a plan compares with."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods import catalog, pricing, warehouses
from steelyard.goods.catalog import Definition
from steelyard.goods.catalog.model import Category, Fact, ProductId, ProductState, ProductView, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel.db import Read
from steelyard.kernel.money import Money
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId

# Of the product (the same in each of its rows), then of the variant.
PRODUCT_COLUMNS = ("title_zh", "title_en", "description_zh", "description_en", "category", "tax_class", "shelf")
SKU_COLUMNS = ("barcode", "weight_grams", "price", "compare_at", "cost", "stock", "active")
FACT = "attribute:"
FIXED = ("product", "sku", *PRODUCT_COLUMNS, "variant", *SKU_COLUMNS)
PRODUCTS_AT_ONCE = 200


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's sheets are read with. `categories`: by slug; `warehouse_id`: where counted stock lies."""

    merchant_id: MerchantId
    currency: str
    categories: dict[str, Category]
    definitions: dict[str, Definition]
    warehouse_id: UUID | None


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as a row: `cells` by column, as text."""

    product_id: ProductId
    sku_id: SkuId
    code: str
    title: str
    state: ProductState
    cells: dict[str, str]


async def shop_of(read: Read, merchant_id: MerchantId) -> Shop:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    open_ones = [each for each in await warehouses.of_merchant(read, merchant_id) if each.open]
    return Shop(
        merchant_id=merchant_id,
        currency=merchant.currency,
        categories=_flat(await catalog.categories(read)),
        definitions=await catalog.definitions(read),
        warehouse_id=open_ones[0].warehouse_id if open_ones else None,
    )


def _flat(tree: Sequence[Category]) -> dict[str, Category]:
    found: dict[str, Category] = {}
    for category in tree:
        found[category.slug] = category
        found |= _flat(category.children)
    return found


async def goods(read: Read, shop: Shop, product_ids: Sequence[UUID]) -> list[Good]:
    """The variants of these products as rows, product by product."""
    seen = await catalog.products(read, product_ids)
    mine = {key: each for key, each in seen.items() if each.merchant_id == shop.merchant_id}
    sku_ids = [sku.sku_id for product in mine.values() for sku in product.skus]
    prices = await pricing.current(read, sku_ids, shop.currency)
    costs = await pricing.costs_of(read, shop.merchant_id, sku_ids, shop.currency)
    stock: dict[SkuId, int] = {
        row["sku_id"]: row["on_hand"]
        for row in await read.fetch(
            "SELECT sku_id, on_hand FROM stock WHERE merchant_id = $1 AND sku_id = ANY($2) AND warehouse_id = $3",
            shop.merchant_id,
            sku_ids,
            shop.warehouse_id,
        )
    }
    slugs = {category.category_id: slug for slug, category in shop.categories.items()}
    found: list[Good] = []
    for product_id in product_ids:
        product = mine.get(ProductId(product_id))
        if product is not None:
            category = slugs.get(product.category_id, "")
            found += _rows(product, prices, costs, stock, category, shop.currency)
    return found


def _rows(
    product: ProductView,
    prices: Mapping[SkuId, Price],
    costs: Mapping[SkuId, int],
    stock: Mapping[SkuId, int],
    category: str,
    currency: str,
) -> list[Good]:
    shared = {
        "product": str(product.product_id),
        "title_zh": product.title.get("zh-Hans", ""),
        "title_en": product.title.get("en", ""),
        "description_zh": product.description.get("zh-Hans", ""),
        "description_en": product.description.get("en", ""),
        "category": category,
        "tax_class": product.tax_class,
        "shelf": "on" if product.state is ProductState.ON_SHELF else "off",
        **{f"{FACT}{code}": fact_cell(fact) for code, fact in product.facts.items()},
    }
    found: list[Good] = []
    for sku in product.skus:
        price = prices.get(sku.sku_id)
        cells = {
            **shared,
            "sku": sku.code,
            "variant": " · ".join(
                option.values[chosen].in_language("zh-Hans")
                for option, chosen in zip(product.options, sku.choice, strict=True)
            ),
            "barcode": sku.barcode,
            "weight_grams": str(sku.weight_grams),
            "price": amount_cell(price.amount, price.currency) if price else "",
            "compare_at": amount_cell(price.compare_at, price.currency) if price and price.compare_at else "",
            "cost": amount_cell(costs[sku.sku_id], currency) if sku.sku_id in costs else "",
            "stock": str(stock.get(sku.sku_id, 0)),
            "active": "yes" if sku.active else "no",
        }
        found.append(
            Good(
                product_id=product.product_id,
                sku_id=sku.sku_id,
                code=sku.code,
                title=str(product.title),
                state=product.state,
                cells=cells,
            )
        )
    return found


def amount_cell(amount: int, currency: str) -> str:
    return str(Money(amount, currency).decimal())


def fact_cell(fact: Fact) -> str:
    """Codes with `;` between them, a number, or `zh | en`."""
    if isinstance(fact, list):
        return ";".join(fact)
    if isinstance(fact, dict):
        return f"{fact.get('zh-Hans', '')} | {fact.get('en', '')}"
    return f"{fact:g}" if isinstance(fact, float) else str(fact)


def fact_of(definition: Definition, cell: str) -> Fact | None:
    """The fact of a cell; none when it is empty. Raises `ValueError` for what is no number."""
    cell = cell.strip()
    if not cell:
        return None
    match definition.kind:
        case catalog.AttributeKind.NUMBER:
            number = float(cell)
            if not isfinite(number):
                raise ValueError(cell)
            return int(number) if number == int(number) else number
        case catalog.AttributeKind.TEXT:
            zh, _, en = (part.strip() for part in cell.partition("|"))
            return {tongue: words for tongue, words in (("zh-Hans", zh), ("en", en)) if words}
        case _:
            names = {name: value.code for value in definition.known for name in (*value.name.values(), value.code)}
            parts = [part.strip() for part in cell.replace("；", ";").replace("、", ";").split(";")]
            return [names.get(part, part) for part in parts if part]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that these rows need: the fixed ones, and a column for each attribute that one of them states."""
    facts = sorted({column for cells in rows for column in cells if column.startswith(FACT)})
    return [*FIXED, *facts]
