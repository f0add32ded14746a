"""One difference between a statement and the books: what each says, what is suggested, and what people decide."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import codes
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import ledger, payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation.model import INTO, Difference, DifferenceState, Kind, Line, LineKind, Source
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator import reconciliation_words as words
from steelyard.surfaces.operator.reconciliation import FILES, NEEDS
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest

# The choice of booking nothing.
ACCEPT = "accept"
AWAITED_MAX = 5


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    source: Source
    difference: Difference
    line: Line | None
    transfers: list[ledger.PostedTransfer]
    booked: list[ledger.PostedTransfer]
    payment: payments.Payment | None
    steps: list[reconciliation.Step]
    alone: bool
    awaited: list[payments.ExpectedTransfer]


async def _whole(read: Read, source: str, item_id: UUID) -> Whole:
    """Raises `NotFound`."""
    found = await reconciliation.difference(read, source, item_id)
    known = await reconciliation.source_called(read, source)
    moved = await ledger.transfers_of(read, [found.document]) if found.document else []
    line = None
    if found.file_id is not None and found.line_no is not None:
        line = await reconciliation.line(read, source, found.file_id, found.line_no)
    return Whole(
        source=known,
        difference=found,
        line=line,
        transfers=[each for each in moved if known.cash in (each.debit, each.credit)],
        booked=await ledger.transfers_of(read, [found.booking]) if found.booking else [],
        payment=await payments.get(read, payments.PaymentId(found.document)) if found.document else None,
        steps=await reconciliation.history(read, source, item_id),
        alone=await reconciliation.alone(read, found),
        awaited=await _awaited(read, line) if line is not None and found.kind is Kind.MISSING_HERE else [],
    )


async def _awaited(read: Read, line: Line) -> list[payments.ExpectedTransfer]:
    """The buyers' transfers that a line of the bank may be: the one whose reference stands in it, else those that wait for just
    this amount."""
    if line.kind is not LineKind.RECEIVED:
        return []
    for word in (line.reference or "").replace(",", " ").split():
        named = await payments.expected_transfers(read, codes.read(word))
        if named:
            return named
    waiting = await payments.expected_transfers(read)
    return [each for each in waiting if (each.missing, each.currency) == (line.amount, line.currency)][:AWAITED_MAX]


@get("/reconciliation/differences/{source:str}/{item_id:uuid}", opt=NEEDS)
async def difference_page(
    visit: NamedDependency[Visit], source: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any]:
    return await _page(visit, source, item_id, Entries({}, {}))


async def _page(
    visit: Visit, source: str, item_id: UUID, form: Entries, refusal: Refusal | None = None
) -> Response[Any]:
    found = await visit.db.ask(_whole, source, item_id)
    errors = errors_of(visit, refusal.fields) if isinstance(refusal, Invalid) else {}
    choices = [
        (
            str(into),
            visit.say(words.INTO[into][0]),
            visit.say(words.INTO[into][1]),
            reconciliation.suggested(found.source, found.difference, into),
        )
        for into in INTO
    ]
    return await frame.show(
        visit,
        "reconciliation_difference.html",
        frame.RECONCILIATION,
        crumbs=[
            (visit.say(N_("Reconciliation")), frame.RECONCILIATION),
            (visit.say(words.KINDS[found.difference.kind]), None),
        ],
        status=refusal.status if refusal else 200,
        found=found,
        item=found.difference,
        words=words,
        choices=[choice for choice in choices if choice[3]],
        accept=ACCEPT,
        own=found.difference.proposed_by == visit.by,
        own_wish=found.difference.undo_asked_by == visit.by,
        form=form,
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        file_href=f"{FILES}/{source}/{found.difference.file_id}" if found.difference.file_id else "",
        base=_address(source, item_id),
    )


def _address(source: str, item_id: UUID) -> str:
    return f"{frame.RECONCILIATION}/differences/{source}/{item_id}"


async def _settle(tx: Tx, actor: Actor, source: str, item_id: UUID, form: Entries) -> DifferenceState:
    chosen = form.text("into")
    if chosen not in (*INTO, ACCEPT):
        raise Invalid({"into": N_("Please choose one.")})
    into = None if chosen == ACCEPT else AccountKind(chosen)
    state = await reconciliation.settle(tx, source, item_id, into, form.text("words"), actor.by)
    facts = {"state": state, "into": chosen, "words": form.text("words")}
    await access.audit(tx, actor, "reconciliation.settle", f"{source}/{item_id}", facts)
    return state


@post("/reconciliation/differences/{source:str}/{item_id:uuid}/settle", opt=NEEDS)
async def settle(
    visit: NamedDependency[Visit], request: WebRequest, source: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Say how it is explained; above the limit that is a proposal."""
    form = await entries_of(request)
    try:
        state = await visit.db.transact(_settle, visit.actor, source, item_id, form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, source, item_id, form, refusal)
    message = N_("Proposed: another person decides.") if state is DifferenceState.PROPOSED else N_("Explained.")
    return redirect(visit, _address(source, item_id), (visit.say(message), "good"))


async def _agree(tx: Tx, actor: Actor, source: str, item_id: UUID) -> None:
    state = await reconciliation.agree(tx, source, item_id, actor.by)
    await access.audit(tx, actor, "reconciliation.agree", f"{source}/{item_id}", {"state": state})


@post("/reconciliation/differences/{source:str}/{item_id:uuid}/agree", opt=NEEDS)
async def agree(visit: NamedDependency[Visit], source: FromPath[str], item_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        _address(source, item_id),
        N_("Explained."),
        lambda: visit.db.transact(_agree, visit.actor, source, item_id),
    )


async def _take_back(tx: Tx, actor: Actor, source: str, item_id: UUID, why: str) -> DifferenceState:
    state = await reconciliation.take_back(tx, source, item_id, why, actor.by)
    act = "reconciliation.take_back" if state is DifferenceState.OPEN else "reconciliation.ask_take_back"
    await access.audit(tx, actor, act, f"{source}/{item_id}", {"words": why})
    return state


@post("/reconciliation/differences/{source:str}/{item_id:uuid}/take-back", opt=NEEDS)
async def take_back(
    visit: NamedDependency[Visit], request: WebRequest, source: FromPath[str], item_id: FromPath[UUID]
) -> Redirect:
    """Open again what was proposed, booked or accepted: above the limit one asks and another agrees."""
    why = (await entries_of(request)).text("words")
    here = _address(source, item_id)
    try:
        state = await visit.db.transact(_take_back, visit.actor, source, item_id, why)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, here, (sentence_of(refusal, visit.locale), "bad"))
    opened = state is DifferenceState.OPEN
    message = N_("It is open again; what was booked is booked back.") if opened else N_("Another person has to agree.")
    return redirect(visit, here, (visit.say(message), "good"))


async def _leave(tx: Tx, actor: Actor, source: str, item_id: UUID) -> None:
    await reconciliation.leave_be(tx, source, item_id)
    await access.audit(tx, actor, "reconciliation.leave", f"{source}/{item_id}", {})


@post("/reconciliation/differences/{source:str}/{item_id:uuid}/leave", opt=NEEDS)
async def leave(visit: NamedDependency[Visit], source: FromPath[str], item_id: FromPath[UUID]) -> Redirect:
    """What somebody wanted taken back stays as it is."""
    return await done(
        visit,
        _address(source, item_id),
        N_("It stays as it is."),
        lambda: visit.db.transact(_leave, visit.actor, source, item_id),
    )


HANDLERS = [difference_page, settle, agree, take_back, leave]
