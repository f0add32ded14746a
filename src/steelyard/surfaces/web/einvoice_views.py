"""E-invoices as all surfaces hand them over: the XML as it was issued, and a page for people."""

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web import paper
from steelyard.surfaces.web.documents import file_answer
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.einvoices.model import Document, EInvoice, Kind

XML, PDF = "application/xml", "application/pdf"
KINDS = {Kind.INVOICE: N_("Invoice"), Kind.CREDIT_NOTE: N_("Credit note")}


def as_xml(xml: bytes, einvoice: EInvoice) -> Response[bytes]:
    return file_answer(xml, XML, f"{einvoice.kind}-{einvoice.number}.xml")


def as_pdf(visit: Visit, document: Document) -> Response[bytes]:
    return file_answer(paper.einvoice(document, visit.say), PDF, f"{document.kind}-{document.number}.pdf")
