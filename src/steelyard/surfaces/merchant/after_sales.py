"""What buyers ask of a shop by line: money back, with the goods sent back or without. The list, a case, and the answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.operations import growth
from steelyard.operations.growth import Level
from steelyard.parties import access, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import CASE_SHOP_ANSWERS
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import case_words, exports, giving, promise_words
from steelyard.surfaces.web.case_words import case_view
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.photographs import PHOTOGRAPHS_BYTES_MAX, photographs
from steelyard.surfaces.web.postal import address_lines
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders, promises
from steelyard.trade.aftersales import (
    REASONS,
    AgreeToCase,
    Case,
    CaseId,
    Giver,
    Inspected,
    Kind,
    ReceiveOfCase,
    SendAgain,
    Side,
    WaitingRefund,
)
from steelyard.trade.aftersales.model import NOTE_CHARACTERS_MAX, CaseState

AppealCommand = Callable[[Tx, Actor, MerchantId, CaseId, str, Sequence[str], str], Awaitable[None]]

# By the name in the address: the word, the states.
TABS: dict[str, tuple[str, Sequence[CaseState]]] = {
    "to_do": (N_("To answer"), (CaseState.ASKED, CaseState.SENT_BACK, CaseState.ACCEPTED)),
    "agreed": (N_("To be sent back"), (CaseState.AGREED,)),
    "refused": (N_("Refused"), (CaseState.REFUSED,)),
    "disputed": (N_("With the platform"), (CaseState.DISPUTED,)),
    "resent": (N_("Sent anew"), (CaseState.RESENT,)),
    "refunded": (N_("Refunded"), (CaseState.REFUNDED,)),
    "exchanged": (N_("Exchanged"), (CaseState.EXCHANGED,)),
    "ended": (N_("Ended without money"), (CaseState.REJECTED, CaseState.WITHDRAWN, CaseState.CLOSED)),
    "all": (N_("All"), ()),
}
COLUMNS = (
    N_("Order"), N_("What"), N_("Reason"), N_("State"), N_("Freight"), N_("Currency"), N_("Carrier"), N_("Tracking number"),
    N_("Asked on"), N_("Due"), N_("Closed at"),
)  # fmt: skip


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Case]
    codes: Mapping[Any, str]
    waiting: int


async def listed(read: Read, merchant_id: MerchantId, tab: str, kind: Kind | None, cursor: str | None) -> Listed:
    page = await aftersales.cases_of_merchant(read, merchant_id, TABS[tab][1], kind, cursor, ROWS_PER_PAGE)
    return Listed(
        page=page,
        codes=await orders.codes_of(read, merchant_id, [each.order_id for each in page.items]),
        waiting=await aftersales.count_for_shop(read, merchant_id),
    )


async def everything(
    read: Read, merchant_id: MerchantId, tab: str, kind: Kind | None
) -> tuple[list[Case], Mapping[Any, str]]:
    found = await exports.everything(
        lambda cursor: aftersales.cases_of_merchant(read, merchant_id, TABS[tab][1], kind, cursor, 100)
    )
    return found, await orders.codes_of(read, merchant_id, [each.order_id for each in found])


@get("/after-sales", opt={"permission": "orders.read"})
async def case_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    kind: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    code: FromQuery[str | None] = None,
) -> Response[Any] | Redirect:
    """The cases in a state, or the file of them; the one whose code was scanned off a parcel, or typed in."""
    scanned = await visit.merchant_db.ask(aftersales.case_of_code, visit.merchant_id, code) if code else None
    if scanned is not None:
        return Redirect(f"{frame.AFTER_SALES}/{scanned}", status_code=303)
    tab = wanted if wanted in TABS else "to_do"
    only = Kind(kind) if kind in set(Kind) else None
    if exports.wanted(visit):
        return await _file(visit, tab, only)
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, tab, only, cursor)
    tabs = [
        {
            "label": visit.say(label),
            "href": address(frame.AFTER_SALES, state=name, kind=only),
            "current": name == tab,
            "count": shown.waiting if name == "to_do" else 0,
        }
        for name, (label, _) in TABS.items()
    ]
    kinds = [
        {
            "label": visit.say(label),
            "href": address(frame.AFTER_SALES, state=tab, kind="" if each is only else each),
            "current": each is only,
            "remove": each is only,
        }
        for each, label in case_words.KINDS.items()
    ]
    here = address(frame.AFTER_SALES, state=tab, kind=only)
    return await frame.show(
        visit,
        "after_sales.html",
        frame.AFTER_SALES,
        code=code or "",
        answer_hours=await visit.db.ask(policies.number, CASE_SHOP_ANSWERS),
        tabs=tabs,
        kinds=kinds,
        shown=shown,
        words=case_words,
        reasons=REASONS,
        next_href=address(frame.AFTER_SALES, state=tab, kind=only, cursor=shown.page.next) if shown.page.next else "",
        start_href=here if cursor else "",
    )


async def _file(visit: Visit, tab: str, kind: Kind | None) -> Response[Any]:
    found, codes = await visit.merchant_db.ask(everything, visit.merchant_id, tab, kind)
    rows = [
        (
            codes[each.order_id], visit.say(case_words.KINDS[each.kind]), visit.say(REASONS[each.reason].words),
            visit.say(case_words.STATES[each.state][0]), Money(each.freight, each.currency), each.currency,
            each.carrier or "", each.number or "", each.asked_at, each.due_at, each.ended_at,
        )
        for each in found
    ]  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("After-sales")), [visit.say(column) for column in COLUMNS], rows)


async def one(read: Read, merchant_id: MerchantId, case_id: CaseId) -> case_words.CaseView:
    found = await aftersales.case(read, case_id)
    if found is None or found.merchant_id != merchant_id:
        raise NotFound()
    return await case_view(read, found)


@get("/after-sales/{case_id:uuid}", opt={"permission": "orders.read"})
async def case_page(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[Any]:
    """What is asked for and why, what is next, and the answers."""
    return await _page(visit, CaseId(case_id), Entries({}, {}))


async def _page(
    visit: Visit, case_id: CaseId, form: Entries, errors: Mapping[str, str] | None = None, refusal: str = ""
) -> Response[Any]:
    view = await visit.merchant_db.ask(one, visit.merchant_id, case_id)
    return await frame.show(
        visit,
        "after_sales_case.html",
        frame.AFTER_SALES,
        crumbs=[(visit.say(N_("After-sales")), frame.AFTER_SALES), (view.order.code, None)],
        status=422 if errors else 409 if refusal else 200,
        view=view,
        level=await visit.merchant_db.ask(_level, view.case),
        paid=await visit.merchant_db.ask(promises.compensations_of_case, case_id),
        promise_words=promise_words,
        freight_rule=await visit.merchant_db.ask(case_words.bearing, view),
        case=view.case,
        form=form,
        errors=errors or {},
        refusal=refusal,
        words=case_words,
        carriers=[
            (each.carrier, each.name.in_language(visit.locale))
            for each in (await visit.merchant_db.ask(parcels.carriers))
        ]
        if view.case.state is CaseState.ACCEPTED
        else [],
        recipient=address_lines(view.order.address),
        return_lines=address_lines(view.case.return_to) if view.case.return_to else [],
        note_max=NOTE_CHARACTERS_MAX,
    )


async def _level(read: Read, case: Case) -> Level | None:
    return (await growth.levels_of(read, case.merchant_id, [case.buyer_id])).get(case.buyer_id)


async def _audited(tx: Tx, actor: Actor, before: Case, action: str, more: Mapping[str, object]) -> None:
    after = await aftersales.case(tx, before.case_id)
    assert after is not None
    if after.state is before.state:
        return
    code = await orders.codes_of(tx, before.merchant_id, [before.order_id])
    facts = {"before": {"state": before.state}, "after": {"state": after.state, **more}}
    await access.audit(tx, actor, action, code[before.order_id], facts)


async def _given(
    tx: Tx,
    actor: Actor,
    giver: Giver,
    command: AgreeToCase | ReceiveOfCase | SendAgain,
    action: str,
    more: Mapping[str, object],
) -> WaitingRefund | None:
    """A command on a case that may give money back, within what its giver may; Raises what the command raises."""
    before = await aftersales.case(tx, command.case_id)
    if before is None or before.merchant_id != command.merchant_id:
        raise NotFound()
    waits = await aftersales.give(tx, giver, command, actor.by)
    if waits is not None:
        await giving.audit_waiting(tx, actor, waits)
        return waits
    await _audited(tx, actor, before, action, more)
    return None


async def refuse(tx: Tx, actor: Actor, merchant_id: MerchantId, case_id: CaseId, answer: str, by: str) -> None:
    before = await aftersales.refuse(tx, merchant_id, case_id, answer, by)
    await _audited(tx, actor, before, "aftersales.refuse", {"answer": answer})


@post("/after-sales/{case_id:uuid}/agree", opt={"permission": "orders.refund"})
async def agreed(visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]) -> Redirect:
    """Agree: the money goes back, or the goods may come."""
    keep = (await entries_of(request)).flag("keep")
    who = await giving.giver(visit)
    command = AgreeToCase(merchant_id=visit.merchant_id, case_id=CaseId(case_id), keep=keep)
    return await giving.gave(
        visit,
        f"{frame.AFTER_SALES}/{case_id}",
        N_("The buyer is told that you agree."),
        lambda: visit.merchant_db.transact(_given, visit.actor, who, command, "aftersales.agree", {}),
    )


@post("/after-sales/{case_id:uuid}/refuse", opt={"permission": "orders.refund"})
async def refused(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Refuse, and say why."""
    form = await entries_of(request)
    try:
        await visit.merchant_db.transact(
            refuse, visit.actor, visit.merchant_id, CaseId(case_id), form.text("answer"), visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _told(visit, CaseId(case_id), form, refusal)
    return redirect(
        visit, f"{frame.AFTER_SALES}/{case_id}", (visit.say(N_("The buyer reads why you do not agree.")), "good")
    )


async def _told(visit: Visit, case_id: CaseId, form: Entries, refusal: Refusal) -> Response[Any]:
    errors = fields_of(refusal, visit.locale)
    return await _page(visit, case_id, form, errors, "" if errors else sentence_of(refusal, visit.locale))


@post("/after-sales/{case_id:uuid}/receive", opt={"permission": "orders.refund"})
async def received(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """What came back was looked at: what is accepted is paid back."""
    form = await entries_of(request)
    found = [
        Inspected(
            line=int(name),
            accepted=form.number(f"accepted-{name}", otherwise=0),
            restocked=form.number(f"restocked-{name}", otherwise=0),
        )
        for name in form.names("accepted-")
        if name.isdecimal()
    ]
    command = ReceiveOfCase(
        merchant_id=visit.merchant_id, case_id=CaseId(case_id), inspected=found, answer=form.text("answer")
    )
    more = {"pieces": sum(each.accepted for each in found), "answer": command.answer}
    who = await giving.giver(visit)
    try:
        waits = await visit.merchant_db.transact(_given, visit.actor, who, command, "aftersales.receive", more)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _told(visit, CaseId(case_id), form, refusal)
    swaps = (await visit.merchant_db.ask(one, visit.merchant_id, CaseId(case_id))).swaps
    done = N_("Now please send the other one.") if swaps else N_("The money goes back to the buyer.")
    return redirect(visit, f"{frame.AFTER_SALES}/{case_id}", giving.outcome(visit, waits, done))


@post("/after-sales/{case_id:uuid}/send-again", opt={"permission": "orders.refund"})
async def sent_again(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """What was wanted instead is on its way."""
    form = await entries_of(request)
    command = SendAgain(
        merchant_id=visit.merchant_id, case_id=CaseId(case_id), carrier=form.text("carrier"), number=form.text("number")
    )
    more = {"carrier": command.carrier, "number": command.number}
    who = await giving.giver(visit)
    try:
        waits = await visit.merchant_db.transact(_given, visit.actor, who, command, "aftersales.send_again", more)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _told(visit, CaseId(case_id), form, refusal)
    done = N_("The buyer is told that it is on its way.")
    return redirect(visit, f"{frame.AFTER_SALES}/{case_id}", giving.outcome(visit, waits, done))


async def appeal(
    tx: Tx, actor: Actor, merchant_id: MerchantId, case_id: CaseId, words: str, pictures: Sequence[str], by: str
) -> None:
    known = case_id in await aftersales.appeals_of(tx, [case_id])
    await aftersales.appeal(tx, merchant_id, case_id, Side.SHOP, words, pictures, by)
    if not known:
        await access.audit(tx, actor, "aftersales.appeal", str(case_id), {"words": words, "pictures": len(pictures)})


async def answer_appeal(
    tx: Tx, actor: Actor, merchant_id: MerchantId, case_id: CaseId, words: str, pictures: Sequence[str], by: str
) -> None:
    before = (await aftersales.appeals_of(tx, [case_id])).get(case_id)
    await aftersales.answer_appeal(tx, merchant_id, case_id, Side.SHOP, words, pictures, by)
    if before is not None and before.answered_at is None:
        facts = {"words": words, "pictures": len(pictures)}
        await access.audit(tx, actor, "aftersales.answer_appeal", str(case_id), facts)


@post(
    "/after-sales/{case_id:uuid}/appeal",
    opt={"permission": "orders.refund"},
    request_max_body_size=PHOTOGRAPHS_BYTES_MAX,
)
async def appealed(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Appeal against the platform's decision, once."""
    done = N_("Your appeal is made. The buyer is asked, then somebody else decides; you read it here.")
    return await _appeal(visit, request, CaseId(case_id), appeal, done)


@post(
    "/after-sales/{case_id:uuid}/answer-appeal",
    opt={"permission": "orders.refund"},
    request_max_body_size=PHOTOGRAPHS_BYTES_MAX,
)
async def appeal_answered(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Say what the buyer's appeal leaves out."""
    return await _appeal(visit, request, CaseId(case_id), answer_appeal, N_("The platform reads your answer."))


async def _appeal(
    visit: Visit, request: WebRequest, case_id: CaseId, command: AppealCommand, said: str
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    pictures, trouble = await photographs(visit, form, "appeal-photos")
    try:
        if trouble:
            raise Invalid({"appeal-photos": trouble})
        await visit.merchant_db.transact(
            command, visit.actor, visit.merchant_id, case_id, form.text("appeal"), pictures, visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _told(visit, case_id, form, refusal)
    return redirect(visit, f"{frame.AFTER_SALES}/{case_id}", (visit.say(said), "good"))


HANDLERS = [case_list, case_page, agreed, refused, received, sent_again, appealed, appeal_answered]
