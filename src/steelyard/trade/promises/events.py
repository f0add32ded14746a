"""What promises announce. Amounts are minor units of `currency`."""

from uuid import UUID

from steelyard.kernel.events import Event


class Compensated(Event, frozen=True, kw_only=True):
    """A buyer has been paid for a promise that a shop did not keep; `document` is what books and purse name as its cause."""

    KIND = "promises.compensated"

    merchant_id: UUID
    order_id: UUID
    line: int
    buyer_id: UUID
    cause: str
    amount: int
    currency: str
    purse: str
    document: UUID | None = None
