"""What every answer carries for safety, and the request's number."""

import time
from collections.abc import Iterable

import structlog
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPSendMessage, Message, Receive, Scope, Send

from steelyard.kernel import logs
from steelyard.kernel.settings import Settings, secret
from steelyard.surfaces.web.content_policy import policy
from steelyard.surfaces.web.problems import FOR_PROGRAMS, SERVER_ERROR
from steelyard.surfaces.web.visit import cookie, set_cookie, visitor_cookie

CSRF_COOKIE = "steelyard_csrf"
SLOW_SECONDS = 1.0
# Where this stands in a request's scope, it waited for its turn among others.
WAITED = "steelyard.waited"

log = structlog.get_logger()


def csrf(settings: Settings) -> DefineMiddleware:
    """Every form of a page carries a token that only our pages know. Programs bring no cookies, so they need none."""
    config = CSRFConfig(
        secret=secret(settings.home, "csrf"),
        cookie_name=CSRF_COOKIE,
        header_name="X-CSRF-Token",
        cookie_httponly=True,
        cookie_secure=settings.secure_cookies,
        cookie_samesite="lax",
        exclude=[f"^{prefix}" for prefix in FOR_PROGRAMS],
    )
    return DefineMiddleware(Tokens, config=config, settings=settings)


class Tokens(CSRFMiddleware):
    """The framework's own, which writes its cookie our way."""

    def __init__(self, app: ASGIApp, config: CSRFConfig, settings: Settings) -> None:
        super().__init__(app, config)
        self._settings = settings

    def _set_cookie_if_needed(self, message: HTTPSendMessage, token: str) -> None:
        headers = MutableScopeHeaders.from_message(message)
        headers.add("set-cookie", set_cookie(cookie(self._settings, CSRF_COOKIE, token, None)))


class Envelope:
    """The outermost middleware: numbers the request, times it, logs it, and adds the headers of every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        headers = {
            "content-security-policy": policy(settings),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(self), geolocation=(), microphone=(self)",
            "cross-origin-opener-policy": "same-origin",
        }
        if settings.secure_cookies:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # No address of ours holds a NUL, and PostgreSQL takes none.
        scope["path"] = scope["path"].replace("\x00", "")
        scope["query_string"] = scope["query_string"].replace(b"%00", b"")
        method = scope["method"]
        began = time.monotonic()
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), None)
        with logs.bind_request(given) as number:

            async def enveloped(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = self._enveloped(message["headers"], number)
                    self._remember_visitor(scope, message)
                    took = 0.0 if WAITED in scope else time.monotonic() - began
                    self._log(method, scope["path"], message["status"], took)
                await send(message)

            await self._app(scope, receive, enveloped)

    def _enveloped(self, headers: Iterable[tuple[bytes, bytes]], number: str) -> list[tuple[bytes, bytes]]:
        """What an answer says itself counts. (Whole headers, encoded once: this is done for each request.)"""
        said = list(headers)
        names = {name for name, _ in said}
        more = [header for header in self._headers if header[0] not in names]
        return [*said, *more, (b"x-request-id", number.encode("latin-1"))]

    def _remember_visitor(self, scope: Scope, message: HTTPResponseStartEvent) -> None:
        visitor = scope.get("state", {}).get("new_visitor")
        if visitor is not None:
            headers = MutableScopeHeaders.from_message(message)
            headers.add("set-cookie", set_cookie(visitor_cookie(self._settings, visitor)))

    def _log(self, method: str, path: str, status: int, seconds: float) -> None:
        if status >= SERVER_ERROR or seconds > SLOW_SECONDS:
            log.warning("http.request", method=method, path=path, status=status, seconds=round(seconds, 3))
