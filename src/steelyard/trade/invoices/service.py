"""Commands on invoices: ask, withdraw, issue, refuse; and what a refund makes of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.invoices.events import InvoiceIssued, InvoiceRefused, InvoiceRequested
from steelyard.trade.invoices.kept_titles import check
from steelyard.trade.invoices.model import (
    INVOICED_STATES,
    MACHINE,
    NUMBER_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    Invoice,
    InvoicedAlready,
    InvoiceId,
    InvoiceState,
    NotInvoiced,
    Title,
    kind_of,
)
from steelyard.trade.invoices.queries import get
from steelyard.trade.orders.model import Order, OrderId

# A day in the calendar of the buyer may already be tomorrow here.
DAYS_AHEAD_MAX = 1


async def request(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, invoice_id: InvoiceId, title: Title, by: str
) -> None:
    """Ask the shop for an invoice for what was paid and not given back. Said twice with the same id, nothing changes.

    Raises `NotFound`, `NotInvoiced` before payment and when nothing is left of it, `InvoicedAlready`, `Invalid`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    check(title)
    if await get(tx, merchant_id, invoice_id) is not None:
        return
    if order.state not in INVOICED_STATES or not order.kept:
        raise NotInvoiced()
    claimed = await tx.value(
        """
        INSERT INTO invoices (merchant_id, invoice_id, order_id, buyer_id, state, company, name, tax_number, amount, currency)
        VALUES ($1, $2, $3, $4, 'requested', $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        merchant_id,
        invoice_id,
        order_id,
        order.buyer_id,
        title.company,
        title.name.strip(),
        title.tax_number if title.company else "",
        order.kept,
        order.currency,
    )
    if not claimed:
        raise InvoicedAlready()
    await _note(tx, merchant_id, invoice_id, "nowhere", InvoiceState.REQUESTED, by)
    await events.publish(tx, InvoiceRequested(**_ids(order, invoice_id)))


async def withdraw(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, by: str) -> None:
    """The buyer does not need it any more. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    _, invoice = await _locked(tx, merchant_id, invoice_id)
    if invoice.state is not InvoiceState.WITHDRAWN:
        await _move(tx, invoice, InvoiceState.WITHDRAWN, by)


async def issue(
    tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, number: str, issued_on: date, content: bytes, by: str
) -> Invoice:
    """The shop has written it: its number, its day, its file. Said twice, nothing changes; returns it as it was.

    Raises `NotFound`, `TransitionRefused`, `DocumentRefused`, `Invalid`, `NotInvoiced` when all was refunded meanwhile.
    """
    order, invoice = await _locked(tx, merchant_id, invoice_id)
    if invoice.state is InvoiceState.ISSUED and invoice.number == number.strip():
        return invoice
    MACHINE.check(invoice.state, InvoiceState.ISSUED)
    wrong: dict[str, str] = {}
    if not number.strip() or len(number) > NUMBER_CHARACTERS_MAX:
        wrong["number"] = N_("Please enter the number of the invoice.")
    if issued_on > datetime.now(UTC).date() + timedelta(days=DAYS_AHEAD_MAX):
        wrong["issued_on"] = N_("This day is yet to come.")
    if wrong:
        raise Invalid(wrong)
    content_type = kind_of(content)
    if not order.kept:
        raise NotInvoiced()
    await _move(tx, invoice, InvoiceState.ISSUED, by, number=number.strip(), issued_on=issued_on, amount=order.kept)
    await tx.execute(
        "INSERT INTO invoice_documents (merchant_id, invoice_id, content_type, content) VALUES ($1, $2, $3, $4)",
        merchant_id,
        invoice_id,
        content_type,
        content,
    )
    await events.publish(tx, InvoiceIssued(**_ids(order, invoice_id)))
    return invoice


async def refuse(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, reason: str, by: str) -> Invoice:
    """The shop does not issue it, and says why. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`,
    `Invalid`."""
    order, invoice = await _locked(tx, merchant_id, invoice_id)
    if invoice.state is InvoiceState.REFUSED:
        return invoice
    MACHINE.check(invoice.state, InvoiceState.REFUSED)
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise Invalid({"reason": N_("Please say why: the buyer reads it.")})
    await _move(tx, invoice, InvoiceState.REFUSED, by, reason=reason.strip())
    await events.publish(tx, InvoiceRefused(**_ids(order, invoice_id)))
    return invoice


async def outdate(tx: Tx, refs: Sequence[tuple[MerchantId, OrderId]]) -> None:
    """Money of these orders was given back: what was issued no longer says the truth, what is asked for is for less, or
    for nothing any more. Said twice, nothing changes."""
    for before, following in (
        (InvoiceState.ISSUED, InvoiceState.OUTDATED),
        (InvoiceState.REQUESTED, InvoiceState.WITHDRAWN),
    ):
        await tx.execute(
            """
            WITH moved AS (
                UPDATE invoices i SET state = $4, answered_at = coalesce(i.answered_at, now())
                FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
                JOIN orders o USING (merchant_id, order_id)
                WHERE i.merchant_id = w.merchant_id AND i.order_id = w.order_id AND i.state = $3
                  AND ($3 = 'issued' AND i.amount > o.total - o.refunded OR o.total = o.refunded)
                RETURNING i.merchant_id, i.invoice_id
            )
            INSERT INTO invoice_history (merchant_id, invoice_id, step, from_state, to_state, by)
            SELECT m.merchant_id, m.invoice_id
                 , (SELECT max(h.step) + 1 FROM invoice_history h
                    WHERE h.merchant_id = m.merchant_id AND h.invoice_id = m.invoice_id)
                 , $3, $4, 'system'
            FROM moved m
            """,
            [merchant_id for merchant_id, _ in refs],
            [order_id for _, order_id in refs],
            before,
            following,
        )
    await tx.execute(
        """
        UPDATE invoices i SET amount = o.total - o.refunded
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id) JOIN orders o USING (merchant_id, order_id)
        WHERE i.merchant_id = w.merchant_id AND i.order_id = w.order_id AND i.state = 'requested'
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )


async def _locked(tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId) -> tuple[Order, Invoice]:
    found = await get(tx, merchant_id, invoice_id)
    if found is None:
        raise NotFound()
    order = await orders.lock_order(tx, merchant_id, found.order_id)
    invoice = await get(tx, merchant_id, invoice_id)
    assert invoice is not None
    return order, invoice


async def _move(
    tx: Tx,
    invoice: Invoice,
    following: InvoiceState,
    by: str,
    *,
    number: str = "",
    issued_on: date | None = None,
    reason: str = "",
    amount: int | None = None,
) -> None:
    MACHINE.check(invoice.state, following)
    await tx.execute(
        """
        UPDATE invoices SET state = $3, number = $4, issued_on = $5, reason = $6, answered_at = now()
             , amount = coalesce($7, amount)
        WHERE merchant_id = $1 AND invoice_id = $2
        """,
        invoice.merchant_id,
        invoice.invoice_id,
        following,
        number,
        issued_on,
        reason,
        amount,
    )
    await _note(tx, invoice.merchant_id, invoice.invoice_id, invoice.state, following, by)


async def _note(
    tx: Tx, merchant_id: MerchantId, invoice_id: InvoiceId, before: str, following: InvoiceState, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO invoice_history (merchant_id, invoice_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM invoice_history WHERE merchant_id = $1 AND invoice_id = $2
        """,
        merchant_id,
        invoice_id,
        before,
        following,
        by,
    )


def _ids(order: Order, invoice_id: InvoiceId) -> dict[str, UUID]:
    return {
        "merchant_id": order.merchant_id,
        "invoice_id": invoice_id,
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
    }
