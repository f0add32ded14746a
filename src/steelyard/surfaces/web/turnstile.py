"""The turnstile before what is sold by the piece: when thousands place an order for a few hundred pieces in one moment, as many
go in as can win, first come, first served; the others wait, and are told at once when nothing is left.

The form of a checkout says whose pieces its total counts on (`rush`: the shop and the promotion). How many of them are left is
read once for all who wait, some times a second, and never decided here: who is let in is placed as ever, under the locks of
docs/algorithms/placement.md. So the turnstile can let somebody in who then comes too late, and it can tell somebody that all is
gone up to `TOLD_SECONDS` after a piece has come back; it cannot sell a piece twice.

All of it happens on one event loop, and what is waiting is not touched on both sides of an `await`: there is no lock.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast
from uuid import UUID

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from steelyard.goods import promotions
from steelyard.kernel.db import Database
from steelyard.kernel.lookups import look_up
from steelyard.surfaces.web.over import Over
from steelyard.surfaces.web.security import WAITED
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, CheckoutState

# Where this stands in a request's scope (a `Crowd`), many others want the same pieces: the answer is what is known at once.
CROWDED = "steelyard.crowded"
CROWD_MIN = 8
# So many of one rush are placed at once by each process: a batch's worth. More would only wait inside, where a wait costs more.
INSIDE_MAX = 64
WAITING_MAX = 20_000
LOOK_SECONDS = 0.02
LOOK_ANYWAY_SECONDS = 0.2
TOLD_SECONDS = 0.2
RUSHES_MAX = 1_000
BODY_BYTES_MAX = 64 * 1024
GONE, BUSY = 409, 503

_PATH = re.compile(r"/checkout/([0-9a-f-]{36})\Z")
_RUSH = re.compile(rb"(?:^|&)rush=([0-9a-f-]{36})(?:%3A|:)([0-9a-f-]{36})(?:&|\Z)")
_PLACE = re.compile(rb"(?:^|&)then=place(?:&|\Z)")


class Rush(NamedTuple):
    """The pieces of which promotion."""

    merchant_id: UUID
    promotion_id: UUID


class TooManyWait(Exception):
    """More wait for these pieces than can be held."""


class Crowd(NamedTuple):
    """Many who want the same pieces at this moment."""

    gone: Callable[[], Awaitable[bool]]
    over: Over


Ask = Callable[[Rush], Awaitable[int | None]]
"""How many pieces are left; None for what is not sold by the piece."""


class Line:
    """Who waits for the pieces of one rush in this process, in the order in which they came; `share`: this process lets in one
    part of so many of what is left."""

    def __init__(self, ask: Callable[[], Awaitable[int | None]], share: int) -> None:
        self._ask = ask
        self._share = share
        self._inside = 0
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._freed = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._gone_until = 0.0

    @property
    def idle(self) -> bool:
        """Nobody waits and nobody is inside."""
        return not self._inside and not self._waiting

    @property
    def crowded(self) -> bool:
        """Whether many want these pieces at this moment."""
        return bool(self._waiting) or self._inside >= CROWD_MIN

    async def gone(self) -> bool:
        """Whether nothing is left now: those who wait hear it, too, the next time that is looked."""
        left = await self._ask()
        return left is not None and left <= 0

    async def enter(self) -> bool:
        """Wait until one's turn comes: True when one is let in, and must `leave` again; False when nothing is left. Raises
        `TooManyWait`, and what asking raises."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._gone_until:
            return False
        if len(self._waiting) >= WAITING_MAX:
            raise TooManyWait()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve(), name="turnstile")
        return await turn

    def leave(self) -> None:
        """Whoever was let in has been answered."""
        self._inside -= 1
        self._freed.set()

    async def _serve(self) -> None:
        while self._waiting:
            self._freed.clear()
            try:
                left = await self._ask()
            except Exception as error:  # it is the answer to all who wait for it
                while self._waiting:
                    _answer(self._waiting.popleft(), error)
                break
            if left is not None and left <= 0:
                self._gone_until = asyncio.get_running_loop().time() + TOLD_SECONDS
                while self._waiting:
                    _answer(self._waiting.popleft(), False)
                break
            room = len(self._waiting) if left is None else min(INSIDE_MAX, -(-left // self._share)) - self._inside
            while self._waiting and room > 0:
                if _answer(self._waiting.popleft(), True):
                    self._inside += 1
                    room -= 1
            if self._waiting:
                await self._next()
        self._serving = None

    async def _next(self) -> None:
        """Look again when somebody has been answered, not too often; and now and then in any case."""
        try:
            async with asyncio.timeout(LOOK_ANYWAY_SECONDS):
                await self._freed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(LOOK_SECONDS)


def _answer(turn: "asyncio.Future[bool]", answer: bool | Exception) -> bool:
    """False for who has gone away meanwhile."""
    if turn.done():
        return False
    if isinstance(answer, Exception):
        turn.set_exception(answer)
    else:
        turn.set_result(answer)
    return True


class Turnstile:
    """A layer of the application: everything but the placing of what is sold by the piece is passed on as it comes."""

    def __init__(self, app: ASGIApp, over: Over, processes: int) -> None:
        self._app = app
        self._over = over
        self._processes = max(1, processes)
        self._lines: dict[Rush, Line] = {}
        self.db: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.match(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None or self.db is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        heard, body = await _heard(receive)
        rush = _rush_of(body)
        if rush is None:
            await self._app(scope, _again(heard, receive), send)
            return
        await self._placed(self.db, rush, UUID(found[1]), scope, _again(heard, receive), send)

    async def _placed(
        self, db: Database, rush: Rush, checkout_id: UUID, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        line = self._line(db, rush)
        try:
            let_in = await line.enter()
        except TooManyWait:
            await self._over.answer(scope, send, BUSY)
            return
        if let_in:
            if line.crowded:
                # How long somebody waited for others is no sign of trouble.
                cast("dict[str, object]", scope)[WAITED] = True
                cast("dict[str, object]", scope)[CROWDED] = Crowd(line.gone, self._over)
            try:
                await self._app(scope, receive, send)
            finally:
                line.leave()
            return
        cast("dict[str, object]", scope)[WAITED] = True
        if await look_up(db, checkout.states, CheckoutId(checkout_id)) is CheckoutState.OPEN:
            await self._over.answer(scope, send, GONE)
        else:  # it is theirs already, or nobody's
            await self._app(scope, receive, send)

    def _line(self, db: Database, rush: Rush) -> Line:
        line = self._lines.get(rush)
        if line is None:
            if len(self._lines) >= RUSHES_MAX:
                self._lines = {each: kept for each, kept in self._lines.items() if not kept.idle}

            async def ask() -> int | None:
                return await look_up(db, promotions.pieces_left, rush)

            line = self._lines[rush] = Line(ask, self._processes)
        return line


async def _heard(receive: Receive) -> tuple[list[HTTPReceiveMessage], bytes]:
    """What came of a request, as far as a form may be long, and its body."""
    heard: list[HTTPReceiveMessage] = []
    body = b""
    while len(body) <= BODY_BYTES_MAX:
        message = cast("HTTPReceiveMessage", await receive())
        heard.append(message)
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return heard, body


def _again(heard: list[HTTPReceiveMessage], receive: Receive) -> Receive:
    """Say again what was heard, then go on hearing."""
    left = deque(heard)

    async def said() -> HTTPReceiveMessage:
        return left.popleft() if left else cast("HTTPReceiveMessage", await receive())

    return said


def _rush_of(body: bytes) -> Rush | None:
    found = _RUSH.search(body) if _PLACE.search(body) else None
    try:
        return Rush(UUID(found[1].decode()), UUID(found[2].decode())) if found else None
    except ValueError:
        return None
