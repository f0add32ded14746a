"""What carriers can be asked."""

from collections.abc import Mapping
from typing import Protocol

from steelyard.logistics.parcels.model import ToCollect, Tracking, TrackingNews, Waybill
from steelyard.money.payments import Unknown


class Carriers(Protocol):
    """Carriers answer, or we do not know: `Unknown`. Nothing here tries twice, and nothing is called while a
    transaction is open."""

    name: str

    async def follow(
        self, carrier: str, number: str, webhook_url: str, collect: ToCollect | None = None
    ) -> Tracking | Unknown | None:
        """Ask to be told of a number from now on, and to `collect` so much at its door; where it is now. None when the carrier
        refuses the number. May be repeated."""
        ...

    async def query(self, carrier: str, number: str) -> Tracking | Unknown | None:
        """Where a parcel is; None when the carrier has never heard of it."""
        ...

    async def book(self, waybill: Waybill, webhook_url: str) -> str | Unknown | None:
        """Ask for a number for a parcel that will be handed over, and to be told of it; None when the carrier refuses the
        parcel. May be repeated: the same waybill id gets the same number."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> TrackingNews:
        """What a message says, once its signature is verified. Raises `BadWebhook`. `now`: seconds since 1970."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
