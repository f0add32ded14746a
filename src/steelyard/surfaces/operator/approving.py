"""Refunds of the operator's staff that wait for a second person, and what each of its roles may give back alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import currencies
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import approving, refund_pages
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import RequestSide, WaitingRefund

APPROVALS = f"{frame.REFUNDS}/approvals"
LIMITS = f"{frame.REFUNDS}/limits"


async def waiting(read: Read, cursor: str | None) -> approving.Waiting:
    open_ones = await aftersales.requests_page(read, RequestSide.OPERATOR, limit=ROWS_PER_PAGE)
    answered = await aftersales.requests_page(
        read, RequestSide.OPERATOR, waiting=False, cursor=cursor, limit=ROWS_PER_PAGE
    )
    shown = [*open_ones.items, *answered.items]
    return approving.Waiting(
        waiting=open_ones,
        answered=answered,
        codes=await orders.codes_of_all(read, [each.order_id for each in shown]),
        shops=await merchants.cards(read, {each.merchant_id for each in shown}),
        staff=await access.staff(read, None),
    )


@get("/refunds/approvals", opt={"permission": "orders.read"})
async def approvals(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What waits for a second person, and what became of those before."""
    return await _approvals(visit, cursor)


async def _approvals(visit: Visit, cursor: str | None = None, wrong: approving.Wrong | None = None) -> Response[Any]:
    found = await visit.db.ask(waiting, cursor)
    decides = "orders.manage" in visit.actor.permissions
    return await frame.show(
        visit,
        approving.APPROVALS,
        frame.REFUNDS,
        crumbs=[(visit.say(N_("Refunds")), frame.REFUNDS), (visit.say(N_("For a second person")), None)],
        own=_own,
        order_href=partial(order_href, decides),
        **approving.approvals_page(visit, found, APPROVALS, LIMITS, cursor, wrong),
    )


def _own(each: WaitingRefund) -> str:
    return f"{each.merchant_id}/{each.request_id}"


def order_href(decides: bool, each: WaitingRefund) -> str:
    if each.case_id and decides:
        return f"{frame.HOME}/disputes/{each.case_id}"
    return f"{frame.HOME}/orders/{each.merchant_id}/{each.order_id}"


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/approve", opt={"permission": "refunds.approve"})
async def approved(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], request_id: FromPath[UUID]) -> Redirect:
    """The second person says yes."""
    return await approving.said_yes(visit, visit.db, APPROVALS, MerchantId(merchant_id), request_id)


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/decline", opt={"permission": "refunds.approve"})
async def declined(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], request_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The second person says no, and why."""
    answer = (await entries_of(request)).text("answer")
    said = await approving.said_no(visit, visit.db, APPROVALS, MerchantId(merchant_id), request_id, answer)
    return await _approvals(visit, wrong=said) if isinstance(said, approving.Wrong) else said


@post("/refunds/approvals/{merchant_id:uuid}/{request_id:uuid}/take-back", opt={"permission": "orders.read"})
async def taken_back(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], request_id: FromPath[UUID]
) -> Redirect:
    """Who asked takes it back."""
    return await approving.said_nothing(visit, visit.db, APPROVALS, MerchantId(merchant_id), request_id)


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
        approving.LIMITS,
        frame.REFUNDS,
        crumbs=[(visit.say(N_("Refunds")), frame.REFUNDS), (visit.say(N_("Limits for refunds")), None)],
        currencies=[
            {"label": each, "href": address(LIMITS, currency=each), "current": each == chosen} for each in offered
        ],
        here=address(LIMITS, currency=chosen),
        **approving.limits_page(form, errors, roles, known, RequestSide.OPERATOR, chosen),
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
