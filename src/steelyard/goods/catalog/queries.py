"""Questions about categories, products and SKUs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import (
    Category,
    CategoryId,
    Limits,
    NoReturn,
    Option,
    ProductId,
    ProductRow,
    ProductState,
    ProductView,
    Sku,
    SkuCard,
    SkuId,
    Was,
)
from steelyard.kernel import paging
from steelyard.kernel.db import Read, Row
from steelyard.kernel.keeping import kept
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text, decode_text
from steelyard.parties.merchants.model import MerchantId

SOLD_IN_MAX = 100
CATEGORIES_KEPT = "goods.catalog.categories"


async def categories(read: Read) -> list[Category]:
    """The whole tree: the roots with their children, in order. It seldom changes and is kept for a moment."""

    async def ask() -> list[Row]:
        return await read.fetch(
            """
            SELECT category_id, parent_id, slug, name, path, icon, picture, own_no_return, no_return FROM categories
            WHERE merged_into IS NULL ORDER BY place, category_id
            """
        )

    found = [_category(row) for row in await kept(read, CATEGORIES_KEPT, ask)]
    children: dict[CategoryId | None, list[Category]] = {}
    for category in found:
        children.setdefault(category.parent_id, []).append(category)
    for category in found:
        category.children.extend(children.get(category.category_id, []))
    return children.get(None, [])


async def category(read: Read, slug: str) -> Category | None:
    """One category by its address, without its children."""
    row = await read.row(
        """
        SELECT category_id, parent_id, slug, name, path, icon, picture, own_no_return, no_return FROM categories
        WHERE slug = $1 AND merged_into IS NULL
        """,
        slug,
    )
    return None if row is None else _category(row)


async def sold_in(read: Read, merchant_id: UUID) -> dict[CategoryId, Text]:
    """The categories in which a merchant has something on the shelf, in the order of the tree."""
    rows = await read.fetch(
        """
        SELECT c.category_id, c.name FROM categories c
        WHERE EXISTS (SELECT FROM products p
                      WHERE p.category_id = c.category_id AND p.merchant_id = $1 AND p.state = 'on_shelf')
        ORDER BY c.place, c.category_id LIMIT $2
        """,
        merchant_id,
        SOLD_IN_MAX,
    )
    return {row["category_id"]: Text(row["name"]) for row in rows}


async def category_now(read: Read, slug: str) -> str | None:
    """Where an address leads on to that a category once had; none when it never was one."""
    return await read.value(
        """
        WITH RECURSIVE onward AS (
            SELECT c.category_id, c.slug, c.merged_into FROM categories c
            WHERE c.category_id = coalesce((SELECT k.category_id FROM categories k WHERE k.slug = $1)
                                         , (SELECT a.category_id FROM category_addresses a WHERE a.slug = $1))
            UNION
            SELECT c.category_id, c.slug, c.merged_into FROM onward o JOIN categories c ON c.category_id = o.merged_into
        )
        SELECT slug FROM onward WHERE merged_into IS NULL AND slug <> $1
        """,
        slug,
    )


def _category(row: Any) -> Category:
    return Category(
        category_id=row["category_id"],
        parent_id=row["parent_id"],
        slug=row["slug"],
        name=Text(row["name"]),
        path=list(row["path"]),
        icon=row["icon"],
        picture=row["picture"],
        own_no_return=row["own_no_return"],
        no_return=_no_return(row),
        children=[],
    )


def _no_return(row: Any) -> NoReturn | None:
    return NoReturn(row["no_return"]) if row["no_return"] else None


async def product(read: Read, product_id: UUID) -> ProductView | None:
    """A product in any state, with pictures and SKUs; whether buyers see it is `on_sale`."""
    return (await products(read, [product_id])).get(ProductId(product_id))


async def products(read: Read, product_ids: Iterable[UUID]) -> dict[ProductId, ProductView]:
    """These products, each as `product` shows it, in one query. One that does not exist is missing."""
    found = await read.all(
        ProductView,
        """
        SELECT p.merchant_id, p.product_id, p.category_id, c.path AS category_path, p.slug, p.title, p.description
             , p.options, p.attributes, p.facts, p.tax_class, p.state, p.approved, p.gaps, p.on_shelf_at
             , p.off_shelf_at, p.created_at, p.changed_at, c.no_return, p.limits, p.ship_hours
             , p.authentic_times, p.free_returns
             , p.state = 'on_shelf' AND m.state = 'open' AS on_sale
             , coalesce((SELECT jsonb_agg(jsonb_build_object('file', i.file, 'alt', i.alt) ORDER BY i.place)
                         FROM product_pictures i
                         WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id), '[]') AS pictures
             , coalesce((SELECT jsonb_agg(jsonb_build_object(
                             'sku_id', s.sku_id, 'product_id', s.product_id, 'code', s.code, 'barcode', s.barcode
                           , 'choice', s.choice, 'weight_grams', s.weight_grams, 'picture', s.picture
                           , 'active', s.active, 'limits', s.limits, 'ship_hours', s.ship_hours) ORDER BY s.place, s.sku_id)
                         FROM skus s
                         WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id AND s.was IS NULL), '[]') AS skus
        FROM products p
        JOIN categories c USING (category_id)
        JOIN merchants m ON m.merchant_id = p.merchant_id
        WHERE p.product_id = ANY($1)
        """,
        list(product_ids),
    )
    return {product.product_id: product for product in found}


async def skus_of(read: Read, product_id: UUID) -> list[Sku]:
    """The variants of a product in their order, inactive ones too."""
    return await read.all(
        Sku,
        """
        SELECT s.sku_id, s.product_id, s.code, s.barcode, s.choice, s.weight_grams, s.picture, s.active, s.ship_hours
        FROM products p JOIN skus s USING (merchant_id, product_id)
        WHERE p.product_id = $1 AND s.was IS NULL ORDER BY s.place, s.sku_id
        """,
        product_id,
    )


async def cards(read: Read, sku_ids: Iterable[UUID]) -> dict[SkuId, SkuCard]:
    """The cards of these SKUs, on sale or not, in one query. A SKU that does not exist is missing."""
    rows = await read.fetch(
        """
        SELECT s.sku_id, s.product_id, s.merchant_id, p.category_id, c.path AS category_path, p.slug, p.title
             , p.options, s.choice, s.was, s.code, s.weight_grams, p.tax_class, c.no_return
             , coalesce(s.ship_hours, p.ship_hours) AS ship_hours, p.authentic_times, p.free_returns
             , s.limits, p.limits AS product_limits, coalesce(s.picture, i.file) AS picture
             , s.active AND p.state = 'on_shelf' AND m.state = 'open' AS on_sale
        FROM skus s
        JOIN products p USING (merchant_id, product_id)
        JOIN merchants m USING (merchant_id)
        JOIN categories c USING (category_id)
        LEFT JOIN product_pictures i ON i.merchant_id = s.merchant_id AND i.product_id = s.product_id AND i.place = 0
        WHERE s.sku_id = ANY($1)
        """,
        list(sku_ids),
    )
    return {row["sku_id"]: _card(row) for row in rows}


def _card(row: Any) -> SkuCard:
    if row["was"] is not None:
        chosen = msgspec.convert(row["was"], Was, dec_hook=decode_text).chosen
    else:
        options = msgspec.convert(row["options"], list[Option], dec_hook=decode_text)
        chosen = [(option.name, option.values[value]) for option, value in zip(options, row["choice"], strict=True)]
    return SkuCard(
        sku_id=row["sku_id"],
        product_id=row["product_id"],
        merchant_id=row["merchant_id"],
        category_id=row["category_id"],
        category_path=list(row["category_path"]),
        slug=row["slug"],
        title=Text(row["title"]),
        options=chosen,
        code=row["code"],
        picture=row["picture"],
        weight_grams=row["weight_grams"],
        tax_class=row["tax_class"],
        on_sale=row["on_sale"],
        no_return=_no_return(row),
        ship_hours=row["ship_hours"],
        authentic_times=row["authentic_times"],
        free_returns=row["free_returns"],
        limits=_limits(row["limits"]),
        product_limits=_limits(row["product_limits"]),
    )


def _limits(said: Any) -> Limits | None:
    return None if said is None else msgspec.convert(said, Limits)


async def products_page(
    read: Read,
    merchant_id: MerchantId,
    state: ProductState | None = None,
    text: str = "",
    cursor: str | None = None,
    *,
    limit: int | None = None,
) -> Page[ProductRow]:
    """A merchant's own products, the last changed first. `text` is part of a title, an article number or a barcode."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        ProductRow,
        """
        SELECT p.product_id, p.category_id, p.slug, p.title, p.state, p.gaps, p.on_shelf_at, p.off_shelf_at, p.changed_at
             , EXISTS (SELECT FROM product_reviews r WHERE r.merchant_id = p.merchant_id
                       AND r.product_id = p.product_id AND r.state = 'waiting' AND r.kind = 'change') AS proposed
             , (SELECT i.file FROM product_pictures i
                WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id ORDER BY i.place LIMIT 1) AS picture
             , (SELECT count(*) FROM skus s
                WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id AND s.active) AS skus
        FROM products p
        WHERE p.merchant_id = $1
          AND ($2::text IS NULL AND p.state <> 'binned' OR p.state = $2)
          AND ($3 = '' OR p.product_id IN (SELECT w.product_id FROM product_sought w
                                           WHERE w.merchant_id = $1 AND strpos(w.words, lower($3)) > 0))
          AND ($4::timestamptz IS NULL OR (p.changed_at, p.product_id) < ($4, $5::uuid))
        ORDER BY p.changed_at DESC, p.product_id DESC
        LIMIT $6
        """,
        merchant_id,
        state,
        text.strip(),
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    if len(found) <= most:
        return Page(found)
    last = found[most - 1]
    return Page(found[:most], paging.write_cursor(last.changed_at, last.product_id))


