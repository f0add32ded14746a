"""Entries by hand: proposed by one person, agreed to by another. A correction begins at the transfer that it reverses."""

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
from steelyard.money import currencies, ledger
from steelyard.money.ledger.model import AccountKind, VoucherState
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.books import NEEDS
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

WRITES = {"permission": "ledger.write"}
VOUCHERS = book_tabs.VOUCHERS
NEW = f"{VOUCHERS}/new"
STATES = {
    VoucherState.PROPOSED: (N_("Waits for the second person"), "warn"),
    VoucherState.POSTED: (N_("Posted"), "good"),
    VoucherState.DECLINED: (N_("Declined"), "quiet"),
}


async def _listed(read: Read, cursor: str | None) -> tuple[Page[ledger.Voucher], dict[UUID, str]]:
    return await ledger.vouchers(read, cursor, ROWS_PER_PAGE), await ledger.counterparties(read)


@get("/books/vouchers", opt=NEEDS)
async def voucher_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    page, counterparties = await visit.db.ask(_listed, cursor)
    return await frame.show(
        visit,
        "books_vouchers.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, VOUCHERS),
        found=page,
        counterparties=counterparties,
        states=STATES,
        new_href=NEW,
        next_href=address(VOUCHERS, cursor=page.next) if page.next else "",
        start_href=VOUCHERS if cursor else "",
    )


class New(msgspec.Struct, frozen=True, kw_only=True):
    """What the form needs: whose accounts, which may be written on, in which currencies, and what is to be reversed."""

    counterparties: dict[UUID, str]
    kinds: list[AccountKind]
    currencies: list[str]
    wrong: ledger.PostedTransfer | None


async def _new(read: Read, owner_id: UUID | None, reverses: UUID | None) -> New:
    """Raises `NotFound`."""
    return New(
        counterparties=await ledger.counterparties(read),
        kinds=[line.kind for line in await ledger.chart(read) if line.by_hand],
        currencies=[each.currency for each in await currencies.all(read)],
        wrong=await ledger.posted(read, owner_id, reverses) if owner_id and reverses else None,
    )


@get("/books/vouchers/new", opt=WRITES)
async def new_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """`?owner=&reverses=`: the transfer that is wrong."""
    query = visit.connection.query_params
    asked = {name: [query[name]] for name in ("owner", "reverses") if query.get(name)}
    return await _form(visit, Entries(asked, {}))


async def _form(visit: Visit, form: Entries, refusal: Refusal | None = None) -> Response[Any]:
    found = await visit.db.ask(_new, as_uuid(form.text("owner")), as_uuid(form.text("reverses")))
    errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {}
    return await frame.show(
        visit,
        "books_voucher_new.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Entries by hand")), VOUCHERS), (visit.say(N_("New entry")), None)],
        status=refusal.status if refusal else 200,
        found=found,
        form=form,
        voucher_id=form.text("voucher_id") or ids.mint(),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        base=NEW,
    )


