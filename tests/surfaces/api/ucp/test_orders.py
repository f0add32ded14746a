"""What a platform learns of its orders: when it asks, and when it is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms

from steelyard.channels import agents
from steelyard.channels.agents import jobs
from steelyard.channels.agents.gateways.webhooks import Answer
from steelyard.channels.agents.keys import SignedRequest, _public_key
from steelyard.channels.agents.model import CART, CATALOG_SEARCH, CHECKOUT, FULFILLMENT, ORDER, Platform
from steelyard.kernel.db import Database, Tx
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Packed
from steelyard.logistics.parcels.model import Scan
from steelyard.money import payments
from steelyard.trade import aftersales
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order, PurchaseId
from tests.support import deal
from tests.support.world import World
from tests.surfaces.api.house import AGENT, Agent, House
from tests.surfaces.api.ucp.buying import assert_order, codes, payment, purchase, total_of

HOOK = "https://agents.example/hooks?of=orders"


@dataclass
class Hook:
    """The platform's end: keeps what it got, and answers as it is told to."""

    answers: list[Answer] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def post(self, url: str, base_url: str, headers: dict[str, str], body: bytes) -> Answer:
        self.got.append((url, dict(headers), body))
        return self.answers.pop(0) if self.answers else Answer(status=204)

    @property
    def orders(self) -> list[dict[str, Any]]:
        return [assert_order(msgspec.json.decode(body)) for _, _, body in self.got]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Hook:
    found = Hook()
    monkeypatch.setattr(jobs, "post", found.post)
    return found


@pytest.fixture
def platform_home(tmp_path: Path) -> Path:
    """Where the platform keeps its own key."""
    return tmp_path / "platform"


@pytest.fixture
async def known(db: Database, platform_home: Path) -> AsyncIterator[Platform]:
    """The agent's platform, as its profile was read."""
    speaks = {name: ["2026-08-25"] for name in (CHECKOUT, FULFILLMENT, ORDER, CART, CATALOG_SEARCH)}
    jwk = agents.public_jwk(agents.signing_key(platform_home))
    platform = Platform(
        profile_url=AGENT, version="2026-08-25", capabilities=speaks, keys=[dict(jwk)], webhook_url=HOOK
    )
    await db.transact(agents.remember_platform, platform, 3_600)
    yield platform


async def bought(agent: Agent, db: Database, *wanted: Any) -> tuple[str, list[Order]]:
    opened = await agent.post("/checkout-sessions", purchase(*wanted))
    done = await agent.post(f"/checkout-sessions/{opened['id']}/complete", payment())
    assert done["status"] == "completed", done
    return done["order"]["id"], await deal.orders_of(db, PurchaseId(done["order"]["id"]))


async def asked(agent: Agent, home: Path, order_id: str) -> Any:
    """A signed question for an order."""
    path = f"/ucp/v1/orders/{order_id}"
    headers = {"ucp-agent": f'profile="{agent.profile}"'}
    signed = agents.sign(home, "GET", f"{agent.house.settings.base_url}{path}", headers, b"")
    return await agent.ask("GET", f"/orders/{order_id}", headers=signed)


async def told(db: Database, house: House) -> int:
    await deal.at_rest(db)
    return await agents.deliver(db, house.settings)


async def test_an_order_is_told_whole_when_it_is_created(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    order_id, parts = await bought(agent, db, (world.items["black"].sku_id, 2), (world.items["hammer"].sku_id, 1))

    assert await told(db, house) == 1
    assert await told(db, house) == 0

    [order] = hook.orders
    assert order["id"] == order_id
    assert total_of(order) == sum(part.total for part in parts)
    assert {line["status"] for line in order["line_items"]} == {"processing"}
    assert {line["id"] for line in order["line_items"]} == {"li_1", "li_2"}
    expectations = order["fulfillment"]["expectations"]
    assert {each["merchant"]["id"] for each in expectations} == {str(part.merchant_id) for part in parts}
    assert all(each["destination"]["address_country"] == "CN" for each in expectations)
    [delivery] = await db.ask(agents.deliveries, parts[0].purchase_id)
    assert (delivery.news, delivery.state, delivery.status) == ("created", "delivered", 204)


async def test_a_message_is_signed_with_the_key_of_our_profile(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    await bought(agent, db, (world.items["black"].sku_id, 1))
    await told(db, house)
    [(url, headers, body)] = hook.got
    [jwk] = (await house.http.get("/.well-known/ucp")).json()["keys"]
    key = _public_key(jwk)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={jwk["kid"]: key}, private_keys={}),
    )

    covered = ["@method", "@authority", "@path", "@query", "content-digest", "content-type", "ucp-agent"]
    [result] = verifier.verify(SignedRequest("POST", url, headers), require_components=covered, body=body)

    assert result.body == body
    assert headers["ucp-agent"] == f'profile="{house.settings.base_url}/.well-known/ucp"'
    assert "alg=" not in headers["Signature-Input"]
    assert headers["webhook-id"]
    assert headers["webhook-timestamp"].isdigit()


