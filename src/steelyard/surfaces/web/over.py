"""What those are told who come too late in a rush: drawn once for each language and kept, since thousands are told at once."""

import re
from http import HTTPStatus

from litestar.types import HTTPScope, Send

from steelyard.kernel import i18n
from steelyard.kernel.settings import Settings
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.components.page import Operator, Page
from steelyard.surfaces.web import content_policy
from steelyard.surfaces.web.visit import LOCALE_COOKIE

RETRY_AFTER_SECONDS = 2
GONE = HTTPStatus.CONFLICT
_LOCALE = re.compile(rb"(?:^|;\s*)%b=([A-Za-z-]{1,20})" % LOCALE_COOKIE.encode())


Headers = list[tuple[bytes, bytes]]


class Over:
    """Answers that are the same for everybody: nothing of the visitor is in them, and nothing is asked to give them."""

    def __init__(self, templates: Templates, settings: Settings) -> None:
        self._templates = templates
        self._framed = content_policy.framed(settings)
        self._drawn: dict[tuple[str, int, bool], tuple[Headers, bytes]] = {}

    def draw(self) -> None:
        """Have all of them at hand: the first who is too late need not wait for a template that is read."""
        for locale in i18n.LOCALES:
            for status in (GONE, HTTPStatus.SERVICE_UNAVAILABLE):
                for framed in (False, True):
                    self._whole(locale, status, framed)

    async def answer(self, scope: HTTPScope, send: Send, status: int) -> None:
        """That nothing is left (409), or that too many are here (503, with Retry-After)."""
        headers, body = self.whole(scope, status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def whole(self, scope: HTTPScope, status: int) -> tuple[Headers, bytes]:
        """The headers and the page of this answer, for who asks here. Nobody may change them."""
        told = dict(scope["headers"])
        framed = told.get(b"sec-fetch-dest") == b"iframe" and told.get(b"sec-fetch-site") == b"same-origin"
        return self._whole(_locale(told), status, framed)

    def _whole(self, locale: str, status: int, framed: bool) -> tuple[Headers, bytes]:
        kept = self._drawn.get((locale, status, framed))
        if kept is None:
            page = Page(locale=locale, path="", operator=Operator(registered_name="Steelyard"), sheet=True)
            body = self._templates.render("web/over.html", page, gone=status == GONE).encode()
            headers = [
                (b"content-type", b"text/html; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
            ]
            if framed:
                headers.append((content_policy.HEADER.encode("latin-1"), self._framed.encode("latin-1")))
            if status != GONE:
                headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
            kept = self._drawn[locale, status, framed] = headers, body
        return kept


def _locale(told: dict[bytes, bytes]) -> str:
    """As `visit.locale_of` finds it, without an address that asks for one."""
    chosen = _LOCALE.search(told.get(b"cookie", b""))
    if chosen is not None and chosen[1].decode() in i18n.LOCALES:
        return chosen[1].decode()
    return i18n.negotiate(told.get(b"accept-language", b"").decode("latin-1") or None)
