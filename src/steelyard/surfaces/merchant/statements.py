"""What the shop is paid: statements, each entry traced to its order."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, settlement_words, statement_papers
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.settlement_words import STATEMENTS
from steelyard.surfaces.web.tracing import Trace, trace
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement import Entry, Statement, Step, Waiting

NEEDS = {"permission": "statements.read"}
ENTRIES_PER_PAGE = 100
PRINTED_MAX = 2_000


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Statement]
    waiting: list[Waiting]
    entries: list[Entry]
    codes: dict[OrderId, str]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` are those of the orders that the entries come from."""

    statement: Statement
    steps: list[Step]
    entries: Page[Entry]
    codes: dict[OrderId, str]
    checks: list[settlement.Check]
    kinds: list[tuple[settlement.EntryKind, int, int]]
    disputed: dict[UUID, settlement.Dispute]
    fees: list[settlement.FeeSum]


async def listed(read: Read, merchant_id: MerchantId, cursor: str | None) -> Listed:
    entries = (await settlement.entries(read, merchant_id, None, limit=ROWS_PER_PAGE)).items
    return Listed(
        page=await settlement.statements_page(read, merchant_id=merchant_id, cursor=cursor, limit=ROWS_PER_PAGE),
        waiting=await settlement.waiting(read, merchant_id),
        entries=entries,
        codes=await codes_of(read, merchant_id, entries),
    )


async def whole(read: Read, merchant_id: MerchantId, statement_id: UUID, cursor: str | None) -> Whole:
    """Raises `NotFound`: another merchant's statement is not there."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    if statement is None:
        raise NotFound()
    entries = await settlement.entries(read, merchant_id, statement_id, cursor, ENTRIES_PER_PAGE)
    return Whole(
        statement=statement,
        steps=await settlement.timeline(read, merchant_id, statement_id),
        entries=entries,
        codes=await codes_of(read, merchant_id, entries.items),
        checks=await settlement.checks_of(read, merchant_id, statement_id),
        kinds=await settlement.by_kind(read, merchant_id, statement_id),
        disputed={each.entry_id: each for each in await settlement.disputes_of(read, merchant_id, statement_id)},
        fees=await settlement.fees_of_statement(read, merchant_id, statement_id),
    )


async def codes_of(read: Read, merchant_id: MerchantId, entries: list[Entry]) -> dict[OrderId, str]:
    """The codes of the orders that these entries come from."""
    wanted = {OrderId(entry.order_id) for entry in entries if entry.order_id}
    return await orders.codes_of(read, merchant_id, sorted(wanted))


@get("/statements", opt=NEEDS)
async def statement_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Every statement, and what waits for the next; or the file of all."""
    if exports.wanted(visit):
        return await _file(visit)
    found = await visit.merchant_db.ask(listed, visit.merchant_id, cursor)
    return await frame.show(
        visit,
        "statements.html",
        frame.STATEMENTS,
        found=found,
        next_href=address(frame.STATEMENTS, cursor=found.page.next) if found.page.next else "",
        start_href=frame.STATEMENTS if cursor else "",
    )


async def everything(read: Read, merchant_id: MerchantId) -> list[Statement]:
    return await exports.everything(
        lambda cursor: settlement.statements_page(read, merchant_id=merchant_id, cursor=cursor, limit=100)
    )


async def _file(visit: Visit) -> Response[Any]:
    found = await visit.merchant_db.ask(everything, visit.merchant_id)
    columns = (
        N_("Statement"), N_("Day"), N_("State"), N_("Currency"), N_("Sales"), N_("Commission"), N_("Refunds"),
        N_("Commission returned"), N_("Paid by the platform"), N_("Taken back by the platform"), N_("Adjustments"),
        N_("Payout"), N_("Bank reference"),
    )  # fmt: skip
    rows = (
        (
            each.code, each.day, visit.say(STATEMENTS[each.state]), each.currency,
            *(Money(amount, each.currency) for amount in (
                each.sales, -each.commission, -each.refunds, each.commission_returned, each.subsidy,
                -each.subsidy_returned, each.adjustments, each.payout)),
            each.bank_reference,
        )
        for each in found
    )  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Statements")), [visit.say(column) for column in columns], rows)


@get("/statements/{statement_id:uuid}", opt=NEEDS)
async def statement_page(
    visit: NamedDependency[Visit], statement_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, statement_id, cursor)
    here = f"{frame.STATEMENTS}/{statement_id}"
    return await frame.show(
        visit,
        "statement.html",
        frame.STATEMENTS,
        crumbs=[(visit.say(N_("Statements")), frame.STATEMENTS), (found.statement.code, None)],
        found=found,
        statement=found.statement,
        words=settlement_words,
        here=here,
        next_href=address(here, cursor=found.entries.next) if found.entries.next else "",
        start_href=here if cursor else "",
    )


async def on_paper(read: Read, merchant_id: MerchantId, statement_id: UUID) -> tuple[Whole, list[Entry], Merchant]:
    """A statement with all of its entries, up to `PRINTED_MAX`. Raises `NotFound`."""
    found = await whole(read, merchant_id, statement_id, None)
    entries = await exports.everything(
        lambda cursor: settlement.entries(read, merchant_id, statement_id, cursor, ENTRIES_PER_PAGE), PRINTED_MAX
    )
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return msgspec.structs.replace(found, codes=await codes_of(read, merchant_id, entries)), entries, merchant


