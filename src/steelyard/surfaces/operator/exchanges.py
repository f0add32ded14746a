"""Exchanges between currencies: what is open, what was gained, the reference rates, and the two people who decide."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import currencies, exchange, ledger
from steelyard.money.exchange import Exchange, ExchangeId, ExchangeState, Leg
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.books import NEEDS
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

WRITES = {"permission": "ledger.write"}
EXCHANGES = book_tabs.EXCHANGES
NEW = f"{EXCHANGES}/new"
RATES = f"{EXCHANGES}/rates"
STATES = {
    ExchangeState.PROPOSED: (N_("Waits for the second person"), "warn"),
    ExchangeState.POSTED: (N_("Posted"), "good"),
    ExchangeState.DECLINED: (N_("Declined"), "quiet"),
}
KINDS = (AccountKind.BANK_CASH, AccountKind.CHANNEL_CASH, AccountKind.OWN_FUNDS)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Exchange]
    positions: list[exchange.OpenPosition]
    rates: list[exchange.Rate]


async def _found(read: Read, cursor: str | None) -> Found:
    return Found(
        page=await exchange.exchanges(read, cursor, ROWS_PER_PAGE),
        positions=await exchange.positions(read, datetime.now(UTC).astimezone(BOOKS_ZONE).date()),
        rates=await exchange.last_rates(read),
    )


@get("/books/exchanges", opt=NEEDS)
async def exchange_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    return await _list(visit, cursor)


async def _list(visit: Visit, cursor: str | None, refusal: Refusal | None = None) -> Response[Any]:
    found = await visit.db.ask(_found, cursor)
    return await frame.show(
        visit,
        "exchanges.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, EXCHANGES),
        status=refusal.status if refusal else 200,
        found=found,
        states=STATES,
        house=exchange.HOUSE_CURRENCY,
        new_href=NEW,
        rates_href=RATES,
        refusal=sentence_of(refusal, visit.locale) if refusal else "",
        next_href=address(EXCHANGES, cursor=found.page.next) if found.page.next else "",
        start_href=EXCHANGES if cursor else "",
    )


async def _take_rates(tx: Tx, actor: Actor, content: bytes) -> int:
    fresh = await exchange.take_rates(tx, content)
    await access.audit(tx, actor, "books.rates", "ECB", {"rates": fresh})
    return fresh


@post("/books/exchanges/rates", opt=WRITES, request_max_body_size=exchange.BYTES_MAX)
async def take_rates(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Read reference rates in: the file of the European Central Bank, unpacked."""
    uploads = (await entries_of(request)).files("file")
    try:
        if not uploads:
            raise Invalid({"file": N_("Please choose a file.")})
        fresh = await visit.db.transact(_take_rates, visit.actor, await uploads[0].read())
    except Refusal as refusal:
        return await _list(visit, None, refusal)
    return redirect(visit, EXCHANGES, (visit.say(N_("{count} rates are new."), count=fresh), "good"))


class New(msgspec.Struct, frozen=True, kw_only=True):
    counterparties: Mapping[UUID, str]
    currencies: list[str]


async def _new(read: Read) -> New:
    return New(
        counterparties=await ledger.counterparties(read),
        currencies=[each.currency for each in await currencies.all(read)],
    )


@get("/books/exchanges/new", opt=WRITES)
async def new_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _form(visit, Entries({}, {}))


async def _form(visit: Visit, form: Entries, refusal: Refusal | None = None) -> Response[Any]:
    errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {}
    return await frame.show(
        visit,
        "exchange_new.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Exchanges")), EXCHANGES), (visit.say(N_("New exchange")), None)],
        status=refusal.status if refusal else 200,
        found=await visit.db.ask(_new),
        kinds=KINDS,
        form=form,
        exchange_id=form.text("exchange_id") or ids.mint(),
        today=datetime.now(UTC).astimezone(BOOKS_ZONE).date(),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        base=NEW,
    )


