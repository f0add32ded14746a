"""Footprints fade after sixty days."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.favourites.model import FOOTPRINTS_DAYS

ROWS_PER_SWEEP = 500


async def fade_footprints(tx: Tx) -> int:
    return await tx.execute(
        """
        DELETE FROM footprints WHERE (buyer_id, product_id) IN (
            SELECT buyer_id, product_id FROM footprints WHERE seen_at < now() - $1 * interval '1 day'
            ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        FOOTPRINTS_DAYS,
        ROWS_PER_SWEEP,
    )


async def _fade_footprints(db: Database) -> int:
    return await db.transact(fade_footprints)


SWEEPS = [Sweep("favourites.fade_footprints", 3_600.0, _fade_footprints)]
