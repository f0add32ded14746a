"""Commands on invoices: ask, ask for another, withdraw, issue, hand in the file, refuse."""

from datetime import date, timedelta
from uuid import UUID

from steelyard.kernel import days, events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import INVOICE_DAYS
from steelyard.trade import orders
from steelyard.trade.invoices.events import InvoiceIssued, InvoiceRefused, InvoiceRequested
from steelyard.trade.invoices.kept_titles import check, written
from steelyard.trade.invoices.model import (
    INVOICED_STATES,
    INVOICES_PER_ORDER_MAX,
    MACHINE,
    NUMBER_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    Invoice,
    InvoicedAlready,
    InvoiceId,
    InvoiceState,
    NotInvoiced,
    NumberTaken,
    RedFirst,
    RedLetterDue,
    Terms,
    Title,
    kind_of,
)
from steelyard.trade.invoices.queries import get, invoices_of_orders
from steelyard.trade.invoices.reversing import settle
from steelyard.trade.invoices.steps import move, note
from steelyard.trade.orders.model import Order, OrderId

# A day in the calendar of the buyer may already be tomorrow here.
DAYS_AHEAD_MAX = 1
CODE_DIGITS = 19


async def request(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, invoice_id: InvoiceId, title: Title, by: str
) -> None:
    """Ask the shop for an invoice for what was paid and not given back. Said twice with the same id, nothing changes.

    Where another is on paper that a refund outdated, all of it is taken back by a red letter. Raises `NotFound`, `NotInvoiced`
    before payment and when nothing is left of it, `InvoicedAlready`, `Invalid`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    check(title)
    if await get(tx, merchant_id, invoice_id) is not None:
        return
    if order.state not in INVOICED_STATES or not order.kept:
        raise NotInvoiced()
    claimed = await tx.value(
        """
        INSERT INTO invoices (merchant_id, invoice_id, order_id, buyer_id, state, amount, currency, due_by, company, name
                            , tax_number, special, address, phone, bank, account)
        VALUES ($1, $2, $3, $4, 'requested', $5, $6, now() + $7 * interval '1 day', $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        merchant_id,
        invoice_id,
        order_id,
        order.buyer_id,
        order.kept,
        order.currency,
        await policies.number(tx, INVOICE_DAYS),
        *written(title),
    )
    if not claimed:
        raise InvoicedAlready()
    await note(tx, merchant_id, invoice_id, "nowhere", InvoiceState.REQUESTED, by)
    await settle(tx, order, by)
    await events.publish(tx, InvoiceRequested(**_ids(order, invoice_id)))


