"""A shop's refunds: how far each has come, what waits for a second person, and what each role may give back alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import payments
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import approving, refund_pages
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, InState, address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refund_pages import Asked, Shown
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import RequestSide, WaitingRefund
from steelyard.trade.orders.model import OrderId

HERE = frame.REFUNDS
APPROVALS = f"{HERE}/approvals"
LIMITS = f"{HERE}/limits"
FILTERS = ("channel", "route", "age", "from", "to")
READS = {"permission": "orders.read"}


async def listed(read: Read, merchant_id: MerchantId, found: Asked, cursor: str | None) -> Shown:
    page = await payments.refunds_sought(
        read, refund_pages.sought(found, [merchant_id]), cursor=cursor, limit=ROWS_PER_PAGE
    )
    return Shown(
        page=page,
        days=await payments.refunds_by_day(read, found.chart_since, found.chart_until, merchant_id),
        codes=await orders.codes_of(read, merchant_id, [OrderId(each.order_id) for each in page.items]),
    )


async def everything(read: Read, merchant_id: MerchantId, found: Asked) -> Shown:
    rows = await refund_pages.every(read, refund_pages.sought(found, [merchant_id]))
    codes = await orders.codes_of(read, merchant_id, [OrderId(each.order_id) for each in rows])
    return Shown(page=Page(rows, None), days=[], codes=codes)


@get("/refunds", opt=READS)
async def refund_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """The shop's refunds, the newest first, with a picture of them over time; as a file with `?format=csv`."""
    found = refund_pages.asked(visit, wanted, FILTERS)
    if refund_pages.exports.wanted(visit):
        shown = await visit.merchant_db.ask(everything, visit.merchant_id, found)
        return refund_pages.as_file(visit, shown.page.items, shown.codes, {})
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, found, cursor)
    here = {**found.typed, "state": found.tab}
    return await frame.show(
        visit,
        "refunds.html",
        HERE,
        asked=found,
        found=shown,
        words=refund_pages,
        charts=refund_pages.charts(visit, shown.days, found),
        tabs=refund_pages.tabs_of(visit, HERE, found, address),
        channels=[*payments.channels(visit.settings)],
        clear_href=address(HERE, state=found.tab),
        next_href=address(HERE, **here, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(HERE, **here) if cursor else "",
        here=HERE,
    )


async def waiting(read: Read, merchant_id: MerchantId, cursor: str | None) -> approving.Waiting:
    open_ones = await aftersales.requests_page(read, RequestSide.MERCHANT, merchant_id=merchant_id, limit=ROWS_PER_PAGE)
    answered = await aftersales.requests_page(
        read, RequestSide.MERCHANT, merchant_id=merchant_id, waiting=False, cursor=cursor, limit=ROWS_PER_PAGE
    )
    codes = await orders.codes_of(read, merchant_id, [each.order_id for each in [*open_ones.items, *answered.items]])
    return approving.Waiting(waiting=open_ones, answered=answered, codes=codes, staff=[])


@get("/refunds/approvals", opt=READS)
async def approvals(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What waits for a second person, and what became of those before."""
    return await _approvals(visit, cursor)


async def _approvals(visit: Visit, cursor: str | None = None, wrong: approving.Wrong | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(waiting, visit.merchant_id, cursor)
    found = msgspec.structs.replace(found, staff=await visit.db.ask(access.staff, visit.merchant_id))
    return await frame.show(
        visit,
        approving.APPROVALS,
        HERE,
        crumbs=[(visit.say(N_("Refunds")), HERE), (visit.say(N_("For a second person")), None)],
        own=_own,
        order_href=order_href,
        **approving.approvals_page(visit, found, APPROVALS, LIMITS, cursor, wrong),
    )


def _own(each: WaitingRefund) -> str:
    return str(each.request_id)


def order_href(each: WaitingRefund) -> str:
    return f"{frame.HOME}/after-sales/{each.case_id}" if each.case_id else f"{frame.HOME}/orders/{each.order_id}"


@post("/refunds/approvals/{request_id:uuid}/approve", opt={"permission": "refunds.approve"})
async def approved(visit: NamedDependency[Visit], request_id: FromPath[UUID]) -> Redirect:
    """The second person says yes."""
    return await approving.said_yes(visit, visit.merchant_db, APPROVALS, visit.merchant_id, request_id)


@post("/refunds/approvals/{request_id:uuid}/decline", opt={"permission": "refunds.approve"})
async def declined(
    visit: NamedDependency[Visit], request: WebRequest, request_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The second person says no, and why."""
    answer = (await entries_of(request)).text("answer")
    said = await approving.said_no(visit, visit.merchant_db, APPROVALS, visit.merchant_id, request_id, answer)
    return await _approvals(visit, wrong=said) if isinstance(said, approving.Wrong) else said


@post("/refunds/approvals/{request_id:uuid}/take-back", opt=READS)
async def taken_back(visit: NamedDependency[Visit], request_id: FromPath[UUID]) -> Redirect:
    """Who asked takes it back."""
    return await approving.said_nothing(visit, visit.merchant_db, APPROVALS, visit.merchant_id, request_id)


@get("/refunds/limits", opt={"permission": "staff.manage"})
async def limits(visit: NamedDependency[Visit]) -> Response[Any]:
    """What each role may give back alone."""
    return await _limits(visit, Entries({}, {}))


async def _limits(visit: Visit, form: Entries, errors: Mapping[str, str] | None = None) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    roles = await visit.db.ask(access.roles, AccountKind.MERCHANT, visit.merchant_id)
    known = await visit.merchant_db.ask(aftersales.limits_of, visit.merchant_id)
    return await frame.show(
        visit,
        approving.LIMITS,
        HERE,
        crumbs=[(visit.say(N_("Refunds")), HERE), (visit.say(N_("Limits for refunds")), None)],
        here=LIMITS,
        **approving.limits_page(form, errors, roles, known, RequestSide.MERCHANT, currency),
    )


@post("/refunds/limits", opt={"permission": "staff.manage"})
async def set_limit(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Limit what a role may give back alone, from today or from a day to come."""
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    roles = await visit.db.ask(access.roles, AccountKind.MERCHANT, visit.merchant_id)
    known = refund_pages.role_limits(roles, [], RequestSide.MERCHANT, currency, datetime.now(UTC))
    try:
        typed = refund_pages.limit_of(form, known, currency)
        await visit.merchant_db.transact(approving.limit, visit.actor, visit.merchant_id, typed)
    except Invalid as refusal:
        return await _limits(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, LIMITS, (visit.say(SAVED), "good"))


HANDLERS = [refund_list, approvals, approved, declined, taken_back, limits, set_limit]