async def product_ids(read: Read, merchant_id: UUID, sku_ids: Iterable[UUID]) -> list[ProductId]:
    """The products that these SKUs of a merchant are variants of."""
    rows = await read.fetch(
        "SELECT DISTINCT product_id FROM skus WHERE merchant_id = $1 AND sku_id = ANY($2)", merchant_id, list(sku_ids)
    )
    return [row["product_id"] for row in rows]


async def sku_ids_of(read: Read, merchant_id: UUID, product_ids: Iterable[UUID]) -> dict[ProductId, list[SkuId]]:
    """The active SKUs of each of these products of a merchant, in their order."""
    wanted = list(product_ids)
    found: dict[ProductId, list[SkuId]] = {ProductId(product_id): [] for product_id in wanted}
    for row in await read.fetch(
        """
        SELECT product_id, sku_id FROM skus WHERE merchant_id = $1 AND product_id = ANY($2) AND active
        ORDER BY product_id, place, sku_id
        """,
        merchant_id,
        wanted,
    ):
        found[row["product_id"]].append(row["sku_id"])
    return found


async def imported(read: Read, merchant_id: UUID, sources: Iterable[str]) -> dict[str, ProductId]:
    """Which of these sources have already come in, and as which products."""
    rows = await read.fetch(
        "SELECT source, product_id FROM products WHERE merchant_id = $1 AND source = ANY($2)",
        merchant_id,
        list(sources),
    )
    return {row["source"]: row["product_id"] for row in rows}


async def by_codes(read: Read, merchant_id: UUID, codes: Iterable[str]) -> dict[str, SkuId]:
    """A merchant's SKUs by article number."""
    rows = await read.fetch(
        "SELECT code, sku_id FROM skus WHERE merchant_id = $1 AND code = ANY($2)", merchant_id, list(codes)
    )
    return {row["code"]: row["sku_id"] for row in rows}
