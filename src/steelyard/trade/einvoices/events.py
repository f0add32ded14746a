"""What einvoices announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class EInvoiceIssued(Event, frozen=True, kw_only=True):
    """An invoice or a credit note was issued: to the buyer of an order, or to a merchant by the platform (no order)."""

    KIND = "einvoices.issued"

    merchant_id: UUID
    einvoice_id: UUID
    number: str
    credit: bool
    order_id: UUID | None = None
    buyer_id: UUID | None = None
