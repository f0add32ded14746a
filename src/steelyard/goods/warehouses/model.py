"""Warehouses: where a merchant's goods lie."""

from typing import NewType
from uuid import UUID

import msgspec

from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId

WarehouseId = NewType("WarehouseId", UUID)

WAREHOUSES_PER_MERCHANT_MAX = 50


class Warehouse(msgspec.Struct, frozen=True, kw_only=True):
    """Orders are served from the open warehouse with the lowest `place` that has enough."""

    merchant_id: MerchantId
    warehouse_id: WarehouseId
    name: str
    address: Address = Address()
    place: int = 0
    open: bool = True