async def reissue(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, invoice_id: InvoiceId, title: Title, by: str
) -> None:
    """Ask for another invoice instead of the one that was issued: with another title. The shop takes the first back by a red
    letter for all that is left of it, then writes this one. Said twice with the same id, nothing changes.

    Raises `NotFound`, `NotInvoiced` when none is on paper or nothing was kept, `InvoicedAlready`, `Invalid`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    check(title)
    if await get(tx, merchant_id, invoice_id) is not None:
        return
    found = (await invoices_of_orders(tx, [(merchant_id, order_id)]))[order_id]
    issued = next((each for each in found if each.state is InvoiceState.ISSUED and each.reverses is None), None)
    if issued is None or not order.kept:
        raise NotInvoiced()
    if len(found) >= INVOICES_PER_ORDER_MAX:
        raise InvoicedAlready()
    await move(tx, issued, InvoiceState.OUTDATED, by)
    await request(tx, merchant_id, order_id, invoice_id, title, by)


async def withdraw(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, by: str) -> None:
    """The buyer does not need it any more; what it was to follow stays on paper. Said twice, nothing changes. Raises `NotFound`,
    `TransitionRefused`, `RedLetterDue`."""
    order, invoice = await _locked(tx, merchant_id, invoice_id)
    if invoice.reverses is not None:
        raise RedLetterDue()
    if invoice.state is not InvoiceState.WITHDRAWN:
        await move(tx, invoice, InvoiceState.WITHDRAWN, by)
        await settle(tx, order, by)


async def issue(
    tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, number: str, issued_on: date, content: bytes | None, by: str
) -> Invoice:
    """The shop has written it: its number, its day, and its file, now or later (`attach`). Said twice, nothing changes; returns
    it as it was. A red letter takes its amount back of the invoice that it reverses.

    Raises `NotFound`, `TransitionRefused`, `DocumentRefused`, `Invalid`, `NotInvoiced` when all was refunded meanwhile,
    `NumberTaken`, and `RedFirst` while an earlier invoice of the order is to be taken back.
    """
    order, invoice = await _locked(tx, merchant_id, invoice_id)
    number = number.strip()
    if invoice.state is InvoiceState.ISSUED and invoice.number == number:
        return invoice
    MACHINE.check(invoice.state, InvoiceState.ISSUED)
    _check_numbered(number, issued_on)
    content_type = kind_of(content) if content is not None else None
    if invoice.reverses is None:
        await _check_first(tx, order)
    if await tx.value("SELECT true FROM invoices WHERE merchant_id = $1 AND number = $2", merchant_id, number):
        raise NumberTaken(number=number)
    amount = invoice.amount if invoice.reverses else order.kept
    await move(tx, invoice, InvoiceState.ISSUED, by, number=number, issued_on=issued_on, amount=amount)
    if invoice.reverses is not None:
        await tx.execute(
            "UPDATE invoices SET reversed = reversed + $3 WHERE merchant_id = $1 AND invoice_id = $2",
            merchant_id,
            invoice.reverses,
            amount,
        )
        await settle(tx, order, by)
    if content is not None and content_type is not None:
        await _file(tx, merchant_id, invoice_id, content_type, content)
    await events.publish(tx, InvoiceIssued(**_ids(order, invoice_id)))
    return invoice


def _check_numbered(number: str, issued_on: date) -> None:
    wrong: dict[str, str] = {}
    if not number or len(number) > NUMBER_CHARACTERS_MAX:
        wrong["number"] = N_("Please enter the number of the invoice.")
    if issued_on > days.today() + timedelta(days=DAYS_AHEAD_MAX):
        wrong["issued_on"] = N_("This day is yet to come.")
    if wrong:
        raise Invalid(wrong)


async def _check_first(tx: Tx, order: Order) -> None:
    """Nothing is invoiced beyond what was kept, and nothing twice."""
    if not order.kept:
        raise NotInvoiced()
    found = (await invoices_of_orders(tx, [(order.merchant_id, order.order_id)]))[order.order_id]
    if any(each.reverses is None and each.state is InvoiceState.OUTDATED for each in found):
        raise RedFirst()


async def attach(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, content: bytes) -> bool:
    """Hand in the file of an invoice that was issued without; what is there already stays. Returns whether it is new.
    Raises `NotFound` for what is not issued, `DocumentRefused`."""
    _, invoice = await _locked(tx, merchant_id, invoice_id)
    if not invoice.number:
        raise NotFound()
    if invoice.filed:
        return False
    await _file(tx, merchant_id, invoice_id, kind_of(content), content)
    return True


async def _file(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, content_type: str, content: bytes) -> None:
    await tx.execute(
        "INSERT INTO invoice_documents (merchant_id, invoice_id, content_type, content) VALUES ($1, $2, $3, $4)",
        merchant_id,
        invoice_id,
        content_type,
        content,
    )


async def set_terms(tx: Tx, merchant_id: MerchantId, terms: Terms) -> None:
    """What stands in every line that goes into the shop's tax software. Raises `Invalid`."""
    wrong = {
        name: N_("A classification code has 19 digits.")
        for name in ("goods_code", "freight_code")
        if (code := getattr(terms, name)) and not (len(code) == CODE_DIGITS and code.isascii() and code.isdigit())
    }
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        INSERT INTO invoice_terms (merchant_id, goods_code, freight_code) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE SET goods_code = excluded.goods_code, freight_code = excluded.freight_code
        """,
        merchant_id,
        terms.goods_code,
        terms.freight_code,
    )


async def refuse(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, reason: str, by: str) -> Invoice:
    """The shop does not issue it, and says why. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`,
    `Invalid`, `RedLetterDue`."""
    order, invoice = await _locked(tx, merchant_id, invoice_id)
    if invoice.reverses is not None:
        raise RedLetterDue()
    if invoice.state is InvoiceState.REFUSED:
        return invoice
    MACHINE.check(invoice.state, InvoiceState.REFUSED)
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise Invalid({"reason": N_("Please say why: the buyer reads it.")})
    await move(tx, invoice, InvoiceState.REFUSED, by, reason=reason.strip())
    await settle(tx, order, by)
    await events.publish(tx, InvoiceRefused(**_ids(order, invoice_id)))
    return invoice


async def _locked(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId) -> tuple[Order, Invoice]:
    found = await get(tx, merchant_id, invoice_id)
    if found is None:
        raise NotFound()
    order = await orders.lock_order(tx, merchant_id, found.order_id)
    invoice = await get(tx, merchant_id, invoice_id)
    assert invoice is not None
    return order, invoice


def _ids(order: Order, invoice_id: InvoiceId) -> dict[str, UUID]:
    return {
        "merchant_id": order.merchant_id,
        "invoice_id": invoice_id,
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
    }
