"""The statement behind a search, put together from literals: one form for each sort and each set of filters in use.

A filter that is not in use stands there as `$n IS NULL`, so that every form takes the same parameters:

1 text (tsquery), 2 category, 3 merchant, 4 price from, 5 price to, 6 in stock only, 7 currency, 8 and 9 the key of the
last hit, 10 how many hits, 11 how many to count, 12 where price buckets begin, 13 merchants (any of them), 14 rating
from, 15 to 20 the chosen values of one attribute each (any of them), 21 how many rows to look at for `near`, 22 how many
rows to put in order, or of a ranked search, how many of what is ahead are enough.

A sorted page is read along the index of its sort when hits are many, since they are everywhere on it then. Some thousands
may all stand at its end (all shoes cost more than all buttons), behind tens of thousands of others: they are taken together
and put in order. A shop's own goods have an index of what sells best and of what is newest, which holds no others.

A facet does not filter itself: choosing wool must not make the count of silk 0. So a value's count is of the hits
(`capped`) and of what would be a hit but for this one facet (`near`). What fails at two facets counts nowhere.
"""

from typing import LiteralString

from steelyard.goods.search.model import RANKED, Sort

HIT: LiteralString = """
    e.merchant_id, e.product_id, e.category_path, e.title, e.slug, e.picture, e.currency, e.price, e.price_to
  , e.compare_at, e.usual, e.in_stock, e.sold, e.rating, e.listed_at
  , '_ships:free' = ANY(e.facets) AS ships_free
"""

# What a sort orders by, the type of it, its direction, and what comes after.
_KEYS: dict[Sort, tuple[LiteralString, LiteralString, LiteralString, LiteralString]] = {
    Sort.SALES: ("e.sold", "integer", "DESC", "<"),
    Sort.NEWEST: ("e.listed_at", "timestamptz", "DESC", "<"),
    Sort.PRICE_UP: ("e.price", "bigint", "ASC", ">"),
    Sort.PRICE_DOWN: ("e.price", "bigint", "DESC", "<"),
    Sort.RATING: ("e.rating", "integer", "DESC", "<"),
}

# By which a shop's goods have an index of their own.
_SORTS_OF_A_SHOP = (Sort.SALES, Sort.NEWEST)

# Words count most; of products that say the same, one that sells well and is in stock comes first.
_RELEVANCE: LiteralString = """
    (ts_rank(e.words, $1::tsquery) * (1 + ln(1 + e.sold) / 10) * CASE WHEN e.in_stock THEN 1 ELSE 0.5 END)::float8
"""
# Or what sells well counts ten times as much; or of two products one must answer e times as well as another that is 90 days
# newer. (A logarithm and a sum, so that no page depends on the moment at which it is read.)
_RELEVANCES: dict[Sort, LiteralString] = {
    Sort.RELEVANCE: _RELEVANCE,
    Sort.RELEVANCE_SALES: """
    (ts_rank(e.words, $1::tsquery) * (1 + ln(1 + e.sold)) * CASE WHEN e.in_stock THEN 1 ELSE 0.5 END)::float8
""",
    Sort.RELEVANCE_NEWEST: f"""
    (ln(greatest({_RELEVANCE}, 1e-12)) + extract(epoch FROM e.listed_at) / 7776000)::float8
""",
}

_COUNTED: LiteralString = "e.merchant_id, e.category_path, e.currency, e.price, e.rating, e.facets"

# Whether an entry passes each facet that may be in force; a facet that is not in force everything passes.
_BY_PRICE: LiteralString = "($4::bigint IS NULL OR e.price >= $4) AND ($5::bigint IS NULL OR e.price <= $5)"
_BY_SHOP: LiteralString = "($13::uuid[] IS NULL OR e.merchant_id = ANY($13::uuid[]))"
_BY_RATING: LiteralString = "($14::integer IS NULL OR e.rating >= $14)"
_BY_VALUES: LiteralString = """
    ($15::text[] IS NULL OR e.facets && $15::text[]) AND ($16::text[] IS NULL OR e.facets && $16::text[])
    AND ($17::text[] IS NULL OR e.facets && $17::text[]) AND ($18::text[] IS NULL OR e.facets && $18::text[])
    AND ($19::text[] IS NULL OR e.facets && $19::text[]) AND ($20::text[] IS NULL OR e.facets && $20::text[])
"""
# The one facet that an entry fails: 1 to 6 values of an attribute, 7 shop, 8 price, 9 rating; with how many it fails.
_FAILED: LiteralString = f"""
    (CASE WHEN e.facets && $15::text[] IS FALSE THEN 1 ELSE 0 END) AS v1
  , (CASE WHEN e.facets && $16::text[] IS FALSE THEN 1 ELSE 0 END) AS v2
  , (CASE WHEN e.facets && $17::text[] IS FALSE THEN 1 ELSE 0 END) AS v3
  , (CASE WHEN e.facets && $18::text[] IS FALSE THEN 1 ELSE 0 END) AS v4
  , (CASE WHEN e.facets && $19::text[] IS FALSE THEN 1 ELSE 0 END) AS v5
  , (CASE WHEN e.facets && $20::text[] IS FALSE THEN 1 ELSE 0 END) AS v6
  , (CASE WHEN {_BY_SHOP} THEN 0 ELSE 1 END) AS v7
  , (CASE WHEN {_BY_PRICE} THEN 0 ELSE 1 END) AS v8
  , (CASE WHEN {_BY_RATING} THEN 0 ELSE 1 END) AS v9
"""

