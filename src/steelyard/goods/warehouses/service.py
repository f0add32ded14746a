"""Commands on warehouses."""

from uuid import UUID

from steelyard.goods.warehouses.events import WarehousesChanged
from steelyard.goods.warehouses.model import (
    WAREHOUSES_PER_MERCHANT_MAX,
    LastWarehouse,
    TooManyWarehouses,
    Warehouse,
)
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound


async def open_warehouse(tx: Tx, warehouse: Warehouse) -> None:
    """Give a merchant a warehouse. Said twice with the same id, nothing changes."""
    await tx.execute(
        """
        INSERT INTO warehouses (merchant_id, warehouse_id, name, address, place, open)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, warehouse_id) DO NOTHING
        """,
        warehouse.merchant_id,
        warehouse.warehouse_id,
        warehouse.name,
        warehouse.address,
        warehouse.place,
        warehouse.open,
    )


async def change_warehouse(tx: Tx, merchant_id: UUID, warehouse_id: UUID, *, name: str, place: int) -> None:
    """Rename a warehouse and say when its turn is. Raises `NotFound`."""
    if not await tx.execute(
        "UPDATE warehouses SET name = $3, place = $4 WHERE merchant_id = $1 AND warehouse_id = $2",
        merchant_id,
        warehouse_id,
        name,
        place,
    ):
        raise NotFound()


async def save_warehouse(tx: Tx, warehouse: Warehouse) -> None:
    """Open a warehouse, or change one: its name, address, turn, whether it is open and takes returns. Said twice, nothing
    changes. Raises `TooManyWarehouses`, and `LastWarehouse` when none would be open any more."""
    known = await tx.fetch(
        "SELECT warehouse_id, open FROM warehouses WHERE merchant_id = $1 ORDER BY warehouse_id FOR UPDATE",
        warehouse.merchant_id,
    )
    others = [row for row in known if row["warehouse_id"] != warehouse.warehouse_id]
    if len(others) >= WAREHOUSES_PER_MERCHANT_MAX:
        raise TooManyWarehouses(limit=WAREHOUSES_PER_MERCHANT_MAX)
    if not warehouse.open and not any(row["open"] for row in others):
        raise LastWarehouse()
    if warehouse.takes_returns:
        await tx.execute(
            """
            UPDATE warehouses SET takes_returns = false
            WHERE merchant_id = $1 AND warehouse_id <> $2 AND takes_returns
            """,
            warehouse.merchant_id,
            warehouse.warehouse_id,
        )
    await tx.execute(
        """
        INSERT INTO warehouses (merchant_id, warehouse_id, name, address, place, open, takes_returns)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (merchant_id, warehouse_id) DO UPDATE
        SET name = excluded.name, address = excluded.address, place = excluded.place, open = excluded.open
          , takes_returns = excluded.takes_returns
        """,
        warehouse.merchant_id,
        warehouse.warehouse_id,
        warehouse.name,
        warehouse.address,
        warehouse.place,
        warehouse.open,
        warehouse.takes_returns,
    )
    if warehouse.open != any(row["open"] for row in known if row["warehouse_id"] == warehouse.warehouse_id):
        await events.publish(tx, WarehousesChanged(merchant_id=warehouse.merchant_id))
