"""E-invoices after EN 16931 in UBL 2.1, with the identifiers of Peppol BIS Billing 3.0: of merchants to buyers in the EU, and of
the platform to merchants for what it charged them.

- `drawing`: from an order, a refund or a month's charges to a document: pure sums
- `ubl`: from a document to XML
- `rules`: the core rules of EN 16931, held against the XML before it is issued
- `numbering`: one number after the other for each issuer and year, without a gap
- `charges`: what the platform charged each merchant in a month, and its invoices for it
- `jobs`: the first days of a month

What is issued is never changed: a refund makes a credit note, and so does a month in which more went back than was charged.
Why the tax is the one that was paid: decision 0146. Why it is built so: decision 0145.
"""

from steelyard.trade.einvoices.charges import Charged, bill, charged
from steelyard.trade.einvoices.drawing import credit_note_of, invoice_of
from steelyard.trade.einvoices.events import EInvoiceIssued
from steelyard.trade.einvoices.jobs import bill_last_months
from steelyard.trade.einvoices.queries import (
    by_id,
    charges_of_months,
    count_missing,
    document_of,
    get,
    issued_page,
    missing,
    of_buyer,
    of_order,
    seller,
    xml_of,
)
from steelyard.trade.einvoices.rules import violations
from steelyard.trade.einvoices.service import credit, issue, set_seller
from steelyard.trade.einvoices.ubl import REASONS, percent, write

__all__ = [
    "REASONS",
    "Charged",
    "EInvoiceIssued",
    "bill",
    "bill_last_months",
    "by_id",
    "charged",
    "charges_of_months",
    "count_missing",
    "credit",
    "credit_note_of",
    "document_of",
    "get",
    "invoice_of",
    "issue",
    "issued_page",
    "missing",
    "of_buyer",
    "of_order",
    "percent",
    "seller",
    "set_seller",
    "violations",
    "write",
    "xml_of",
]