_COUNT: LiteralString = "(SELECT count(*) FROM capped) AS count"
# The counts of what is in `capped`, and of what is in `near` for the facet that it fails. Many hits say the same of
# themselves, so these are put together before they are taken apart.
_COUNTS: LiteralString = f"""
    {_COUNT}
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT c.category_id, sum(g.hits)::bigint AS count
        FROM (SELECT category_path, count(*) AS hits FROM capped GROUP BY category_path) g
        CROSS JOIN unnest(g.category_path) AS c (category_id)
        GROUP BY c.category_id ORDER BY sum(g.hits) DESC, c.category_id LIMIT 50) f), '[]') AS categories
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT merchant_id, count(*) AS count FROM counted WHERE failed IN (0, 7)
        GROUP BY merchant_id ORDER BY count(*) DESC, merchant_id LIMIT 50) f), '[]') AS shops
  , coalesce((SELECT jsonb_agg(f ORDER BY f.currency, f.bucket) FROM (
        SELECT currency, width_bucket(price, $12::bigint[]) AS bucket, count(*) AS count FROM counted
        WHERE failed IN (0, 8) GROUP BY 1, 2) f), '[]') AS buckets
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT stars, count(*) AS count FROM counted, unnest(ARRAY[450, 400, 300]) AS s (stars)
        WHERE failed IN (0, 9) AND rating >= stars GROUP BY stars ORDER BY stars DESC) f), '[]') AS ratings
  , coalesce((SELECT jsonb_agg(f) FROM (
        SELECT value, sum(hits)::bigint AS count
        FROM (SELECT facets, failed, count(*) AS hits FROM counted WHERE failed <= 6 GROUP BY facets, failed) g
        CROSS JOIN unnest(facets) AS v (value)
        WHERE failed = 0 OR value LIKE ANY (CASE failed
            WHEN 1 THEN ARRAY[split_part(($15::text[])[1], ':', 1) || ':%']
            WHEN 2 THEN ARRAY[split_part(($16::text[])[1], ':', 1) || ':%']
            WHEN 3 THEN ARRAY[split_part(($17::text[])[1], ':', 1) || ':%']
            WHEN 4 THEN ARRAY[split_part(($18::text[])[1], ':', 1) || ':%']
            WHEN 5 THEN ARRAY[split_part(($19::text[])[1], ':', 1) || ':%']
            ELSE ARRAY[split_part(($20::text[])[1], ':', 1) || ':%'] END)
        GROUP BY value ORDER BY sum(hits) DESC, value LIMIT 300) f), '[]') AS values
"""  # noqa: S608  # literals alone


def find_sql(
    sort: Sort, *, text: bool, category: bool, merchant: bool, narrowed: bool, facets: bool = True
) -> LiteralString:
    """The statement for this sort with these filters: one row of hits, count and `facets`. `narrowed`: a facet is in
    force, so that what it leaves out is counted too."""
    scope = _scope(text=text, category=category, merchant=merchant)
    where: LiteralString = f"{scope} AND {_BY_PRICE} AND {_BY_SHOP} AND {_BY_RATING} AND {_BY_VALUES}"
    near = _near(scope) if narrowed else _NOTHING_NEAR
    rest = (near, _COUNTS) if facets else (_NOTHING_COUNTED, _COUNT)
    if sort in RANKED:
        return _ranked(where, *rest, _RELEVANCES[sort], columns=f", {_COUNTED}" if facets else ", e.merchant_id")
    along = not (text or category) and (not merchant or sort in _SORTS_OF_A_SHOP)
    return _sorted(where, *rest, *_KEYS[sort], everywhere=along)


def _scope(*, text: bool, category: bool, merchant: bool) -> LiteralString:
    by_text: LiteralString = "e.words @@ $1::tsquery" if text else "$1::tsquery IS NULL"
    by_category: LiteralString = "e.category_path @> ARRAY[$2::uuid]" if category else "$2::uuid IS NULL"
    by_merchant: LiteralString = "e.merchant_id = $3::uuid" if merchant else "$3::uuid IS NULL"
    return f"""
        {by_text} AND {by_category} AND {by_merchant}
        AND (NOT $6::boolean OR e.in_stock) AND ($7::text IS NULL OR e.currency = $7)
    """


