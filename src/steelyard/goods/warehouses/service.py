"""Commands on warehouses."""

from uuid import UUID

from steelyard.goods.warehouses.model import Warehouse
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
