"""The sweep that makes stale entries anew."""

from steelyard.goods.search.service import reindex_products
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep

STALE_PER_ROUND_MAX = 500
STALE_EVERY_SECONDS = 2.0


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
SWEEPS = [STALE_ENTRIES]
