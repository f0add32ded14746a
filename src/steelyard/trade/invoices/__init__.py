"""Invoices: to whom they are written, asked for order by order, issued by the shop, and issued anew after a refund.

Titles (`kept_titles`) are the buyer's own; what is asked of a shop and what came of it is in `service`, with `steps` from
state to state. What was issued is taken back by red letters (`reversing`). `tables` are the files for a shop's tax software,
and from it.
"""

from steelyard.trade.invoices.events import InvoiceIssued, InvoiceRefused, InvoiceRequested, InvoicesDue
from steelyard.trade.invoices.kept_titles import blank_records, forget_titles, remove_title, save_title
from steelyard.trade.invoices.queries import (
    count_requested,
    document,
    get,
    invoices_of_buyer,
    invoices_of_merchant,
    invoices_of_orders,
    numbered,
    terms,
    titles,
)
from steelyard.trade.invoices.reversing import settle_all
from steelyard.trade.invoices.service import attach, issue, refuse, reissue, request, set_terms, withdraw
from steelyard.trade.invoices.tables import kept_lines, numbers_in, read_numbers, workbook

__all__ = [
    "InvoiceIssued",
    "InvoiceRefused",
    "InvoiceRequested",
    "InvoicesDue",
    "attach",
    "blank_records",
    "count_requested",
    "document",
    "forget_titles",
    "get",
    "invoices_of_buyer",
    "invoices_of_merchant",
    "invoices_of_orders",
    "issue",
    "kept_lines",
    "numbered",
    "numbers_in",
    "read_numbers",
    "refuse",
    "reissue",
    "remove_title",
    "request",
    "save_title",
    "set_terms",
    "settle_all",
    "terms",
    "titles",
    "withdraw",
    "workbook",
]
