"""What invoices announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class InvoiceRequested(Event, frozen=True, kw_only=True):
    """A buyer asked a shop for an invoice."""

    KIND = "invoices.requested"

    merchant_id: UUID
    invoice_id: UUID
    order_id: UUID
    buyer_id: UUID


class InvoiceIssued(Event, frozen=True, kw_only=True):
    """A shop issued an invoice."""

    KIND = "invoices.issued"

    merchant_id: UUID
    invoice_id: UUID
    order_id: UUID
    buyer_id: UUID


class InvoiceRefused(Event, frozen=True, kw_only=True):
    """A shop did not issue an invoice, and said why."""

    KIND = "invoices.refused"

    merchant_id: UUID
    invoice_id: UUID
    order_id: UUID
    buyer_id: UUID


class InvoicesDue(Event, frozen=True, kw_only=True):
    """A shop has invoices or red letters to write soon, or should have written some (`overdue`) by now."""

    KIND = "invoices.due"

    merchant_id: UUID
    waiting: int
    overdue: int
    day: str
