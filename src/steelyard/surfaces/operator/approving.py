"""Refunds of the operator's staff that wait for a second person, and what each of its roles may give back alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import currencies
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountKind, StaffMember
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import approving, giving, refund_pages
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import RequestId, RequestSide, WaitingRefund

APPROVALS = f"{frame.REFUNDS}/approvals"
LIMITS = f"{frame.REFUNDS}/limits"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    waiting: Page[WaitingRefund]
    answered: Page[WaitingRefund]
    codes: Mapping[Any, str]
    shops: Mapping[Any, Any]
    staff: Sequence[StaffMember]


async def waiting(read: Read, cursor: str | None) -> Waiting:
    open_ones = await aftersales.requests_page(read, RequestSide.OPERATOR, limit=ROWS_PER_PAGE)
    answered = await aftersales.requests_page(
        read, RequestSide.OPERATOR, waiting=False, cursor=cursor, limit=ROWS_PER_PAGE
    )
    shown = [*open_ones.items, *answered.items]
    return Waiting(
        waiting=open_ones,
        answered=answered,
        codes=await orders.codes_of_all(read, [each.order_id for each in shown]),
        shops=await merchants.cards(read, {each.merchant_id for each in shown}),
        staff=await access.staff(read, None),
    )


@get("/refunds/approvals", opt={"permission": "orders.read"})
async def approvals(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What waits for a second person, and what became of those before."""
    return await _approvals(visit, cursor=cursor)


async def _approvals(
    visit: Visit, *, cursor: str | None = None, wrong: UUID | None = None, typed: str = "", error: str = ""
) -> Response[Any]:
    found = await visit.db.ask(waiting, cursor)
    return await frame.show(
        visit,
        "refund_approvals.html",
        frame.REFUNDS,
        crumbs=[(visit.say(N_("Refunds")), frame.REFUNDS), (visit.say(N_("For a second person")), None)],
        status=422 if error else 200,
        found=found,
        words=refund_pages,
        people={member.account_id: member.name for member in found.staff},
        me=visit.account.account_id if visit.account else None,
        here=APPROVALS,
        wrong=wrong,
        typed=typed,
        error=error,
        next_href=address(APPROVALS, cursor=found.answered.next) if found.answered.next else "",
        start_href=APPROVALS if cursor else "",
    )


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/approve", opt={"permission": "refunds.approve"})
async def approved(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], request_id: FromPath[UUID]) -> Redirect:
    """The second person says yes."""
    who = await giving.approver(visit)
    try:
        state = await visit.db.transact(
            approving.approve, visit.actor, who, MerchantId(merchant_id), RequestId(request_id)
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, APPROVALS, (visit.refused(refusal), "bad"))
    return redirect(visit, APPROVALS, approving.told(visit, state))


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/decline", opt={"permission": "refunds.approve"})
async def declined(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], request_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The second person says no, and why."""
    answer = (await entries_of(request)).text("answer")
    who = await giving.approver(visit)
    try:
        await visit.db.transact(
            approving.decline, visit.actor, who, MerchantId(merchant_id), RequestId(request_id), answer
        )
    except Invalid as refusal:
        error = errors_of(visit, refusal.fields).get("answer", "")
        return await _approvals(visit, wrong=request_id, typed=answer, error=error)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, APPROVALS, (visit.refused(refusal), "bad"))
    return redirect(visit, APPROVALS, (visit.say(N_("Declined. Your colleague reads why.")), "good"))


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/take-back", opt={"permission": "orders.read"})
async def taken_back(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], request_id: FromPath[UUID]
) -> Redirect:
    """Who asked takes it back."""
    who = await giving.giver(visit)
    return await done(
        visit,
        APPROVALS,
        N_("Taken back: nobody is asked any more."),
        lambda: visit.db.transact(
            approving.take_back, visit.actor, who, MerchantId(merchant_id), RequestId(request_id)
        ),
    )


async def _currencies(read: Read) -> list[str]:
    return [each.currency for each in await currencies.all(read)]


@get("/refunds/limits", opt={"permission": "staff.manage"})
async def limits(visit: NamedDependency[Visit], currency: FromQuery[str] = "") -> Response[Any]:
    """What each role may give back alone, in a currency."""
    return await _limits(visit, Entries({}, {}), currency)


async def _limits(visit: Visit, form: Entries, currency: str, errors: Mapping[str, str] | None = None) -> Response[Any]:
    offered = await visit.db.ask(_currencies)
    chosen = currency if currency in offered else offered[0]
    roles = await visit.db.ask(access.roles, AccountKind.OPERATOR)
    known = await visit.db.ask(aftersales.limits_of, None)
    return await frame.show(
        visit,
        "refund_limits.html",
        frame.REFUNDS,
        crumbs=[(visit.say(N_("Refunds")), frame.REFUNDS), (visit.say(N_("Limits")), None)],
        status=422 if errors else 200,
        roles=refund_pages.role_limits(roles, known, RequestSide.OPERATOR, chosen, datetime.now(UTC)),
        currency=chosen,
        currencies=[
            {"label": each, "href": address(LIMITS, currency=each), "current": each == chosen} for each in offered
        ],
        typed={name: form.text(name) for name in ("role", "per_refund", "per_day", "from")},
        errors=errors or {},
        today=refund_pages.today(),
        here=address(LIMITS, currency=chosen),
    )


@post("/refunds/limits", opt={"permission": "staff.manage"})
async def set_limit(
    visit: NamedDependency[Visit], request: WebRequest, currency: FromQuery[str] = ""
) -> Response[Any] | Redirect:
    """Limit what a role may give back alone, from today or from a day to come."""
    form = await entries_of(request)
    if currency not in await visit.db.ask(_currencies):
        raise NotFound()
    roles = await visit.db.ask(access.roles, AccountKind.OPERATOR)
    known = refund_pages.role_limits(roles, [], RequestSide.OPERATOR, currency, datetime.now(UTC))
    try:
        typed = refund_pages.limit_of(form, known, currency)
        await visit.db.transact(approving.limit, visit.actor, None, typed)
    except Invalid as refusal:
        return await _limits(visit, form, currency, errors_of(visit, refusal.fields))
    return redirect(visit, address(LIMITS, currency=currency), (visit.say(SAVED), "good"))


HANDLERS = [approvals, approved, declined, taken_back, limits, set_limit]
