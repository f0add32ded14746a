"""Warehouses: where a merchant's goods lie."""

from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
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
    takes_returns: bool = False


class TooManyWarehouses(Refusal):
    """A merchant has a limited number of warehouses."""

    code = "too_many_warehouses"
    title = N_("You have too many warehouses")
    detail = N_("At most {limit} warehouses can be kept.")


class LastWarehouse(Refusal):
    """Orders are served from an open warehouse, so one stays open."""

    code = "last_warehouse"
    title = N_("This is the last open warehouse")
    detail = N_("Please open another one first: without it nothing can be sold.")
