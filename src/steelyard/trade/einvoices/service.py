"""Commands on e-invoices: who issues them, an order's invoice, a refund's credit note."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from steelyard.goods import taxes
from steelyard.goods.taxes.model import EU
from steelyard.kernel import events, ids
from steelyard.kernel.db import Read, Tx
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.einvoices import numbering
from steelyard.trade.einvoices.drawing import FREIGHT, Given, credit_note_of, credited, invoice_of
from steelyard.trade.einvoices.events import EInvoiceIssued
from steelyard.trade.einvoices.model import Document, EInvoiceId, Kind, NotEInvoiced, Party, RulesBroken, SellerTerms
from steelyard.trade.einvoices.queries import documents_of_order, seller
from steelyard.trade.einvoices.rules import violations
from steelyard.trade.einvoices.ubl import write
from steelyard.trade.orders.model import Order, OrderId, OrderState

# Its number is given when nothing can go wrong any more: who is refused leaves no gap.
NOT_YET = "-"
# Who buys in the EU may speak any of its languages; who reads the papers of strangers reads this one.
LANGUAGE = "en"
SENT = frozenset({OrderState.SHIPPED, OrderState.COMPLETED})


async def set_seller(tx: Tx, merchant_id: MerchantId, terms: SellerTerms) -> SellerTerms:
    """From now on the merchant issues e-invoices as this; what was issued stays. Raises `Invalid`."""
    checked = terms.checked()
    await tx.execute(
        """
        INSERT INTO einvoice_sellers (merchant_id, legal_name, vat_number, street, city, postal_code, country, email, automatic)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (merchant_id) DO UPDATE
        SET legal_name = excluded.legal_name, vat_number = excluded.vat_number, street = excluded.street
          , city = excluded.city, postal_code = excluded.postal_code, country = excluded.country, email = excluded.email
          , automatic = excluded.automatic, changed_at = now()
        """,
        merchant_id,
        checked.legal_name.strip(),
        checked.vat_number,
        checked.street.strip(),
        checked.city.strip(),
        checked.postal_code.strip(),
        checked.country,
        checked.email.strip(),
        checked.automatic,
    )
    return checked


async def issue(tx: Tx, merchant_id: MerchantId, order_id: OrderId) -> EInvoiceId:
    """The invoice of an order that was sent to the EU, and a credit note for each refund that it has had. Said twice, the
    second changes nothing. Raises `NotFound`, `NotEInvoiced`, `RulesBroken`."""
    order = await orders.lock_order(tx, merchant_id, order_id)
    einvoice_id = EInvoiceId(ids.derived(order_id, "einvoice"))
    if await documents_of_order(tx, merchant_id, order_id):
        return einvoice_id
    terms = await seller(tx, merchant_id)
    if terms is None or order.state not in SENT or order.address.country not in EU:
        raise NotEInvoiced()
    merchant, name = await _merchant(tx, merchant_id)
    lines = (await orders.lines_of(tx, [order_id]))[order_id]
    made = invoice_of(
        order, lines, number=NOT_YET, issued_on=_today(merchant), seller=terms.party(name), buyer=_buyer(order),
        locale=LANGUAGE,
    )  # fmt: skip
    await keep(tx, merchant_id, einvoice_id, made, order=order)
    for refund in await refunds_of(tx, merchant_id, order_id):
        await _credit(tx, merchant, order, refund, LANGUAGE)
    return einvoice_id


async def credit(tx: Tx, merchant_id: MerchantId, order_id: OrderId, refund_id: UUID) -> bool:
    """The credit note for a refund of an order that has an invoice; without one there is nothing to credit. Said twice, the
    second changes nothing. Returns whether there is one now."""
    order = await orders.lock_order(tx, merchant_id, order_id)
    refund = next((each for each in await refunds_of(tx, merchant_id, order_id) if each.refund_id == refund_id), None)
    if refund is None or not await documents_of_order(tx, merchant_id, order_id):
        return False
    merchant, _ = await _merchant(tx, merchant_id)
    return await _credit(tx, merchant, order, refund, LANGUAGE)


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of an order: what of it is for which line, the freight last."""

    refund_id: UUID
    given: Sequence[Given]