async def test_each_change_is_told(agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook):
    order_id, [order] = await bought(agent, db, (world.items["black"].sku_id, 3))
    await told(db, house)

    await deal.shipped(db, order, [Packed(1, 2)])
    await told(db, house)
    partial = hook.orders[-1]
    await deal.shipped(db, order)
    await told(db, house)
    [first, second] = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]
    scan = Scan(at=second.sent_at, code="delivered")
    await db.transact(parcels.record_scans, carrier=second.carrier, number=second.number, scans=[scan])
    await told(db, house)
    await deal.refunded(db, order, Returned(1, 1))
    await told(db, house)

    assert partial["line_items"][0]["status"] == "partial"
    assert partial["line_items"][0]["quantity"] == {"original": 3, "total": 3, "fulfilled": 2}
    [shipped] = partial["fulfillment"]["events"]
    assert (shipped["type"], shipped["line_items"]) == ("shipped", [{"id": "li_1", "quantity": 2}])
    assert shipped["tracking_number"] == first.number
    last = hook.orders[-1]
    assert [event["type"] for event in last["fulfillment"]["events"]] == ["shipped", "shipped", "delivered"]
    [adjustment] = last["adjustments"]
    assert adjustment["line_items"] == [{"id": "li_1", "quantity": -1}]
    assert total_of(adjustment) == -world.items["black"].amount
    assert adjustment["status"] == "pending"
    await deal.channel_refunds(db)
    found = await db.ask(agents.facts, PurchaseId(order_id))
    assert found is not None
    document = agents.order_document(found, house.settings.base_url, "2026-08-25", "en")
    assert document["adjustments"][0]["status"] == "completed"


async def test_a_cancelled_part_stays_on_the_order(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    _, parts = await bought(agent, db, (world.items["black"].sku_id, 1), (world.items["hammer"].sku_id, 1))
    tea = next(part for part in parts if part.merchant_id == world.tea.merchant_id)

    refund_id = payments.RefundId(deal.ids.mint())
    await db.transact(aftersales.cancel, tea.merchant_id, tea.order_id, refund_id, "sold out", "staff:test")
    await told(db, house)
    await told(db, house)

    lines = {line["merchant"]["id"]: line["status"] for line in hook.orders[-1]["line_items"]}
    assert lines == {str(world.tea.merchant_id): "removed", str(world.tools.merchant_id): "processing"}
    assert [each["type"] for each in hook.orders[-1]["adjustments"]] == ["cancellation"]


async def test_what_did_not_arrive_is_sent_again_in_order(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    _, [order] = await bought(agent, db, (world.items["black"].sku_id, 1))
    await deal.shipped(db, order)
    hook.answers = [Answer(status=500, error="answered 500")]

    assert await told(db, house) == 1
    assert await told(db, house) == 0
    await db.transact(_now_due)
    await told(db, house)
    await told(db, house)

    ids = [headers["webhook-id"] for _, headers, _ in hook.got]
    assert ids[0] == ids[1] != ids[2]
    states = [(each.news, each.state, each.attempts) for each in await db.ask(agents.deliveries, order.purchase_id)]
    assert states == [("created", "delivered", 2), ("shipped", "delivered", 1)]


async def _now_due(tx: Tx) -> None:
    await tx.execute("UPDATE agent_deliveries SET attempt_at = now() WHERE state = 'waiting'")


async def test_what_never_arrives_is_given_up(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    _, [order] = await bought(agent, db, (world.items["black"].sku_id, 1))
    hook.answers = [Answer(status=None, error="ConnectError")] * 15
    await deal.at_rest(db)

    for _ in range(16):
        await db.transact(_now_due)
        await agents.deliver(db, house.settings)

    [delivery] = await db.ask(agents.deliveries, order.purchase_id)
    assert (delivery.state, delivery.attempts, delivery.error) == ("failed", 15, "ConnectError")


async def test_two_workers_tell_it_once(
    agent: Agent, house: House, world: World, db: Database, known: Platform, hook: Hook
):
    await bought(agent, db, (world.items["black"].sku_id, 1))
    await deal.at_rest(db)

    await asyncio.gather(*(agents.deliver(db, house.settings) for _ in range(3)))

    assert len(hook.got) == 1


async def test_who_wants_no_news_is_told_none(agent: Agent, house: House, world: World, db: Database, hook: Hook):
    await bought(agent, db, (world.items["black"].sku_id, 1))
    await deal.paid(db, [(world.items["black"].sku_id, 1)])

    assert await told(db, house) == 0


async def test_a_platform_asks_for_its_order_with_its_signature(
    agent: Agent, world: World, db: Database, known: Platform, platform_home: Path
):
    order_id, _ = await bought(agent, db, (world.items["black"].sku_id, 1))

    answer = await asked(agent, platform_home, order_id)

    order = assert_order(answer.json())
    assert answer.status_code == 200
    assert order["id"] == order_id
    assert set(order["ucp"]["capabilities"]) == {ORDER}


async def test_nobody_else_is_told_of_an_order(
    agent: Agent, house: House, world: World, db: Database, known: Platform, platform_home: Path, tmp_path: Path
):
    order_id, _ = await bought(agent, db, (world.items["black"].sku_id, 1))
    stranger = Agent(house, "https://other.example/profile.json")

    unsigned = await agent.ask("GET", f"/orders/{order_id}")
    forged = await asked(agent, tmp_path / "forger", order_id)
    unknown = await stranger.ask("GET", f"/orders/{order_id}")
    missing = await asked(agent, platform_home, str(deal.ids.mint()))

    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "signature_missing")
    assert (forged.status_code, forged.json()["code"]) == (401, "signature_invalid")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "key_not_found")
    assert codes(missing.json()) == {"not_found"}


async def test_a_signature_that_is_there_has_to_be_right(
    agent: Agent, world: World, known: Platform, platform_home: Path
):
    body = msgspec.json.encode({"query": "*"})
    headers = {"content-type": "application/json", "ucp-agent": f'profile="{AGENT}"', "idempotency-key": "k"}
    url = f"{agent.house.settings.base_url}/ucp/v1/catalog/search"
    signed = agents.sign(platform_home, "POST", url, headers, body)

    good = await agent.ask("POST", "/catalog/search", body, headers=signed)
    changed = await agent.ask("POST", "/catalog/search", body + b" ", headers=signed)

    assert good.status_code == 200
    assert (changed.status_code, changed.json()["code"]) == (400, "digest_mismatch")
