"""Who is asking, in which language, from where: what every handler of every surface may know of its request."""

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.utils.scope.state import ScopeState

from steelyard.kernel import i18n
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.kernel.lookups import look_up
from steelyard.kernel.settings import Settings
from steelyard.parties import access, customers
from steelyard.parties.access.model import Account, AccountKind, Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import THEMES, Flash, Theme, Tone, Undo
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.seals import seal, unseal

VISITOR_COOKIE = "steelyard_visitor"
# Given to who signs in, and left there: two accounts in one browser are known to be in one, whose visitors' ids differ.
BROWSER_COOKIE = "steelyard_browser"
SESSION_COOKIE = "steelyard_session"
LOCALE_COOKIE = "steelyard_locale"
LANGUAGE_PARAMETER = "lang"
THEME_COOKIE = "steelyard_theme"
FLASH_COOKIE = "steelyard_flash"
VISITOR_SECONDS = 400 * 86_400
FLASH_SECONDS = 60
FLASH_CHARACTERS_MAX = 1_500
FLASHES_MAX = 5

WebRequest = Request[Any, Any, State]
Connection = ASGIConnection[Any, Any, Any, Any]


class Visit:
    """One request's visitor. `visitor_id` is remembered in a cookie of ours; it owns a guest's cart and orders.

    `actor` is nobody (no account) until somebody signs in.
    """

    def __init__(self, connection: Connection, actor: Actor, buyer_ids: Sequence[BuyerId]) -> None:
        self.connection = connection
        self.actor = actor
        self.buyer_ids = buyer_ids
        self.locale = locale_of(connection)
        self.theme: Theme = theme_of(connection)
        self.visitor_id = visitor_of(connection)
        self.settings: Settings = connection.app.state.settings
        self.db: Database = connection.app.state.db

    @property
    def account(self) -> Account | None:
        return self.actor.account

    @property
    def buyer_id(self) -> BuyerId:
        """Under whom cart and new purchases are kept: the signed-in buyer, else the visitor."""
        account = self.actor.account
        if account is not None and account.buyer_id is not None:
            return BuyerId(account.buyer_id)
        return self.visitor_id

    @property
    def known_buyer_id(self) -> BuyerId | None:
        """`buyer_id`, but of who comes without being known there is nothing to ask for."""
        is_new = self.account is None and "new_visitor" in self.connection.scope["state"]
        return None if is_new else self.buyer_id

    @property
    def merchant_id(self) -> MerchantId:
        """The merchant whose staff is signed in. Only behind the merchant console's guard."""
        assert self.actor.account is not None
        assert self.actor.account.merchant_id is not None
        return MerchantId(self.actor.account.merchant_id)

    @property
    def merchant_db(self) -> Database:
        """The database as this merchant may see it."""
        return self.db.as_merchant(self.merchant_id)

    def become_somebody_else(self) -> None:
        """A new visitor's cookie goes out with the answer: who comes after on this browser has a cart of their own."""
        self.connection.scope["state"]["new_visitor"] = uuid.uuid4()

    @property
    def in_sheet(self) -> bool:
        """Whether the browser asks for a page to stand in a frame of another page of ours, as what is bought during a live
        stream does: only pages of this site may ask so."""
        headers = self.connection.headers
        return headers.get("sec-fetch-dest") == "iframe" and headers.get("sec-fetch-site") == "same-origin"

    @property
    def by(self) -> str:
        """Who it is, for history rows."""
        account = self.actor.account
        if account is None or account.kind is AccountKind.BUYER:
            return "buyer"
        return f"staff:{account.account_id}"

    @property
    def csrf_token(self) -> str:
        token = ScopeState.from_scope(self.connection.scope).csrf_token
        return token if isinstance(token, str) else ""

    def say(self, message: str, **facts: object) -> str:
        """One of our messages in the visitor's language, with its facts."""
        words = i18n.translations(self.locale).gettext(message)
        return words.format_map(facts) if facts else words

    def refused(self, refusal: Refusal) -> str:
        """A refusal in one line of the visitor's language."""
        return refusals.sentence_of(refusal, self.locale)


def locale_of(connection: Connection) -> str:
    """The language that the address asks for (as robots and passed-on links do), else the one chosen on the page, else
    the one that the browser asks for."""
    asked = connection.query_params.get(LANGUAGE_PARAMETER)
    if asked in i18n.LOCALES:
        return asked
    chosen = connection.cookies.get(LOCALE_COOKIE)
    return chosen if chosen in i18n.LOCALES else i18n.negotiate(connection.headers.get("accept-language"))


def theme_of(connection: Connection) -> Theme:
    """Light or dark as chosen on a page, else as the visitor's system is."""
    chosen = connection.cookies.get(THEME_COOKIE, "")
    known: list[Theme] = [theme for theme in THEMES if theme == chosen]
    return known[0] if known else "system"


