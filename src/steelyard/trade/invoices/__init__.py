"""Invoices: to whom they are written, asked for order by order, issued by the shop, and issued anew after a refund.

Titles (`kept_titles`) are the buyer's own; what is asked of a shop and what came of it is in `service`.
"""

from steelyard.trade.invoices.events import InvoiceIssued, InvoiceRefused, InvoiceRequested
from steelyard.trade.invoices.kept_titles import blank_records, forget_titles, remove_title, save_title
from steelyard.trade.invoices.queries import (
    count_requested,
    document,
    get,
    invoices_of_buyer,
    invoices_of_merchant,
    invoices_of_orders,
    titles,
)
from steelyard.trade.invoices.service import issue, outdate, refuse, request, withdraw

__all__ = [
    "InvoiceIssued",
    "InvoiceRefused",
    "InvoiceRequested",
    "blank_records",
    "count_requested",
    "document",
    "forget_titles",
    "get",
    "invoices_of_buyer",
    "invoices_of_merchant",
    "invoices_of_orders",
    "issue",
    "outdate",
    "refuse",
    "remove_title",
    "request",
    "save_title",
    "titles",
    "withdraw",
]
