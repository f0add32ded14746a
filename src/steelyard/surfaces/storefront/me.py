"""A buyer's own pages: the overview, where they are signed in, their password."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access, notifications
from steelyard.parties.access.model import Account, AccountKind, OpenSession
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.browsers import browser_name
from steelyard.surfaces.storefront.order_views import tab_counts
from steelyard.surfaces.storefront.shell import CONSOLES, Shell, shell, show
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.guards import SignInFirst
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import SESSION_COOKIE, Visit

ACCOUNT = "/account"


class PasswordChange(Typed, frozen=True, kw_only=True):
    current: str = ""
    password: str = ""


class OverviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` are orders by the names of the list's tabs."""

    shell: Shell
    counts: dict[str, int]
    unread: int = 0


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    sessions: Sequence[OpenSession]


def buyer_of(visit: Visit) -> tuple[Account, BuyerId]:
    """Who is signed in as a buyer. Raises `SignInFirst`; staff have no address book, and raise `NotFound`."""
    if visit.account is None:
        raise SignInFirst()
    if visit.account.buyer_id is None:
        raise NotFound()
    return visit.account, BuyerId(visit.account.buyer_id)


async def overview_page(read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId]) -> OverviewPage:
    return OverviewPage(
        shell=await shell(read, buyer_id),
        counts=await tab_counts(read, owners),
        unread=await notifications.unread(read, buyer_id),
    )


async def sessions_page(read: Read, buyer_id: BuyerId, account: Account) -> SessionsPage:
    return SessionsPage(shell=await shell(read, buyer_id), sessions=await access.sessions_of(read, account.account_id))


@get(ACCOUNT)
async def overview(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """What there is under "Me"; also for who has not signed in."""
    if visit.account is not None and visit.account.kind is not AccountKind.BUYER:
        return redirect(visit, CONSOLES[visit.account.kind])
    page = await visit.db.ask(overview_page, visit.buyer_id, visit.buyer_ids)
    return await show(
        visit,
        "account.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")))],
        counts=page.counts,
        unread=page.unread,
    )


@get("/account/sessions")
async def sessions(visit: NamedDependency[Visit]) -> Response[str]:
    """Where the account is signed in."""
    account, buyer_id = buyer_of(visit)
    page = await visit.db.ask(sessions_page, buyer_id, account)
    return await _sessions(visit, page, {})


@post("/account/sessions/{session_id:str}/end")
async def end_session(visit: NamedDependency[Visit], session_id: FromPath[str]) -> Redirect:
    """Sign out somewhere else."""
    account, _ = buyer_of(visit)
    await visit.db.transact(access.end_session_of, account.account_id, session_id)
    return redirect(visit, "/account/sessions", (visit.say(N_("That session has ended.")), "good"))


@post("/account/sessions/end-others")
async def end_other_sessions(visit: NamedDependency[Visit]) -> Redirect:
    """Sign out everywhere but here."""
    account, _ = buyer_of(visit)
    here = visit.connection.cookies.get(SESSION_COOKIE)
    await visit.db.transact(access.end_all_sessions, account.account_id, but=here)
    return redirect(visit, "/account/sessions", (visit.say(N_("All other sessions have ended.")), "good"))


@post("/account/password")
async def change_password(
    visit: NamedDependency[Visit], data: URLEncodedBody[PasswordChange]
) -> Response[str] | Redirect:
    """Change one's own password by knowing the current one; all other sessions end."""
    account, buyer_id = buyer_of(visit)
    here = visit.connection.cookies.get(SESSION_COOKIE)
    try:
        await access.change_password(visit.db, account, current=data.current, new=data.password, keep_token=here)
    except Refusal as refusal:
        errors = refusals.fields_of(refusal, visit.locale) or {"current": visit.refused(refusal)}
        page = await visit.db.ask(sessions_page, buyer_id, account)
        return await _sessions(visit, page, errors, status=refusal.status)
    return redirect(visit, "/account/sessions", (visit.say(N_("Your password is changed.")), "good"))


async def _sessions(visit: Visit, page: SessionsPage, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    token = visit.connection.cookies.get(SESSION_COOKIE, "")
    return await show(
        visit,
        "sessions.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Where I am signed in")))],
        status=status,
        sessions=page.sessions,
        browser_name=browser_name,
        here=access.session_id(token),
        errors=errors,
    )
