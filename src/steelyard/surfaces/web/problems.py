"""Errors, told in the reader's language: RFC 9457 problem details to programs, a page to people."""

import html
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from steelyard.kernel import i18n
from steelyard.kernel.away import is_away
from steelyard.kernel.batching import Busy
from steelyard.kernel.db import LockNotHad
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TooMany
from steelyard.kernel.i18n import N_
from steelyard.kernel.logs import request_id
from steelyard.kernel.paging import NoSuchPage
from steelyard.surfaces.web.pages import Frame, local_path, render
from steelyard.surfaces.web.refusals import detail_of, fields_of, title_of
from steelyard.surfaces.web.visit import Connection, WebRequest, locale_of, provide_visit

PROBLEM = "application/problem+json"
# Everything below these paths is talked to by programs.
FOR_PROGRAMS = ("/api/", "/ucp/", "/webhooks/", "/hooks/", "/.well-known/", "/health/")
# What addresses call the place where a list goes on.
CURSORS = ("cursor", "after")
# What stands below these belongs to somebody.
OF_SOMEBODY = ("/orders/", "/checkout/", "/purchases/")
SERVER_ERROR = 500
RETRY_AFTER_SECONDS = 10

log = structlog.get_logger()


class BadRequest(Refusal):
    """What came cannot be read."""

    code = "bad_request"
    status = 400
    title = N_("The request cannot be read")
    detail = ""


class ServerError(Refusal):
    """Our fault."""

    code = "internal_error"
    status = SERVER_ERROR
    title = N_("Something went wrong on our side")
    detail = N_("It has been written down under the number {request_id}. Please try again in a moment.")


class Unavailable(Refusal):
    """The database does not answer: nobody's fault who asks, and over soon."""

    code = "unavailable"
    status = 503
    title = N_("We cannot answer at the moment")
    detail = N_("Please try again in a minute. What was finished is kept, and sending a form again does nothing twice.")


class Other(Refusal):
    """An HTTP error that the framework found."""

    code = "http_error"
    WORDS: ClassVar = {
        403: (N_("This page has been open for too long"), N_("Please go back, reload the page, and try again.")),
        405: (N_("This address cannot be used in this way"), ""),
        413: (N_("What was sent is too large"), ""),
        415: (N_("What was sent is of a kind that cannot be read"), ""),
    }

    def __init__(self, status: int) -> None:
        super().__init__()
        title, detail = self.WORDS.get(status, (N_("The request cannot be answered"), ""))
        self.status = status  # pyright: ignore[reportAttributeAccessIssue]  # the one refusal whose status varies
        self.title = title  # pyright: ignore[reportAttributeAccessIssue]
        self.detail = detail  # pyright: ignore[reportAttributeAccessIssue]


