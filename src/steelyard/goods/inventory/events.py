"""What inventory announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    """Of these SKUs the last free piece went, or the first came."""

    KIND = "inventory.availability_changed"

    merchant_id: UUID
    sku_ids: list[UUID]
