"""The statement behind a search, put together from literals: one form for each sort and each set of filters in use.

A filter that is not in use stands there as `$n IS NULL`, so that every form takes the same parameters:

1 text (tsquery), 2 category, 3 merchant, 4 price from, 5 price to, 6 in stock only, 7 currency, 8 and 9 the key of the
last hit, 10 how many hits, 11 how many to count, 12 where price buckets begin.
"""

from typing import LiteralString

from steelyard.goods.search.model import Sort

_HIT: LiteralString = """
    e.merchant_id, e.product_id, e.category_path, e.title, e.slug, e.picture, e.currency, e.price, e.price_to
  , e.compare_at, e.in_stock, e.sold, e.rating, e.listed_at
"""

# What a sort orders by, the type of it, its direction, and what comes after.
_KEYS: dict[Sort, tuple[LiteralString, LiteralString, LiteralString, LiteralString]] = {
    Sort.SALES: ("e.sold", "integer", "DESC", "<"),
    Sort.NEWEST: ("e.listed_at", "timestamptz", "DESC", "<"),
    Sort.PRICE_UP: ("e.price", "bigint", "ASC", ">"),
    Sort.PRICE_DOWN: ("e.price", "bigint", "DESC", "<"),
}

# Words count most; of products that say the same, one that sells well and is in stock comes first.
_RELEVANCE: LiteralString = """
    (ts_rank(e.words, $1::tsquery) * (1 + ln(1 + e.sold) / 10) * CASE WHEN e.in_stock THEN 1 ELSE 0.5 END)::float8
"""

# The counts of what is in `capped`.
_COUNTS: LiteralString = """
    (SELECT count(*) FROM capped) AS count
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT c.category_id, count(*) AS count FROM capped, unnest(category_path) AS c (category_id)
        GROUP BY c.category_id ORDER BY count(*) DESC, c.category_id LIMIT 50) f), '[]') AS categories
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT merchant_id, count(*) AS count FROM capped
        GROUP BY merchant_id ORDER BY count(*) DESC, merchant_id LIMIT 50) f), '[]') AS shops
  , coalesce((SELECT jsonb_agg(f ORDER BY f.currency, f.bucket) FROM (
        SELECT currency, width_bucket(price, $12::bigint[]) AS bucket, count(*) AS count FROM capped
        GROUP BY 1, 2) f), '[]') AS buckets
"""


def find_sql(sort: Sort, *, text: bool, category: bool, merchant: bool) -> LiteralString:
    """The statement for this sort with these filters: one row of hits, count and facets."""
    where = _filters(text=text, category=category, merchant=merchant)
    return _ranked(where) if sort is Sort.RELEVANCE else _sorted(where, *_KEYS[sort])


def _filters(*, text: bool, category: bool, merchant: bool) -> LiteralString:
    by_text: LiteralString = "e.words @@ $1::tsquery" if text else "$1::tsquery IS NULL"
    by_category: LiteralString = "e.category_path @> ARRAY[$2::uuid]" if category else "$2::uuid IS NULL"
    by_merchant: LiteralString = "e.merchant_id = $3::uuid" if merchant else "$3::uuid IS NULL"
    return f"""
        {by_text} AND {by_category} AND {by_merchant}
        AND ($4::bigint IS NULL OR e.price >= $4) AND ($5::bigint IS NULL OR e.price <= $5)
        AND (NOT $6::boolean OR e.in_stock) AND ($7::text IS NULL OR e.currency = $7)
    """


def _sorted(
    where: LiteralString, key: LiteralString, kind: LiteralString, direction: LiteralString, after: LiteralString
) -> LiteralString:
    order: LiteralString = f"{key} {direction}, e.product_id {direction}"
    return f"""
        WITH capped AS MATERIALIZED (
            SELECT e.merchant_id, e.category_path, e.currency, e.price FROM search_entries e
            WHERE {where} LIMIT $11
        ), page AS (
            SELECT {_HIT} FROM search_entries e
            WHERE {where} AND ($8::{kind} IS NULL OR ({key}, e.product_id) {after} ($8, $9::uuid))
            ORDER BY {order} LIMIT $10
        )
        SELECT {_COUNTS}, coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY {order}) FROM page e), '[]') AS hits
    """  # noqa: S608  # literals alone


def _ranked(where: LiteralString) -> LiteralString:
    # Ranking needs every hit's words, so at most COUNT_MAX are ranked: the same ones that are counted.
    order: LiteralString = "e.relevance DESC, e.product_id DESC"
    return f"""
        WITH found AS MATERIALIZED (
            SELECT {_HIT}, {_RELEVANCE} AS relevance FROM search_entries e WHERE {where} LIMIT 2000
        ), capped AS (
            SELECT * FROM found LIMIT $11
        ), page AS (
            SELECT * FROM found e
            WHERE $8::float8 IS NULL OR (e.relevance, e.product_id) < ($8, $9::uuid)
            ORDER BY {order} LIMIT $10
        )
        SELECT {_COUNTS}, coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY {order}) FROM page e), '[]') AS hits
    """  # noqa: S608  # literals alone
