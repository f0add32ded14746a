"""What payments announce."""

from typing import ClassVar
from uuid import UUID

from steelyard.kernel.events import Event


class Refunded(Event, frozen=True, kw_only=True):
    """Money has arrived back at the buyer."""

    KIND: ClassVar[str] = "payments.refunded"

    refund_id: UUID
    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str
