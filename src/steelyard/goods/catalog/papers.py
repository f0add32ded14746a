"""What a missing paper takes off the shelf, and what comes back by itself once the shop has it again.

What the shop took off itself, binned, or wanted off by a day that has come stays where it is.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from steelyard.goods.catalog.model import ProductId, ProductState
from steelyard.goods.catalog.shelf import move, publish
from steelyard.kernel.db import Read, Tx
from steelyard.parties.merchants.model import MerchantId

RETURNED_PER_ROUND_MAX = 100
FROZEN_COUNTED_MAX = 1_000


async def freeze(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID]) -> list[ProductId]:
    """Take these off the shelf until the shop has the paper that they lack; returns those that moved."""
    moved = await move(tx, merchant_id, product_ids, ProductState.OFF_SHELF, "system", out_of=[ProductState.ON_SHELF])
    await tx.execute(
        "UPDATE products SET lacks_paper = true WHERE merchant_id = $1 AND product_id = ANY($2)", merchant_id, moved
    )
    return moved


async def thaw(tx: Tx, today: date, merchant_id: MerchantId | None = None) -> list[ProductId]:
    """Put back what was taken off for a paper that the shop has now (one shop, or all); returns what is on the shelf again.

    It goes the way of everything that is published. What that holds back is the shop's to publish from then on.
    """
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.product_id FROM products p JOIN categories c USING (category_id)
        WHERE p.lacks_paper AND ($2::uuid IS NULL OR p.merchant_id = $2) AND NOT EXISTS (
            SELECT FROM category_papers n
            WHERE n.category_id = ANY(c.path) AND NOT EXISTS (
                SELECT FROM merchant_papers m
                WHERE m.merchant_id = p.merchant_id AND m.kind = n.kind AND m.state = 'accepted'
                  AND coalesce(m.good_until >= $1, true)))
        ORDER BY p.merchant_id, p.product_id LIMIT $3
        """,
        today,
        merchant_id,
        RETURNED_PER_ROUND_MAX,
    )
    due: defaultdict[MerchantId, list[UUID]] = defaultdict(list)
    for row in rows:
        due[MerchantId(row["merchant_id"])].append(row["product_id"])
    back: list[ProductId] = []
    for shop, product_ids in sorted(due.items()):
        back += (await publish(tx, shop, product_ids, "system")).on_shelf
        await tx.execute(
            "UPDATE products SET lacks_paper = false WHERE merchant_id = $1 AND product_id = ANY($2) AND lacks_paper",
            shop,
            product_ids,
        )
    return back


async def frozen_count(read: Read, merchant_id: MerchantId) -> int:
    """How many products of a shop wait off the shelf for a paper, counted up to `FROZEN_COUNTED_MAX`."""
    return await read.value(
        "SELECT count(*)::integer FROM (SELECT FROM products WHERE merchant_id = $1 AND lacks_paper LIMIT $2) frozen",
        merchant_id,
        FROZEN_COUNTED_MAX,
    )
