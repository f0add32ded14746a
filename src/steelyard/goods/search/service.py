"""Commands on what can be found: making entries anew, and the figures that are pushed down from above."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from steelyard.goods import catalog
from steelyard.goods.catalog import Definition
from steelyard.goods.search.model import PRODUCTS_PER_REINDEX_MAX, SHIPS_FREE
from steelyard.goods.search.shown import shown_prices
from steelyard.goods.search.words import vector
from steelyard.kernel.db import Row, Tx

ProductKey = tuple[UUID, UUID]
"""(merchant_id, product_id)"""


async def reindex(tx: Tx, merchant_id: UUID, product_ids: Iterable[UUID]) -> None:
    """Make the entries of a merchant's products anew, from what is true now. Said twice, the second changes nothing."""
    await reindex_products(tx, {(merchant_id, product_id) for product_id in product_ids})


async def reindex_products(tx: Tx, products: Iterable[ProductKey]) -> None:
    """`reindex` for `(merchant_id, product_id)` of many merchants at once.

    Found are products on the shelf of an open merchant, with an active SKU that has a price in the merchant's currency.
    """
    keys = sorted(set(products), key=lambda key: (key[1], key[0]))
    assert len(keys) <= PRODUCTS_PER_REINDEX_MAX
    if not keys:
        return
    merchant_ids = [merchant_id for merchant_id, _ in keys]
    product_ids = [product_id for _, product_id in keys]
    await _lock(tx, merchant_ids, product_ids)
    facts = await _facts(tx, merchant_ids, product_ids)
    await tx.execute(
        """
        DELETE FROM search_entries e USING unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id)
        WHERE e.merchant_id = k.merchant_id AND e.product_id = k.product_id AND NOT e.product_id = ANY($3::uuid[])
        """,
        merchant_ids,
        product_ids,
        [row["product_id"] for row in facts],
    )
    if facts:
        await _write(tx, facts, await catalog.definitions(tx))


async def _lock(tx: Tx, merchant_ids: Sequence[UUID], product_ids: Sequence[UUID]) -> None:
    """Two that make the same entry take turns, so that the later reads what is later."""
    await tx.execute(
        """
        INSERT INTO search_figures (merchant_id, product_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT (merchant_id, product_id) DO NOTHING
        """,
        merchant_ids,
        product_ids,
    )
    await tx.execute(
        """
        SELECT FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id)
        JOIN search_figures f USING (merchant_id, product_id)
        ORDER BY f.product_id, f.merchant_id FOR NO KEY UPDATE OF f
        """,
        merchant_ids,
        product_ids,
    )


async def _facts(tx: Tx, merchant_ids: Sequence[UUID], product_ids: Sequence[UUID]) -> list[Row]:
    # LIMIT 1 (there is one price a currency) keeps the planner from reading all prices of a merchant for each SKU, which
    # it does on tables that an import has just filled: 1.4 s for 1,000 products where this takes a tenth.
    return await tx.fetch(
        """
        SELECT p.merchant_id, p.product_id, c.path AS category_path, p.title, p.slug, p.options, p.attributes, p.facts
             , (SELECT jsonb_agg(a.name) FROM categories a WHERE a.category_id = ANY(c.path)) AS categories
             , shop.name AS shop, m.currency, offer.prices
             , offer.codes, offer.in_stock, f.sold, f.rating
             , EXISTS (SELECT FROM search_free_delivery d
                       WHERE d.merchant_id = p.merchant_id AND d.currency = m.currency AND d.free_from <= offer.price
               ) AS ships_free
             , (SELECT i.file FROM product_pictures i
                WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id ORDER BY i.place LIMIT 1) AS picture
             , coalesce((SELECT min(h.at) FROM product_history h WHERE h.merchant_id = p.merchant_id
                         AND h.product_id = p.product_id AND h.to_state = 'on_shelf'), p.created_at) AS listed_at
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, product_id)
        JOIN products p USING (merchant_id, product_id)
        JOIN search_figures f USING (merchant_id, product_id)
        JOIN merchants m ON m.merchant_id = p.merchant_id
        JOIN categories c ON c.category_id = p.category_id
        LEFT JOIN shops shop ON shop.merchant_id = p.merchant_id
        JOIN LATERAL (
            SELECT min(x.amount) AS price
                 , jsonb_agg(jsonb_build_array(s.sku_id, x.amount, x.compare_at) ORDER BY x.amount, x.compare_at) AS prices
                 , array_agg(s.code ORDER BY s.place) || array_agg(s.barcode ORDER BY s.place) AS codes
                 , bool_or(EXISTS (
                       SELECT FROM stock t JOIN warehouses w USING (merchant_id, warehouse_id)
                       WHERE t.merchant_id = s.merchant_id AND t.sku_id = s.sku_id AND w.open AND t.on_hand > t.reserved
                   )) AS in_stock
            FROM skus s
            CROSS JOIN LATERAL (
                SELECT amount, compare_at FROM prices x
                WHERE x.merchant_id = s.merchant_id AND x.sku_id = s.sku_id AND x.currency = m.currency LIMIT 1
            ) x
            WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id AND s.active
        ) offer ON offer.price IS NOT NULL
        WHERE p.state = 'on_shelf' AND m.state = 'open'
        ORDER BY p.product_id, p.merchant_id
        """,
        merchant_ids,
        product_ids,
    )


