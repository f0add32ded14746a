"""The core business rules of EN 16931-1 (section 6.4), held against the XML itself: what the writer got wrong shows here.

Of the 160 rules these are the ones that a document of this house can break: what has to be there (BR-01 to BR-16, BR-21 to
BR-27), sums (BR-CO-10 to BR-CO-18), the VAT breakdown of the categories used (BR-S, BR-Z, BR-E, BR-O), identifiers, and digits
(BR-DEC). As the published rules do, BR-CO-17 lets a breakdown's tax be less than one unit of the currency away from its rate.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree as ET

from steelyard.trade.einvoices.model import Category
from steelyard.trade.einvoices.ubl import CAC, CBC, CREDIT_NOTE, INVOICE

TOLERANCE = Decimal(1)
DIGITS_MAX = 2
_NAMES = {"cac": CAC, "cbc": CBC}
_CATEGORIES = frozenset(str(each) for each in Category)
_UNTAXED = frozenset({"Z", "E", "O"})

Found = Iterator[str]


class _Told:
    """The XML by path."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.credit = root.tag == f"{{{CREDIT_NOTE}}}CreditNote"
        self.lines = root.findall("cac:CreditNoteLine" if self.credit else "cac:InvoiceLine", _NAMES)
        self.charges = root.findall("cac:AllowanceCharge", _NAMES)
        self.subtotals = root.findall("cac:TaxTotal/cac:TaxSubtotal", _NAMES)

    def text(self, path: str, start: ET.Element | None = None) -> str:
        return ((start if start is not None else self.root).findtext(path, "", _NAMES) or "").strip()

    def number(self, path: str, start: ET.Element | None = None) -> Decimal:
        try:
            return Decimal(self.text(path, start) or "0")
        except InvalidOperation:
            return Decimal("NaN")


def violations(xml: bytes) -> list[str]:
    """Which rules a document breaks: `BR-CO-10: …`, in the order of the standard. None: it is well made."""
    try:
        root = ET.fromstring(xml)  # noqa: S314  # what this house has just written
    except ET.ParseError as broken:
        return [f"XML: {broken}"]
    if root.tag not in (f"{{{INVOICE}}}Invoice", f"{{{CREDIT_NOTE}}}CreditNote"):
        return ["XML: neither an invoice nor a credit note"]
    told = _Told(root)
    rules: tuple[Callable[[_Told], Found], ...] = (
        _there,
        _lines,
        _sums,
        _breakdown,
        _categories,
        _identifiers,
        _digits,
    )
    return [broken for rule in rules for broken in rule(told)]


def _there(told: _Told) -> Found:
    needed = {
        "BR-01": "cbc:CustomizationID",
        "BR-02": "cbc:ID",
        "BR-03": "cbc:IssueDate",
        "BR-04": "cbc:CreditNoteTypeCode" if told.credit else "cbc:InvoiceTypeCode",
        "BR-05": "cbc:DocumentCurrencyCode",
        "BR-06": "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName",
        "BR-07": "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName",
        "BR-09": "cac:AccountingSupplierParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode",
        "BR-11": "cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode",
        "BR-12": "cac:LegalMonetaryTotal/cbc:LineExtensionAmount",
        "BR-13": "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
        "BR-14": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
        "BR-15": "cac:LegalMonetaryTotal/cbc:PayableAmount",
        "BR-49": "cac:PaymentMeans/cbc:PaymentMeansCode",
        "R003": "cbc:BuyerReference",
        "R007": "cbc:ProfileID",
    }
    for rule, path in needed.items():
        if not told.text(path):
            yield f"{rule}: {path} is missing"
    if not told.lines:
        yield "BR-16: there is no line"
    try:
        date.fromisoformat(told.text("cbc:IssueDate"))
    except ValueError:
        yield "BR-03: the day of issue is none"
    # A credit note of the platform is about a month; it names that instead.
    about = ("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", "cac:InvoicePeriod/cbc:StartDate")
    if told.credit and not any(told.text(path) for path in about):
        yield "BR-55: a credit note names the invoice, or the period, that it is about"
    for element in told.root.iter():
        if not len(element) and not (element.text or "").strip():
            yield f"R008: {element.tag.rpartition('}')[2]} is empty"


