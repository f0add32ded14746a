"""The payment simulator as our channel, in one process: its webhooks land in a list, to be delivered as a test likes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import PaymentNews, RefundNews
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.simulators import payments as simulator
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.simulators.web import foundation
from tests.simulators.world import ManualClock

HOOK = payments.webhook_url(Settings(), "simpay")


@dataclass
class Post:
    """A webhook on its way."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Outside:
    """The simulator, its clock, what it has sent, and our gateway to it."""

    app: object
    clock: ManualClock
    http: httpx.AsyncClient
    posts: list[Post] = field(default_factory=list)

    async def after(self, seconds: float) -> None:
        """Turn the simulator's clock and let what is due happen."""
        self.clock.at += seconds
        await foundation(self.app).pump.run_due()

    async def faults(self, **modes: object) -> None:
        answer = await self.http.post("/v1/faults", json=modes)
        assert answer.status_code == 200, answer.text

    async def end(self, reference: str, status: str) -> None:
        """The payer, or the bank behind the channel, decides."""
        (found,) = (await self.http.get("/v1/payments", params={"reference": reference})).json()["payments"]
        answer = await self.http.post(f"/v1/payments/{found['id']}/resolve", json={"status": status})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def simulated(program, home: Path) -> AsyncIterator[tuple[Outside, str]]:
    """A simulator under a clock turned by hand, and its webhook secret."""
    settings, clock = SimulatorSettings(home=home), ManualClock()
    outside = Outside(None, clock, httpx.AsyncClient())

    def take(request: httpx.Request) -> httpx.Response:
        outside.posts.append(Post(str(request.url), dict(request.headers), request.content))
        return httpx.Response(204)

    outside.app = program.app(
        settings, clock=clock, client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(take))
    )
    await outside.http.aclose()
    outside.http = httpx.AsyncClient(
        transport=httpx.ASGITransport(outside.app),
        base_url="http://simulated.test",
        headers={"authorization": f"Bearer {settings.api_key}"},
    )
    yield outside, settings.webhook_secret
    await outside.http.aclose()
    foundation(outside.app).store.close()


@asynccontextmanager
async def channel(home: Path) -> AsyncIterator[tuple[Outside, Simpay]]:
    async with simulated(simulator, home) as (outside, secret):
        yield outside, Simpay("", "", secret, client=outside.http)


async def deliver(db: Database, gateway: Simpay, post: Post, now: float) -> None:
    """What a surface does with a webhook: verify, store, apply."""
    news = gateway.read_webhook(post.headers, post.body, now)
    if await db.transact(payments.receive, gateway.name, news.event_id, msgspec.json.decode(post.body)):
        await db.transact(apply, gateway.name, news)


async def apply(tx: Tx, channel: str, news: payments.News) -> None:
    if isinstance(news, PaymentNews):
        await payments.record(tx, news.payment_id, news.answer, "channel")
    if isinstance(news, RefundNews):
        await payments.record_refund(tx, news.refund_id, news.attempt, news.answer, "channel")
    await payments.applied(tx, channel, news.event_id)
