"""From an order, a refund or a month's charges to a document. Pure sums: the tax is the one that was paid (decision 0146)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from steelyard.goods import taxes
from steelyard.goods.taxes.model import EXEMPT, ZERO, Rate
from steelyard.kernel import days
from steelyard.kernel.i18n import N_, translations
from steelyard.trade.aftersales.model import cumulative, paid_for
from steelyard.trade.einvoices.model import Category, Charge, Document, Item, Kind, NotEInvoiced, Party
from steelyard.trade.orders.model import Order, OrderLine

# The part of a document that is no line of the order.
FREIGHT = 0
FREIGHT_CODE = "FC"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Money of an order that goes back: of a line its pieces and amount, tax included; `FREIGHT` is the freight."""

    line: int
    quantity: int
    amount: int


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Of a line, or the freight: what was credited before, without and as tax."""

    net: int = 0
    tax: int = 0

    @property
    def gross(self) -> int:
        return self.net + self.tax


def invoice_of(
    order: Order, lines: Sequence[OrderLine], *, number: str, issued_on: date, seller: Party, buyer: Party, locale: str
) -> Document:
    """The invoice for all of an order, whatever of it was refunded: credit notes tell of that. Raises `NotEInvoiced`."""
    if not order.total:
        raise NotEInvoiced()
    sold = [line for line in lines if line.amount or line.kind == "gift"]
    best = max((line.tax_millionths for line in sold), default=0)
    items = [_item(line, best, locale) for line in sold]
    charges: list[Charge] = []
    gross = _freight_gross(order)
    if gross:
        category = _category(order.freight_tax_millionths, "standard")
        charges = [
            Charge(
                reason=translations(locale).gettext(N_("Freight")), code=FREIGHT_CODE, net=gross - order.freight_tax,
                tax=order.freight_tax, category=category, millionths=order.freight_tax_millionths,
            )
        ]  # fmt: skip
    made = Document(
        kind=Kind.INVOICE, number=number, issued_on=issued_on, currency=order.currency, seller=seller, buyer=buyer,
        items=items or _freight_alone(charges), charges=charges if items else (), order=order.code,
        payment_name=translations(locale).gettext(N_("Paid through the marketplace")),
        delivered_on=days.day_of(order.shipped_at) if order.shipped_at else None, delivered_to=_addressee(order),
    )  # fmt: skip
    assert made.total == order.total, "an invoice is for what the order came to"
    return made


def credit_note_of(
    order: Order,
    lines: Sequence[OrderLine],
    given: Sequence[Given],
    before: Mapping[int, Back],
    *,
    number: str,
    issued_on: date,
    about: Document,
    locale: str,
) -> Document:
    """The credit note for a refund. Of a line's tax it gives back the cumulative share of what was paid for it, after what was
    credited `before`: credit notes for all of an order come to its invoice, of net and of tax."""
    by_line = {line.line: line for line in lines}
    items: list[Item] = []
    for part in given:
        if not part.amount:
            continue
        earlier = before.get(part.line, Back())
        if part.line == FREIGHT:
            whole, tax, rate = _freight_gross(order), order.freight_tax, order.freight_tax_millionths
            name, details, code, category = (
                translations(locale).gettext(N_("Freight")),
                "",
                "",
                _category(rate, "standard"),
            )
        else:
            line = by_line[part.line]
            whole, tax, rate = paid_for(line), line.tax, line.tax_millionths
            name, details, code = line.title.in_language(locale), _details(line, locale), line.sku_code
            category = _category(rate, line.tax_class)
        back = cumulative(tax, earlier.gross + part.amount, whole) - earlier.tax
        items.append(
            Item(
                name=name, details=details, code=code, quantity=max(1, part.quantity), net=part.amount - back, tax=back,
                category=category, millionths=rate, line=part.line,
            )
        )  # fmt: skip
    if not items:
        raise NotEInvoiced()
    return Document(
        kind=Kind.CREDIT_NOTE, number=number, issued_on=issued_on, currency=order.currency, seller=about.seller,
        buyer=about.buyer, items=items, order=order.code, about=(about.number, about.issued_on),
        payment_name=about.payment_name, delivered_to=about.delivered_to,
    )  # fmt: skip


def credited(notes: Iterable[Document]) -> dict[int, Back]:
    """What these credit notes gave back, by line."""
    found: dict[int, Back] = {}
    for item in (item for note in notes for item in note.items):
        known = found.get(item.line, Back())
        found[item.line] = Back(net=known.net + item.net, tax=known.tax + item.tax)
    return found


def _item(line: OrderLine, best: int, locale: str) -> Item:
    gross = paid_for(line)
    discount = line.discount
    if line.tax_inclusive:
        discount -= taxes.tax_of(discount, Rate(millionths=line.tax_millionths, inclusive=True))
    # What comes for nothing bears nothing; it stands with what it came with, and makes no breakdown of its own.
    rate = best if line.kind == "gift" and not gross else line.tax_millionths
    return Item(
        name=line.title.in_language(locale), details=_details(line, locale), code=line.sku_code, quantity=line.quantity,
        net=gross - line.tax, tax=line.tax, discount=discount if gross or discount else 0, millionths=rate,
        category=_category(rate, line.tax_class), line=line.line,
    )  # fmt: skip


def _freight_alone(charges: Sequence[Charge]) -> list[Item]:
    """A document has a line at least (BR-16): where nothing but the freight cost something, it is the line."""
    return [
        Item(
            name=charge.reason, quantity=1, net=charge.net, tax=charge.tax, category=charge.category,
            millionths=charge.millionths, line=FREIGHT,
        )
        for charge in charges
    ]  # fmt: skip


def _freight_gross(order: Order) -> int:
    return order.freight + (0 if order.freight_tax_inclusive else order.freight_tax)


def _details(line: OrderLine, locale: str) -> str:
    return ", ".join(f"{name.in_language(locale)}: {value.in_language(locale)}" for name, value in line.options)


def _category(millionths: int, tax_class: str) -> Category:
    """Raises `NotEInvoiced` for what should have been taxed and was not."""
    if millionths:
        return Category.STANDARD
    if tax_class == ZERO:
        return Category.ZERO
    if tax_class == EXEMPT:
        return Category.EXEMPT
    raise NotEInvoiced()


def _addressee(order: Order) -> Party:
    address = order.address
    return Party(
        name=address.name or order.contact.name, country=address.country, street=address.street,
        city=address.city or address.district, postal_code=address.postal_code, region=address.region,
    )  # fmt: skip