def _lines(told: _Told) -> Found:
    seen: set[str] = set()
    quantity = "cbc:CreditedQuantity" if told.credit else "cbc:InvoicedQuantity"
    for line in told.lines:
        name = told.text("cbc:ID", line)
        if not name or name in seen:
            yield "BR-21: a line has no number of its own"
        seen.add(name)
        needed = {
            "BR-22": quantity, "BR-24": "cbc:LineExtensionAmount", "BR-25": "cac:Item/cbc:Name",
            "BR-26": "cac:Price/cbc:PriceAmount", "BR-CO-04": "cac:Item/cac:ClassifiedTaxCategory/cbc:ID",
        }  # fmt: skip
        for rule, path in needed.items():
            if not told.text(path, line):
                yield f"{rule}: line {name}: {path} is missing"
        if told.number("cac:Price/cbc:PriceAmount", line) < 0:
            yield f"BR-27: line {name}: the price is below nothing"
        unit = line.find(quantity, _NAMES)
        if unit is None or not unit.get("unitCode"):
            yield f"BR-23: line {name}: the quantity has no unit"
        off = sum(
            (told.number("cbc:Amount", each) * (1 if told.text("cbc:ChargeIndicator", each) == "true" else -1))
            for each in line.findall("cac:AllowanceCharge", _NAMES)
        )
        base = told.number("cac:Price/cbc:BaseQuantity", line) or Decimal(1)
        made = told.number(quantity, line) * told.number("cac:Price/cbc:PriceAmount", line) / base + off
        if abs(made - told.number("cbc:LineExtensionAmount", line)) > Decimal("0.02"):
            yield f"R120: line {name}: quantity times price and what was taken off do not make its amount"


def _sums(told: _Told) -> Found:
    sums = "cac:LegalMonetaryTotal/cbc:"
    lines = sum((told.number("cbc:LineExtensionAmount", line) for line in told.lines), Decimal(0))
    up, down = Decimal(0), Decimal(0)
    for each in told.charges:
        amount = told.number("cbc:Amount", each)
        if told.text("cbc:ChargeIndicator", each) == "true":
            up += amount
        else:
            down += amount
        if not told.text("cbc:AllowanceChargeReason", each) and not told.text("cbc:AllowanceChargeReasonCode", each):
            yield "BR-CO-22: a charge has no reason"
    taxes = sum((told.number("cbc:TaxAmount", each) for each in told.subtotals), Decimal(0))
    net, tax = told.number(f"{sums}TaxExclusiveAmount"), told.number("cac:TaxTotal/cbc:TaxAmount")
    gross = told.number(f"{sums}TaxInclusiveAmount")
    payable = gross - told.number(f"{sums}PrepaidAmount") + told.number(f"{sums}PayableRoundingAmount")
    held = {
        "BR-CO-10": (told.number(f"{sums}LineExtensionAmount"), lines),
        "BR-CO-11": (told.number(f"{sums}AllowanceTotalAmount"), down),
        "BR-CO-12": (told.number(f"{sums}ChargeTotalAmount"), up),
        "BR-CO-13": (net, lines - down + up),
        "BR-CO-14": (tax, taxes),
        "BR-CO-15": (gross, net + tax),
        "BR-CO-16": (told.number(f"{sums}PayableAmount"), payable),
    }
    for rule, (says, is_) in held.items():
        if says != is_:
            yield f"{rule}: {says} is not {is_}"
    if not told.subtotals:
        yield "BR-CO-18: there is no VAT breakdown"


