"""What a host earns with a shop's sessions, as the host sees it: to come, earned, paid; by session, and line by line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.channels import host_commission, rooms
from steelyard.channels.host_commission.model import Foreseen, Line, OfHost, Owed, Payment, SessionSum
from steelyard.channels.rooms.model import Host
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_tabs import EARNINGS, tabs
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.visit import Visit

NEEDS = {"permission": "live.host"}


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """`sums` by who is paid: the host, or agencies; `balances` and `payments` are of the host alone."""

    host: Host
    sums: Sequence[Foreseen]
    balances: Sequence[Owed]
    payments: Sequence[Payment]
    sessions: Sequence[OfHost]
    by_session: Mapping[UUID, Sequence[SessionSum]]
    page: Page[Line]

    def of_session(self, session_id: UUID) -> Sequence[SessionSum]:
        return self.by_session.get(session_id, ())


async def mine(read: Read, merchant_id: MerchantId, account_id: UUID, cursor: str | None) -> Mine | None:
    """What the host earns who this member of the staff is; none who is no host."""
    host = await rooms.host_of_account(read, merchant_id, account_id)
    if host is None:
        return None
    sessions = await host_commission.sessions_of_host(read, merchant_id, host.host_id)
    by_session: dict[UUID, list[SessionSum]] = {}
    for each in await host_commission.sums_of_sessions(read, merchant_id, [one.session_id for one in sessions]):
        by_session.setdefault(each.session_id, []).append(each)
    own = await host_commission.payee_of_host(read, merchant_id, host.host_id)
    return Mine(
        host=host,
        sums=await host_commission.of_host(read, merchant_id, host.host_id),
        balances=await host_commission.balances(read, merchant_id, own) if own else [],
        payments=await host_commission.payments(read, merchant_id, own) if own else [],
        sessions=sessions,
        by_session=by_session,
        page=await host_commission.lines(read, merchant_id, host_id=host.host_id, cursor=cursor, limit=ROWS_PER_PAGE),
    )


@get("/live/earnings", opt=NEEDS)
async def earnings_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Nobody sees here what another host earns; or the file of it."""
    assert visit.account is not None
    if exports.wanted(visit):
        return await _file(visit)
    found = await visit.merchant_db.ask(mine, visit.merchant_id, visit.account.account_id, cursor)
    return await frame.show(
        visit,
        "live_earnings.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("What I earn")), None)],
        sections=tabs(visit, EARNINGS),
        found=found,
        next_href=address(EARNINGS, cursor=found.page.next) if found and found.page.next else "",
        start_href=EARNINGS if cursor else "",
    )


async def all_mine(read: Read, merchant_id: MerchantId, account_id: UUID) -> list[Line]:
    host = await rooms.host_of_account(read, merchant_id, account_id)
    if host is None:
        return []
    host_id = host.host_id
    return await exports.everything(
        lambda cursor: host_commission.lines(read, merchant_id, host_id=host_id, cursor=cursor, limit=100)
    )


async def _file(visit: Visit) -> Response[Any]:
    assert visit.account is not None
    found = await visit.merchant_db.ask(all_mine, visit.merchant_id, visit.account.account_id)
    columns = (
        N_("Order"), N_("Line"), N_("Article"), N_("Session"), N_("Who gets it"), N_("Placed"), N_("Currency"),
        N_("Line total"), N_("Rate, %"), N_("Commission"), N_("Dropped by refunds"), N_("Commission earned"),
        N_("Returned to the shop"), N_("Earned at"),
    )  # fmt: skip
    rows = (
        (
            each.code, each.line, each.title, each.session, each.payee, each.placed_at, each.currency,
            Money(each.paid, each.currency), each.millionths / 10_000,
            *(Money(amount, each.currency) for amount in (each.amount, each.dropped, each.earned, each.given_back)),
            each.earned_at,
        )
        for each in found
    )  # fmt: skip
    return exports.sheet(visit, N_("What I earn"), columns, rows)


HANDLERS = [earnings_page]
