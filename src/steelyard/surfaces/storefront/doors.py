"""Coming in and going out: sign in, register, sign out, a new password. Staff come in by the same door."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import ids, limits
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.operations import privacy
from steelyard.parties import access, customers
from steelyard.parties.access.model import Account, AccountId, AccountKind, EmailTaken
from steelyard.parties.customers.model import Buyer, BuyerId
from steelyard.surfaces.storefront.shell import CONSOLES
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.pages import Frame, local_path, redirect, render
from steelyard.surfaces.web.visit import SESSION_COOKIE, Visit, browser_of, cookie
from steelyard.trade import cart, favourites, rewards

SESSION_COOKIE_SECONDS = 180 * 86_400
REGISTER_PER_ADDRESS = Limit("register_address", burst=20, per_seconds=3_600)
USER_AGENT_CHARACTERS_MAX = 300


class SignInForm(Typed, frozen=True, kw_only=True):
    email: str = ""
    password: str = ""
    return_to: str = ""


class RegisterForm(Typed, frozen=True, kw_only=True):
    name: str = ""
    email: str = ""
    password: str = ""
    return_to: str = ""


class EmailForm(Typed, frozen=True, kw_only=True):
    email: str = ""


class PasswordForm(Typed, frozen=True, kw_only=True):
    password: str = ""


@get("/sign-in")
async def sign_in_page(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """The form; who is in already goes on."""
    wanted = visit.connection.query_params.get("return_to", "")
    if visit.account is not None:
        return redirect(visit, local_path(wanted, CONSOLES[visit.account.kind]))
    return await _form(visit, "sign_in.html", SignInForm(return_to=local_path(wanted, "")))


@post("/sign-in")
async def sign_in(visit: NamedDependency[Visit], data: URLEncodedBody[SignInForm]) -> Response[str] | Redirect:
    """Begin a session. The visitor's cart and purchases become the buyer's; staff go to their desk."""
    try:
        signed_in = await access.sign_in(
            visit.db,
            email=data.email,
            password=data.password,
            user_agent=visit.connection.headers.get("user-agent", "")[:USER_AGENT_CHARACTERS_MAX],
            address=address_of(visit),
        )
    except Refusal as refusal:
        return await _form(visit, "sign_in.html", data, refusal)
    return await _go_in(visit, signed_in.account, signed_in.token, data.return_to)


@get("/register")
async def register_page(visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """The form; who is in already goes on."""
    wanted = visit.connection.query_params.get("return_to", "")
    if visit.account is not None:
        return redirect(visit, local_path(wanted, CONSOLES[visit.account.kind]))
    return await _form(visit, "register.html", RegisterForm(return_to=local_path(wanted, "")))


@post("/register")
async def register(visit: NamedDependency[Visit], data: URLEncodedBody[RegisterForm]) -> Response[str] | Redirect:
    """Open a buyer's account and sign in with it; said twice, the second only signs in."""
    try:
        await limits.take(visit.db, REGISTER_PER_ADDRESS, address_of(visit))
        if not data.name.strip():
            raise Invalid({"name": N_("Please enter your name.")})
        access.check_rules(data.password, data.email)
        hashed = await access.hash_password(data.password)
        account_id = await visit.db.transact(_open_account, data, hashed, visit.locale)
        token = await visit.db.transact(
            access.begin_session,
            account_id,
            visit.connection.headers.get("user-agent", "")[:USER_AGENT_CHARACTERS_MAX],
            address_of(visit),
        )
    except EmailTaken as refusal:
        return await _sign_in_instead(visit, data, refusal)
    except Refusal as refusal:
        return await _form(visit, "register.html", data, refusal)
    account = await visit.db.ask(access.account, account_id)
    assert account is not None
    return await _go_in(visit, account, token, data.return_to)


async def _sign_in_instead(visit: Visit, data: RegisterForm, taken: EmailTaken) -> Response[str] | Redirect:
    """Who registers with the e-mail address and the password of an account has it already: a second click."""
    try:
        signed_in = await access.sign_in(
            visit.db,
            email=data.email,
            password=data.password,
            user_agent=visit.connection.headers.get("user-agent", "")[:USER_AGENT_CHARACTERS_MAX],
            address=address_of(visit),
        )
    except Refusal:
        return await _form(visit, "register.html", data, taken)
    return await _go_in(visit, signed_in.account, signed_in.token, data.return_to)