@post("/books/vouchers/new", opt=WRITES)
async def propose(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        made = await visit.db.transact(_propose, visit.actor, form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _form(visit, form, refusal)
    message = visit.say(N_("Proposed: another person decides."))
    return redirect(visit, f"{VOUCHERS}/{made.owner_id}/{made.voucher_id}", (message, "good"))


async def _propose(tx: Tx, actor: Actor, form: Entries) -> ledger.Voucher:
    owner_id, reverses = as_uuid(form.text("owner", required=True)), as_uuid(form.text("reverses"))
    wrong = await ledger.posted(tx, owner_id, reverses) if owner_id and reverses else None
    currency = wrong.currency if wrong else form.text("currency", required=True)
    if currency not in {each.currency for each in await currencies.all(tx)}:
        form.refuse("currency", N_("Please choose one."))
        form.check()
    amount = form.money("amount", currency, required=wrong is None)
    entry = _entry(form, amount) if amount or wrong is None else None
    form.check()
    if owner_id is None:
        raise Invalid({"owner": N_("Please choose one.")})
    made = await ledger.propose_voucher(
        tx,
        ledger.VoucherId(form.uuid("voucher_id")),
        owner_id,
        currency,
        reverses=wrong.transfer_id if wrong else None,
        entry=entry,
        words=form.text("words"),
        by=actor.by,
    )
    facts = {"reverses": reverses, "amount": amount, "currency": currency, "words": made.words}
    await access.audit(tx, actor, "books.propose_entry", str(made.voucher_id), facts)
    return made


def _entry(form: Entries, amount: int | None) -> ledger.VoucherEntry | None:
    chosen: dict[str, AccountKind] = {}
    for name in ("debit", "credit"):
        if form.text(name) in set(AccountKind):
            chosen[name] = AccountKind(form.text(name))
        else:
            form.refuse(name, N_("Please choose one."))
    if not amount or len(chosen) < len(("debit", "credit")):
        return None
    return ledger.VoucherEntry(debit=chosen["debit"], credit=chosen["credit"], amount=amount)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    voucher: ledger.Voucher
    wrong: ledger.PostedTransfer | None
    posted: list[ledger.PostedTransfer]
    owner: str


async def _whole(read: Read, owner_id: UUID, voucher_id: UUID) -> Whole:
    """Raises `NotFound`."""
    found = await ledger.voucher(read, owner_id, voucher_id)
    return Whole(
        voucher=found,
        wrong=await ledger.posted(read, owner_id, found.reverses) if found.reverses else None,
        posted=await ledger.transfers_of(read, [voucher_id]),
        owner=(await ledger.counterparties(read)).get(owner_id, str(owner_id)),
    )


@get("/books/vouchers/{owner_id:uuid}/{voucher_id:uuid}", opt=NEEDS)
async def voucher_page(
    visit: NamedDependency[Visit], owner_id: FromPath[UUID], voucher_id: FromPath[UUID]
) -> Response[Any]:
    found = await visit.db.ask(_whole, owner_id, voucher_id)
    return await frame.show(
        visit,
        "books_voucher.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Entries by hand")), VOUCHERS), (str(voucher_id)[-8:], None)],
        found=found,
        voucher=found.voucher,
        states=STATES,
        own=found.voucher.proposed_by == visit.by,
        base=f"{VOUCHERS}/{owner_id}/{voucher_id}",
    )


async def _agree(tx: Tx, actor: Actor, owner_id: UUID, voucher_id: UUID) -> None:
    await ledger.agree_voucher(tx, owner_id, voucher_id, actor.by)
    await access.audit(tx, actor, "books.post_entry", str(voucher_id), {})


@post("/books/vouchers/{owner_id:uuid}/{voucher_id:uuid}/agree", opt=WRITES)
async def agree(visit: NamedDependency[Visit], owner_id: FromPath[UUID], voucher_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{VOUCHERS}/{owner_id}/{voucher_id}",
        N_("It is in the books."),
        lambda: visit.db.transact(_agree, visit.actor, owner_id, voucher_id),
    )


async def _decline(tx: Tx, actor: Actor, owner_id: UUID, voucher_id: UUID, words: str) -> None:
    await ledger.decline_voucher(tx, owner_id, voucher_id, words, actor.by)
    await access.audit(tx, actor, "books.decline_entry", str(voucher_id), {"words": words})


@post("/books/vouchers/{owner_id:uuid}/{voucher_id:uuid}/decline", opt=WRITES)
async def decline(
    visit: NamedDependency[Visit], request: WebRequest, owner_id: FromPath[UUID], voucher_id: FromPath[UUID]
) -> Redirect:
    words = (await entries_of(request)).text("words")
    return await done(
        visit,
        f"{VOUCHERS}/{owner_id}/{voucher_id}",
        N_("It is not posted."),
        lambda: visit.db.transact(_decline, visit.actor, owner_id, voucher_id, words),
    )


HANDLERS = [voucher_list, new_page, propose, voucher_page, agree, decline]
