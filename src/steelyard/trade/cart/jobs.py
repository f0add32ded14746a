"""What has lain in a cart for half a year without being put in again is cleared away."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties import policies
from steelyard.parties.policies.model import CART_DAYS

LINES_PER_SWEEP = 500


async def clear_forgotten(tx: Tx) -> int:
    return await tx.execute(
        """
        DELETE FROM cart_lines WHERE (buyer_id, sku_id) IN (
            SELECT buyer_id, sku_id FROM cart_lines WHERE added_at < now() - $1 * interval '1 day'
            ORDER BY added_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        await policies.number(tx, CART_DAYS),
        LINES_PER_SWEEP,
    )


async def _clear_forgotten(db: Database) -> int:
    return await db.transact(clear_forgotten)


SWEEPS = [Sweep("cart.clear_forgotten", 3_600.0, _clear_forgotten)]
