"""Goods of a feed on the shelf: products with one SKU each, their prices and what there is of them to begin with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa

from steelyard.channels.feeds.columnar import RecordBatch, compute
from steelyard.channels.feeds.model import OFF_SHELF, Kind
from steelyard.channels.feeds.opening import Shelf
from steelyard.channels.feeds.shops import NAMESPACE, Stall, slug_of, source
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import (
    TITLE_CHARACTERS_MAX,
    CategoryId,
    NewCategory,
    NewProduct,
    NewSku,
    ProductId,
    ProductState,
    SkuId,
)
from steelyard.goods.pricing.model import MerchantPrice, NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.text import Text, text

PRODUCTS_PER_CHUNK = 1_000
CATEGORY_SEPARATOR = ">"
SELLABLE = frozenset({Kind.GOODS, Kind.VOUCHER})
IMPORTED = ("imported", text("导入商品", "Imported"))


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a feed has it. `price` is in minor units; `category` is a path such as `Home > Kitchen`."""

    merchant: str
    sku: str
    kind: Kind
    title: Text
    description: Text = msgspec.field(default_factory=Text)
    category: str | None = None
    rule: int | None = None
    currency: str | None = None
    price: int | None = None
    stock: int | None = None
    weight_grams: int = 0
    shown: bool = True

    @property
    def state(self) -> ProductState:
        """On the shelf is what can be sold: goods and vouchers with a price."""
        sold = self.shown and self.kind in SELLABLE and bool(self.price)
        return ProductState.ON_SHELF if sold else ProductState.OFF_SHELF


def goods_of_orders(batch: RecordBatch, shelf: Shelf) -> list[Good]:
    """The products that order lines speak of."""
    rules = _fitting(batch, shelf)
    return [
        Good(
            merchant=row["merchant"],
            sku=row["sku"],
            kind=Kind(row["kind"]),
            title=Text({shelf.language: row["title"][:TITLE_CHARACTERS_MAX]}),
            rule=rule,
            currency=row["currency"],
            price=row["price_minor"],
        )
        for row, rule in zip(batch.to_pylist(), rules, strict=True)
    ]


def goods_of_products(batch: RecordBatch, shelf: Shelf) -> list[Good]:
    """The products of a product file."""
    rules = _fitting(batch, shelf)
    return [_good(row, rule, shelf) for row, rule in zip(batch.to_pylist(), rules, strict=True)]


def _good(row: dict[str, Any], rule: int | None, shelf: Shelf) -> Good:
    title = Text({shelf.language: row["title"][:TITLE_CHARACTERS_MAX]})
    if row["title_zh"]:
        title["zh-Hans"] = row["title_zh"][:TITLE_CHARACTERS_MAX]
    return Good(
        merchant=row["merchant"],
        sku=row["sku"],
        kind=Kind(row["kind"]),
        title=title,
        description=Text({shelf.language: row["description"]} if row["description"] else {}),
        category=row["category"],
        rule=rule,
        currency=row["currency"],
        price=row["price_minor"],
        stock=max(0, row["stock"]) if row["stock"] is not None else None,
        weight_grams=max(0, row["weight_grams"] or 0),
        shown=row["shelf"] != OFF_SHELF,
    )


def _fitting(batch: RecordBatch, shelf: Shelf) -> list[int | None]:
    """For each row the number of the first category rule that it fits."""
    fits: list[int | None] = [None] * batch.num_rows
    for number, rule in reversed(list(enumerate(shelf.categories))):
        matches = pa.array([True] * batch.num_rows)
        for name, pattern in (("sku", rule.sku), ("title", rule.title)):
            if pattern is not None:
                column = compute.fill_null(batch.column(name), "")
                matches = compute.and_(matches, compute.match_substring_regex(column, pattern))
        fits = [number if fit else before for fit, before in zip(matches.to_pylist(), fits, strict=True)]
    return fits


class Categories:
    """The categories that goods go into, made when they are first needed."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[tuple[str, ...], CategoryId] = {}

    async def of(self, tx: Tx, good: Good) -> CategoryId:
        """Its own path counts first, then the map's rules."""
        if good.category:
            names = [name.strip() for name in good.category.split(CATEGORY_SEPARATOR) if name.strip()]
            parent: CategoryId | None = None
            for depth in range(1, len(names) + 1):
                path = tuple(names[:depth])
                slug = slug_of("-".join(path), f"c-{ids.derived(NAMESPACE, *path).hex[:12]}")
                parent = await self._category(tx, path, slug, Text({self._shelf.language: names[depth - 1]}), parent)
            if parent is not None:
                return parent
        if good.rule is not None:
            rule = self._shelf.categories[good.rule]
            return await self._category(tx, ("", rule.slug), rule.slug, Text(rule.name), None)
        return await self._category(tx, ("", IMPORTED[0]), *IMPORTED, None)

    async def _category(
        self, tx: Tx, key: tuple[str, ...], slug: str, name: Text, parent: CategoryId | None
    ) -> CategoryId:
        if key not in self._known:
            there = await catalog.category(tx, slug)
            category_id = there.category_id if there else CategoryId(ids.derived(NAMESPACE, "category", slug))
            if there is None:
                new = NewCategory(
                    category_id=category_id, slug=slug, name=name, parent_id=parent, place=len(self._known)
                )
                await catalog.create_category(tx, new)
            self._known[key] = category_id
        return self._known[key]


