"""The discount extension: what shops take off is told line by line and not charged, and codes that are entered count or are
answered with why not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from ucp_sdk.models.schemas.shopping import discount

from steelyard.channels import agents
from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, FreeShipping, Offer, PromotionId, Rule, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.world import World
from tests.surfaces.api.house import Agent
from tests.surfaces.api.ucp.buying import assert_cart, assert_checkout, assert_order, codes, payment, purchase, total_of

SESSIONS = "/checkout-sessions"
OFF = 500


def offer(world: World, rule: Rule, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.items["black"].merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("满减", "Reduction"),
        rule=rule,
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
    )
    return msgspec.structs.replace(told, **more)


def coupon(world: World, code: str, off: int = OFF, **more: object) -> Offer:
    rule: Rule = AmountOff(steps=(Step(1_000, off),))
    return msgspec.structs.replace(offer(world, rule), coupon=True, per_buyer=1, code=code, **more)


def wanted(world: World, *entered: str, quantity: int = 2) -> dict[str, Any]:
    return purchase((world.items["black"].sku_id, quantity), discounts={"codes": list(entered)})


def assert_discounts(said: dict[str, Any]) -> dict[str, Any]:
    """What is applied keeps to the protocol's model, adds up, and is what the totals say."""
    assert_checkout(said)
    discount.Checkout.model_validate(said)
    applied = said["discounts"]["applied"]
    by_line = [0] * len(said["line_items"])
    for each in applied:
        assert each["automatic"] == ("code" not in each)
        allocations = each.get("allocations", [])
        assert sum(one["amount"] for one in allocations) in (0, each["amount"])
        for one in allocations:
            by_line[int(one["path"].removeprefix("$.line_items[").removesuffix("]"))] += one["amount"]
    off = [-sum(t["amount"] for t in line["totals"] if t["type"] == "items_discount") for line in said["line_items"]]
    assert by_line == off
    totals = {total["type"]: total["amount"] for total in said["totals"]}
    assert -totals.get("items_discount", 0) == sum(off)
    assert -totals.get("discount", 0) == sum(each["amount"] for each in applied if "allocations" not in each)
    return said["discounts"]


async def bought(agent: Agent, opened: dict[str, Any]) -> dict[str, Any]:
    said = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert said["status"] == "completed"
    return said


async def test_what_a_shop_takes_off_is_told_and_not_charged(agent: Agent, world: World, db: Database) -> None:
    black = world.items["black"]
    await db.transact(promotions.save, offer(world, AmountOff(steps=(Step(1_000, OFF),))))

    opened = await agent.post(SESSIONS, purchase((black.sku_id, 2)))
    done = await bought(agent, opened)

    assert assert_discounts(opened) == assert_discounts(done)
    assert opened["discounts"]["applied"] == [
        {
            "title": "Reduction",
            "amount": OFF,
            "automatic": True,
            "priority": 1,
            "method": "across",
            "allocations": [{"path": "$.line_items[0]", "amount": OFF}],
        }
    ]
    assert total_of(opened) == total_of(done) == 2 * black.amount + 1_000 - OFF
    [order] = await deal.orders_of(db, PurchaseId(done["order"]["id"]))
    assert (order.total, order.goods) == (total_of(done), 2 * black.amount - OFF)
    await deal.at_rest(db)


async def test_a_code_counts_and_is_told_as_its_order_keeps_it(agent: Agent, world: World, db: Database) -> None:
    told, black, white = coupon(world, "SAVE5"), world.items["black"], world.items["hammer"]
    await db.transact(promotions.save, told)

    opened = await agent.post(
        SESSIONS, purchase((white.sku_id, 1), (black.sku_id, 2), discounts={"codes": [" save5 "]})
    )
    before = await db.ask(promotions.get, told.merchant_id, told.promotion_id)
    done = await bought(agent, opened)

    said = assert_discounts(done)
    assert said["codes"] == ["save5"]
    (applied,) = said["applied"]
    assert (applied["code"], applied["amount"]) == ("save5", OFF)
    assert before is not None and before.claimed == 0, "looking takes no coupon away from others"
    parts = await deal.orders_of(db, PurchaseId(done["order"]["id"]))
    kept = await db.ask(orders.lines_of, [part.order_id for part in parts])
    found = await db.ask(checkout.get, CheckoutId(opened["id"]))
    assert found is not None
    names = agents.line_names(found.lines, kept)
    frozen = {
        names[order_id, line.line]: each.amount
        for order_id, of_order in kept.items()
        for line in of_order
        for each in line.offers
    }
    ids_in_order = [line["id"] for line in done["line_items"]]
    assert frozen == {
        ids_in_order[int(one["path"].removeprefix("$.line_items[").removesuffix("]"))]: one["amount"]
        for one in applied["allocations"]
    }
    after = await db.ask(promotions.get, told.merchant_id, told.promotion_id)
    assert after is not None and after.claimed == 1
    assert (await agent.get(f"{SESSIONS}/{opened['id']}"))["discounts"] == said
    facts = await db.ask(agents.facts, PurchaseId(done["order"]["id"]))
    assert facts is not None
    assert_order(agents.order_document(facts, "https://shop.example", "2026-08-25", "en"))
    await deal.at_rest(db)


