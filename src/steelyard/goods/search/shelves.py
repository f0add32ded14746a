"""Shelves: a few goods to show beside something else. Nothing is counted, there is no further page, and each is read along an
index, however much there is."""

from collections.abc import Sequence

from steelyard.goods.catalog.model import CategoryId
from steelyard.goods.search import words
from steelyard.goods.search.model import Hit
from steelyard.goods.search.rules import other_wordings
from steelyard.goods.search.statements import HIT
from steelyard.kernel import paging
from steelyard.kernel.db import Read

# Of what has the words, so many are looked at, and so many of those that sell best are put in order by the words.
LOOKED_AT_MAX = 2_000
RANKED_MAX = 120


async def best_selling(read: Read, category_id: CategoryId, *, limit: int) -> Sequence[Hit]:
    """What sells best of those that stand in this category itself, in stock."""
    await read.plan_anew()
    return await read.all(
        Hit,
        f"""
        SELECT {HIT} FROM search_entries e
        WHERE e.category_path[cardinality(e.category_path)] = $1 AND e.in_stock
        ORDER BY e.sold DESC, e.product_id DESC LIMIT $2
        """,  # noqa: S608  # literals alone
        category_id,
        paging.limit(limit),
    )


async def best_matching(read: Read, text: str, *, limit: int) -> Sequence[Hit]:
    """What answers these words best, of what sells best with them, in stock.

    Words are read from where they are stored apart, which takes longer than all else. So what is looked at has the parts of
    the words, which the index knows, and whether these follow each other is asked of the few alone.
    """
    wanted = words.query(text, *(await other_wordings(read, text)))
    if wanted is None:
        return []
    await read.plan_anew()
    return await read.all(
        Hit,
        f"""
        WITH looked_at AS MATERIALIZED (
            SELECT e.merchant_id, e.product_id, e.sold FROM search_entries e
            WHERE e.words @@ $2::tsquery AND e.in_stock LIMIT $4
        ), selling AS MATERIALIZED (
            SELECT merchant_id, product_id FROM looked_at ORDER BY sold DESC, product_id DESC LIMIT $5
        ), ranked AS MATERIALIZED (
            SELECT e.merchant_id, e.product_id, e.words @@ $1::tsquery AS said
                 , ts_rank(e.words, $1::tsquery) * (1 + ln(1 + e.sold) / 10) AS relevance
            FROM selling JOIN search_entries e USING (merchant_id, product_id)
        ), first AS (
            SELECT merchant_id, product_id, relevance FROM ranked
            WHERE said ORDER BY relevance DESC, product_id DESC LIMIT $3
        )
        SELECT {HIT} FROM first f JOIN search_entries e USING (merchant_id, product_id)
        ORDER BY f.relevance DESC, e.product_id DESC
        """,  # noqa: S608  # literals alone
        wanted,
        words.in_any_order(wanted),
        paging.limit(limit),
        LOOKED_AT_MAX,
        RANKED_MAX,
    )
