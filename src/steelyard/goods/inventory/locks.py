"""Locking stock, and announcing what became of it: what every command of inventory begins and ends with."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from steelyard.goods.inventory.events import AvailabilityChanged
from steelyard.goods.inventory.model import Shelf, SkuKey, StockKey, crossed
from steelyard.kernel import events
from steelyard.kernel.db import Tx


async def lock(tx: Tx, skus: Iterable[tuple[UUID, UUID]]) -> list[Shelf]:
    """Lock all stock rows of these `(merchant_id, sku_id)`, in the order that everybody locks them in: SKU, warehouse.

    A command that claims ids besides stock calls it before it claims (lock order: stock rows, then claims).
    """
    keys: list[SkuKey] = sorted(set(skus))
    rows = await tx.fetch(
        """
        SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, s.reserved, w.place, w.open
        FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, sku_id)
        JOIN stock s USING (merchant_id, sku_id)
        JOIN warehouses w USING (merchant_id, warehouse_id)
        ORDER BY s.sku_id, s.warehouse_id
        FOR NO KEY UPDATE OF s
        """,
        [merchant_id for merchant_id, _ in keys],
        [sku_id for _, sku_id in keys],
    )
    return [Shelf(*row) for row in rows]


async def announce(tx: Tx, shelves: Sequence[Shelf], changes: Mapping[StockKey, int]) -> None:
    """Publish which SKUs became sold out or available by `changes` of their free pieces."""
    found = crossed(shelves, changes)
    if found:
        await events.publish(
            tx, *(AvailabilityChanged(merchant_id=merchant_id, sku_ids=list(ids)) for merchant_id, ids in found.items())
        )
