"""Bank files: payouts are chosen, approved by a second person, fetched as a file, and answered payment by payment."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import currencies
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.settlement_tabs import FILES, tabs
from steelyard.surfaces.web import exports, settlement_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement
from steelyard.trade.settlement import Batch, Payer, PayerAccount, PayoutOrder, ToBatch, settlement_day

NEEDS = {"permission": "settlement.run"}
KINDS = {
    "pain001": (N_("ISO 20022 (pain.001)"), "xml", "application/xml"),
    "gb18030": (N_("Internet banking form (GB18030)"), "csv", "text/csv; charset=gb18030"),
    "utf8": (N_("Internet banking form (UTF-8)"), "csv", "text/csv; charset=utf-8"),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting`: how many payouts of each currency can go into a file."""

    page: Page[Batch]
    payers: list[PayerAccount]
    waiting: dict[str, int]
    currencies: list[str]


async def listed(read: Read, cursor: str | None) -> Listed:
    return Listed(
        page=await settlement.batches(read, cursor, ROWS_PER_PAGE),
        payers=await settlement.payer_accounts(read),
        waiting=await settlement.waiting_for_file(read),
        currencies=[each.currency for each in await currencies.all(read)],
    )


@get("/settlement/files", opt=NEEDS)
async def file_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """All batches, and the accounts that they pay from."""
    return await _list(visit, cursor)


