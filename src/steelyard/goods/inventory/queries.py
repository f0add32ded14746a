"""Questions about stock."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.model import Kept, Level, Movement
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page


async def available(read: Read, sku_ids: Iterable[UUID]) -> dict[SkuId, int]:
    """How many pieces of these SKUs are free in open warehouses; every SKU asked for is in the answer."""
    wanted = list(sku_ids)
    rows = await read.fetch(
        """
        SELECT s.sku_id, sum(s.on_hand - s.reserved)::integer AS free
        FROM stock s JOIN warehouses w USING (merchant_id, warehouse_id)
        WHERE s.sku_id = ANY($1) AND w.open
        GROUP BY s.sku_id
        """,
        wanted,
    )
    free = {row["sku_id"]: row["free"] for row in rows}
    return {SkuId(sku_id): free.get(sku_id, 0) for sku_id in wanted}


async def levels(
    read: Read,
    merchant_id: UUID,
    cursor: str | None = None,
    limit: int | None = None,
    *,
    sku_ids: Iterable[UUID] | None = None,
    low: bool = False,
) -> Page[Level]:
    """A merchant's stock rows by SKU and warehouse; only of `sku_ids` when given, only what is running low when
    asked."""
    key = paging.read_cursor(cursor, UUID, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Level,
        """
        SELECT sku_id, warehouse_id, on_hand, reserved, warn_below FROM stock
        WHERE merchant_id = $1
          AND ($2::uuid[] IS NULL OR sku_id = ANY($2))
          AND (NOT $3 OR on_hand - reserved < warn_below)
          AND ($4::uuid IS NULL OR (sku_id, warehouse_id) > ($4, $5::uuid))
        ORDER BY sku_id, warehouse_id
        LIMIT $6
        """,
        merchant_id,
        None if sku_ids is None else list(sku_ids),
        low,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    if len(found) <= most:
        return Page(found)
    last = found[most - 1]
    return Page(found[:most], paging.write_cursor(last.sku_id, last.warehouse_id))


async def movements(
    read: Read, merchant_id: UUID, sku_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Movement]:
    """Why a SKU's stock changed, the latest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Movement,
        """
        SELECT movement_id, sku_id, warehouse_id, quantity, reason, document, note, by, at FROM stock_movements
        WHERE merchant_id = $1 AND sku_id = $2 AND ($3::timestamptz IS NULL OR (at, movement_id) < ($3, $4::uuid))
        ORDER BY at DESC, movement_id DESC
        LIMIT $5
        """,
        merchant_id,
        sku_id,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    if len(found) <= most:
        return Page(found)
    last = found[most - 1]
    return Page(found[:most], paging.write_cursor(last.at, last.movement_id))


async def kept_for(read: Read, merchant_id: UUID, order_id: UUID) -> dict[SkuId, int]:
    """How many pieces of each SKU are kept for an order."""
    rows = await read.fetch(
        """
        SELECT sku_id, sum(quantity)::integer AS quantity FROM reservations
        WHERE merchant_id = $1 AND order_id = $2 GROUP BY sku_id
        """,
        merchant_id,
        order_id,
    )
    return {row["sku_id"]: row["quantity"] for row in rows}


async def kept_where(read: Read, merchant_id: UUID, order_ids: Iterable[UUID]) -> list[Kept]:
    """From which warehouses the pieces of these orders of a merchant are to be fetched."""
    rows = await read.fetch(
        """
        SELECT merchant_id, order_id, sku_id, warehouse_id, quantity FROM reservations
        WHERE merchant_id = $1 AND order_id = ANY($2) ORDER BY warehouse_id, sku_id, order_id
        """,
        merchant_id,
        list(order_ids),
    )
    return [Kept(*row) for row in rows]