async def test_freight_that_a_code_pays_stands_beside_the_fee(agent: Agent, world: World, db: Database) -> None:
    free = offer(world, FreeShipping(over=1_000), coupon=True, per_buyer=1, code="SHIP")
    await db.transact(promotions.save, free)

    opened = await agent.post(SESSIONS, wanted(world, "SHIP"))
    done = await bought(agent, opened)

    assert assert_discounts(opened) == assert_discounts(done)
    (applied,) = opened["discounts"]["applied"]
    assert "allocations" not in applied
    assert total_of(done, "fulfillment") == applied["amount"] == -total_of(done, "discount")


async def test_codes_are_replaced_and_an_empty_list_clears_them(agent: Agent, world: World, db: Database) -> None:
    for code, off in (("ONE", 100), ("TWO", 200)):
        await db.transact(promotions.save, coupon(world, code, off))
    opened = await agent.post(SESSIONS, wanted(world, "ONE"))

    async def put(*entered: str) -> list[str | None]:
        said = await agent.put(f"{SESSIONS}/{opened['id']}", wanted(world, *entered))
        return [each.get("code") for each in said.get("discounts", {}).get("applied", [])]

    assert [each["code"] for each in opened["discounts"]["applied"]] == ["ONE"]
    assert await put("two") == ["two"]
    assert await put("ONE", "TWO") == ["TWO"]
    assert await put() == []


async def test_a_code_that_does_not_count_is_said_back_with_why(agent: Agent, world: World, db: Database) -> None:
    now = datetime.now(UTC)
    elsewhere = world.items["hammer"].merchant_id
    for told in (
        coupon(world, "GOOD", 300),
        coupon(world, "LESS", 100),
        coupon(world, "MORE", rule=AmountOff(steps=(Step(10_000_000, OFF),))),
        coupon(world, "GONE", copies=1),
        coupon(world, "LATER", starts_at=now + timedelta(hours=1)),
        coupon(world, "ELSEWHERE", merchant_id=elsewhere),
        coupon(world, "STOPPED"),
    ):
        await db.transact(promotions.save, told)
        if told.code == "STOPPED":
            await db.transact(promotions.stop, told.merchant_id, told.promotion_id)
        if told.code == "GONE":
            await db.transact(promotions.claim, ids.mint(), told.merchant_id, told.promotion_id)

    entered = ["GOOD", "NONE", "LESS", "MORE", "GONE", "LATER", "ELSEWHERE", "STOPPED", "good"]
    said = await agent.post(SESSIONS, wanted(world, *entered))

    discounts = assert_discounts(said)
    assert discounts["codes"] == entered
    assert [each.get("code") for each in discounts["applied"]] == ["GOOD"]
    assert {m["path"]: m["code"].removeprefix("discount_code_") for m in said["messages"]} == {
        "$.discounts.codes[1]": "invalid",
        "$.discounts.codes[2]": "combination_disallowed",
        "$.discounts.codes[3]": "user_ineligible",
        "$.discounts.codes[4]": "expired",
        "$.discounts.codes[5]": "invalid",
        "$.discounts.codes[6]": "invalid",
        "$.discounts.codes[7]": "expired",
        "$.discounts.codes[8]": "already_applied",
    }
    assert {m["type"] for m in said["messages"]} == {"warning"}
    assert said["status"] == "ready_for_complete"


async def test_the_last_copy_is_for_one_and_the_other_is_asked_again(agent: Agent, world: World, db: Database) -> None:
    told = coupon(world, "LAST", copies=1)
    await db.transact(promotions.save, told)
    first, second = [await agent.post(SESSIONS, wanted(world, "LAST")) for _ in range(2)]

    await bought(agent, first)
    refused = assert_checkout(await agent.post(f"{SESSIONS}/{second['id']}/complete", payment()))

    assert refused["status"] == "ready_for_complete"
    assert codes(refused) == {"total_changed", "discount_code_expired"}
    assert total_of(refused) == total_of(second) + OFF
    found = await db.ask(promotions.get, told.merchant_id, told.promotion_id)
    assert found is not None and found.claimed == 1
    await deal.at_rest(db)


async def test_a_carts_codes_go_with_it_to_the_checkout(agent: Agent, world: World, db: Database) -> None:
    await db.transact(promotions.save, coupon(world, "CART"))
    cart = assert_cart(await agent.post("/carts", wanted(world, "cart")))

    opened = await agent.post(SESSIONS, {"cart_id": cart["id"]})

    assert [each["code"] for each in cart["discounts"]["applied"]] == ["cart"]
    assert opened["discounts"] == cart["discounts"]


async def test_a_payment_that_is_declined_leaves_the_coupon_where_it_was(
    agent: Agent, world: World, db: Database
) -> None:
    await db.transact(promotions.save, coupon(world, "TWICE", copies=1))
    opened = await agent.post(SESSIONS, wanted(world, "TWICE"))

    declined = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment("tok_decline")))
    again = assert_checkout(await agent.put(f"{SESSIONS}/{opened['id']}", wanted(world, "TWICE")))
    done = await bought(agent, again)

    assert "payment_failed" in codes(declined)
    assert total_of(done) == total_of(opened) == total_of(again)
    assert [each["code"] for each in assert_discounts(done)["applied"]] == ["TWICE"]
    await deal.at_rest(db)
