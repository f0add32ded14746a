"""The outside world of a month: the channel and the bank, which misbehave as they are told, and their messages to us."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import get_args

import httpx
import msgspec

from steelyard.demo.month.clock import Wound
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.money.payments import BadWebhook, PaymentId
from steelyard.simulators import bank, payments
from steelyard.simulators.faults import AnswerMode, Faults, FaultsChange, RefundMode, WebhookMode
from steelyard.simulators.serving import Listener, serve_apps
from steelyard.simulators.settings import API_KEY_DEMO, WEBHOOK_SECRET_DEMO
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.simulators.web import foundation
from steelyard.trade import checkout, settlement

CHANNEL = "simpay"
HOST = "127.0.0.1"
ROUNDS_MAX = 20
DELAY_SECONDS = 1_800
SECONDS_MAX = 30
ENDED = 409
SEE_OTHER = 303
_GOOD = FaultsChange(webhooks="prompt", answers="prompt", refunds="succeed")


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel and the bank say themselves that they hold and have moved, in minor units of a currency."""

    captured: int = 0
    refunded: int = 0
    at_channel: int = 0
    at_bank: int = 0
    paid_out: int = 0


class Outside:
    """The channel and the bank under one wound clock."""

    def __init__(self, db: Database, settings: Settings, clock: Wound, home: Path) -> None:
        self._db, self.clock = db, clock
        ports = _free_ports(2)
        self._simulated = SimulatorSettings(
            home=home, payments_port=ports[0], bank_port=ports[1], refund_seconds=900, transfer_seconds=3_600,
            retry_seconds=60, pays_out=True,
        )  # fmt: skip
        self.settings = msgspec.structs.replace(
            settings,
            base_url="http://shop.test",
            simpay_url=self._simulated.payments_url,
            simpay_key=API_KEY_DEMO,
            simpay_webhook_secret=WEBHOOK_SECRET_DEMO,
            bank_url=self._simulated.bank_url,
            bank_key=API_KEY_DEMO,
            bank_webhook_secret=WEBHOOK_SECRET_DEMO,
        )
        self.channel = payments.app(self._simulated, clock=clock, client=self._messenger)
        self.bank = bank.app(self._simulated, clock=clock, client=self._messenger)
        self._asking = httpx.AsyncClient(
            base_url=self._simulated.payments_url,
            headers={"authorization": f"Bearer {API_KEY_DEMO}"},
            timeout=SECONDS_MAX,
            trust_env=False,
        )

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[None]:
        """Both listen on loopback while this is open."""
        stop, ready = asyncio.Event(), asyncio.Event()
        listeners = [
            Listener(self.channel, HOST, self._simulated.payments_port),
            Listener(self.bank, HOST, self._simulated.bank_port),
        ]
        serving = asyncio.create_task(serve_apps(listeners, stop=stop, ready=ready.set))
        listening = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if not ready.is_set():
                await serving
            yield
        finally:
            listening.cancel()
            await self._asking.aclose()
            stop.set()
            await serving

    def misbehave(self, chance: Random, rate: float) -> None:
        """From now on messages, answers and refunds go wrong in some way, so many of them; at 0 none does."""
        for app in (self.channel, self.bank):
            wrong = FaultsChange(
                webhooks=chance.choice(get_args(WebhookMode)),
                answers=chance.choice(get_args(AnswerMode)),
                refunds=chance.choice(get_args(RefundMode)),
                delay_seconds=DELAY_SECONDS,
                rate=rate,
            )
            foundation(app).faults.change(wrong if rate else _GOOD)

    @property
    def faults(self) -> Faults:
        return foundation(self.channel).faults.now

    async def go_on(self) -> None:
        """What is due outside happens, and is told."""
        for _ in range(ROUNDS_MAX):
            dues = [await foundation(app).pump.run_due() for app in (self.channel, self.bank)]
            if not any(due is not None and due <= self.clock.now() for due in dues):
                return

    async def decide(self, payment_id: PaymentId, *, captured: bool) -> bool:
        """The payer's bank decides about a payment that hangs; returns whether it has."""
        found = await self._asking.get("/v1/payments", params={"reference": str(payment_id)})
        if not found.is_success or not found.json()["payments"]:
            return False
        status = "captured" if captured else "declined"
        (payment,) = found.json()["payments"]
        answer = await self._asking.post(f"/v1/payments/{payment['id']}/resolve", json={"status": status})
        return answer.is_success or answer.status_code == ENDED

    async def charge_back(self, channel_payment: str) -> bool:
        """The payer's bank takes back what is left of a payment; returns whether anything was."""
        answer = await self._asking.post(f"/payments/{channel_payment}/dispute", data={"reason": "not_received"})
        return answer.status_code == SEE_OTHER

    async def judge(self, dispute: str, *, shop_wins: bool) -> None:
        """The payer's bank decides."""
        answer = await self._asking.post(f"/disputes/{dispute}/decide", data={"do": "win" if shop_wins else "lose"})
        assert answer.status_code == SEE_OTHER, answer.text

    async def statement(self, day: str) -> bytes:
        """The channel's statement of a day, once it answers as it should."""
        foundation(self.channel).faults.change(_GOOD)
        answer = await self._asking.get(f"/v1/statements/{day}.csv")
        answer.raise_for_status()
        return answer.content

    def theirs(self) -> dict[str, Theirs]:
        """What they say themselves, by currency."""
        taken = foundation(self.channel).store.rows(
            _Taken,
            """SELECT currency, sum(captured) AS captured, sum(refunded) AS refunded, sum(fees) AS fees
                    , sum(paid_on) AS paid_on
               FROM (SELECT currency, amount AS captured, 0 AS refunded, (amount * 6 + 500) / 1000 AS fees, 0 AS paid_on
                     FROM payments WHERE status = 'captured'
                     UNION ALL SELECT currency, 0, amount, 0, 0 FROM refunds WHERE status = 'succeeded'
                     UNION ALL SELECT currency, 0, 0, fee, amount FROM disputes
                     UNION ALL SELECT currency, 0, 0, 0, -amount FROM disputes WHERE status = 'won'
                     UNION ALL SELECT currency, 0, 0, 0, amount FROM payouts) GROUP BY currency""",
        )
        moved = foundation(self.bank).store.rows(
            _Moved,
            """SELECT currency, sum(came) AS came, sum(went) AS went
               FROM (SELECT currency, amount AS came, 0 AS went FROM credits
                     UNION ALL SELECT currency, 0, amount FROM transfers WHERE status = 'paid') GROUP BY currency""",
        )
        at_bank = {each.currency: each for each in moved}
        nothing = _Moved("", 0, 0)
        return {
            each.currency: Theirs(
                captured=each.captured,
                refunded=each.refunded,
                at_channel=each.captured - each.refunded - each.fees - each.paid_on,
                at_bank=(here := at_bank.get(each.currency, nothing)).came - here.went,
                paid_out=here.went,
            )
            for each in taken
        }

    def _messenger(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=_Door(self._receive))

    async def _receive(self, request: httpx.Request) -> httpx.Response:
        """A message arrives, as at the door of the web server."""
        body, headers, now = await request.aread(), dict(request.headers), self.clock.now()
        try:
            if request.url.path.endswith(f"/{CHANNEL}"):
                await checkout.receive_webhook(self._db, self.settings, CHANNEL, headers, body, now)
            else:
                await settlement.receive_webhook(self._db, self.settings, headers, body, now)
        except (BadWebhook, Refusal) as refusal:
            return httpx.Response(httpx.codes.BAD_REQUEST, text=str(refusal))
        return httpx.Response(httpx.codes.NO_CONTENT)


class _Taken(msgspec.Struct, frozen=True):
    currency: str
    captured: int
    refunded: int
    fees: int
    paid_on: int


class _Moved(msgspec.Struct, frozen=True):
    currency: str
    came: int
    went: int


class _Door(httpx.AsyncBaseTransport):
    """Messages come to us through this, not through a port."""

    def __init__(self, receive: Callable[[httpx.Request], Awaitable[httpx.Response]]) -> None:
        self._receive = receive

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._receive(request)


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
