"""What payments announce."""

from uuid import UUID

from steelyard.kernel.events import Event


class Refunded(Event, frozen=True, kw_only=True):
    """Money has arrived back at the buyer."""

    KIND = "payments.refunded"

    refund_id: UUID
    merchant_id: UUID
    order_id: UUID
    buyer_id: UUID
    amount: int
    currency: str


class CashKept(Event, frozen=True, kw_only=True):
    """A shop that brought the parcel itself has the buyer's cash: so much less the platform owes it."""

    KIND = "payments.cash_kept"

    merchant_id: UUID
    order_id: UUID
    document: UUID
    amount: int
    currency: str