async def _list(
    visit: Visit, cursor: str | None, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    found = await visit.db.ask(listed, cursor)
    return await frame.show(
        visit,
        "payout_files.html",
        frame.SETTLEMENT,
        status=refusal.status if refusal else 200,
        found=found,
        sections=tabs(visit, FILES),
        words=settlement_words,
        form=form or Entries({}, {}),
        errors=fields_of(refusal, visit.locale) if refusal else {},
        next_href=address(FILES, cursor=found.page.next) if found.page.next else "",
        start_href=FILES if cursor else "",
    )


async def _set_payer(tx: Tx, actor: Actor, currency: str, payer: Payer) -> None:
    await settlement.set_payer(tx, currency, payer)
    await access.audit(tx, actor, "settlement.payer", currency, msgspec.to_builtins(payer))


@post("/settlement/files/account", opt=NEEDS)
async def set_account(visit: NamedDependency[Visit], request: WebRequest) -> Redirect | Response[Any]:
    """The account that files of a currency pay from."""
    form = await entries_of(request)
    currency = form.text("currency").upper()
    payer = Payer(
        holder=form.text("holder"), bank=form.text("bank"), account=form.text("account"), bic=form.text("bic")
    )
    if currency not in {each.currency for each in await visit.db.ask(currencies.all)}:
        form.refuse("currency", N_("Please choose a currency of the house."))
    try:
        form.check()
        await visit.db.transact(_set_payer, visit.actor, currency, payer)
    except Refusal as refusal:
        return await _list(visit, None, form, refusal)
    return redirect(visit, FILES, (visit.say(SAVED), "good"))


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    statements: list[ToBatch]
    shops: dict[MerchantId, ShopCard]
    payer: PayerAccount | None


async def choice(read: Read, currency: str) -> Choice:
    statements = await settlement.to_batch(read, currency)
    payers = {each.currency: each for each in await settlement.payer_accounts(read)}
    shops = await merchants.cards(read, {each.merchant_id for each in statements})
    return Choice(statements=statements, shops=shops, payer=payers.get(currency))


@get("/settlement/files/new", opt=NEEDS)
async def new_file(visit: NamedDependency[Visit], currency: FromQuery[str] = "CNY") -> Response[Any]:
    """The payouts that can go into a file, to be ticked."""
    return await _new(visit, currency)


async def _new(
    visit: Visit, currency: str, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    found = await visit.db.ask(choice, currency)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "payout_file_new.html",
        frame.SETTLEMENT,
        crumbs=[
            (visit.say(N_("Settlement")), frame.SETTLEMENT),
            (visit.say(N_("Bank files")), FILES),
            (visit.say(N_("New bank file")), None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        currency=currency,
        today=settlement_day(datetime.now(UTC)),
        chosen=set(form.all("statement")) if form else {str(s.statement_id) for s in found.statements if s.complete},
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        batch_id=(form.text("batch_id") if form else "") or ids.mint(),
        base=FILES,
    )


async def _make(
    tx: Tx, actor: Actor, batch_id: UUID, currency: str, pay_on: date, chosen: list[UUID], by: str
) -> Batch:
    batch = await settlement.make_batch(tx, batch_id, currency, pay_on, chosen, by)
    facts = {"payments": batch.payments, "amount": batch.total, "currency": currency}
    await access.audit(tx, actor, "settlement.make_file", batch.code, facts)
    return batch


@post("/settlement/files", opt=NEEDS)
async def make_file(visit: NamedDependency[Visit], request: WebRequest) -> Redirect | Response[Any]:
    """Put the ticked payouts into a batch; a second click finds it made."""
    form = await entries_of(request)
    currency, pay_on = form.text("currency"), day_of(form.text("pay_on"))
    batch_id, chosen = form.uuid("batch_id"), form.uuids("statement")
    if pay_on is None:
        form.refuse("pay_on", N_("Please enter a day."))
    try:
        form.check()
        assert pay_on is not None
        await visit.db.transact(_make, visit.actor, batch_id, currency, pay_on, chosen, visit.by)
    except Refusal as refusal:
        return await _new(visit, currency, form, refusal)
    return redirect(visit, f"{FILES}/{batch_id}", (visit.say(N_("Somebody else approves it now.")), "good"))


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    batch: Batch
    orders: list[PayoutOrder]
    shops: dict[MerchantId, ShopCard]


async def whole(read: Read, batch_id: UUID) -> Whole:
    """Raises `NotFound`."""
    batch = await settlement.batch(read, batch_id)
    orders = await settlement.orders_of_batch(read, batch_id)
    return Whole(batch=batch, orders=orders, shops=await merchants.cards(read, {each.merchant_id for each in orders}))


@get("/settlement/files/{batch_id:uuid}", opt=NEEDS)
async def file_page(visit: NamedDependency[Visit], batch_id: FromPath[UUID]) -> Response[Any]:
    """A batch: where it stands, and what became of each payment."""
    return await _page(visit, batch_id)


async def _page(visit: Visit, batch_id: UUID, refusal: Refusal | None = None) -> Response[Any]:
    found = await visit.db.ask(whole, batch_id)
    return await frame.show(
        visit,
        "payout_file.html",
        frame.SETTLEMENT,
        crumbs=[
            (visit.say(N_("Settlement")), frame.SETTLEMENT),
            (visit.say(N_("Bank files")), FILES),
            (found.batch.code, None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        batch=found.batch,
        own=found.batch.made_by == visit.by,
        kinds=KINDS,
        words=settlement_words,
        errors=fields_of(refusal, visit.locale) if refusal else {},
        base=f"{FILES}/{batch_id}",
    )


async def _step(tx: Tx, actor: Actor, batch_id: UUID, step: str, by: str) -> None:
    command = {
        "approve": settlement.approve_batch,
        "drop": settlement.drop_batch,
        "sent": settlement.mark_sent,
    }[step]
    await command(tx, batch_id, by)
    await access.audit(tx, actor, f"settlement.{step}_file", (await settlement.batch(tx, batch_id)).code)


async def _stepped(visit: Visit, batch_id: UUID, step: str, message: str) -> Redirect:
    return await done(
        visit,
        f"{FILES}/{batch_id}",
        message,
        lambda: visit.db.transact(_step, visit.actor, batch_id, step, visit.by),
    )


@post("/settlement/files/{batch_id:uuid}/approve", opt=NEEDS)
async def approve(visit: NamedDependency[Visit], batch_id: FromPath[UUID]) -> Redirect:
    """Another than who made it has looked at it."""
    return await _stepped(visit, batch_id, "approve", N_("Approved. The file can be fetched."))


@post("/settlement/files/{batch_id:uuid}/drop", opt=NEEDS)
async def drop(visit: NamedDependency[Visit], batch_id: FromPath[UUID]) -> Redirect:
    """Take it back before anybody has fetched its file."""
    return await _stepped(visit, batch_id, "drop", N_("Taken back; its payouts can go into another file."))


@post("/settlement/files/{batch_id:uuid}/sent", opt=NEEDS)
async def sent(visit: NamedDependency[Visit], batch_id: FromPath[UUID]) -> Redirect:
    return await _stepped(visit, batch_id, "sent", N_("Marked as sent to the bank."))


async def _fetch(tx: Tx, actor: Actor, batch_id: UUID, kind: str, by: str) -> tuple[Batch, list[PayoutOrder]]:
    answer = await settlement.fetch_batch(tx, batch_id, by)
    await access.audit(tx, actor, "settlement.fetch_file", answer[0].code, {"kind": kind})
    return answer


@post("/settlement/files/{batch_id:uuid}/fetch", opt=NEEDS)
async def fetch(
    visit: NamedDependency[Visit], request: WebRequest, batch_id: FromPath[UUID]
) -> Response[bytes] | Redirect:
    """The file, the same each time. From the first time on its payouts are on their way."""
    kind = (await entries_of(request)).text("kind")
    if kind not in KINDS:
        raise NotFound()
    try:
        batch, orders = await visit.db.transact(_fetch, visit.actor, batch_id, kind, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{FILES}/{batch_id}", (sentence_of(refusal, visit.locale), "bad"))
    _, ending, media = KINDS[kind]
    if kind == "pain001":
        content = settlement.pain001(batch, orders)
    else:
        content = settlement.bank_csv(batch, orders, "gb18030" if kind == "gb18030" else "utf-8-sig")
    return Response(
        content,
        media_type=media,
        headers={"content-disposition": exports.as_file(f"{batch.code}.{ending}"), "cache-control": "no-store"},
    )


async def _hear(tx: Tx, actor: Actor, batch_id: UUID, report: settlement.Report, by: str) -> settlement.Heard:
    heard = await settlement.hear(tx, batch_id, report, by)
    code = (await settlement.batch(tx, batch_id)).code
    await access.audit(tx, actor, "settlement.bank_report", code, {"paid": heard.paid, "failed": heard.failed})
    return heard


@post("/settlement/files/{batch_id:uuid}/report", opt=NEEDS)
async def report(
    visit: NamedDependency[Visit], request: WebRequest, batch_id: FromPath[UUID]
) -> Redirect | Response[Any]:
    """The bank's report (pain.002): it settles what it names, or nothing at all."""
    uploads = [each for each in (await entries_of(request)).files("file") if each.filename]
    try:
        if not uploads:
            raise Invalid({"file": N_("Please choose a file.")})
        read = await asyncio.to_thread(settlement.read_report, await uploads[0].read())
        heard = await visit.db.transact(_hear, visit.actor, batch_id, read, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, batch_id, refusal)
    message = visit.say(
        N_("Read: {paid} paid, {failed} failed, {waiting} under way."),
        paid=heard.paid, failed=heard.failed, waiting=heard.waiting,
    )  # fmt: skip
    return redirect(visit, f"{FILES}/{batch_id}", (message, "good"))


async def _by_hand(
    tx: Tx, actor: Actor, batch_id: UUID, merchant_id: UUID, statement_id: UUID, paid: bool, why: str, by: str
) -> None:
    await settlement.answer_by_hand(tx, batch_id, merchant_id, statement_id, paid=paid, failure=why, by=by)
    facts = {"paid": paid, "failure": why}
    await access.audit(tx, actor, "settlement.answer_payment", str(statement_id), facts, merchant_id=merchant_id)


@post("/settlement/files/{batch_id:uuid}/{merchant_id:uuid}/{statement_id:uuid}", opt=NEEDS)
async def answer(
    visit: NamedDependency[Visit],
    request: WebRequest,
    batch_id: FromPath[UUID],
    merchant_id: FromPath[UUID],
    statement_id: FromPath[UUID],
) -> Redirect:
    """What the bank's own pages say of a payment, written down by hand."""
    form = await entries_of(request)
    paid, why = form.text("verdict") == "paid", form.text("failure")
    return await done(
        visit,
        f"{FILES}/{batch_id}",
        N_("Paid.") if paid else N_("Failed; it can go into another file once its account is right."),
        lambda: visit.db.transact(
            _by_hand, visit.actor, batch_id, merchant_id, statement_id, paid, "" if paid else why, visit.by
        ),
    )


HANDLERS = [file_list, set_account, new_file, make_file, file_page, approve, drop, sent, fetch, report, answer]
