"""What looking at orders announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class OrderQuestioned(Event, frozen=True, kw_only=True):
    """A paid order is held until somebody has looked at it."""

    KIND = "risk.held"

    merchant_id: UUID
    order_id: UUID
    purchase_id: UUID
    buyer_id: UUID


class OrderCleared(Event, frozen=True, kw_only=True):
    """A held order is sent after all."""

    KIND = "risk.released"

    merchant_id: UUID
    order_id: UUID
    purchase_id: UUID
    buyer_id: UUID
