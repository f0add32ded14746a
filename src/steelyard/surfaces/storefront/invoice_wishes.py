"""To whom a buyer wants an invoice, read from the form of the checkout, and what is missing for it."""

from collections.abc import Mapping
from typing import Any

from stdnum.cn import uscc

from steelyard.kernel.i18n import N_
from steelyard.surfaces.storefront.typed import said
from steelyard.trade.checkout.model import InvoiceWish


def read_invoice(data: Mapping[str, Any]) -> InvoiceWish | None:
    """To whom an invoice is wanted, if one is."""
    kind = said(data, "invoice")
    if kind not in ("personal", "company"):
        return None
    return InvoiceWish(
        company=kind == "company",
        name=said(data, "invoice_name"),
        tax_number=said(data, "invoice_tax_number").upper().replace(" ", "") if kind == "company" else "",
    )


def wrong_invoice(wish: InvoiceWish | None) -> dict[str, str]:
    """What is missing for an invoice to a company. (One to a person may bear no name.)"""
    wrong: dict[str, str] = {}
    if wish is not None and wish.company:
        if not wish.name:
            wrong["invoice_name"] = N_("Please enter the company’s name.")
        if not uscc.is_valid(wish.tax_number):
            wrong["invoice_tax_number"] = N_("Please check the unified social credit code: it has 18 characters.")
    return wrong
