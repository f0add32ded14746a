"""What freight announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class DeliveryChanged(Event, frozen=True, kw_only=True):
    """A merchant has another delivery option, or one with another name, reach or fee."""

    KIND = "freight.delivery_changed"

    merchant_id: UUID
