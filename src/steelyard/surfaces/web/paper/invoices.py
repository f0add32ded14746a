"""An e-invoice or credit note on A4, for people: what its XML says, in the same numbers."""

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.web.paper.labels import Say
from steelyard.surfaces.web.paper.sheet import A4, Flow, Sheet, broken
from steelyard.trade import einvoices
from steelyard.trade.einvoices.model import Category, Document, Item, Kind, Party

MARGIN = 16.0
RIGHT = A4[0] - MARGIN
BOTTOM = A4[1] - 24
# Where the columns end.
PIECES, PRICE, RATE = 118.0, 150.0, 168.0


class Page(msgspec.Struct, frozen=True):
    """What is drawn, and in which words."""

    document: Document
    say: Say

    def money(self, amount: int) -> str:
        return f"{Money(amount, self.document.currency).decimal():,}"

    @property
    def title(self) -> str:
        return self.say(N_("Invoice") if self.document.kind is Kind.INVOICE else N_("Credit note"))


def einvoice(document: Document, say: Say) -> bytes:
    """As PDF. It is drawn of what was issued, so that it is the same each time."""
    page = Page(document, say)
    sheet = Sheet(A4, f"{page.title} {document.number}", document.seller.name)
    number = 0

    def head() -> float:
        nonlocal number
        number += 1
        return _head(sheet, page, first=number == 1)

    def foot() -> None:
        sheet.rule(A4[1] - 18, MARGIN, RIGHT)
        sheet.words(MARGIN, A4[1] - 13, say(N_("This page shows the e-invoice; the XML counts.")), 8, grey=True)
        sheet.words(RIGHT, A4[1] - 13, f"{document.number} · {number}", 8, grey=True, end=True)

    flow = Flow(sheet, BOTTOM, head, foot)
    for item in document.items:
        _item(sheet, flow, page, item)
    for charge in document.charges:
        y = flow.room(6)
        sheet.words(MARGIN, y, charge.reason, 9)
        sheet.words(RATE, y, _rate(charge.category, charge.millionths), 9, end=True)
        sheet.words(RIGHT, y, page.money(charge.net), 9, end=True)
    _sums(sheet, flow, page)
    flow.end()
    return sheet.done()


def _head(sheet: Sheet, page: Page, *, first: bool) -> float:
    document, say = page.document, page.say
    sheet.words(MARGIN, 22, page.title, 16, bold=True)
    sheet.words(RIGHT, 22, document.number, 12, end=True)
    sheet.rule(26, MARGIN, RIGHT, thick=True)
    y = 34.0
    if first:
        _party(sheet, MARGIN, y, say(N_("Seller")), document.seller, say)
        _party(sheet, 108, y, say(N_("Buyer")), document.buyer, say)
        told = [(say(N_("Day of the invoice")), document.issued_on.isoformat())]
        if document.order:
            told.append((say(N_("Order")), document.order))
        if document.about:
            told.append((say(N_("For invoice")), f"{document.about[0]} · {document.about[1].isoformat()}"))
        if document.first and document.last:
            told.append((say(N_("Period")), f"{document.first.isoformat()} – {document.last.isoformat()}"))
        if document.delivered_on:
            told.append((say(N_("Sent on")), document.delivered_on.isoformat()))
        y = 70.0
        for place, (term, value) in enumerate(told):
            sheet.words(MARGIN + 62 * (place % 3), y + 9 * (place // 3), term, 8, grey=True)
            sheet.words(MARGIN + 62 * (place % 3), y + 4 + 9 * (place // 3), value, 9)
        y += 9 * ((len(told) + 2) // 3) + 6
    for x, words in ((PIECES, N_("Pieces")), (PRICE, N_("Before discount")), (RATE, N_("VAT")), (RIGHT, N_("Net"))):
        sheet.words(x, y, say(words), 8.5, grey=True, end=True)
    sheet.words(MARGIN, y, say(N_("Article")), 8.5, grey=True)
    sheet.rule(y + 2, MARGIN, RIGHT)
    return y + 8


def _party(sheet: Sheet, x: float, y: float, who: str, party: Party, say: Say) -> None:
    sheet.words(x, y, who, 8.5, grey=True)
    y = sheet.paragraph(x, y + 5, party.name, 84, 10.5, lines_max=2, bold=True)
    town = " ".join(part for part in (party.postal_code, party.city) if part)
    for line in (party.street, town, f"{party.region} {party.country}".strip(), party.email):
        if line:
            y = sheet.paragraph(x, y, line, 84, 8.5, lines_max=1)
    if number := party.vat_number or party.tax_number:
        which = say(N_("VAT number") if party.vat_number else N_("Tax number"))
        sheet.words(x, y, f"{which} {number}", 8.5)


def _item(sheet: Sheet, flow: Flow, page: Page, item: Item) -> None:
    title = broken(item.name, 9.5, 84, 2)
    details = broken(" · ".join(part for part in (item.code, item.details) if part), 8, 84, 1)
    y = flow.room(len(title) * 4.4 + len(details) * 3.8 + 3)
    sheet.words(PIECES, y, str(item.quantity), 9, end=True)
    sheet.words(PRICE, y, page.money(item.price), 9, end=True)
    sheet.words(RATE, y, _rate(item.category, item.millionths), 9, end=True)
    sheet.words(RIGHT, y, page.money(item.net), 9, end=True)
    for row in title:
        sheet.words(MARGIN, y, row, 9.5)
        y += 4.4
    for row in details:
        sheet.words(MARGIN, y, row, 8, grey=True)
        y += 3.8
    sheet.rule(y - 1, MARGIN, RIGHT)


def _sums(sheet: Sheet, flow: Flow, page: Page) -> None:
    document, say = page.document, page.say
    y = flow.room(10 + 5.5 * len(document.subtotals) + 26)
    sheet.words(RATE, y + 4, say(N_("Net")), 9, end=True)
    sheet.words(RIGHT, y + 4, page.money(document.net), 9, end=True)
    y += 9.5
    for each in document.subtotals:
        words = say(N_("VAT")) + f" {_rate(each.category, each.millionths)} · {page.money(each.net)}"
        sheet.words(RATE, y, words, 9, end=True)
        sheet.words(RIGHT, y, page.money(each.tax), 9, end=True)
        if each.category in einvoices.REASONS:
            sheet.words(MARGIN, y, einvoices.REASONS[each.category], 8, grey=True)
        y += 5.5
    sheet.rule(y - 2, 120, RIGHT)
    sheet.words(RATE, y + 3.5, say(N_("Total")) + f" {document.currency}", 11, bold=True, end=True)
    sheet.words(RIGHT, y + 3.5, page.money(document.total), 11, bold=True, end=True)
    paid = say(N_("Paid") if document.kind is Kind.INVOICE else N_("Given back"))
    sheet.words(RATE, y + 9.5, f"{paid} {document.payment_name}".strip(), 8.5, grey=True, end=True)
    sheet.words(RIGHT, y + 9.5, page.money(document.total), 8.5, grey=True, end=True)


def _rate(category: Category, millionths: int) -> str:
    return "–" if category is Category.OUTSIDE else f"{einvoices.percent(millionths)} %"