def visitor_of(connection: Connection) -> BuyerId:
    """The visitor's id out of the cookie; a new one (and a cookie with the answer) when there is none we can read."""
    known = connection.scope["state"].get(VISITOR_COOKIE)
    if known is None:
        known = _sealed_visitor(connection)
        if known is None:
            known = uuid.uuid4()
            connection.scope["state"]["new_visitor"] = known
        connection.scope["state"][VISITOR_COOKIE] = known
    return BuyerId(known)


def _sealed_visitor(connection: Connection) -> UUID | None:
    """Sealed, since others (a merchant, an agent) may come to know a buyer's id, and must not become that buyer."""
    value = unseal(connection.app.state.settings, VISITOR_COOKIE, connection.cookies.get(VISITOR_COOKIE, ""))
    return None if value is None else UUID(value)


def visitor_cookie(settings: Settings, visitor_id: UUID) -> Cookie:
    """The cookie by which a visitor is known again."""
    return cookie(settings, VISITOR_COOKIE, seal(settings, VISITOR_COOKIE, str(visitor_id)), VISITOR_SECONDS)


def set_cookie(cookie: Cookie) -> str:
    """What `Cookie.to_header` says, for a value that needs no quotes, in a twentieth of the time: each visitor without
    cookies is given two."""
    assert cookie.value is not None
    assert not cookie.domain
    assert cookie.expires is None
    parts = [f"{cookie.key}={cookie.value}"]
    if cookie.httponly:
        parts.append("HttpOnly")
    if cookie.max_age is not None:
        parts.append(f"Max-Age={cookie.max_age}")
    parts += [f"Path={cookie.path}", f"SameSite={cookie.samesite}"]
    if cookie.secure:
        parts.append("Secure")
    return "; ".join(parts)


def browser_of(visit: Visit) -> tuple[UUID, Cookie]:
    """The browser that somebody signs in with, and the cookie by which it is known the next time."""
    known = unseal(visit.settings, BROWSER_COOKIE, visit.connection.cookies.get(BROWSER_COOKIE, ""))
    browser_id = UUID(known) if known else uuid.uuid4()
    sealed = seal(visit.settings, BROWSER_COOKIE, str(browser_id))
    return browser_id, cookie(visit.settings, BROWSER_COOKIE, sealed, VISITOR_SECONDS)


async def actor_of(connection: Connection) -> Actor:
    """Who is signed in with this request's session cookie."""
    token = connection.cookies.get(SESSION_COOKIE)
    if token:
        db: Database = connection.app.state.db
        actor = await look_up(db, access.sessions, token)
        if actor is not None:
            if actor.seen_long_ago:
                await db.transact(access.touch, token)
            return actor
    return Actor(account=None, permissions=frozenset(), api_key=False)


async def provide_visit(request: WebRequest) -> Visit:
    """The dependency `visit` of all handlers that serve people."""
    actor = await actor_of(request)
    visitor = visitor_of(request)
    account = actor.account
    db: Database = request.app.state.db
    if account is not None and account.buyer_id is not None:
        buyer_id = BuyerId(account.buyer_id)
        return Visit(request, actor, [buyer_id, *(await look_up(db, customers.pasts, buyer_id) or [])])
    merged = await look_up(db, customers.merged, visitor) if request.cookies.get(VISITOR_COOKIE) else None
    # After signing out the visitor's id is still the merged buyer's past: it is not shown without signing in.
    return Visit(request, actor, [visitor] if merged is None else [])


def cookie(settings: Settings, key: str, value: str, seconds: int | None) -> Cookie:
    """A cookie of ours: for this site only, out of reach of scripts, over https where the site is."""
    return Cookie(
        key=key,
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=settings.secure_cookies,
        samesite="lax",
    )


class _Flash(msgspec.Struct, array_like=True):
    """A message as its cookie holds it."""

    text: str
    tone: Tone
    undo: tuple[str, str, dict[str, str]] | None = None


def flash_cookie(settings: Settings, flashes: Sequence[Flash]) -> Cookie:
    """Messages for the next page. Sealed, since an undo button posts where it says."""
    kept = [
        _Flash(flash.text[: FLASH_CHARACTERS_MAX // FLASHES_MAX], flash.tone, _packed(flash.undo))
        for flash in flashes[:FLASHES_MAX]
    ]
    packed = base64.urlsafe_b64encode(msgspec.json.encode(kept)).decode()
    return cookie(settings, FLASH_COOKIE, seal(settings, FLASH_COOKIE, packed), FLASH_SECONDS)


def _packed(undo: Undo | tuple[str, str, Mapping[str, str]] | None) -> tuple[str, str, dict[str, str]] | None:
    if undo is None:
        return None
    label, action, fields = undo
    assert action.startswith("/"), "an undo posts to a path of ours"
    return label, action, dict(fields)


def flashes_of(connection: Connection) -> list[Flash]:
    """The messages that the last answer left for this page."""
    packed = unseal(connection.app.state.settings, FLASH_COOKIE, connection.cookies.get(FLASH_COOKIE, ""))
    if not packed:
        return []
    try:
        left = msgspec.json.decode(base64.urlsafe_b64decode(packed), type=list[_Flash])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return []
    return [Flash(flash.text, flash.tone, Undo(*flash.undo) if flash.undo else None) for flash in left]