def _leg(form: Entries, side: str, traded: set[str]) -> Leg | None:
    """Notes what cannot be read."""
    owner_id, kind, currency = (form.text(f"{side}_{name}") for name in ("owner", "kind", "currency"))
    for name, right in (
        ("owner", as_uuid(owner_id) is not None),
        ("kind", kind in KINDS),
        ("currency", currency in traded),
    ):
        if not right:
            form.refuse(f"{side}_{name}", N_("Please choose one."))
    if currency not in traded:
        return None
    amount = form.money(f"{side}_amount", currency)
    whose = as_uuid(owner_id)
    if not amount or whose is None or kind not in KINDS:
        form.refuse(f"{side}_amount", N_("Please enter an amount such as 12.50"))
        return None
    return Leg(owner_id=whose, kind=AccountKind(kind), currency=currency, amount=amount)


async def _propose(tx: Tx, actor: Actor, form: Entries) -> Exchange:
    traded = {each.currency for each in await currencies.all(tx)}
    gone, come = _leg(form, "from", traded), _leg(form, "to", traded)
    on_day = day_of(form.text("on_day", required=True))
    if on_day is None:
        form.refuse("on_day", N_("Please enter a day."))
    form.check()
    assert gone and come and on_day
    made = await exchange.propose(
        tx, ExchangeId(form.uuid("exchange_id")), on_day, gone, come, form.text("words"), actor.by
    )
    facts = {"from": f"{gone.amount} {gone.currency}", "to": f"{come.amount} {come.currency}"}
    await access.audit(tx, actor, "books.propose_exchange", str(made.exchange_id), facts)
    return made


@post("/books/exchanges/new", opt=WRITES)
async def propose(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        made = await visit.db.transact(_propose, visit.actor, form)
    except Refusal as refusal:
        return await _form(visit, form, refusal)
    message = visit.say(N_("Proposed: another person decides."))
    return redirect(visit, f"{EXCHANGES}/{made.exchange_id}", (message, "good"))


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    made: Exchange
    counterparties: Mapping[UUID, str]
    at_rate: int | None


async def _whole(read: Read, exchange_id: ExchangeId) -> Whole:
    """Raises `NotFound`."""
    made = await exchange.exchange(read, exchange_id)
    try:
        rates = await exchange.rates_of(read, made.on_day)
        at_rate = exchange.converted(made.sold, made.from_currency, made.to_currency, rates)
    except exchange.NoRate:
        at_rate = None
    return Whole(made=made, counterparties=await ledger.counterparties(read), at_rate=at_rate)


@get("/books/exchanges/{exchange_id:uuid}", opt=NEEDS)
async def exchange_page(visit: NamedDependency[Visit], exchange_id: FromPath[UUID]) -> Response[Any]:
    found = await visit.db.ask(_whole, ExchangeId(exchange_id))
    return await frame.show(
        visit,
        "exchange.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Exchanges")), EXCHANGES), (str(exchange_id)[-8:], None)],
        found=found,
        made=found.made,
        states=STATES,
        house=exchange.HOUSE_CURRENCY,
        own=found.made.proposed_by == visit.by,
        base=f"{EXCHANGES}/{exchange_id}",
    )


async def _agree(tx: Tx, actor: Actor, exchange_id: ExchangeId) -> None:
    made = await exchange.agree(tx, exchange_id, actor.by)
    await access.audit(tx, actor, "books.post_exchange", str(exchange_id), {"realised": made.realised})


@post("/books/exchanges/{exchange_id:uuid}/agree", opt=WRITES)
async def agree(visit: NamedDependency[Visit], exchange_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{EXCHANGES}/{exchange_id}",
        N_("It is in the books."),
        lambda: visit.db.transact(_agree, visit.actor, ExchangeId(exchange_id)),
    )


async def _decline(tx: Tx, actor: Actor, exchange_id: ExchangeId) -> None:
    await exchange.decline(tx, exchange_id, actor.by)
    await access.audit(tx, actor, "books.decline_exchange", str(exchange_id), {})


@post("/books/exchanges/{exchange_id:uuid}/decline", opt=WRITES)
async def decline(visit: NamedDependency[Visit], exchange_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{EXCHANGES}/{exchange_id}",
        N_("It is not posted."),
        lambda: visit.db.transact(_decline, visit.actor, ExchangeId(exchange_id)),
    )


HANDLERS = [exchange_list, take_rates, new_page, propose, exchange_page, agree, decline]
