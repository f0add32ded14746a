"""The event stream of a live session: `GET /live/{slug}/events`, served before anything else of the application sees it.

Thousands of these are open at once, each for hours, and each is written to ten times a second: what the other pages need (a
visitor, a language, compression, a measured answer) is left out. A stream asks for nothing private, and says nothing that a
page without it would not show. See docs/decisions/0167.
"""

import asyncio
import re
from contextlib import suppress
from uuid import UUID

from litestar.types import ASGIApp, Receive, Scope, Send

from steelyard.channels import live
from steelyard.kernel.db import Database, Unreachable
from steelyard.kernel.lookups import look_up
from steelyard.kernel.settings import Settings
from steelyard.surfaces.live_room.gathering import Gatherer
from steelyard.surfaces.live_room.hub import Hub, Key
from steelyard.surfaces.live_room.places import RETRY_AFTER_SECONDS, Full, Places
from steelyard.surfaces.live_room.watching import Watchers
from steelyard.surfaces.web.callers import behind_proxies
from steelyard.surfaces.web.visit import VISITOR_COOKIE

_PATH = re.compile(r"/live/([a-z0-9-]{1,80})/events\Z")
RETRY_MS = 1_000
SEQ_MAX = 2**62
_VISITOR = re.compile(rb"(?:^|;\s*)%b=([^;]{1,200})" % VISITOR_COOKIE.encode())
# From where somebody came, as the address of the page said it.
ENTRY = re.compile(r"[a-z_]{1,20}\Z")
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    # nginx hands each piece on at once.
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """The outermost layer of the application: event streams are answered here, everything else further in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._trusted = settings.trusted_proxies
        self._places = Places(settings.live_streams_per_address)
        self.hub: Hub | None = None
        self.gatherer: Gatherer | None = None
        self.db: Database | None = None
        self.watchers: Watchers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.match(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None or self.hub is None or self.db is None or self.gatherer is None:
            await self._app(scope, receive, send)
            return
        try:
            with self._places.taken(_address(scope, self._trusted), _asked(scope).browser):
                await self._serve(self.db, self.gatherer, found[1], scope, receive, send)
        except Full:
            await _answer(send, 429, retry_after=RETRY_AFTER_SECONDS)

    async def _serve(
        self, db: Database, gatherer: Gatherer, slug: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        asked = _asked(scope)
        try:
            current = await look_up(db, live.current, slug)
            if current is None:
                await _answer(send, 404)
                return
            key = Key(current.merchant_id, current.session_id)
            watcher = await self.watchers.of(scope["headers"], key) if self.watchers is not None else None
        except Unreachable:
            await _answer(send, 503)
            return
        after = asked.after if asked.after is not None else current.last_seq
        # Of another session of the room, whose numbers mean nothing here.
        if after > current.last_seq + SLACK or (asked.session is not None and asked.session != str(key.session_id)):
            after = 0
        if asked.came_from is not None:
            gatherer.entered(key, asked.came_from)
            if watcher is not None:
                watcher.entered(asked.came_from)
        try:
            await self._send(key, min(after, current.last_seq), current.last_seq, receive, send)
        finally:
            if watcher is not None:
                watcher.left()

    async def _send(self, key: Key, after: int, head: int, receive: Receive, send: Send) -> None:
        assert self.hub is not None
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"retry: %d\n\n" % RETRY_MS, "more_body": True})
        pieces = self.hub.watch(key, after, head)
        serving = asyncio.current_task()
        assert serving is not None
        gone = asyncio.create_task(_gone(receive, serving))
        try:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            with suppress(Exception):  # whoever is slow may be gone altogether
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not gone.done():
                raise
        finally:
            gone.cancel()
            await pieces.aclose()


async def _gone(receive: Receive, serving: "asyncio.Task[object]") -> None:
    """Wait until the viewer goes away, and end what serves them."""
    while (await receive())["type"] != "http.disconnect":
        pass
    serving.cancel()


# A page may have seen a beat that this process has not asked for yet.
SLACK = 10_000


class _Asked:
    """What the address and the browser say: after which beat, of which session, and where somebody came from (none: they come
    back)."""

    def __init__(self) -> None:
        self.after: int | None = None
        self.session: str | None = None
        self.came_from: str | None = "room"
        self.browser = ""


def _asked(scope: Scope) -> _Asked:
    said = _Asked()
    for part in scope["query_string"].decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if name == "after":
            said.after = _number(value)
        elif name == "session":
            with suppress(ValueError):
                said.session = str(UUID(value))
        elif name == "from" and ENTRY.match(value):
            said.came_from = value
    for name, value in scope["headers"]:
        if name == b"last-event-id" and (number := _number(value.decode("latin-1"))) is not None:
            said.after, said.came_from = number, None
        elif name == b"cookie" and (cookie := _VISITOR.search(value)) is not None:
            said.browser = cookie[1].decode("latin-1")
    return said


def _address(scope: Scope, trusted: str) -> str:
    client = scope.get("client")
    told = (
        [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"] if trusted else []
    )
    return behind_proxies(client[0] if client else "", told, trusted)


def _number(value: str) -> int | None:
    return min(int(value), SEQ_MAX) if value.isascii() and value.isdigit() and len(value) < len(str(SEQ_MAX)) else None


async def _answer(send: Send, status: int, retry_after: int = 0) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
