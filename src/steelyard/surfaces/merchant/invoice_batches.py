"""Many invoices at once: the workbook for the tax software, the numbers that come back, their files, and the shop's codes."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.invoices import everything, issue, show_list
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.documents import file_answer
from steelyard.surfaces.web.entries import as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import invoices, orders
from steelyard.trade.invoices.model import FILES_AT_ONCE_MAX, InvoiceId, InvoiceState, Terms

NEEDS = {"permission": "invoices.manage"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLE_BYTES_MAX = 4 * 1024 * 1024


async def to_issue(read: Read, merchant_id: MerchantId) -> bytes:
    waiting = await everything(read, merchant_id, InvoiceState.REQUESTED)
    order_ids = sorted({each.order_id for each in waiting})
    known = {each.order_id: each for each in await orders.orders_named(read, merchant_id, order_ids)}
    lines = await orders.lines_of(read, order_ids)
    return invoices.workbook(waiting, known, lines, await invoices.terms(read, merchant_id))


@get("/invoices/to-issue.xlsx", opt=NEEDS)
async def workbook(visit: NamedDependency[Visit]) -> Response[bytes]:
    """What is to be issued, for the tax software."""
    return file_answer(await visit.merchant_db.ask(to_issue, visit.merchant_id), XLSX, "invoices-to-issue.xlsx")


@post("/invoices/numbers", opt=NEEDS)
async def read_numbers(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Mark as issued what the tax software gave a number; each line by itself, and what is wrong with the others."""
    form = await entries_of(request)
    files = form.files("numbers")
    content = await files[0].read() if files else b""
    if not content or len(content) > TABLE_BYTES_MAX:
        return await show_list(
            visit, InvoiceState.REQUESTED, problems=[("–", visit.say(N_("Please choose a file of at most 4 MB.")))]
        )
    waiting = await visit.merchant_db.ask(everything, visit.merchant_id, InvoiceState.REQUESTED)
    problems: list[tuple[str, str]] = []
    done = 0
    # A red letter makes room for the invoice that follows it: whatever the order of the lines, it goes first.
    red = {each.invoice_id for each in waiting if each.reverses}
    for row in sorted(invoices.read_numbers(content, waiting), key=lambda row: row.invoice_id not in red):
        where = str(row.line)
        if row.wrong or row.invoice_id is None or row.day is None:
            problems.append((where, visit.say(row.wrong)))
            continue
        try:
            await visit.merchant_db.transact(
                issue, visit.actor, visit.merchant_id, row.invoice_id, row.number, row.day, None, visit.by
            )
            done += 1
        except Invalid as refusal:
            problems.append((where, " ".join(errors_of(visit, refusal.fields).values())))
        except Refusal as refusal:
            problems.append((where, sentence_of(refusal, visit.locale)))
    if problems:
        said = visit.say(N_("{count} invoices are issued; these lines were left out:"), count=done)
        return await show_list(visit, InvoiceState.REQUESTED, problems=[("", said), *problems])
    said = visit.say(N_("{count} invoices are issued. Their files can follow."), count=done)
    return redirect(visit, frame.INVOICES, (said, "good"))


async def attach(
    tx: Tx, actor: Actor, merchant_id: MerchantId, invoice_id: InvoiceId, name: str, content: bytes
) -> bool:
    fresh = await invoices.attach(tx, merchant_id, invoice_id, content)
    if fresh:
        await access.audit(tx, actor, "invoices.file", str(invoice_id), {"file": name})
    return fresh


@post("/invoices/files", opt=NEEDS)
async def hand_in(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Hand in the file of one invoice (`invoice_id`), or many that have their numbers in their names."""
    form = await entries_of(request)
    files = form.files("documents")
    one: UUID | None = as_uuid(form.text("invoice_id"))
    if not files or len(files) > FILES_AT_ONCE_MAX:
        said = visit.say(N_("Please choose one to fifty files."))
        return await show_list(visit, InvoiceState.REQUESTED, problems=[("–", said)])
    meant = invoices.numbers_in([file.filename for file in files])
    numbers = sorted({number for each in meant.values() for number in each})
    known = await visit.merchant_db.ask(invoices.numbered, visit.merchant_id, numbers)
    problems: list[tuple[str, str]] = []
    done = 0
    for file in files:
        found = next((known[number] for number in meant[file.filename] if number in known), None)
        invoice_id = InvoiceId(one) if one and len(files) == 1 else found
        if invoice_id is None:
            problems.append((file.filename, visit.say(N_("No issued invoice without a file has this number."))))
            continue
        content = await file.read()
        try:
            done += await visit.merchant_db.transact(
                attach, visit.actor, visit.merchant_id, invoice_id, file.filename, content
            )
        except Refusal as refusal:
            problems.append((file.filename, sentence_of(refusal, visit.locale)))
    if problems:
        said = visit.say(N_("{count} files are handed in; these were left out:"), count=done)
        return await show_list(visit, InvoiceState.REQUESTED, problems=[("", said), *problems])
    said = visit.say(N_("{count} files are handed in; buyers can download them."), count=done)
    return redirect(visit, f"{frame.INVOICES}?state=issued", (said, "good"))


async def set_terms(tx: Tx, actor: Actor, merchant_id: MerchantId, terms: Terms) -> None:
    await invoices.set_terms(tx, merchant_id, terms)
    await access.audit(tx, actor, "invoices.terms", "", msgspec.to_builtins(terms))


@post("/invoices/terms", opt=NEEDS)
async def save_terms(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The classification codes that stand in every line."""
    form = await entries_of(request)
    terms = Terms(goods_code=form.text("goods_code", most=40), freight_code=form.text("freight_code", most=40))
    try:
        await visit.merchant_db.transact(set_terms, visit.actor, visit.merchant_id, terms)
    except Invalid as refusal:
        wrong = errors_of(visit, refusal.fields)
        told = [("", each) for each in wrong.values()]
        return await show_list(visit, InvoiceState.REQUESTED, problems=told, errors=wrong, typed=terms)
    return redirect(visit, frame.INVOICES, (visit.say(SAVED), "good"))


HANDLERS = [workbook, read_numbers, hand_in, save_terms]