def problem(refusal: Refusal, locale: str) -> dict[str, Any]:
    """The problem details of a refusal: title and detail in words, the facts as members of their own."""
    facts = {name: value for name, value in refusal.facts.items() if name != "fields"}
    detail = detail_of(refusal, locale)
    body: dict[str, Any] = {
        "type": f"urn:steelyard:refusal:{refusal.code}",
        "title": title_of(refusal, locale),
        "status": refusal.status,
        "code": refusal.code,
        **({"detail": detail} if detail else {}),
        **({"request_id": request_id()} if request_id() else {}),
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [{"field": name, "detail": said} for name, said in fields_of(refusal, locale).items()]
    return body | {name: value for name, value in facts.items() if name not in body}


class Told(Response[None]):
    """The answer to a refusal, made when it is sent: Litestar's exception handlers cannot wait, and a page has questions
    to the database."""

    def __init__(self, request: WebRequest, refusal: Refusal, more_headers: Mapping[str, str] | None = None) -> None:
        super().__init__(None, status_code=refusal.status)
        self._request = request
        self._refusal = refusal
        self._more_headers = more_headers

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        return _Telling(self._request, self._refusal, self._more_headers)


class _Telling(ASGIResponse):
    def __init__(self, request: WebRequest, refusal: Refusal, more_headers: Mapping[str, str] | None) -> None:
        super().__init__(status_code=refusal.status)
        self._request = request
        self._refusal = refusal
        self._more_headers = more_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer(self._request, self._refusal, self._more_headers)
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        told = response.to_asgi_response(None, self._request, is_head_response=is_head)
        await told(scope, receive, send)


def on_refusal(request: WebRequest, refusal: Refusal) -> Told | Redirect:
    if isinstance(refusal, NoSuchPage) and (first := _first_page(request)):
        return Redirect(first, status_code=303)
    return Told(request, refusal)


def _first_page(request: WebRequest) -> str:
    """Where the list begins whose page a person asked for under a cursor that we never wrote; empty where none did."""
    asked = parse_qsl(request.url.query)
    kept = [(name, value) for name, value in asked if name not in CURSORS]
    if request.method not in ("GET", "HEAD") or for_program(request) or len(kept) == len(asked):
        return ""
    path = local_path(request.url.path, "/")
    return f"{path}?{urlencode(kept)}" if kept else path


def on_http_exception(request: WebRequest, error: HTTPException) -> Told:
    """What the framework refuses: no such route, a body that cannot be parsed, a missing CSRF token."""
    if error.status_code >= SERVER_ERROR:
        return on_bug(request, error)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Told(request, NotFound())
    if error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        return Told(request, BadRequest(reason=error.detail))
    return Told(request, Other(error.status_code), error.headers)


def on_bug(request: WebRequest, error: Exception) -> Told:
    """A broken assumption: logged with its trace, told with the number under which we find it. Not so where the database is
    away, or somebody else holds for too long what is needed here: then nothing is done, and it can be asked again."""
    if is_away(error):
        log.warning("http.database_away", path=request.url.path, method=request.method, why=repr(error))
        return Told(request, Unavailable(), {"retry-after": str(RETRY_AFTER_SECONDS)})
    if isinstance(error, LockNotHad):
        log.warning("http.lock_not_had", path=request.url.path, method=request.method)
        return Told(request, Busy(retry_after=RETRY_AFTER_SECONDS))
    log.error("http.bug", path=request.url.path, method=request.method, exc_info=error)
    return Told(request, ServerError(request_id=request_id() or ""))


async def answer(request: WebRequest, refusal: Refusal, more_headers: Mapping[str, str] | None = None) -> Response[Any]:
    """The refusal as JSON for programs, as a page for people."""
    headers = dict(more_headers or {})
    if isinstance(refusal, TooMany):
        headers["retry-after"] = str(int(refusal.retry_after) + 1)
    if for_program(request):
        body = msgspec.json.encode(problem(refusal, locale_of(request)), enc_hook=str)
        return Response(body, status_code=refusal.status, media_type=PROBLEM, headers=headers)
    try:
        visit = await provide_visit(request)
        page = await render(
            visit,
            "web/problem.html",
            Frame(),
            status=refusal.status,
            problem=problem(refusal, visit.locale),
            sign_in_href=_way_in(request, refusal, signed_in=visit.account is not None),
            back_href=_way_back(request) if request.method == "POST" else "",
        )
    except Exception:  # not even the page can be shown: the database may be away
        log.warning("http.problem_page_failed", exc_info=not isinstance(refusal, Unavailable))
        return _bare_page(refusal, locale_of(request), headers)
    page.headers.update(headers)
    return page


def _way_in(request: WebRequest, refusal: Refusal, *, signed_in: bool) -> str:
    """To the sign-in page, and back to where the form stood that was sent: what was typed is put into it again. Empty where
    signing in would not help. (Whose an order is not, is told that it is not there: it may be theirs once they are known.)"""
    lost = refusal.status == HTTPStatus.NOT_FOUND and not signed_in and request.url.path.startswith(OF_SOMEBODY)
    if not lost and refusal.status != HTTPStatus.UNAUTHORIZED:
        return ""
    here = local_path(request.url.path, "/")
    back = here if lost and request.method != "POST" else _way_back(request) or here
    return f"/sign-in?{urlencode({'return_to': back})}"


def _way_back(request: WebRequest) -> str:
    """The page of ours that the form stood on that was sent; empty where none is known."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.url.netloc:
        return ""
    return local_path(urlunsplit(("", "", came_from.path, came_from.query, "")), "")


def _bare_page(refusal: Refusal, locale: str, headers: dict[str, str]) -> Response[Any]:
    """What can be said without asking the database anything."""
    words = i18n.translations(locale)
    title, detail = html.escape(title_of(refusal, locale)), html.escape(detail_of(refusal, locale))
    home = html.escape(words.gettext("Back to the home page"))
    body = (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f'<body><main><h1>{title}</h1><p>{detail}</p><p><a href="/">{home}</a></p></main></body></html>'
    )
    return Response(body, status_code=refusal.status, media_type="text/html", headers=headers)


def for_program(connection: Connection) -> bool:
    """Whether a program asked, to whom a page says nothing."""
    if connection.url.path.startswith(FOR_PROGRAMS):
        return True
    accept = connection.headers.get("accept", "")
    return "json" in accept and "html" not in accept
