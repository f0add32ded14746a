"""What warehouses announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class WarehousesChanged(Event, frozen=True, kw_only=True):
    """A merchant opened or closed a warehouse: what lies there can be had, or no longer."""

    KIND = "warehouses.changed"

    merchant_id: UUID
