"""The sweep that puts products onto the shelf, and takes them off it, when their time has come."""

from collections import defaultdict
from uuid import UUID

from steelyard.goods.catalog.shelf import publish, take_off_shelf
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties.merchants.model import MerchantId

DUE_PER_ROUND_MAX = 100
DUE_EVERY_SECONDS = 10.0


async def _onto(tx: Tx) -> int:
    rows = await tx.fetch(
        """
        UPDATE products p SET on_shelf_at = NULL
        FROM (SELECT merchant_id, product_id FROM products WHERE on_shelf_at <= now()
              ORDER BY on_shelf_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
        WHERE p.merchant_id = due.merchant_id AND p.product_id = due.product_id
        RETURNING p.merchant_id, p.product_id
        """,
        DUE_PER_ROUND_MAX,
    )
    due: defaultdict[MerchantId, list[UUID]] = defaultdict(list)
    for row in rows:
        due[row["merchant_id"]].append(row["product_id"])
    for merchant_id, product_ids in sorted(due.items()):
        await publish(tx, merchant_id, product_ids, "system")
    return len(rows)


async def _off(tx: Tx) -> int:
    rows = await tx.fetch(
        """
        UPDATE products p SET off_shelf_at = NULL
        FROM (SELECT merchant_id, product_id FROM products WHERE off_shelf_at <= now()
              ORDER BY off_shelf_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
        WHERE p.merchant_id = due.merchant_id AND p.product_id = due.product_id
        RETURNING p.merchant_id, p.product_id
        """,
        DUE_PER_ROUND_MAX,
    )
    due: defaultdict[MerchantId, list[UUID]] = defaultdict(list)
    for row in rows:
        due[row["merchant_id"]].append(row["product_id"])
    for merchant_id, product_ids in sorted(due.items()):
        await take_off_shelf(tx, merchant_id, product_ids, "system")
    return len(rows)


async def _sweep(db: Database) -> int:
    return await db.transact(_onto) + await db.transact(_off)


SCHEDULE = Sweep("catalog.schedule", DUE_EVERY_SECONDS, _sweep)
SWEEPS = [SCHEDULE]
