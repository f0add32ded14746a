"""A shop with the payment simulator behind it, and the line between them, which can be cut."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import gateways
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.model import (
    PaymentId,
    PaymentState,
)
from steelyard.trade import checkout, orders
from steelyard.trade.checkout import Collection
from steelyard.trade.orders.model import PurchaseId, PurchaseState
from tests.money.outside import Outside, Post, channel
from tests.support import deal
from tests.support.world import World

CHANNEL = "simpay"
BACK = "https://shop.test/back"
SETTINGS = Settings()


class Wire(httpx.AsyncBaseTransport):
    """The line to the channel. Cut, it loses either the question or the answer."""

    def __init__(self, whole: httpx.AsyncBaseTransport) -> None:
        self.whole = whole
        self.loses = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.loses == "questions":
            raise httpx.ConnectError("no way through")
        answer = await self.whole.handle_async_request(request)
        await answer.aread()
        if self.loses == "answers":
            raise httpx.ReadTimeout("no answer")
        return answer


class Till:
    """A shop with the simulator behind it."""

    def __init__(self, db: Database, world: World, outside: Outside, gateway: Simpay, wire: Wire) -> None:
        self.db, self.world, self.outside, self.gateway, self.wire = db, world, outside, gateway, wire

    async def placed(self) -> PurchaseId:
        return await deal.placed(
            self.db, [(self.world.items["nuts"].sku_id, 2), (self.world.items["hammer"].sku_id, 1)]
        )

    async def collect(
        self, purchase_id: PurchaseId, token: str | None = None, payment_id: PaymentId | None = None
    ) -> Collection:
        return await checkout.collect(
            self.db, SETTINGS, purchase_id, channel=CHANNEL, return_url=BACK, token=token, payment_id=payment_id
        )

    async def deliver(self, post: Post) -> None:
        await checkout.receive_webhook(self.db, SETTINGS, CHANNEL, post.headers, post.body, self.outside.clock.now())

    async def posts(self) -> list[Post]:
        await self.outside.after(0)
        return self.outside.posts

    async def sweep(self) -> int:
        """The sweep that asks, with everything due."""
        await self.db.transact(make_due)
        return await checkout.query_unknown(self.db, SETTINGS)

    async def give_back(self) -> list[str]:
        """Send refunds and follow them until they have arrived; how they are at the channel."""
        for _ in range(2):
            await self.db.transact(make_due)
            await payments.send_refunds(self.db, {CHANNEL: self.gateway}, SETTINGS)
            await self.outside.after(5)
        await self.db.transact(make_due)
        await payments.send_refunds(self.db, {CHANNEL: self.gateway}, SETTINGS)
        return [state for state in await self.db.ask(refund_states) if state]

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseState:
        found = await self.db.ask(orders.purchase, purchase_id)
        assert found is not None
        return found.state

    async def tries(self, purchase_id: PurchaseId) -> list[PaymentState]:
        return [one.state for one in await self.db.ask(payments.of_purchase, purchase_id)]

    async def at_channel(self, payment_id: UUID | None) -> list[dict]:
        return (await self.outside.http.get("/v1/payments", params={"reference": str(payment_id)})).json()["payments"]


async def make_due(tx: Tx) -> None:
    await tx.execute("UPDATE payments SET query_at = now() WHERE query_at IS NOT NULL")
    await tx.execute("UPDATE refunds SET attempt_at = now() WHERE attempt_at IS NOT NULL")


async def refund_states(read: Read) -> list[str]:
    return [row["state"] for row in await read.fetch("SELECT state FROM refunds ORDER BY refund_id")]


async def receipts(read: Read) -> list[tuple[bool, str | None]]:
    rows = await read.fetch(
        "SELECT applied_at IS NOT NULL AS applied, error FROM webhook_receipts ORDER BY received_at"
    )
    return [(row["applied"], row["error"]) for row in rows]


async def effects(read: Read, purchase_id: PurchaseId) -> tuple[int, int, int]:
    """How often a purchase was paid: in its history, in the news, in the books."""
    paid = await read.value(
        "SELECT count(*) FROM purchase_history WHERE purchase_id = $1 AND to_state = 'paid'", purchase_id
    )
    told = await read.value(
        "SELECT count(*) FROM events WHERE kind = 'orders.paid' AND payload->>'purchase_id' = $1", str(purchase_id)
    )
    booked = await read.value("SELECT count(*) FROM ledger_transfers WHERE reason = 'captured'")
    return paid, told, booked


@pytest.fixture
async def till(shop: Database, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Till]:
    async with channel(tmp_path) as (outside, gateway):
        wire = Wire(httpx.ASGITransport(outside.app))
        client = httpx.AsyncClient(transport=wire, base_url="http://simulated.test", headers=outside.http.headers)
        gateway._client = client  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setitem(gateways._offered, SETTINGS, {CHANNEL: gateway})  # pyright: ignore[reportPrivateUsage]
        yield Till(shop, world, outside, gateway, wire)
        await client.aclose()