def _words(row: Row, definitions: Mapping[str, Definition]) -> str:
    """Title and article numbers count most, then options, attributes and facts, then its categories and the shop."""
    texts: list[tuple[str, str]] = [("A", words) for words in row["title"].values()]
    texts += [("A", code) for code in row["codes"]]
    for option in row["options"]:
        texts += [("B", words) for value in option["values"] for words in value.values()]
    for attribute in row["attributes"]:
        texts += [("B", words) for part in ("name", "value") for words in attribute[part].values()]
    for code, fact in row["facts"].items():
        if code in definitions:
            texts += [("B", words) for words in catalog.fact_words(definitions[code], fact).values()]
    texts += [("C", words) for category in row["categories"] for words in category.values()]
    texts += [("C", words) for words in (row["shop"] or {}).values()]
    return vector(texts)


def _facets(row: Row, definitions: Mapping[str, Definition]) -> list[str]:
    return [*catalog.facets(definitions, row["facts"]), *([SHIPS_FREE] if row["ships_free"] else [])]


async def _write(tx: Tx, facts: Sequence[Row], definitions: Mapping[str, Definition]) -> None:
    def column(name: str) -> list[Any]:
        return [row[name] for row in facts]

    shown = await shown_prices(tx, facts)

    # Path and facets are arrays of their own length in each row, which unnest would flatten: they travel as an array's
    # text. (Codes of facets are slugs: nothing in them has a meaning there.)
    await tx.execute(
        """
        INSERT INTO search_entries (merchant_id, product_id, category_path, words, facets, title, slug, picture, currency
                                  , price, price_to, compare_at, usual, in_stock, sold, rating, listed_at)
        SELECT n.merchant_id, n.product_id, n.path::uuid[], n.words::tsvector, n.facets::text[], n.title
             , n.slug, n.picture, n.currency, n.price, n.price_to, n.compare_at, n.usual, n.in_stock, n.sold
             , n.rating, n.listed_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::text[], $8::text[]
                  , $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[], $13::integer[], $14::integer[]
                  , $15::timestamptz[], $16::text[], $17::bigint[])
            AS n (merchant_id, product_id, path, words, title, slug, picture, currency, price, price_to
                , compare_at, in_stock, sold, rating, listed_at, facets, usual)
        ON CONFLICT (merchant_id, product_id) DO UPDATE
        SET category_path = excluded.category_path, words = excluded.words, facets = excluded.facets
          , title = excluded.title, slug = excluded.slug
          , picture = excluded.picture, currency = excluded.currency, price = excluded.price
          , price_to = excluded.price_to, compare_at = excluded.compare_at, usual = excluded.usual
          , in_stock = excluded.in_stock
          , sold = excluded.sold, rating = excluded.rating
          , listed_at = excluded.listed_at
        """,
        column("merchant_id"),
        column("product_id"),
        ["{" + ",".join(map(str, row["category_path"])) + "}" for row in facts],
        [_words(row, definitions) for row in facts],
        column("title"),
        column("slug"),
        column("picture"),
        column("currency"),
        [each.price for each in shown],
        [each.price_to for each in shown],
        [each.compare_at for each in shown],
        [row["in_stock"] or each.flash for row, each in zip(facts, shown, strict=True)],
        column("sold"),
        column("rating"),
        column("listed_at"),
        ["{" + ",".join(_facets(row, definitions)) + "}" for row in facts],
        [each.usual for each in shown],
    )


