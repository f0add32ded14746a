"""A document as UBL 2.1 (OASIS, ISO/IEC 19845), in the order of elements that its schemas want, with the identifiers of Peppol
BIS Billing 3.0. The numbers in comments are the business terms of EN 16931-1."""

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

from steelyard.kernel.money import Money
from steelyard.trade.einvoices.model import Category, Charge, Document, Item, Kind, Party, Subtotal

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
# BT-24 and BT-23.
SPECIFICATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
TYPES = {Kind.INVOICE: ("InvoiceTypeCode", "380"), Kind.CREDIT_NOTE: ("CreditNoteTypeCode", "381")}
# UNECE Recommendation 20: one, as pieces are counted.
PIECE = "C62"
DISCOUNT, DISCOUNT_CODE = "Discount", "95"
# BT-120, where a rate of nothing wants a reason.
REASONS = {Category.EXEMPT: "Exempt from VAT", Category.OUTSIDE: "Not subject to VAT"}


class Writer:
    """Elements one below the other; what has no words is left out, as BIS wants it (R008)."""

    def __init__(self, document: Document) -> None:
        self._document = document
        namespace = INVOICE if document.kind is Kind.INVOICE else CREDIT_NOTE
        self.root = ET.Element(f"{{{namespace}}}{'Invoice' if document.kind is Kind.INVOICE else 'CreditNote'}")

    def text(self, parent: ET.Element, tag: str, words: str, /, **attributes: str) -> None:
        if words:
            ET.SubElement(parent, f"{{{CBC}}}{tag}", attributes).text = words

    def part(self, parent: ET.Element, name: str) -> ET.Element:
        return ET.SubElement(parent, f"{{{CAC}}}{name}")

    def amount(self, parent: ET.Element, name: str, amount: int) -> None:
        currency = self._document.currency
        self.text(parent, name, str(Money(amount, currency).decimal()), currencyID=currency)


def write(document: Document) -> bytes:
    """The XML, in UTF-8. The same document gives the same bytes."""
    out = Writer(document)
    _head(out, document)
    _party(out, out.part(out.root, "AccountingSupplierParty"), document.seller, document.seller.tax_number)
    _party(out, out.part(out.root, "AccountingCustomerParty"), document.buyer)
    _delivery(out, document)
    means = out.part(out.root, "PaymentMeans")
    named = {"name": document.payment_name} if document.payment_name else {}
    out.text(means, "PaymentMeansCode", document.payment_code, **named)  # BT-81, BT-82
    for charge in document.charges:
        _charge(out, charge)
    _sums(out, document)
    for number, item in enumerate(document.items, start=1):
        _item(out, document, item, number)
    for prefix, namespace in (
        ("cac", CAC),
        ("cbc", CBC),
        ("", INVOICE if document.kind is Kind.INVOICE else CREDIT_NOTE),
    ):
        ET.register_namespace(prefix, namespace)
    ET.indent(out.root)
    return ET.tostring(out.root, encoding="utf-8", xml_declaration=True)


def _head(out: Writer, document: Document) -> None:
    root = out.root
    out.text(root, "CustomizationID", SPECIFICATION)
    out.text(root, "ProfileID", PROCESS)
    out.text(root, "ID", document.number)  # BT-1
    out.text(root, "IssueDate", document.issued_on.isoformat())  # BT-2
    name, code = TYPES[document.kind]
    out.text(root, name, code)  # BT-3
    out.text(root, "Note", document.note)  # BT-22
    out.text(root, "DocumentCurrencyCode", document.currency)  # BT-5
    # What a buyer is recognised by (BT-10): BIS wants this or an order's number.
    out.text(root, "BuyerReference", document.order or document.number)
    if document.first and document.last:
        period = out.part(root, "InvoicePeriod")
        out.text(period, "StartDate", document.first.isoformat())  # BT-73
        out.text(period, "EndDate", document.last.isoformat())  # BT-74
    if document.order:
        out.text(out.part(root, "OrderReference"), "ID", document.order)  # BT-13
    if document.about:
        number, day = document.about
        about = out.part(out.part(root, "BillingReference"), "InvoiceDocumentReference")
        out.text(about, "ID", number)  # BT-25
        out.text(about, "IssueDate", day.isoformat())  # BT-26


def _party(out: Writer, parent: ET.Element, party: Party, tax_number: str = "") -> None:
    """A buyer has no tax number but the VAT number; another stands with its registration."""
    inside = out.part(parent, "Party")
    if party.email:
        out.text(inside, "EndpointID", party.email, schemeID="EM")  # BT-34, BT-49
    if party.trading_name:
        out.text(out.part(inside, "PartyName"), "Name", party.trading_name)  # BT-28
    _address(out, out.part(inside, "PostalAddress"), party)
    for number, scheme in ((party.vat_number, "VAT"), (tax_number, "TAX")):
        if number:
            tax = out.part(inside, "PartyTaxScheme")
            out.text(tax, "CompanyID", number)  # BT-31, BT-32, BT-48
            out.text(out.part(tax, "TaxScheme"), "ID", scheme)
    legal = out.part(inside, "PartyLegalEntity")
    out.text(legal, "RegistrationName", party.name)  # BT-27, BT-44
    out.text(legal, "CompanyID", party.tax_number)  # BT-30, BT-47: a unified social credit code is both
    if party.email:
        contact = out.part(inside, "Contact")
        out.text(contact, "ElectronicMail", party.email)  # BT-43, BT-58


