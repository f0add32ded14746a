"""Months of the books: closed by one person and confirmed by another, and opened again so, for a reason."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import BOOKS_ZONE, Period, PeriodState
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.books import NEEDS
from steelyard.surfaces.operator.trial_balances import by_currency
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

CLOSES = {"permission": "ledger.close"}
MONTHS = book_tabs.MONTHS
STATES = {
    PeriodState.OPEN: (N_("Not closed"), "info"),
    PeriodState.PROPOSED: (N_("Waits for the second person"), "warn"),
    PeriodState.CLOSED: (N_("Books closed"), "good"),
}


@get("/books/months", opt=NEEDS)
async def month_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """Every month since the first posting, the newest first."""
    months = await visit.db.ask(ledger.periods)
    closed = [each for each in months if each.state is PeriodState.CLOSED]
    return await frame.show(
        visit,
        "books_months.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, MONTHS),
        months=months,
        states=STATES,
        closed_until=closed[0] if closed else None,
        now=datetime.now(UTC),
    )


class Month(msgspec.Struct, frozen=True, kw_only=True):
    period: Period
    steps: list[ledger.PeriodStep]
    lines: list[ledger.TrialLine]
    vouchers_open: int
    before_open: list[Period]
    last_closed: bool


async def _month(read: Read, first: date) -> Month:
    """Raises `NotFound`."""
    period = await ledger.period(read, first)
    everything = await ledger.periods(read)
    closed = [each.period for each in everything if each.state is PeriodState.CLOSED]
    return Month(
        period=period,
        steps=await ledger.period_history(read, first),
        lines=await ledger.trial_at(read, period.ends) if period.ends <= datetime.now(UTC) else [],
        vouchers_open=await ledger.vouchers_waiting(read),
        before_open=[each for each in everything[::-1] if each.period < first and each.state is PeriodState.OPEN],
        last_closed=bool(closed) and max(closed) == first,
    )


@get("/books/months/{first:str}", opt=NEEDS)
async def month_page(visit: NamedDependency[Visit], first: FromPath[str]) -> Response[Any]:
    """One month: what stood on all accounts at its end, and what may be done with it."""
    return await _page(visit, month_called(first))


def month_called(name: str) -> date:
    """`2026-10`, as a month stands in an address. Raises `NotFound`."""
    try:
        return date.fromisoformat(f"{name}-01")
    except ValueError as error:
        raise NotFound(period=name) from error


async def _page(visit: Visit, first: date, refusal: Refusal | None = None, typed: str = "") -> Response[Any]:
    found = await visit.db.ask(_month, first)
    errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {}
    return await frame.show(
        visit,
        "books_month.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Months")), MONTHS), (f"{first:%Y-%m}", None)],
        status=refusal.status if refusal else 200,
        found=found,
        month=found.period,
        last_day=_last_day(found.period),
        currencies=by_currency(found.lines),
        states=STATES,
        over=found.period.ends <= datetime.now(UTC),
        own=found.period.proposed_by == visit.by,
        own_wish=found.period.reopening_by == visit.by,
        errors=errors,
        typed=typed,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        base=f"{MONTHS}/{first:%Y-%m}",
    )


def _last_day(period: Period) -> date:
    return date.fromordinal(period.ends.astimezone(BOOKS_ZONE).date().toordinal() - 1)


def _named(months: Sequence[Period]) -> list[str]:
    return [f"{each.period:%Y-%m}" for each in months]


async def _propose(tx: Tx, actor: Actor, first: date) -> None:
    proposed = await ledger.propose_closing(tx, first, actor.by)
    await access.audit(tx, actor, "books.propose_closing", f"{first:%Y-%m}", {"months": _named(proposed)})


async def _confirm(tx: Tx, actor: Actor, first: date) -> None:
    closed = await ledger.confirm_closing(tx, first, actor.by)
    await access.audit(tx, actor, "books.close", f"{first:%Y-%m}", {"months": _named(closed)})


async def _withdraw(tx: Tx, actor: Actor, first: date) -> None:
    await ledger.withdraw_closing(tx, first, actor.by)
    await access.audit(tx, actor, "books.withdraw_closing", f"{first:%Y-%m}", {})


async def _ask_to_reopen(tx: Tx, actor: Actor, first: date, words: str) -> None:
    await ledger.ask_to_reopen(tx, first, words, actor.by)
    await access.audit(tx, actor, "books.ask_to_reopen", f"{first:%Y-%m}", {"words": words})


async def _reopen(tx: Tx, actor: Actor, first: date) -> None:
    words = await ledger.reopen(tx, first, actor.by)
    await access.audit(tx, actor, "books.reopen", f"{first:%Y-%m}", {"words": words})


async def _leave_closed(tx: Tx, actor: Actor, first: date) -> None:
    await ledger.leave_closed(tx, first)
    await access.audit(tx, actor, "books.leave_closed", f"{first:%Y-%m}")


@post("/books/months/{first:str}/propose", opt=CLOSES)
async def propose(visit: NamedDependency[Visit], first: FromPath[str]) -> Redirect:
    month = month_called(first)
    return await done(
        visit,
        f"{MONTHS}/{first}",
        N_("Another person confirms the closing."),
        lambda: visit.db.transact(_propose, visit.actor, month),
    )


@post("/books/months/{first:str}/confirm", opt=CLOSES)
async def confirm(visit: NamedDependency[Visit], first: FromPath[str]) -> Response[Any] | Redirect:
    month = month_called(first)
    try:
        await visit.db.transact(_confirm, visit.actor, month)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, month, refusal)
    return redirect(visit, f"{MONTHS}/{first}", (visit.say(N_("The month is closed.")), "good"))


@post("/books/months/{first:str}/withdraw", opt=CLOSES)
async def withdraw(visit: NamedDependency[Visit], first: FromPath[str]) -> Redirect:
    month = month_called(first)
    return await done(
        visit,
        f"{MONTHS}/{first}",
        N_("It is not to be closed for now."),
        lambda: visit.db.transact(_withdraw, visit.actor, month),
    )


@post("/books/months/{first:str}/reopen", opt=CLOSES)
async def reopen(visit: NamedDependency[Visit], request: WebRequest, first: FromPath[str]) -> Response[Any] | Redirect:
    """Want it opened again, agree to that as a second person (`do=agree`), or leave it closed (`do=leave`)."""
    form = await entries_of(request)
    month, words, do = month_called(first), form.text("words"), form.text("do")
    said = N_("Another person agrees to open it.")
    try:
        if do == "agree":
            await visit.db.transact(_reopen, visit.actor, month)
            said = N_("The month is open again.")
        elif do == "leave":
            await visit.db.transact(_leave_closed, visit.actor, month)
            said = N_("It stays closed.")
        else:
            await visit.db.transact(_ask_to_reopen, visit.actor, month, words)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, month, refusal, words)
    return redirect(visit, f"{MONTHS}/{first}", (visit.say(said), "good"))


HANDLERS = [month_list, month_page, propose, confirm, withdraw, reopen]
