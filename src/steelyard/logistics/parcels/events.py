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
    collected: int | None = None  # the cash that the carrier says it got at the door, in minor units


class ParcelRefused(Event, frozen=True, kw_only=True):
    """A parcel was to be paid at the door and was not: it goes back."""

    KIND = "parcels.refused"

    merchant_id: UUID
    parcel_id: UUID
    order_id: UUID
