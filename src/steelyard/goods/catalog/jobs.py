"""The sweep that puts products onto the shelf, and takes them off it, when their time has come."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from steelyard.goods.catalog.papers import freeze, thaw
from steelyard.goods.catalog.shelf import publish, take_off_shelf
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties.merchants.model import MerchantId

DUE_PER_ROUND_MAX = 100
DUE_EVERY_SECONDS = 10.0
FREEZE_EVERY_SECONDS = 300.0
# How long a paper that has ended is looked at: what the shop puts on the shelf later is asked for its papers there.
ENDED_DAYS = 30


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
        UPDATE products p SET off_shelf_at = NULL, lacks_paper = false
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


async def freeze_without_papers(tx: Tx, today: date) -> int:
    """Take off the shelf what needs a paper that has ended in the last days, and of which the shop has no other."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT p.merchant_id, p.product_id
        FROM merchant_papers m
        JOIN category_papers n USING (kind)
        JOIN products p ON p.merchant_id = m.merchant_id AND p.state = 'on_shelf'
        JOIN categories c ON c.category_id = p.category_id AND n.category_id = ANY(c.path)
        WHERE m.state = 'accepted' AND m.good_until BETWEEN $1::date - $2::integer AND $1::date - 1
          AND NOT EXISTS (SELECT FROM merchant_papers o
                          WHERE o.merchant_id = m.merchant_id AND o.kind = m.kind AND o.state = 'accepted'
                            AND coalesce(o.good_until >= $1, true))
        ORDER BY p.merchant_id, p.product_id LIMIT $3
        """,
        today,
        ENDED_DAYS,
        DUE_PER_ROUND_MAX,
    )
    due: defaultdict[MerchantId, list[UUID]] = defaultdict(list)
    for row in rows:
        due[MerchantId(row["merchant_id"])].append(row["product_id"])
    for merchant_id, product_ids in sorted(due.items()):
        await freeze(tx, merchant_id, product_ids)
    return len(rows)


async def _papers_today(tx: Tx) -> int:
    today: date = await tx.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    return await freeze_without_papers(tx, today) + len(await thaw(tx, today))


async def _freeze(db: Database) -> int:
    return await db.transact(_papers_today)


async def _sweep(db: Database) -> int:
    return await db.transact(_onto) + await db.transact(_off)


SCHEDULE = Sweep("catalog.schedule", DUE_EVERY_SECONDS, _sweep)
SWEEPS = [SCHEDULE, Sweep("catalog.papers", FREEZE_EVERY_SECONDS, _freeze)]
