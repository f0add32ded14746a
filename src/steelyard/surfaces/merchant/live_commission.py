"""What hosts and agencies get of what was sold live: what is owed to each, by session, and line by line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.channels import host_commission, live, rooms
from steelyard.channels.host_commission.model import Line, Owed, SessionSum
from steelyard.channels.live.model import Session
from steelyard.channels.rooms.model import Host
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_tabs import COMMISSION, session_options, tabs
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit

NEEDS = {"permission": "live.commission"}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`sessions` are the latest, and the one that is asked for; `sums` those of them that cost something."""

    page: Page[Line]
    balances: Sequence[Owed]
    hosts: Sequence[Host]
    sessions: Mapping[UUID, Session]
    sums: Sequence[SessionSum]


async def found_lines(
    read: Read, merchant_id: MerchantId, session_id: UUID | None, host_id: UUID | None, cursor: str | None
) -> Found:
    latest = (await live.sessions(read, merchant_id, ())).items
    sessions: dict[UUID, Session] = {each.session_id: each for each in latest}
    if session_id is not None and session_id not in sessions:
        asked = await live.session(read, merchant_id, session_id)
        sessions |= {session_id: asked} if asked else {}
    wanted = [session_id] if session_id else list(sessions)
    return Found(
        page=await host_commission.lines(
            read, merchant_id, session_id=session_id, host_id=host_id, cursor=cursor, limit=ROWS_PER_PAGE
        ),
        balances=await host_commission.balances(read, merchant_id),
        hosts=await rooms.hosts_of(read, merchant_id),
        sessions=sessions,
        sums=await host_commission.sums_of_sessions(read, merchant_id, wanted),
    )


@get("/live/commission", opt=NEEDS)
async def commission_page(
    visit: NamedDependency[Visit],
    session: FromQuery[str | None] = None,
    host: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """Of all sessions and hosts, or of one; or the file of it."""
    session_id, host_id = as_uuid(session or ""), as_uuid(host or "")
    if exports.wanted(visit):
        return await _file(visit, session_id, host_id)
    found = await visit.merchant_db.ask(found_lines, visit.merchant_id, session_id, host_id, cursor)
    here = address(COMMISSION, session=session_id, host=host_id)
    return await frame.show(
        visit,
        "live_commission.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Hosts’ commission")), None)],
        sections=tabs(visit, COMMISSION),
        found=found,
        session_id=session_id,
        host_id=host_id,
        host_options=[(each.host_id, each.name) for each in found.hosts],
        session_options=session_options(visit, found.sessions.values()),
        next_href=address(COMMISSION, session=session_id, host=host_id, cursor=found.page.next)
        if found.page.next
        else "",
        start_href=here if cursor else "",
    )


async def everything(read: Read, merchant_id: MerchantId, session_id: UUID | None, host_id: UUID | None) -> list[Line]:
    return await exports.everything(
        lambda cursor: host_commission.lines(
            read, merchant_id, session_id=session_id, host_id=host_id, cursor=cursor, limit=100
        )
    )


async def _file(visit: Visit, session_id: UUID | None, host_id: UUID | None) -> Response[Any]:
    found = await visit.merchant_db.ask(everything, visit.merchant_id, session_id, host_id)
    columns = (
        N_("Order"), N_("Line"), N_("Article"), N_("Session"), N_("Host"), N_("Who gets it"), N_("Placed"), N_("Currency"),
        N_("Line total"), N_("Rate, %"), N_("Commission"), N_("Dropped by refunds"), N_("Commission earned"),
        N_("Returned to the shop"), N_("Earned at"),
    )  # fmt: skip
    rows = (
        (
            each.code, each.line, each.title, each.session, each.host, each.payee, each.placed_at, each.currency,
            Money(each.paid, each.currency), each.millionths / 10_000,
            *(Money(amount, each.currency) for amount in (each.amount, each.dropped, each.earned, each.given_back)),
            each.earned_at,
        )
        for each in found
    )  # fmt: skip
    return exports.sheet(visit, N_("Hosts’ commission"), columns, rows)


HANDLERS = [commission_page]