def _breakdown(told: _Told) -> Found:
    """What each breakdown is on, and that its tax is its rate of that."""
    on: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for line in told.lines:
        on[_key(told, "cac:Item/cac:ClassifiedTaxCategory", line)] += told.number("cbc:LineExtensionAmount", line)
    for each in told.charges:
        sign = 1 if told.text("cbc:ChargeIndicator", each) == "true" else -1
        on[_key(told, "cac:TaxCategory", each)] += sign * told.number("cbc:Amount", each)
    seen: set[tuple[str, Decimal]] = set()
    for each in told.subtotals:
        key = _key(told, "cac:TaxCategory", each)
        net, tax = told.number("cbc:TaxableAmount", each), told.number("cbc:TaxAmount", each)
        if key in seen:
            yield f"BR-{key[0]}-01: the breakdown of {key[0]} {key[1]} stands twice"
        seen.add(key)
        if key not in on or on[key] != net:
            yield f"BR-{key[0]}-08: {net} of {key[0]} {key[1]} is not {on.get(key)}"
        if abs(tax - (net * key[1] / 100).quantize(Decimal("0.01"))) >= TOLERANCE:
            yield f"BR-CO-17: {tax} is not {key[1]} % of {net}"
        if key[0] in _UNTAXED and tax:
            yield f"BR-{key[0]}-09: {key[0]} bears no tax"
    for missing in sorted(on.keys() - seen, key=str):
        yield f"BR-{missing[0]}-01: there is no breakdown of {missing[0]} {missing[1]}"


def _key(told: _Told, path: str, start: ET.Element) -> tuple[str, Decimal]:
    return told.text(f"{path}/cbc:ID", start), told.number(f"{path}/cbc:Percent", start)


def _categories(told: _Told) -> Found:
    seller = {
        told.text("cac:TaxScheme/cbc:ID", each)
        for each in told.root.findall("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme", _NAMES)
    }
    found: set[str] = set()
    for each in told.subtotals:
        category, rate = _key(told, "cac:TaxCategory", each)
        found.add(category)
        reason = told.text("cac:TaxCategory/cbc:TaxExemptionReason", each)
        if category not in _CATEGORIES:
            yield f"BR-CL-17: {category} is no category"
        if category == "S" and not rate > 0:
            yield "BR-S-05: the standard category has a rate above nothing"
        if category in ("Z", "E") and rate:
            yield f"BR-{category}-05: {category} has a rate of nothing"
        if category in ("E", "O") and not reason:
            yield f"BR-{category}-10: there is no reason for {category}"
        if category in ("S", "Z") and reason:
            yield f"BR-{category}-10: {category} wants no reason"
        if category != "O" and not seller:
            yield f"BR-{category}-02: the seller has no VAT number"
    if "O" in found:
        if len(found) > 1:
            yield "BR-O-11: what is outside the scope of VAT stands alone"
        if "VAT" in seller or told.text("cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"):
            yield "BR-O-02: outside the scope of VAT nobody names a VAT number"


def _identifiers(told: _Told) -> Found:
    for party in ("cac:AccountingSupplierParty", "cac:AccountingCustomerParty"):
        for each in told.root.findall(f"{party}/cac:Party/cac:PartyTaxScheme", _NAMES):
            number = told.text("cbc:CompanyID", each)
            if told.text("cac:TaxScheme/cbc:ID", each) == "VAT" and not (number[:2].isalpha() and number[:2].isupper()):
                yield f"BR-CO-09: {number} has no prefix"
    seller = told.root.find("cac:AccountingSupplierParty/cac:Party", _NAMES)
    vat = [
        each
        for each in told.root.findall("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme", _NAMES)
        if told.text("cac:TaxScheme/cbc:ID", each) == "VAT"
    ]
    if not vat and not told.text("cac:PartyLegalEntity/cbc:CompanyID", seller):
        yield "BR-CO-26: nothing says who the seller is"
    currency = told.text("cbc:DocumentCurrencyCode")
    for element in told.root.iter():
        if (said := element.get("currencyID")) is not None and said != currency:
            yield f"R051: an amount in {said}"


def _digits(told: _Told) -> Found:
    for element in told.root.iter():
        if element.get("currencyID") is None or element.tag.endswith("PriceAmount"):
            continue
        try:
            exponent = Decimal(element.text or "").as_tuple().exponent
        except InvalidOperation:
            yield f"BR-DEC: {element.text} is no amount"
            continue
        if not isinstance(exponent, int) or -exponent > DIGITS_MAX:
            yield f"BR-DEC: {element.text} has more than two digits"