@get("/statements/{statement_id:uuid}/print", opt=NEEDS)
async def statement_print(visit: NamedDependency[Visit], statement_id: FromPath[UUID]) -> Response[Any]:
    """The statement for the files: on paper, or as a PDF by the browser."""
    found, entries, merchant = await visit.merchant_db.ask(on_paper, visit.merchant_id, statement_id)
    return await frame.show(
        visit,
        "statement_print.html",
        frame.STATEMENTS,
        back=f"{frame.STATEMENTS}/{statement_id}",
        statement=found.statement,
        fees=found.fees,
        entries=entries,
        codes=found.codes,
        merchant=merchant,
    )


async def check(
    tx: Tx, actor: Actor, merchant_id: MerchantId, statement: Statement, agreed: bool, words: str, by: str
) -> None:
    await settlement.check_statement(tx, merchant_id, statement.statement_id, agreed=agreed, words=words, by=by)
    await access.audit(tx, actor, "statements.check", statement.code, {"agreed": agreed, "words": words})


@post("/statements/{statement_id:uuid}/check", opt=NEEDS)
async def check_statement(visit: NamedDependency[Visit], request: WebRequest, statement_id: FromPath[UUID]) -> Redirect:
    """Agree with a statement, or say what is wrong with it."""
    form = await entries_of(request)
    statement = await visit.merchant_db.ask(settlement.statement, visit.merchant_id, statement_id)
    if statement is None:
        raise NotFound()
    agreed, words = form.text("verdict") == "agreed", form.text("words")
    return await done(
        visit,
        f"{frame.STATEMENTS}/{statement_id}",
        N_("The statement is checked.") if agreed else N_("Your objection is kept with the statement."),
        lambda: visit.merchant_db.transact(check, visit.actor, visit.merchant_id, statement, agreed, words, visit.by),
    )


async def csv_of(read: Read, merchant_id: MerchantId, statement_id: UUID) -> tuple[str, str]:
    """(code, the entries as CSV). Raises `NotFound`."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    if statement is None:
        raise NotFound()
    return statement.code, await settlement.statement_csv(read, merchant_id, statement_id)


@get("/statements/{statement_id:uuid}/entries.csv", opt=NEEDS)
async def statement_entries(visit: NamedDependency[Visit], statement_id: FromPath[UUID]) -> Response[str]:
    """The statement's entries for a spreadsheet."""
    code, text = await visit.merchant_db.ask(csv_of, visit.merchant_id, statement_id)
    return Response(
        text,
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{code}.csv"', "cache-control": "no-store"},
    )


@get("/statements/{statement_id:uuid}/statement.pdf", opt=NEEDS)
async def statement_file(visit: NamedDependency[Visit], statement_id: FromPath[UUID]) -> Response[bytes]:
    """The statement as PDF, for the files."""
    found = await visit.merchant_db.ask(statement_papers.found, visit.merchant_id, statement_id)
    return await statement_papers.as_pdf(found, visit.locale)


@get("/statements/{statement_id:uuid}/entries/{line_id:uuid}", opt=NEEDS)
async def entry_page(
    visit: NamedDependency[Visit], statement_id: FromPath[UUID], line_id: FromPath[UUID]
) -> Response[Any]:
    """Where an amount comes from, and the form to dispute it."""
    return await _entry(visit, await visit.merchant_db.ask(trace, visit.merchant_id, statement_id, line_id))


async def _entry(
    visit: Visit, found: Trace, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    back = f"{frame.STATEMENTS}/{found.statement.statement_id}"
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "statement_entry.html",
        frame.STATEMENTS,
        crumbs=[
            (visit.say(N_("Statements")), frame.STATEMENTS),
            (found.statement.code, back),
            (visit.say(N_("One amount")), None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        entry=found.entry,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        dispute_id=(form.text("dispute_id") if form else "") or ids.mint(),
        here=f"{back}/entries/{found.entry.entry_id}",
    )


async def _dispute(
    tx: Tx, actor: Actor, merchant_id: MerchantId, dispute_id: UUID, entry_id: UUID, words: str, by: str
) -> None:
    await settlement.dispute(tx, merchant_id, dispute_id, entry_id, words, by)
    await access.audit(tx, actor, "statements.dispute", str(entry_id), {"words": words})


@post("/statements/{statement_id:uuid}/entries/{line_id:uuid}", opt=NEEDS)
async def dispute_entry(
    visit: NamedDependency[Visit], request: WebRequest, statement_id: FromPath[UUID], line_id: FromPath[UUID]
) -> Redirect | Response[Any]:
    """Say what is wrong with an amount. A second click says nothing more."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(trace, visit.merchant_id, statement_id, line_id)
    dispute_id = form.uuid("dispute_id")
    try:
        await visit.merchant_db.transact(
            _dispute, visit.actor, visit.merchant_id, dispute_id, line_id, form.text("words"), visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _entry(visit, found, form, refusal)
    here = f"{frame.STATEMENTS}/{statement_id}/entries/{line_id}"
    return redirect(visit, here, (visit.say(N_("The marketplace will answer.")), "good"))


HANDLERS = [
    statement_list,
    statement_page,
    check_statement,
    statement_entries,
    statement_print,
    statement_file,
    entry_page,
    dispute_entry,
]
