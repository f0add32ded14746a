"""Stripe Connect in one process: the program that plays Stripe, its messages in a list, and shops that are paid through it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from steelyard.kernel.db import Database
from steelyard.parties.merchants.model import MerchantId
from steelyard.simulators import stripe as program
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.simulators.web import foundation
from steelyard.trade import settlement
from steelyard.trade.settlement import Statement, StripeConnect, Terms, Way
from tests.money.deals import Deal, make_due
from tests.money.outside import Post
from tests.money.test_channel_contract import HOST, Road
from tests.simulators.world import ManualClock
from tests.trade.merchants import day_after
from tests.trade.settling import agreed_shop, sold, state_of

PAGE = "http://shop.test/merchant/money/stripe"
HOOK = "http://shop.test/webhooks/stripe-connect"


@dataclass
class Played:
    """The platform's Stripe: `road` is the way to it, `desk` its pages and what only it decides."""

    stripe: StripeConnect
    app: Any
    road: Road
    clock: ManualClock
    desk: httpx.AsyncClient
    posts: list[Post] = field(default_factory=list)

    async def top_up(self, amount: int, currency: str = "cny") -> None:
        answer = await self.desk.post("/v1/topups", data={"amount": amount, "currency": currency})
        assert answer.status_code == 200, answer.text

    async def decide(self, account_id: str, do: str) -> None:
        assert (await self.desk.post(f"/accounts/{account_id}", data={"do": do})).status_code == 303

    async def pay_on(self, account_id: str, amount: int) -> None:
        """What lies on a shop's account goes to its bank."""
        headers = {"stripe-account": account_id}
        answer = await self.desk.post("/v1/payouts", data={"amount": amount, "currency": "cny"}, headers=headers)
        assert answer.status_code == 200, answer.text

    async def available(self, account_id: str = "") -> int:
        headers = {"stripe-account": account_id} if account_id else {}
        told = (await self.desk.get("/v1/balance", headers=headers)).json()
        return next((each["amount"] for each in told["available"] if each["currency"] == "cny"), 0)

    async def moved(self, kind: str) -> list[dict[str, Any]]:
        """The platform's movements of a type, the newest first."""
        told = (await self.desk.get("/v1/balance_transactions", params={"limit": 100})).json()
        return [each for each in told["data"] if each["type"] == kind]

    async def told(self) -> list[Post]:
        await foundation(self.app).pump.run_due()
        posts, self.posts[:] = list(self.posts), []
        return posts


@asynccontextmanager
async def played(home: Path) -> AsyncIterator[Played]:
    posts: list[Post] = []

    def take(sent: httpx.Request) -> httpx.Response:
        posts.append(Post(str(sent.url), dict(sent.headers), sent.content))
        return httpx.Response(200)

    settings = SimulatorSettings(home=home, stripe_connect_webhook_url=HOOK)
    clock = ManualClock()
    clock.at = time.time()
    app = program.app(settings, clock=clock, client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(take)))
    road = Road(app)
    key = {"authorization": f"Bearer {settings.api_key}"}
    http = httpx.AsyncClient(transport=road, base_url=HOST, headers=key)
    desk = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, headers=key)
    stripe = StripeConnect(HOST, settings.api_key, settings.stripe_connect_webhook_secret, client=http)
    yield Played(stripe, app, road, clock, desk, posts)
    await http.aclose()
    await desk.aclose()
    foundation(app).store.close()


async def connected(db: Database, play: Played, shop: MerchantId, do: str = "finish") -> str:
    """The shop has been to Stripe's page, and Stripe was asked how its account stands; the account's name."""
    account = await db.transact(settlement.begin_account, shop, "DE", "member:1")
    url = await settlement.onboard(db, play.stripe, account, "Harbour", PAGE)
    assert url is not None
    answer = await play.desk.post(httpx.URL(url).path, data={"do": do})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?back=1")
    await looked(db, play)
    known = await db.ask(settlement.account_of, shop)
    assert known is not None and known.account_id is not None
    return known.account_id


async def looked(db: Database, play: Played) -> None:
    await db.transact(_look_all)
    await settlement.look_at_accounts(db, play.stripe)


async def _look_all(tx: Any) -> None:
    await tx.execute("UPDATE stripe_accounts SET look_at = now() WHERE account_id IS NOT NULL")


async def stripe_shop(db: Database, play: Played, do: str = "finish") -> tuple[MerchantId, str]:
    """A shop that is paid through Stripe, and its account there."""
    shop = await agreed_shop(db, Terms(way=Way.STRIPE), account="")
    return shop, await connected(db, play, shop, do)


async def issued(db: Database, shop: MerchantId, amount: int, *, day: int = 1) -> tuple[Deal, Statement]:
    deal = await sold(db, shop, amount)
    (statement,) = await db.transact(settlement.run, day_after(day))
    return deal, statement


async def sweep(db: Database, play: Played, statement: Statement) -> Statement:
    """Everything through Stripe that waits is due, and is done."""
    await make_due(db)
    await db.transact(_due)
    await settlement.send_transfers(db, play.stripe)
    await settlement.send_reversals(db, play.stripe)
    return await state_of(db, statement)


async def _due(tx: Any) -> None:
    await tx.execute("UPDATE payout_reversals SET attempt_at = now() WHERE attempt_at IS NOT NULL")
