"""Sweeps: stale entries are made anew, searches are counted, hot words, the vocabulary and what is ahead follow."""

from steelyard.goods.search.ahead import choose_ahead
from steelyard.goods.search.searches import count_searches, find_out_hot
from steelyard.goods.search.service import reindex_products
from steelyard.goods.search.wordlist import make_vocabulary
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep

STALE_PER_ROUND_MAX = 500
STALE_EVERY_SECONDS = 2.0
SEARCHES_EVERY_SECONDS = 5.0
HOT_WORDS_EVERY_SECONDS = 300.0
VOCABULARY_EVERY_SECONDS = 600.0
AHEAD_EVERY_SECONDS = 900.0


async def _refresh(tx: Tx) -> int:
    rows = await tx.fetch(
        """
        DELETE FROM search_stale s USING (
            SELECT merchant_id, product_id FROM search_stale
            ORDER BY merchant_id, product_id LIMIT $1 FOR UPDATE SKIP LOCKED
        ) due
        WHERE s.merchant_id = due.merchant_id AND s.product_id = due.product_id
        RETURNING s.merchant_id, s.product_id
        """,
        STALE_PER_ROUND_MAX,
    )
    await reindex_products(tx, [(row["merchant_id"], row["product_id"]) for row in rows])
    return len(rows)


async def _sweep(db: Database) -> int:
    return await db.transact(_refresh)


STALE_ENTRIES = Sweep("search.stale_entries", STALE_EVERY_SECONDS, _sweep)


async def _count(db: Database) -> int:
    return await db.transact(count_searches)


async def _find_out_hot(db: Database) -> int:
    await db.transact(find_out_hot)
    return 0


async def _make_vocabulary(db: Database) -> int:
    await make_vocabulary(db)
    return 0


async def _choose_ahead(db: Database) -> int:
    return await db.transact(choose_ahead)


SEARCHES = Sweep("search.searches", SEARCHES_EVERY_SECONDS, _count)
HOT_WORDS = Sweep("search.hot_words", HOT_WORDS_EVERY_SECONDS, _find_out_hot)
VOCABULARY = Sweep("search.vocabulary", VOCABULARY_EVERY_SECONDS, _make_vocabulary)
AHEAD = Sweep("search.ahead", AHEAD_EVERY_SECONDS, _choose_ahead)
SWEEPS = [STALE_ENTRIES, SEARCHES, HOT_WORDS, VOCABULARY, AHEAD]