async def record_sales(tx: Tx, sales: Iterable[tuple[UUID, UUID, int]]) -> None:
    """So many more pieces of these `(merchant_id, product_id, pieces)` were sold; fewer, when pieces came back."""
    sold: dict[ProductKey, int] = defaultdict(int)
    for merchant_id, product_id, pieces in sales:
        sold[merchant_id, product_id] += pieces
    keys = sorted(sold, key=lambda key: (key[1], key[0]))
    await tx.execute(
        """
        WITH counted AS (
            INSERT INTO search_figures AS f (merchant_id, product_id, sold)
            SELECT k.merchant_id, k.product_id, greatest(k.sold, 0)
            FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS k (merchant_id, product_id, sold)
            ON CONFLICT (merchant_id, product_id) DO UPDATE
            SET sold = greatest(f.sold + (SELECT k.sold FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
                                              AS k (merchant_id, product_id, sold)
                                          WHERE k.merchant_id = f.merchant_id AND k.product_id = f.product_id), 0)
            RETURNING f.merchant_id, f.product_id, f.sold
        )
        UPDATE search_entries e SET sold = c.sold FROM counted c
        WHERE e.merchant_id = c.merchant_id AND e.product_id = c.product_id
        """,
        [merchant_id for merchant_id, _ in keys],
        [product_id for _, product_id in keys],
        [sold[key] for key in keys],
    )


async def record_ratings(tx: Tx, rated: Iterable[tuple[UUID, UUID, int]]) -> None:
    """These `(merchant_id, product_id, hundredths of a star)` are rated so from now on."""
    ratings: dict[ProductKey, int] = {(merchant_id, product_id): stars for merchant_id, product_id, stars in rated}
    keys = sorted(ratings, key=lambda key: (key[1], key[0]))
    await tx.execute(
        """
        WITH rated AS (
            INSERT INTO search_figures (merchant_id, product_id, rating)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
            ON CONFLICT (merchant_id, product_id) DO UPDATE SET rating = excluded.rating
            RETURNING merchant_id, product_id, rating
        )
        UPDATE search_entries e SET rating = r.rating FROM rated r
        WHERE e.merchant_id = r.merchant_id AND e.product_id = r.product_id
        """,
        [merchant_id for merchant_id, _ in keys],
        [product_id for _, product_id in keys],
        [ratings[key] for key in keys],
    )


async def record_free_delivery(tx: Tx, merchant_id: UUID, free_from: Mapping[str, int]) -> None:
    """From these amounts, a currency each, a shop sends free of charge in the house's country; otherwise never. Said twice,
    the second changes nothing."""
    changed = await tx.value(
        """
        WITH said AS (
            SELECT * FROM unnest($2::text[], $3::bigint[]) AS s (currency, free_from)
        ), gone AS (
            DELETE FROM search_free_delivery d WHERE d.merchant_id = $1 AND d.currency <> ALL($2) RETURNING 1
        ), kept AS (
            INSERT INTO search_free_delivery AS d (merchant_id, currency, free_from) SELECT $1, currency, free_from FROM said
            ON CONFLICT (merchant_id, currency) DO UPDATE SET free_from = excluded.free_from
            WHERE d.free_from <> excluded.free_from
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept)
        """,
        merchant_id,
        list(free_from),
        list(free_from.values()),
    )
    if changed:
        await mark_stale(tx, [merchant_id])


async def mark_stale(tx: Tx, merchant_ids: Iterable[UUID]) -> None:
    """Something changed for whole shops: their products are indexed anew by the sweep. A closed shop's go at once."""
    wanted = sorted(set(merchant_ids))
    await tx.execute(
        """
        DELETE FROM search_entries e USING merchants m
        WHERE e.merchant_id = m.merchant_id AND m.merchant_id = ANY($1) AND m.state <> 'open'
        """,
        wanted,
    )
    await tx.execute(
        """
        INSERT INTO search_stale (merchant_id, product_id)
        SELECT p.merchant_id, p.product_id FROM products p
        WHERE p.merchant_id = ANY($1) AND p.state = 'on_shelf'
        ORDER BY p.merchant_id, p.product_id
        ON CONFLICT (merchant_id, product_id) DO NOTHING
        """,
        wanted,
    )


async def mark_stale_in(tx: Tx, category_ids: Iterable[UUID], merchant_id: UUID | None = None) -> None:
    """Something changed for whole branches of the category tree: what is on the shelf there, of one merchant or (none) of
    all, is indexed anew."""
    await tx.execute(
        """
        INSERT INTO search_stale (merchant_id, product_id)
        SELECT p.merchant_id, p.product_id FROM categories c JOIN products p USING (category_id)
        WHERE c.path && $1::uuid[] AND p.state = 'on_shelf' AND ($2::uuid IS NULL OR p.merchant_id = $2)
        ORDER BY p.merchant_id, p.product_id
        ON CONFLICT (merchant_id, product_id) DO NOTHING
        """,
        list(category_ids),
        merchant_id,
    )
