"""What parcels announces."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.events import Event


class ParcelDelivered(Event, frozen=True, kw_only=True):
    """The carrier handed a parcel to its receiver."""

    KIND = "parcels.delivered"

    merchant_id: UUID
    parcel_id: UUID
    order_id: UUID
    at: datetime