async def _open_account(tx: Tx, data: RegisterForm, password_hash: str, locale: str) -> AccountId:
    account_id, buyer_id = AccountId(ids.mint()), BuyerId(ids.mint())
    await access.register(
        tx,
        account_id=account_id,
        kind=AccountKind.BUYER,
        name=data.name,
        email=data.email,
        password_hash=password_hash,
        locale=locale,
        buyer_id=buyer_id,
    )
    account = await access.account(tx, account_id)
    assert account is not None
    await customers.register(
        tx, Buyer(buyer_id=buyer_id, email=account.email, name=account.name, locale=locale, guest=False)
    )
    await privacy.record_consents(tx, buyer_id, "registering")
    await rewards.welcome(tx, buyer_id)
    return account_id


async def _go_in(visit: Visit, account: Account, token: str, return_to: str) -> Redirect:
    cookies: list[Cookie] = []
    if account.buyer_id is not None:
        browser_id, known_again = browser_of(visit)
        await visit.db.transact(become, visit.visitor_id, BuyerId(account.buyer_id), browser_id)
        cookies.append(known_again)
    visit.become_somebody_else()
    session = cookie(visit.settings, SESSION_COOKIE, token, SESSION_COOKIE_SECONDS)
    home = "/" if account.kind is AccountKind.BUYER else CONSOLES[account.kind]
    return redirect(
        visit,
        local_path(return_to, home),
        (visit.say(N_("Hello, {name}."), name=account.name), "good"),
        cookies=[session, *cookies],
    )


async def become(tx: Tx, visitor_id: BuyerId, buyer_id: BuyerId, browser_id: UUID) -> None:
    """The visitor is this buyer: cart and favourites move over, and what was bought as a guest is found under the account."""
    if await customers.resolve(tx, visitor_id) != visitor_id:
        return
    await cart.merge(tx, visitor_id, buyer_id)
    await favourites.merge(tx, visitor_id, buyer_id)
    await customers.merge_visitor(tx, visitor_id, buyer_id, browser_id)


@post("/sign-out")
async def sign_out(visit: NamedDependency[Visit]) -> Redirect:
    """End the session; who comes after on this browser is somebody else."""
    token = visit.connection.cookies.get(SESSION_COOKIE)
    if token:
        await visit.db.transact(access.end_session, token)
        visit.become_somebody_else()
    return redirect(visit, "/", (visit.say(N_("You are signed out.")), "good"), cookies=[no_session(visit)])


@get("/forgot")
async def forgot_page(visit: NamedDependency[Visit]) -> Response[str]:
    """Ask for a link to a new password."""
    return await _form(visit, "forgot.html", EmailForm(), sent=False)


@post("/forgot")
async def forgot(visit: NamedDependency[Visit], data: URLEncodedBody[EmailForm]) -> Response[str]:
    """Send the link. The answer is the same whether somebody has this address or not."""
    try:
        await access.ask_for_password_reset(visit.db, email=data.email, address=address_of(visit))
    except Refusal as refusal:
        return await _form(visit, "forgot.html", data, refusal, sent=False)
    return await _form(visit, "forgot.html", data, sent=True)


@get(["/password/{token:str}", "/invitation/{token:str}"])
async def password_page(visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
    """Where the link from a mail leads: choose a password."""
    owner = await visit.db.ask(access.owner_of_link, token)
    return await _form(visit, "password.html", PasswordForm(), owner=owner, status=200 if owner else 410)


@post(["/password/{token:str}", "/invitation/{token:str}"])
async def choose_password(
    visit: NamedDependency[Visit], token: FromPath[str], data: URLEncodedBody[PasswordForm]
) -> Response[str] | Redirect:
    """Set the password; every session of the account ends."""
    try:
        await access.choose_password(visit.db, token=token, password=data.password, address=address_of(visit))
    except Refusal as refusal:
        owner = await visit.db.ask(access.owner_of_link, token)
        return await _form(visit, "password.html", data, refusal, owner=owner)
    return redirect(visit, "/sign-in", (visit.say(N_("Your password is set. Please sign in with it.")), "good"))


def no_session(visit: Visit) -> Cookie:
    """Takes the session's cookie back."""
    return cookie(visit.settings, SESSION_COOKIE, "", 0)


async def _form(
    visit: Visit,
    template: str,
    form: msgspec.Struct,
    refusal: Refusal | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> Response[str]:
    """A form on a plain page, again with what was typed (never the password) when it was refused."""
    errors = refusals.fields_of(refusal, visit.locale) if refusal else {}
    if isinstance(refusal, EmailTaken):
        errors = {"email": visit.refused(refusal)}
    return await render(
        visit,
        f"storefront/{template}",
        Frame(),
        status=refusal.status if refusal else status,
        form=form,
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        **values,
    )
