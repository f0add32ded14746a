"""Where goods lie: each merchant's warehouses, in the order in which they serve orders."""

from steelyard.goods.warehouses.events import WarehousesChanged
from steelyard.goods.warehouses.queries import of_merchant
from steelyard.goods.warehouses.service import change_warehouse, open_warehouse, save_warehouse

__all__ = ["WarehousesChanged", "change_warehouse", "of_merchant", "open_warehouse", "save_warehouse"]