# What has no facets takes the same parameters.
_NOTHING_COUNTED: LiteralString = "nothing AS (SELECT $12::bigint[], $21::integer)"

_NOTHING_NEAR: LiteralString = """
    counted AS (SELECT c.*, 0 AS failed FROM capped c WHERE $21::integer IS NOT NULL)
"""


def _near(scope: LiteralString) -> LiteralString:
    # Bounded twice: by what is looked at, and by what is counted. With a facet in force, the counts of its other values
    # are of the first `$21` entries in scope.
    return f"""
        looked_at AS (
            SELECT {_COUNTED}, {_FAILED} FROM (
                SELECT {_COUNTED} FROM search_entries e WHERE $11::integer > 0 AND {scope} LIMIT $21) e
        ), near AS MATERIALIZED (
            SELECT {_COUNTED}, v1 + 2 * v2 + 3 * v3 + 4 * v4 + 5 * v5 + 6 * v6 + 7 * v7 + 8 * v8 + 9 * v9 AS failed
            FROM looked_at e WHERE v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 = 1
        ), counted AS (
            SELECT {_COUNTED}, 0 AS failed FROM capped e UNION ALL SELECT {_COUNTED}, failed FROM near e
        )
    """  # noqa: S608  # literals alone


def _sorted(
    where: LiteralString,
    near: LiteralString,
    counts: LiteralString,
    key: LiteralString,
    kind: LiteralString,
    direction: LiteralString,
    after: LiteralString,
    *,
    everywhere: bool,
) -> LiteralString:
    order: LiteralString = f"{key} {direction}, e.product_id {direction}"
    following: LiteralString = f"($8::{kind} IS NULL OR ({key}, e.product_id) {after} ($8, $9::uuid))"
    along: LiteralString = f"SELECT {HIT} FROM search_entries e WHERE {where} AND {following}"  # noqa: S608  # literals
    together: LiteralString = f"""
        all_hits AS MATERIALIZED (
            SELECT e.merchant_id, e.product_id, {key} AS key FROM search_entries e WHERE {where} LIMIT $22
        ), first AS (
            SELECT e.merchant_id, e.product_id FROM (SELECT s.merchant_id, s.product_id, s.key FROM all_hits s) e
            WHERE (SELECT count(*) < $22 FROM all_hits) AND ($8::{kind} IS NULL OR (e.key, e.product_id) {after} ($8, $9::uuid))
            ORDER BY e.key {direction}, e.product_id {direction} LIMIT $10
        ), page AS (
            SELECT {HIT} FROM first f JOIN search_entries e USING (merchant_id, product_id)
            UNION ALL
            ({along} AND (SELECT count(*) >= $22 FROM all_hits) ORDER BY {order} LIMIT $10)
        )
    """  # noqa: S608  # literals alone
    alone: LiteralString = f"page AS ({along} AND $22::integer IS NOT NULL ORDER BY {order} LIMIT $10)"
    return f"""
        WITH capped AS MATERIALIZED (
            SELECT {_COUNTED} FROM search_entries e
            WHERE $11::integer > 0 AND {where} LIMIT $11
        ), {alone if everywhere else together}, {near}
        SELECT {counts}, coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY {order}) FROM page e), '[]') AS hits
    """  # noqa: S608  # literals alone


def _ranked(
    where: LiteralString,
    near: LiteralString,
    counts: LiteralString,
    relevance: LiteralString,
    *,
    columns: LiteralString,
) -> LiteralString:
    # Ranking needs every hit's words, so at most COUNT_MAX are ranked: the same ones that are counted. They are sought among
    # what is ahead first (see `ahead`), and among all others only if that is not enough.
    order: LiteralString = "e.relevance DESC, e.product_id DESC"
    hits: LiteralString = f"SELECT e.product_id{columns}, {relevance} AS relevance FROM search_entries e WHERE {where}"  # noqa: S608  # literals
    return f"""
        WITH front AS MATERIALIZED (
            {hits} AND e.ahead LIMIT $22
        ), found AS MATERIALIZED (
            SELECT e.* FROM ((SELECT f.* FROM front f) UNION ALL
                ({hits} AND NOT e.ahead AND (SELECT count(*) < $22 FROM front))) e LIMIT 2000
        ), capped AS (
            SELECT e.* FROM found e LIMIT $11
        ), first AS (
            SELECT e.merchant_id, e.product_id, e.relevance FROM found e
            WHERE $8::float8 IS NULL OR (e.relevance, e.product_id) < ($8, $9::uuid)
            ORDER BY {order} LIMIT $10
        ), page AS (
            SELECT {HIT}, f.relevance FROM first f JOIN search_entries e USING (merchant_id, product_id)
        ), {near}
        SELECT {counts}, coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY {order}) FROM page e), '[]') AS hits
    """  # noqa: S608  # literals alone
