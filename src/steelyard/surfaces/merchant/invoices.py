"""Invoices that buyers asked for: the lists by state, and issuing or refusing one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import days
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money import payments
from steelyard.money.wallets import Purse
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done, errors_of
from steelyard.surfaces.web.documents import file_answer
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import invoices
from steelyard.trade.invoices.model import DocumentRefused, Invoice, InvoiceId, InvoiceState, Terms

TABS: dict[InvoiceState, str] = {
    InvoiceState.REQUESTED: N_("To issue"),
    InvoiceState.ISSUED: N_("Invoice issued"),
    InvoiceState.OUTDATED: N_("A red letter is due"),
    InvoiceState.REVERSED: N_("Reversed"),
    InvoiceState.REFUSED: N_("Refused"),
    InvoiceState.WITHDRAWN: N_("Withdrawn"),
}
COLUMNS = (
    N_("Order"), N_("Invoice title"), N_("Unified social credit code"), N_("Amount"), N_("Currency"), N_("State"),
    N_("Invoice number"), N_("Day of the invoice"), N_("Requested on"),
)  # fmt: skip


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Invoice]
    waiting: int
    terms: Terms


async def listed(read: Read, merchant_id: MerchantId, state: InvoiceState, cursor: str | None) -> Listed:
    return Listed(
        terms=await invoices.terms(read, merchant_id),
        page=await invoices.invoices_of_merchant(read, merchant_id, state, cursor, ROWS_PER_PAGE),
        waiting=await invoices.count_requested(read, merchant_id),
    )


async def everything(read: Read, merchant_id: MerchantId, state: InvoiceState) -> list[Invoice]:
    return await exports.everything(lambda cursor: invoices.invoices_of_merchant(read, merchant_id, state, cursor, 100))


@get("/invoices", opt={"permission": "invoices.manage"})
async def invoice_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """The invoices in a state, or the file of them."""
    state = InvoiceState(wanted) if wanted in set(InvoiceState) else InvoiceState.REQUESTED
    if exports.wanted(visit):
        return await _file(visit, state)
    return await show_list(visit, state, cursor)


async def show_list(
    visit: Visit,
    state: InvoiceState,
    cursor: str | None = None,
    problems: Sequence[tuple[str, str]] = (),
    errors: Mapping[str, str] | None = None,
    typed: Terms | None = None,
) -> Response[Any]:
    """The list, with what came of a table or of files."""
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, state, cursor)
    tabs = [
        {
            "label": visit.say(label),
            "href": address(frame.INVOICES, state=each),
            "current": each is state,
            "count": shown.waiting if each is InvoiceState.REQUESTED else 0,
        }
        for each, label in TABS.items()
    ]
    return await frame.show(
        visit,
        "invoices.html",
        frame.INVOICES,
        tabs=tabs,
        state=state,
        problems=problems,
        errors=errors or {},
        terms=typed or shown.terms,
        status=422 if problems or errors else 200,
        now=datetime.now(UTC),
        shown=shown,
        next_href=address(frame.INVOICES, state=state, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.INVOICES, state=state) if cursor else "",
    )


async def _file(visit: Visit, state: InvoiceState) -> Response[Any]:
    found = await visit.merchant_db.ask(everything, visit.merchant_id, state)
    rows = [
        (
            each.order_code, each.name, each.tax_number,
            Money(-each.amount if each.reverses else each.amount, each.currency), each.currency,
            visit.say(TABS[each.state]), each.number, each.issued_on, each.requested_at,
        )
        for each in found
    ]  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Invoices")), [visit.say(column) for column in COLUMNS], rows)


class One(msgspec.Struct, frozen=True, kw_only=True):
    """`by_balance` of its amount was paid with a balance, which gift cards fill."""

    invoice: Invoice
    by_balance: int


async def one(read: Read, merchant_id: MerchantId, invoice_id: InvoiceId) -> One:
    found = await invoices.get(read, merchant_id, invoice_id)
    if found is None:
        raise NotFound()
    splits = await payments.splits_of_order(read, merchant_id, found.order_id)
    left = [each.captured - each.refunding - each.refunded for each in splits if each.channel == Purse.BALANCE]
    return One(invoice=found, by_balance=sum(left))


@get("/invoices/{invoice_id:uuid}", opt={"permission": "invoices.manage"})
async def invoice_page(visit: NamedDependency[Visit], invoice_id: FromPath[UUID]) -> Response[Any]:
    """What is to be written, and the form to hand it in."""
    return await _page(visit, InvoiceId(invoice_id), {}, {})


async def _page(
    visit: Visit, invoice_id: InvoiceId, errors: dict[str, str], typed: dict[str, str], status: int = 200
) -> Response[Any]:
    known = await visit.merchant_db.ask(one, visit.merchant_id, invoice_id)
    found = known.invoice
    return await frame.show(
        visit,
        "invoice.html",
        frame.INVOICES,
        crumbs=[(visit.say(N_("Invoices")), frame.INVOICES), (found.order_code, None)],
        status=status,
        invoice=found,
        by_balance=known.by_balance,
        label=visit.say(TABS[found.state]),
        errors=errors,
        typed=typed,
        today=days.today().isoformat(),
    )


async def issue(
    tx: Tx,
    actor: Actor,
    merchant_id: MerchantId,
    invoice_id: InvoiceId,
    number: str,
    day: date,
    content: bytes | None,
    by: str,
) -> None:
    before = await invoices.issue(tx, merchant_id, invoice_id, number, day, content, by)
    facts = {"before": {"state": before.state}, "after": {"state": InvoiceState.ISSUED, "number": number}}
    await access.audit(tx, actor, "invoices.issue", before.order_code, facts)


@post("/invoices/{invoice_id:uuid}/issue", opt={"permission": "invoices.manage"})
async def issue_invoice(
    visit: NamedDependency[Visit], request: WebRequest, invoice_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Hand in number, day and file."""
    form = await entries_of(request)
    number, typed_day = form.text("number", required=True, most=40), form.text("issued_on", required=True)
    day = day_of(typed_day)
    if day is None:
        form.refuse("issued_on", N_("Please enter a day."))
    files = form.files("document")
    typed = {"number": number, "issued_on": typed_day}
    if form.errors or day is None:
        return await _page(visit, InvoiceId(invoice_id), errors_of(visit, form.errors), typed, 422)
    content = await files[0].read() if files else None
    try:
        await visit.merchant_db.transact(
            issue, visit.actor, visit.merchant_id, InvoiceId(invoice_id), number, day, content, visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        field = "document" if isinstance(refusal, DocumentRefused) else "number"
        wrong = fields_of(refusal, visit.locale) or {field: sentence_of(refusal, visit.locale)}
        return await _page(visit, InvoiceId(invoice_id), wrong, typed, 422)
    return redirect(visit, frame.INVOICES, (visit.say(N_("The invoice is issued; the buyer can download it.")), "good"))


async def refuse(tx: Tx, actor: Actor, merchant_id: MerchantId, invoice_id: InvoiceId, reason: str, by: str) -> None:
    before = await invoices.refuse(tx, merchant_id, invoice_id, reason, by)
    facts = {"before": {"state": before.state}, "after": {"state": InvoiceState.REFUSED, "reason": reason}}
    await access.audit(tx, actor, "invoices.refuse", before.order_code, facts)


@post("/invoices/{invoice_id:uuid}/refuse", opt={"permission": "invoices.manage"})
async def refuse_invoice(visit: NamedDependency[Visit], request: WebRequest, invoice_id: FromPath[UUID]) -> Redirect:
    """Do not write it, and say why."""
    form = await entries_of(request)
    reason = form.text("reason", most=300)
    return await done(
        visit,
        f"{frame.INVOICES}/{invoice_id}",
        N_("The buyer is told why there is no invoice."),
        lambda: visit.merchant_db.transact(
            refuse, visit.actor, visit.merchant_id, InvoiceId(invoice_id), reason, visit.by
        ),
    )


@get("/invoices/{invoice_id:uuid}/file", opt={"permission": "invoices.manage"})
async def invoice_file(visit: NamedDependency[Visit], invoice_id: FromPath[UUID]) -> Response[bytes]:
    """The file that was handed in."""
    found = await visit.merchant_db.ask(invoices.document, visit.merchant_id, InvoiceId(invoice_id))
    if found is None:
        raise NotFound()
    return file_answer(found.content, found.content_type, f"invoice-{invoice_id}.{found.ending}")


HANDLERS = [invoice_list, invoice_page, issue_invoice, refuse_invoice, invoice_file]
