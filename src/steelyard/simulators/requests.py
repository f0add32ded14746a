"""What every request and answer of a simulator carries: an id, a language, headers that keep the page safe."""

import re
import uuid
from typing import Literal

from litestar import Request
from litestar.datastructures import Headers, MutableScopeHeaders, State
from litestar.types import HTTPScope, Message, Scope

Language = Literal["zh", "en"]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self' http: https:"
)
"""Forms may end elsewhere, since the cashier sends its payer back to the shop and browsers hold redirects to this."""


def request_id(scope: Scope) -> str:
    """The caller's X-Request-Id when it is a sane one, otherwise one of our own; the same for the whole request."""
    state = scope["state"]
    known = state.get("request_id")
    if isinstance(known, str):
        return known
    given = Headers.from_scope(scope).get("x-request-id", "")
    chosen = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    state["request_id"] = chosen
    return chosen


async def add_headers(message: Message, scope: Scope) -> None:
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    headers["x-request-id"] = request_id(scope)
    headers.setdefault("content-security-policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cache-control", "no-store")


def lose(scope: HTTPScope) -> None:
    """Let the answer to this request get lost on its way: what was asked for is done."""
    scope["state"]["lost"] = True


async def say_nothing(message: Message, scope: Scope) -> None:
    """A lost answer is an empty 504, as of something between the two."""
    if not scope["state"].get("lost"):
        return
    if message["type"] == "http.response.start":
        message["status"] = 504
        MutableScopeHeaders.from_message(message)["content-length"] = "0"
    elif message["type"] == "http.response.body":
        message["body"] = b""


def is_foreign(scope: HTTPScope) -> bool:
    """Whether a browser says that another site's page sent this."""
    return Headers.from_scope(scope).get("sec-fetch-site", "") == "cross-site"


def language(request: Request[object, object, State]) -> Language:
    """What ?lang= says, otherwise the first of Chinese and English that the browser asks for, otherwise Chinese."""
    asked = request.query_params.get("lang", "")
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    wishes: list[tuple[float, Language]] = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        if tag[:2] in ("zh", "en"):
            wishes.append((_weight(weight), "zh" if tag[:2] == "zh" else "en"))
    return max(wishes, key=lambda wish: wish[0])[1] if wishes else "zh"


def _weight(text: str) -> float:
    try:
        return float(text or "1")
    except ValueError:
        return 0.0
