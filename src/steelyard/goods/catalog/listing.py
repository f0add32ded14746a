"""A merchant's own products, narrowed down as the console's list and its files ask; and variants changed over many of
them at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.model import CodeTaken, ProductId, ProductRow, ProductState, SkuChange, SkuId
from steelyard.goods.catalog.versions import changed, keep
from steelyard.kernel import events, paging
from steelyard.kernel.db import Read, Tx, UniqueViolation
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

CELLS_PER_GRID_MAX = 500


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """`state` none: all but the bin. `text` is part of a title, an article number or a barcode. `only`: these alone, such
    as those that are running low. `oldest`: what was not touched for longest is first."""

    state: ProductState | None = None
    text: str = ""
    category_id: UUID | None = None
    incomplete: bool = False
    proposed: bool = False
    scheduled: bool = False
    only: Sequence[UUID] | None = None
    oldest: bool = False


async def listed(
    read: Read, merchant_id: MerchantId, wanted: Narrowing, cursor: str | None = None, limit: int | None = None
) -> Page[ProductRow]:
    """A page of a merchant's products, by when they were changed last."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    arguments = (
        merchant_id,
        wanted.state,
        wanted.text,
        wanted.category_id,
        wanted.incomplete,
        wanted.proposed,
        wanted.scheduled,
        None if wanted.only is None else list(wanted.only),
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    if wanted.oldest:
        found = await read.all(
            ProductRow, f"{_ROWS} {_AFTER} ORDER BY p.changed_at, p.product_id LIMIT $11", *arguments
        )
    else:
        found = await read.all(
            ProductRow, f"{_ROWS} {_BEFORE} ORDER BY p.changed_at DESC, p.product_id DESC LIMIT $11", *arguments
        )
    return paging.cut(found, most, lambda last: (last.changed_at, last.product_id))


_BEFORE = "AND ($9::timestamptz IS NULL OR (p.changed_at, p.product_id) < ($9, $10::uuid))"
_AFTER = "AND ($9::timestamptz IS NULL OR (p.changed_at, p.product_id) > ($9, $10::uuid))"
_ROWS = """
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
      AND ($4::uuid IS NULL OR EXISTS (SELECT FROM categories c
                                       WHERE c.category_id = p.category_id AND c.path @> ARRAY[$4::uuid]))
      AND (NOT $5 OR p.gaps <> '{}')
      AND (NOT $6 OR EXISTS (SELECT FROM product_reviews r WHERE r.merchant_id = p.merchant_id
                             AND r.product_id = p.product_id AND r.state = 'waiting'))
      AND (NOT $7 OR p.on_shelf_at IS NOT NULL OR p.off_shelf_at IS NOT NULL)
      AND ($8::uuid[] IS NULL OR p.product_id = ANY($8))
"""


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with what it is called, for the grid and for files."""

    product_id: ProductId
    sku_id: SkuId
    title: Text
    choice: Text | None
    code: str
    barcode: str
    weight_grams: int
    active: bool
    state: ProductState


async def variants(
    read: Read, merchant_id: MerchantId, product_ids: Sequence[UUID], limit: int = CELLS_PER_GRID_MAX
) -> list[GridRow]:
    """The variants of these products, product by product, in the order in which the products are given."""
    return await read.all(
        GridRow,
        """
        SELECT p.product_id, s.sku_id, p.title, s.code, s.barcode, s.weight_grams, s.active, p.state
             , (SELECT jsonb_object_agg(l.tongue, l.words) FROM (
                    SELECT t.tongue, string_agg(coalesce(v.value ->> t.tongue, v.value ->> 'zh-Hans', v.value ->> 'en')
                                                , ' · ' ORDER BY c.place) AS words
                    FROM unnest(ARRAY['zh-Hans', 'en']) AS t (tongue)
                    CROSS JOIN unnest(s.choice) WITH ORDINALITY AS c (chosen, place)
                    CROSS JOIN LATERAL (
                        SELECT p.options -> (c.place::integer - 1) -> 'values' -> c.chosen AS value) v
                    GROUP BY t.tongue) l) AS choice
        FROM unnest($2::uuid[]) WITH ORDINALITY AS k (product_id, place)
        JOIN products p ON p.merchant_id = $1 AND p.product_id = k.product_id
        JOIN skus s ON s.merchant_id = p.merchant_id AND s.product_id = p.product_id AND s.was IS NULL
        ORDER BY k.place, s.place, s.sku_id LIMIT $3
        """,
        merchant_id,
        list(product_ids),
        limit,
    )


async def change_many_skus(tx: Tx, merchant_id: MerchantId, changes: Sequence[SkuChange], by: str) -> list[ProductId]:
    """`change_skus` of variants of many products, in one statement; returns the products. Raises `NotFound`,
    `CodeTaken`."""
    sku_ids = [change.sku_id for change in changes]
    rows = await tx.fetch(
        """
        SELECT product_id FROM products p
        WHERE merchant_id = $1 AND product_id IN (SELECT s.product_id FROM skus s
                                                  WHERE s.merchant_id = $1 AND s.sku_id = ANY($2))
        ORDER BY product_id FOR UPDATE
        """,
        merchant_id,
        sku_ids,
    )
    product_ids = [ProductId(row["product_id"]) for row in rows]
    await keep(tx, merchant_id, product_ids, by)
    try:
        async with tx.savepoint():
            touched = await tx.execute(
                """
                UPDATE skus s
                SET code = coalesce(c.code, s.code), barcode = coalesce(c.barcode, s.barcode)
                  , weight_grams = coalesce(c.weight_grams, s.weight_grams), active = coalesce(c.active, s.active)
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::integer[], $6::boolean[])
                     AS c (sku_id, code, barcode, weight_grams, active)
                WHERE s.merchant_id = $1 AND s.sku_id = c.sku_id AND s.was IS NULL
                """,
                merchant_id,
                sku_ids,
                [change.code for change in changes],
                [change.barcode for change in changes],
                [change.weight_grams for change in changes],
                [change.active for change in changes],
            )
    except UniqueViolation as error:
        raise CodeTaken() from error
    if touched != len(changes):
        raise NotFound()
    await tx.execute(
        "UPDATE products SET changed_at = now() WHERE merchant_id = $1 AND product_id = ANY($2)",
        merchant_id,
        product_ids,
    )
    await changed(tx, merchant_id, product_ids, by)
    await events.publish(tx, *(ProductChanged(merchant_id=merchant_id, product_id=each) for each in product_ids))
    return product_ids
