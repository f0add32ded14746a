"""A drop as its buyers have it: all click in the same moment, over HTTP, each with an open checkout, a cookie and a connection.

The form is the one that the checkout's own page holds; each buyer's differs in its address alone. Connections are opened and
requests made before the moment, so that a click costs the clients a write and a read; what they took of the machine is told.
"""

import asyncio
import re
import resource
import time
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from threading import Event
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
import uvloop

from bench.load import request
from bench.shop import ADDRESS, Goods
from steelyard.channels import live
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.settings import Settings
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.surfaces.web.seals import seal
from steelyard.surfaces.web.security import CSRF_COOKIE
from steelyard.surfaces.web.visit import VISITOR_COOKIE
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, Draft, Line

CONNECTING_AT_ONCE = 100
PATIENCE_SECONDS = 60.0
COMES_BACK_SECONDS = 1.0
BUSY = 503


class Click(msgspec.Struct, frozen=True):
    """A buyer with an open checkout."""

    checkout_id: UUID
    buyer_id: UUID


class Clicked(msgspec.Struct, frozen=True):
    """What the buyers of one process came to: how often each status was answered last, how long each waited for its answer in
    ms, with whatever it was told to come back for, how many came back, and the CPU that the clients took."""

    statuses: dict[str, int]
    waited_ms: list[float]
    came_back: int
    unanswered: int
    cpu_seconds: float


async def open_checkouts(tx: Tx, session_id: UUID, goods: Goods, count: int) -> list[Click]:
    """Of so many buyers, each with one piece, as the sheet over the stream opens them."""
    draft = Draft(
        lines=[Line(line_id="1", sku_id=goods.sku_id, quantity=1)], address=ADDRESS,
        contact=Contact(name=ADDRESS.name, email="buyer@example.com", phone=ADDRESS.phone),
    )  # fmt: skip
    new = [
        checkout.NewCheckout(
            checkout_id=CheckoutId(ids.mint()), buyer_id=BuyerId(ids.mint()), draft=draft, currency="CNY",
            client=f"{live.source_of(session_id)}:5",
        )
        for _ in range(count)
    ]  # fmt: skip
    await checkout.open_all(tx, new)
    return [Click(each.checkout_id, each.buyer_id) for each in new]


class _Form(HTMLParser):
    """The fields of the form `place`, as a browser sends them with nothing changed."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._inside = False
        self._select: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "place"
        if not self._inside:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if chosen:
                self.fields.append((name, given.get("value", "")))
        elif tag == "select":
            self._select = (name, "")
        elif tag == "option" and self._select and ("selected" in given or not self._select[1]):
            self._select = (self._select[0], given.get("value", ""))
        elif tag == "textarea" and name:
            self.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select and self._inside:
            self.fields.append(self._select)
            self._select = None


async def as_filled_in(settings: Settings, port: int, click: Click) -> tuple[str, str]:
    """The form of a checkout's page as it stands there with `then=place`, as a body; and the token's cookie."""
    visitor = seal(settings, VISITOR_COOKIE, str(click.buyer_id))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        page = await client.get(f"/checkout/{click.checkout_id}", headers={"cookie": f"{VISITOR_COOKIE}={visitor}"})
        assert page.status_code == 200, page.text[:500]
        token = client.cookies[CSRF_COOKIE]
    form = _Form()
    form.feed(page.text)
    fields = [(name, value) for name, value in form.fields if name != "channel"]
    channels = re.findall(r'name="channel" value="([a-z]+)"', page.text)
    return urlencode([*fields, ("channel", channels[0]), ("then", "place")]), token


def requests_of(settings: Settings, clicks: Sequence[Click], body: str, token: str) -> list[bytes]:
    """Each buyer's click."""
    return [
        request(
            "POST",
            f"/checkout/{click.checkout_id}",
            None,
            cookie=f"{VISITOR_COOKIE}={seal(settings, VISITOR_COOKIE, str(click.buyer_id))}; {CSRF_COOKIE}={token}",
            content_type="application/x-www-form-urlencoded",
            content_length=str(len(body)),
            accept="text/html",
        )
        + body.encode()
        for click in clicks
    ]


def click(port: int, clicks: Sequence[bytes], ready: Event, now: Event) -> Clicked:
    """Connect, say so, and when it is `now` click, all of them."""
    return uvloop.run(_click(port, clicks, ready, now))


class _Buyer(asyncio.Protocol):
    def __init__(self, wanted: bytes) -> None:
        self.wanted = wanted
        self.status = 0
        self.came_back = 0
        self.waited_ms = 0.0
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def click(self) -> None:
        self.begun = time.perf_counter()
        self._send()

    def _send(self) -> None:
        # uvloop's transports are none by their class.
        self.transport.write(self.wanted)  # pyright: ignore[reportAttributeAccessIssue]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or not _whole(self._buffer, head):
            return
        self.status, self._buffer = int(self._buffer[9:12]), b""
        if self.status == BUSY:  # comes back, as a browser does
            self.came_back += 1
            asyncio.get_running_loop().call_later(COMES_BACK_SECONDS, self._send)
            return
        self.waited_ms = (time.perf_counter() - self.begun) * 1_000
        if not self.answered.done():
            self.answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_result(None)


def _whole(answer: bytes, head: int) -> bool:
    lower = answer[:head].lower()
    at = lower.find(b"content-length:")
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")
    return len(answer) - head - 4 >= int(lower[at + 15 :].split(b"\r\n", 1)[0])


async def _click(port: int, clicks: Sequence[bytes], ready: Event, now: Event) -> Clicked:
    loop, slots = asyncio.get_running_loop(), asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def come(wanted: bytes) -> _Buyer:
        async with slots:
            _, buyer = await loop.create_connection(lambda: _Buyer(wanted), "127.0.0.1", port)
        return buyer

    buyers = await asyncio.gather(*map(come, clicks))
    ready.set()
    await asyncio.to_thread(now.wait, PATIENCE_SECONDS)
    used = _cpu()
    for buyer in buyers:
        buyer.click()
    await asyncio.wait([buyer.answered for buyer in buyers], timeout=PATIENCE_SECONDS)
    used = _cpu() - used
    answered = [buyer for buyer in buyers if buyer.waited_ms]
    return Clicked(
        statuses=dict(Counter(str(buyer.status) for buyer in answered)),
        waited_ms=[buyer.waited_ms for buyer in answered],
        came_back=sum(buyer.came_back for buyer in buyers),
        unanswered=len(buyers) - len(answered),
        cpu_seconds=used,
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