async def put_up(tx: Tx, stalls: dict[str, Stall], goods: Sequence[Good], shelf: Shelf) -> list[tuple[UUID, UUID]]:
    """Write those goods that their merchants do not have yet; returns them as (merchant_id, product_id).

    One that is there already, by its article number, stays as it is.
    """
    assert len(goods) <= PRODUCTS_PER_CHUNK
    categories = Categories(shelf)
    new: list[tuple[Stall, Good, NewProduct]] = []
    for key, of_merchant in _by_merchant(goods).items():
        stall = stalls[key]
        known = await catalog.by_codes(tx, stall.merchant_id, [good.sku for good in of_merchant])
        for good in of_merchant:
            if good.sku not in known:
                product = _product(stall, good, await categories.of(tx, good))
                new.append((stall, good, await catalog.screened_import(tx, product)))
    await catalog.bulk_create(tx, [(stall.merchant_id, product) for stall, _, product in new], "import")
    await pricing.bulk_set(
        tx,
        [
            MerchantPrice(
                merchant_id=stall.merchant_id,
                price=NewPrice(sku_id=product.skus[0].sku_id, currency=good.currency, amount=good.price),
            )
            for stall, good, product in new
            if good.price is not None and good.currency is not None
        ],
    )
    await inventory.bulk_receive(
        tx,
        [
            (stall.merchant_id, product.skus[0].sku_id, stall.warehouse_id, pieces)
            for stall, good, product in new
            if (pieces := _pieces(good, shelf))
        ],
        document=ids.mint(),
        by="import",
    )
    return [(stall.merchant_id, product.product_id) for stall, _, product in new]


def _pieces(good: Good, shelf: Shelf) -> int:
    if good.stock is not None:
        return good.stock
    return shelf.opening_stock if good.state is ProductState.ON_SHELF else 0


def _by_merchant(goods: Iterable[Good]) -> dict[str, list[Good]]:
    found: dict[str, list[Good]] = defaultdict(list)
    for good in goods:
        found[good.merchant].append(good)
    return found


def _product(stall: Stall, good: Good, category_id: CategoryId) -> NewProduct:
    merchant_id = str(stall.merchant_id)
    sku = NewSku(
        sku_id=SkuId(ids.derived(NAMESPACE, "sku", merchant_id, good.sku)),
        code=good.sku,
        weight_grams=good.weight_grams,
    )
    return NewProduct(
        product_id=ProductId(ids.derived(NAMESPACE, "product", merchant_id, good.sku)),
        category_id=category_id,
        slug=slug_of(str(good.title.in_language("en")), slug_of(good.sku, sku.sku_id.hex[:8])),
        title=good.title,
        description=good.description,
        skus=[sku],
        state=good.state,
        source=source(stall.key, good.sku),
    )


class SkuIndex:
    """Which SKU and product an article number of a merchant is: for whole columns at once."""

    def __init__(self, keys: list[str], sku_ids: list[str], product_ids: list[str]) -> None:
        self._keys = pa.array(keys, pa.string())
        self._sku_ids = pa.array(sku_ids, pa.string())
        self._product_ids = pa.array(product_ids, pa.string())

    @classmethod
    async def of(cls, read: Read, stalls: Iterable[Stall]) -> "SkuIndex":
        """Every article number of these merchants."""
        known = {stall.merchant_id: stall.key for stall in stalls}
        rows = await read.fetch(
            "SELECT merchant_id, code, sku_id, product_id FROM skus WHERE merchant_id = ANY($1)", list(known)
        )
        return cls(
            [f"{known[row['merchant_id']]}\x1f{row['code']}" for row in rows],
            [str(row["sku_id"]) for row in rows],
            [str(row["product_id"]) for row in rows],
        )

    def find(self, merchants: Any, codes: Any) -> tuple[Any, Any]:
        """The SKUs' and products' ids, as texts, of two columns of merchants and article numbers."""
        places = compute.index_in(
            compute.binary_join_element_wise(merchants, codes, "\x1f"), options=compute.SetLookupOptions(self._keys)
        )
        assert places.null_count == 0, "every line's product was written before it"
        return self._sku_ids.take(places), self._product_ids.take(places)
