"""What privacy announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class BuyerErased(Event, frozen=True, kw_only=True):
    """A buyer's account is erased; what law wants kept is kept without anybody being able to sign in to it."""

    KIND = "privacy.buyer_erased"

    buyer_id: UUID


class ExportReady(Event, frozen=True, kw_only=True):
    """All that is kept of a buyer lies ready to be downloaded."""

    KIND = "privacy.export_ready"

    buyer_id: UUID
    export_id: UUID
