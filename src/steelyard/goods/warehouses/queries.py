"""Questions about warehouses."""

from uuid import UUID

from steelyard.goods.warehouses.model import WAREHOUSES_PER_MERCHANT_MAX, Warehouse
from steelyard.kernel.db import Read


async def of_merchant(read: Read, merchant_id: UUID) -> list[Warehouse]:
    """A merchant's warehouses in the order in which they serve, closed ones too."""
    return await read.all(
        Warehouse,
        """
        SELECT merchant_id, warehouse_id, name, address, place, open, takes_returns FROM warehouses
        WHERE merchant_id = $1 ORDER BY place, warehouse_id LIMIT $2
        """,
        merchant_id,
        WAREHOUSES_PER_MERCHANT_MAX,
    )