async def refunds_of(read: Read, merchant_id: MerchantId, order_id: OrderId) -> list[Refunded]:
    """The refunds of an order, the first first."""
    made = (await aftersales.of_orders(read, [order_id]))[order_id]
    rows = await read.fetch(
        """
        SELECT refund_id, line, quantity, amount FROM order_refund_lines
        WHERE merchant_id = $1 AND refund_id = ANY($2) ORDER BY refund_id, line
        """,
        merchant_id,
        [refund.refund_id for refund in made],
    )
    by_refund: dict[UUID, list[Given]] = {refund.refund_id: [] for refund in made}
    for row in rows:
        given = Given(line=row["line"], quantity=row["quantity"], amount=row["amount"])
        by_refund[row["refund_id"]].append(given)
    for refund in made:
        if refund.freight:
            by_refund[refund.refund_id].append(Given(line=FREIGHT, quantity=1, amount=refund.freight))
    return [Refunded(refund_id=refund.refund_id, given=by_refund[refund.refund_id]) for refund in made]


async def _credit(tx: Tx, merchant: Merchant, order: Order, refund: Refunded, locale: str) -> bool:
    known = await documents_of_order(tx, order.merchant_id, order.order_id)
    if any(each.refund_id == refund.refund_id for each in known):
        return True
    invoice = next(each.document for each in known if each.document.kind is Kind.INVOICE)
    notes = [each.document for each in known if each.document.kind is Kind.CREDIT_NOTE]
    lines = (await orders.lines_of(tx, [order.order_id]))[order.order_id]
    made = credit_note_of(
        order, lines, refund.given, credited(notes), number=NOT_YET, issued_on=_today(merchant), about=invoice,
        locale=locale,
    )  # fmt: skip
    einvoice_id = EInvoiceId(ids.derived(refund.refund_id, "einvoice"))
    await keep(tx, order.merchant_id, einvoice_id, made, order=order, refund_id=refund.refund_id)
    return True


async def keep(
    tx: Tx,
    merchant_id: MerchantId,
    einvoice_id: EInvoiceId,
    drawn: Document,
    *,
    order: Order | None = None,
    refund_id: UUID | None = None,
) -> None:
    """Hold it against the rules, give it the next number and write it down, for good. An order says that the merchant issues
    it, none that the platform does. Raises `RulesBroken`, and then no number is taken."""
    if broken := violations(write(drawn)):
        raise RulesBroken(rules="; ".join(broken[:5]))
    number = await numbering.take(tx, merchant_id if order else numbering.PLATFORM, drawn.issued_on.year)
    made = msgspec.structs.replace(drawn, number=number.number)
    await tx.execute(
        """
        INSERT INTO einvoices (merchant_id, einvoice_id, issuer, kind, year, sequence, number, issued_on, order_id, refund_id
                             , buyer_id, month, currency, net, tax, document, xml)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        """,
        merchant_id,
        einvoice_id,
        "merchant" if order else "platform",
        made.kind,
        number.year,
        number.sequence,
        made.number,
        made.issued_on,
        order.order_id if order else None,
        refund_id,
        order.buyer_id if order else None,
        None if order else made.first,
        made.currency,
        made.net,
        made.tax,
        made,
        write(made).decode(),
    )
    issued = EInvoiceIssued(
        merchant_id=merchant_id, einvoice_id=einvoice_id, number=made.number, credit=made.kind is Kind.CREDIT_NOTE,
        order_id=order.order_id if order else None, buyer_id=order.buyer_id if order else None,
    )  # fmt: skip
    await events.publish(tx, issued)


async def _merchant(read: Read, merchant_id: MerchantId) -> tuple[Merchant, str]:
    merchant = await merchants.get(read, merchant_id)
    card = (await merchants.cards(read, [merchant_id])).get(merchant_id)
    assert merchant is not None
    return merchant, card.name.in_language("en") if card else ""


def _today(merchant: Merchant) -> date:
    return taxes.day_of(merchant.time_zone, datetime.now(UTC))


def _buyer(order: Order) -> Party:
    address = order.address
    return Party(
        name=order.contact.name or address.name, country=address.country, street=address.street,
        city=address.city or address.district, postal_code=address.postal_code, region=address.region,
        email=order.contact.email,
    )  # fmt: skip
