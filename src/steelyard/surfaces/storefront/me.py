"""A buyer's own pages: the overview, the address book, where they are signed in, their password."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access, customers
from steelyard.parties.access.model import Account, AccountKind, OpenSession
from steelyard.parties.customers.model import Address, AddressId, BuyerId, SavedAddress
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.addresses import PROVINCES, countries, lines_of, missing, read_address
from steelyard.surfaces.storefront.browsers import browser_name
from steelyard.surfaces.storefront.shell import CONSOLES, Shell, shell, show
from steelyard.surfaces.storefront.typed import Typed, said
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.guards import SignInFirst
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import SESSION_COOKIE, Visit

ACCOUNT = "/account"
BOOK = "/account/addresses"


class PasswordChange(Typed, frozen=True, kw_only=True):
    current: str = ""
    password: str = ""


class BookPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    book: Sequence[SavedAddress]


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


async def book_page(read: Read, buyer_id: BuyerId) -> BookPage:
    return BookPage(shell=await shell(read, buyer_id), book=await customers.addresses(read, buyer_id))


async def sessions_page(read: Read, buyer_id: BuyerId, account: Account) -> SessionsPage:
    return SessionsPage(shell=await shell(read, buyer_id), sessions=await access.sessions_of(read, account.account_id))


@get(ACCOUNT)
async def overview(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """What there is under "Me"; also for who has not signed in."""
    if visit.account is not None and visit.account.kind is not AccountKind.BUYER:
        return redirect(visit, CONSOLES[visit.account.kind])
    around = await visit.db.ask(shell, visit.buyer_id)
    return await show(visit, "account.html", around, crumbs=[Crumb(visit.say(N_("My account")))])


@get(BOOK)
async def address_book(visit: NamedDependency[Visit]) -> Response[str]:
    """All addresses, the default first, and a form for another."""
    _, buyer_id = buyer_of(visit)
    page = await visit.db.ask(book_page, buyer_id)
    return await _book(visit, page, Address(country="CN"), ids.mint())


@get(BOOK + "/{address_id:uuid}")
async def edit_address(visit: NamedDependency[Visit], address_id: FromPath[UUID]) -> Response[str]:
    """The form with one of the addresses in it."""
    _, buyer_id = buyer_of(visit)
    page = await visit.db.ask(book_page, buyer_id)
    found = next((each for each in page.book if each.address_id == address_id), None)
    if found is None:
        raise NotFound()
    return await _book(visit, page, found.address, address_id, editing=True)


@post(BOOK + "/{address_id:uuid}")
async def save_address(
    visit: NamedDependency[Visit], address_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Response[str] | Redirect:
    """Put an address into the book, or change it: its id is the form's, so a second click is the same address."""
    _, buyer_id = buyer_of(visit)
    address = read_address(data)
    wrong = {name: visit.say(message) for name, message in missing(address).items()}
    if not wrong:
        try:
            await visit.db.transact(
                customers.save_address,
                buyer_id,
                AddressId(address_id),
                address,
                is_default=said(data, "is_default") == "yes",
            )
            return redirect(visit, BOOK, (visit.say(N_("The address is saved.")), "good"))
        except Invalid as refusal:
            wrong = {"name": refusals.sentence_of(refusal, visit.locale)}
    page = await visit.db.ask(book_page, buyer_id)
    return await _book(visit, page, address, address_id, wrong, editing=True)


@post(BOOK + "/{address_id:uuid}/remove")
async def remove_address(visit: NamedDependency[Visit], address_id: FromPath[UUID]) -> Redirect:
    """Take an address out of the book."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(customers.remove_address, buyer_id, AddressId(address_id))
    return redirect(visit, BOOK, (visit.say(N_("The address was deleted.")), "good"))


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


async def _book(
    visit: Visit,
    page: BookPage,
    address: Address,
    address_id: UUID,
    errors: dict[str, str] | None = None,
    *,
    editing: bool = False,
) -> Response[str]:
    return await show(
        visit,
        "address_book.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Address book")))],
        status=422 if errors else 200,
        book=page.book,
        address=address,
        address_id=address_id,
        known=any(each.address_id == address_id for each in page.book),
        editing=editing,
        errors=errors or {},
        countries=countries(visit.locale),
        provinces=PROVINCES,
        lines_of=lines_of,
    )
