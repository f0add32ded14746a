"""What carriers can be asked."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from steelyard.logistics.parcels.model import Scan


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel's story as its carrier tells it, the oldest scan first."""

    carrier: str
    number: str
    scans: Sequence[Scan]


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """No answer, or none that can be understood: it is asked again later."""

    why: str


class Carriers(Protocol):
    """Carriers answer, or we do not know: `Unknown`. Nothing here tries twice, and nothing is called while a transaction
    is open. Following a number twice is following it once."""

    async def follow(self, carrier: str, number: str, webhook_url: str) -> Tracked | Unknown:
        """Have the carrier tell `webhook_url` what becomes of a number from now on; what has happened so far."""
        ...

    async def track(self, carrier: str, number: str) -> Tracked | Unknown | None:
        """What has happened to a number; None when the carrier has never heard of it."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> Tracked | None:
        """What a message tells, once its signature is verified; None for news of another kind. Raises `BadWebhook`.
        `now`: seconds since 1970."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