def _address(out: Writer, address: ET.Element, party: Party) -> None:
    out.text(address, "StreetName", party.street)
    out.text(address, "CityName", party.city)
    out.text(address, "PostalZone", party.postal_code)
    out.text(address, "CountrySubentity", party.region)
    out.text(out.part(address, "Country"), "IdentificationCode", party.country)


def _delivery(out: Writer, document: Document) -> None:
    if document.delivered_on is None and document.delivered_to is None:
        return
    delivery = out.part(out.root, "Delivery")
    out.text(delivery, "ActualDeliveryDate", _day(document.delivered_on))  # BT-72
    if document.delivered_to is not None:
        _address(out, out.part(out.part(delivery, "DeliveryLocation"), "Address"), document.delivered_to)
        if document.delivered_to.name:
            party = out.part(delivery, "DeliveryParty")
            out.text(out.part(party, "PartyName"), "Name", document.delivered_to.name)  # BT-70


def _charge(out: Writer, charge: Charge) -> None:
    part = out.part(out.root, "AllowanceCharge")
    out.text(part, "ChargeIndicator", "true")
    out.text(part, "AllowanceChargeReasonCode", charge.code)  # BT-105
    out.text(part, "AllowanceChargeReason", charge.reason)  # BT-104
    out.amount(part, "Amount", charge.net)  # BT-99
    _category(out, part, "TaxCategory", charge.category, charge.millionths)


def _category(
    out: Writer, parent: ET.Element, name: str, category: Category, millionths: int, reason: str = ""
) -> None:
    part = out.part(parent, name)
    out.text(part, "ID", category)
    if category is not Category.OUTSIDE:  # what is outside the scope has no rate (BR-O-05)
        out.text(part, "Percent", percent(millionths))
    out.text(part, "TaxExemptionReason", reason)
    out.text(out.part(part, "TaxScheme"), "ID", "VAT")


def percent(millionths: int) -> str:
    return f"{Decimal(millionths).scaleb(-4).normalize():f}"


def _sums(out: Writer, document: Document) -> None:
    tax = out.part(out.root, "TaxTotal")
    out.amount(tax, "TaxAmount", document.tax)  # BT-110
    for each in document.subtotals:
        _subtotal(out, tax, each)
    sums = out.part(out.root, "LegalMonetaryTotal")
    out.amount(sums, "LineExtensionAmount", document.lines_net)  # BT-106
    out.amount(sums, "TaxExclusiveAmount", document.net)  # BT-109
    out.amount(sums, "TaxInclusiveAmount", document.total)  # BT-112
    if document.charges:
        out.amount(sums, "ChargeTotalAmount", document.charges_net)  # BT-108
    out.amount(sums, "PrepaidAmount", document.total)  # BT-113
    out.amount(sums, "PayableAmount", 0)  # BT-115


def _subtotal(out: Writer, tax: ET.Element, each: Subtotal) -> None:
    part = out.part(tax, "TaxSubtotal")
    out.amount(part, "TaxableAmount", each.net)  # BT-116
    out.amount(part, "TaxAmount", each.tax)  # BT-117
    _category(out, part, "TaxCategory", each.category, each.millionths, REASONS.get(each.category, ""))


def _item(out: Writer, document: Document, item: Item, number: int) -> None:
    invoice = document.kind is Kind.INVOICE
    line = out.part(out.root, "InvoiceLine" if invoice else "CreditNoteLine")
    out.text(line, "ID", str(number))  # BT-126
    quantity = "InvoicedQuantity" if invoice else "CreditedQuantity"
    out.text(line, quantity, str(item.quantity), unitCode=PIECE)  # BT-129, BT-130
    out.amount(line, "LineExtensionAmount", item.net)  # BT-131
    if item.discount:
        allowance = out.part(line, "AllowanceCharge")
        out.text(allowance, "ChargeIndicator", "false")
        out.text(allowance, "AllowanceChargeReasonCode", DISCOUNT_CODE)  # BT-140
        out.text(allowance, "AllowanceChargeReason", DISCOUNT)  # BT-139
        out.amount(allowance, "Amount", item.discount)  # BT-136
    goods = out.part(line, "Item")
    out.text(goods, "Description", item.details)  # BT-154
    out.text(goods, "Name", item.name)  # BT-153
    if item.code:
        out.text(out.part(goods, "SellersItemIdentification"), "ID", item.code)  # BT-155
    _category(out, goods, "ClassifiedTaxCategory", item.category, item.millionths)
    price = out.part(line, "Price")
    # Of all the pieces, so that quantity times price is the line to the cent, whatever a piece comes to.
    out.amount(price, "PriceAmount", item.price)  # BT-146
    out.text(price, "BaseQuantity", str(item.quantity), unitCode=PIECE)  # BT-149


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
