"""Catalog answers that are said again: to whom, until when, and that nobody buys by them."""

from typing import Any

import msgspec
import pytest

from steelyard.channels.agents.model import (
    CATALOG_LOOKUP,
    CATALOG_SEARCH,
    FULFILLMENT,
    VERSION,
    VERSIONS,
    Platform,
    SignatureRefused,
)
from steelyard.goods import catalog, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import answers
from steelyard.kernel.db import Database
from steelyard.logistics import freight
from steelyard.surfaces.api.ucp import catalog as surface
from steelyard.surfaces.api.ucp import envelope
from tests.support.world import CURRENCY, STOCK, World
from tests.surfaces.api.house import Agent, House
from tests.surfaces.api.ucp.buying import assert_checkout, codes, payment, purchase, total_of

LONG = 3_600.0


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks for news again until a test says so."""
    monkeypatch.setattr(answers, "LOOK_SECONDS", LONG)


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch):
    def look() -> None:
        monkeypatch.setattr(answers, "LOOK_SECONDS", -1.0)

    return look


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The answers that were made, and not said again."""
    found: list[str] = []

    def listening(name: str) -> None:
        make = getattr(surface, name)

        async def listened(ask: envelope.Ask) -> Any:
            found.append(name)
            return await make(ask)

        monkeypatch.setattr(surface, name, listened)

    for name in ("_search", "_look_up", "_product"):
        listening(name)
    return found


async def test_the_same_question_is_answered_once(agent: Agent, world: World, made: list[str]):
    green = {"id": str(world.items["green"].product_id)}
    questions = {
        "/catalog/search": {"query": "tea"},
        "/catalog/product": green,
        "/catalog/lookup": {"ids": [green["id"]]},
    }

    first = [await agent.post(path, wanted) for path, wanted in questions.items()]
    again = [await agent.post(path, wanted) for path, wanted in questions.items()]

    assert again == first
    assert made == ["_search", "_product", "_look_up"]


async def test_another_platform_that_speaks_as_much_is_told_the_same(agent: Agent, house: House, made: list[str]):
    other = Agent(house, profile="https://others.example/profile.json")

    first, second = [await each.post("/catalog/search", {"query": "tea"}) for each in (agent, other)]

    assert first == second
    assert made == ["_search"]


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"accept-language": "zh-CN"}, {"query": "hammer"}),
        ({}, {"query": "hammer", "context": {"language": "zh-Hans"}}),
        ({}, {"query": "hammer", "context": {"currency": "EUR"}}),
        ({}, {"query": "hammer", "pagination": {"limit": 1}}),
        ({}, {"query": "hammer", "filters": {"price": {"max": 1}}}),
    ],
    ids=["language", "language-said", "currency", "page", "filter"],
)
async def test_another_question_has_an_answer_of_its_own(
    agent: Agent, made: list[str], headers: dict[str, str], wanted: dict[str, Any]
):
    plain = await agent.post("/catalog/search", {"query": "hammer"})
    other = await agent.post("/catalog/search", wanted, headers=headers)

    assert made == ["_search", "_search"]
    if "zh" in str((headers, wanted)):
        assert (plain["products"][0]["title"], other["products"][0]["title"]) == ("Claw hammer", "羊角锤")


async def test_each_platform_is_told_what_it_speaks(
    house: House, db: Database, monkeypatch: pytest.MonkeyPatch, made: list[str]
):
    """Two releases, and one platform that knows of no delivery: three answers."""

    def speaking(version: str, *names: str) -> Platform:
        profile = f"https://{len(platforms)}.example/profile.json"
        platforms[profile] = Platform(
            profile_url=profile, version=version, capabilities={name: [version] for name in names}
        )
        return platforms[profile]

    async def platform_of(_db: Database, _settings: object, profile_url: str) -> Platform:
        return platforms[profile_url]

    platforms: dict[str, Platform] = {}
    speaking(VERSION, CATALOG_SEARCH, FULFILLMENT)
    speaking(VERSION, CATALOG_SEARCH)
    speaking(VERSIONS[1], CATALOG_SEARCH)
    speaking(VERSION, CATALOG_LOOKUP)
    monkeypatch.setattr(envelope.agents, "platform_of", platform_of)

    *said, refused = [
        (await Agent(house, profile=profile).post("/catalog/search", {"query": "tea"})) for profile in platforms
    ]

    assert [(each["ucp"]["version"], set(each["ucp"]["capabilities"])) for each in said] == [
        (VERSION, {CATALOG_SEARCH, FULFILLMENT}),
        (VERSION, {CATALOG_SEARCH}),
        (VERSIONS[1], {CATALOG_SEARCH}),
    ]
    assert made == ["_search"] * 3
    assert codes(refused) == {"capabilities_incompatible"}


async def test_who_asks_is_found_out_each_time(agent: Agent, house: House, monkeypatch: pytest.MonkeyPatch):
    wanted = {"query": "tea"}
    await agent.post("/catalog/search", wanted)

    nobody = await house.http.post("/ucp/v1/catalog/search", json=wanted)

    def refuse(*_: object, **__: object) -> None:
        raise SignatureRefused()

    monkeypatch.setattr(envelope, "_check_signature", refuse)
    forged = await agent.ask("POST", "/catalog/search", wanted)

    assert (nobody.status_code, forged.status_code) == (400, 401)


