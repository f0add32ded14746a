"""A world for the simulators' tests: a clock turned by hand and somebody who receives webhooks."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from litestar import Litestar

from steelyard.simulators.clock import Clock
from steelyard.simulators.settings import Settings
from steelyard.simulators.signatures import verify
from steelyard.simulators.web import foundation

START = datetime(2026, 3, 5, 10, 0, tzinfo=UTC).timestamp()
HOOK = "http://shop.test/webhooks"
BACK = "http://shop.test/return?cart=7"


class ManualClock(Clock):
    """Stands still until it is turned. Who sleeps by it sleeps no real time, and it remembers for how long."""

    def __init__(self) -> None:
        self.at = START
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float, until: asyncio.Event) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Webhook:
    id: str
    type: str
    data: dict
    url: str


@dataclass
class Receiver:
    """The shop's end: verifies each signature, then answers as it is told to."""

    settings: Settings
    clock: ManualClock
    answers: list[int] = field(default_factory=list)
    got: list[Webhook] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._take))

    def _take(self, request: httpx.Request) -> httpx.Response:
        webhook_id = verify(self.settings.webhook_secret, request.headers, request.content, self.clock.now())
        event = json.loads(request.content)
        assert event["id"] == webhook_id
        assert event["created_at"].endswith("Z")
        status = self.answers.pop(0) if self.answers else 204
        if status == 0:
            raise httpx.ConnectError("nobody there")
        self.got.append(Webhook(webhook_id, event["type"], event["data"], str(request.url)))
        return httpx.Response(status)

    @property
    def types(self) -> list[str]:
        return [webhook.type for webhook in self.got]


@dataclass
class Simulated:
    """One simulator under test: `http` with the key, `browser` without."""

    app: Litestar
    clock: ManualClock
    shop: Receiver
    http: httpx.AsyncClient
    browser: httpx.AsyncClient

    async def run_due(self) -> None:
        await foundation(self.app).pump.run_due()

    async def after(self, seconds: float) -> None:
        """Turn the clock and let what is due happen."""
        self.clock.at += seconds
        await self.run_due()

    async def close(self) -> None:
        await self.http.aclose()
        await self.browser.aclose()
        foundation(self.app).store.close()


def settings_in(home: Path, **chosen: object) -> Settings:
    return Settings(home=home, **chosen)  # type: ignore[arg-type]


def simulate(program, settings: Settings, clock: ManualClock | None = None, **more: object) -> Simulated:
    clock = clock or ManualClock()
    shop = Receiver(settings, clock)
    app = program.app(settings, clock=clock, client=shop.client, **more)
    transport = httpx.ASGITransport(app)
    key = {"authorization": f"Bearer {settings.api_key}"}
    return Simulated(
        app,
        clock,
        shop,
        httpx.AsyncClient(transport=transport, base_url="http://simulated.test", headers=key),
        httpx.AsyncClient(transport=transport, base_url="http://simulated.test"),
    )


def a_charge(**changes: object) -> dict:
    return {
        "reference": "intent-1",
        "amount": 10_000,
        "currency": "CNY",
        "description": "杆秤市场 2 件商品",
        "return_url": BACK,
        "webhook_url": HOOK,
        **changes,
    }


async def charge(channel: Simulated, key: str = "k1", **changes: object) -> httpx.Response:
    return await channel.http.post("/v1/payments", json=a_charge(**changes), headers={"idempotency-key": key})


async def refund(channel: Simulated, payment: str, amount: int, key: str) -> httpx.Response:
    asked = {"payment": payment, "reference": f"refund-{key}", "amount": amount}
    return await channel.http.post("/v1/refunds", json=asked, headers={"idempotency-key": key})


async def faults(channel: Simulated, **modes: object) -> None:
    answer = await channel.http.post("/v1/faults", json=modes)
    assert answer.status_code == 200, answer.text