@pytest.mark.parametrize(
    "context",
    [
        {"address_country": "CN", "postal_code": "200040"},
        {"intent": "a gift"},
        {"language": "en", "eligibility": ["x"]},
    ],
)
async def test_what_tells_of_a_buyer_is_kept_for_nobody(agent: Agent, made: list[str], context: dict[str, Any]):
    for _ in range(2):
        await agent.post("/catalog/search", {"query": "tea", "context": context})

    assert made == ["_search", "_search"]


async def test_what_was_not_found_is_looked_for_again(agent: Agent, world: World, made: list[str]):
    missing = "0190aaaa-0000-7000-8000-000000000000"
    green = str(world.items["green"].product_id)

    for _ in range(2):
        await agent.post("/catalog/product", {"id": missing})
        await agent.post("/catalog/lookup", {"ids": [green, missing]})
        await agent.ask("POST", "/catalog/search", {})

    assert made == ["_product", "_look_up", "_search"] * 2


async def test_a_changed_product_is_told_anew(agent: Agent, world: World, db: Database, looking: Any):
    black, hammer = world.items["black"], world.items["hammer"]
    question = {"id": str(black.product_id)}
    before = await price_of(agent, question)
    price = NewPrice(sku_id=black.sku_id, currency=CURRENCY, amount=black.amount + 100)
    await db.transact(pricing.set_prices, black.merchant_id, [price])
    still = await price_of(agent, question)
    looking()
    changed = await price_of(agent, question)
    there = await agent.post("/catalog/product", {"id": str(hammer.product_id)})
    await db.transact(catalog.take_off_shelf, hammer.merchant_id, [hammer.product_id], "test")
    gone = await agent.post("/catalog/product", {"id": str(hammer.product_id)})

    assert (before, still, changed) == (black.amount, black.amount, black.amount + 100)
    assert "product" in there
    assert codes(gone) == {"not_found"}


async def test_another_way_of_delivery_is_told(agent: Agent, world: World, db: Database, looking: Any):
    black = world.items["black"]
    question = {"id": str(black.product_id)}
    looking()
    before = await ways_of(agent, question)
    [express] = [
        way for way in await db.ask(freight.templates, black.merchant_id) if way.template_id == world.tea.express
    ]

    await db.transact(freight.save_template, msgspec.structs.replace(express, active=False))
    after = await ways_of(agent, question)

    assert before == {str(world.tea.standard), str(world.tea.express)}
    assert after == {str(world.tea.standard)}


async def test_what_is_sold_out_is_told_anew(agent: Agent, world: World, db: Database, looking: Any):
    black = world.items["black"]
    looking()
    question = {"id": str(black.product_id)}
    before = await agent.post("/catalog/product", question)

    opened = await agent.post("/checkout-sessions", purchase((black.sku_id, STOCK)))
    await agent.post(f"/checkout-sessions/{opened['id']}/complete", payment())
    after = await agent.post("/catalog/product", question)

    assert [each["product"]["variants"][0]["availability"]["available"] for each in (before, after)] == [True, False]


async def test_nobody_buys_by_what_was_said(agent: Agent, world: World, db: Database, made: list[str]):
    """The old price is still said; a checkout has the new one, and one that was opened before is told of it."""
    black = world.items["black"]
    question = {"id": str(black.product_id)}
    seen = await price_of(agent, question)
    earlier = await agent.post("/checkout-sessions", purchase((black.sku_id, 1)))
    price = NewPrice(sku_id=black.sku_id, currency=CURRENCY, amount=black.amount + 100)
    await db.transact(pricing.set_prices, black.merchant_id, [price])

    said_again = await price_of(agent, question)
    later = assert_checkout(await agent.post("/checkout-sessions", purchase((black.sku_id, 1))))
    told = assert_checkout(await agent.post(f"/checkout-sessions/{earlier['id']}/complete", payment()))

    assert made == ["_product"]
    assert seen == said_again == black.amount
    assert total_of(later) == total_of(earlier) + 100
    assert codes(told) == {"total_changed", "price_changed"}


async def test_nobody_buys_what_is_gone(agent: Agent, world: World, made: list[str]):
    black = world.items["black"]
    question = {"id": str(black.product_id)}
    await price_of(agent, question)
    bought = await agent.post("/checkout-sessions", purchase((black.sku_id, STOCK)))
    await agent.post(f"/checkout-sessions/{bought['id']}/complete", payment())

    said_again = await agent.post("/catalog/product", question)
    opened = assert_checkout(await agent.post("/checkout-sessions", purchase((black.sku_id, 1))))

    assert made == ["_product"]
    assert said_again["product"]["variants"][0]["availability"]["available"] is True
    assert opened["status"] == "incomplete"
    assert codes(opened) == {"out_of_stock"}


async def price_of(agent: Agent, question: dict[str, str]) -> int:
    said = await agent.post("/catalog/product", question)
    return said["product"]["variants"][0]["price"]["amount"]


async def ways_of(agent: Agent, question: dict[str, str]) -> set[str]:
    said = await agent.post("/catalog/product", question)
    [method] = said["product"]["variants"][0]["fulfillment"]["methods"]
    return {option["id"] for option in method["options"]}
