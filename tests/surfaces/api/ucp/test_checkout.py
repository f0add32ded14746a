"""Buying through an agent: two requests, and everything that can come between."""

import asyncio

import pytest

from steelyard.goods import inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.surfaces.web import placing
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.world import CURRENCY, STOCK, World
from tests.surfaces.api.house import Agent, House
from tests.surfaces.api.ucp.buying import (
    BUYER,
    DESTINATION,
    assert_checkout,
    codes,
    lines,
    methods,
    payment,
    purchase,
    total_of,
)

SESSIONS = "/checkout-sessions"


async def test_two_requests_buy(agent: Agent, world: World, db: Database):
    black = world.items["black"]

    created = await agent.ask("POST", SESSIONS, purchase((black.sku_id, 2)))
    assert created.status_code == 201
    opened = assert_checkout(created.json())
    completed = await agent.ask("POST", f"{SESSIONS}/{opened['id']}/complete", payment())

    assert completed.status_code == 200
    bought = assert_checkout(completed.json())
    assert opened["status"] == "ready_for_complete"
    assert bought["status"] == "completed"
    assert total_of(opened) == total_of(bought) == 2 * black.amount + 1_000
    [order] = await deal.orders_of(db, PurchaseId(bought["order"]["id"]))
    assert order.total == total_of(bought)
    assert order.source == f"ucp:{agent.profile}"
    assert (await db.ask(inventory.available, [black.sku_id]))[black.sku_id] == STOCK - 2
    await deal.at_rest(db)


async def test_each_of_two_merchants_is_a_method_of_its_own(agent: Agent, world: World):
    tea, tools = world.items["black"], world.items["hammer"]

    opened = assert_checkout(await agent.post(SESSIONS, purchase((tea.sku_id, 1), (tools.sku_id, 1))))

    first, second = opened["fulfillment"]["methods"]
    assert {first["merchant"]["id"], second["merchant"]["id"]} == {
        str(world.tea.merchant_id),
        str(world.tools.merchant_id),
    }
    assert first["line_item_ids"] != second["line_item_ids"]
    assert {line["merchant"]["id"] for line in opened["line_items"]} == {
        str(tea.merchant_id),
        str(tools.merchant_id),
    }
    bought = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert bought["status"] == "completed"
    assert total_of(bought, "fulfillment") == 1_600


async def test_the_option_of_one_method_on_create_is_meant_for_all(agent: Agent, world: World):
    tea, tools = world.items["black"], world.items["hammer"]
    wanted = purchase((tea.sku_id, 1), (tools.sku_id, 1), fulfillment=methods(world.tea.express))

    opened = assert_checkout(await agent.post(SESSIONS, wanted))

    chosen = {
        method["merchant"]["id"]: method["groups"][0]["selected_option_id"]
        for method in opened["fulfillment"]["methods"]
    }
    assert chosen[str(tea.merchant_id)] == str(world.tea.express)
    assert chosen[str(tools.merchant_id)] == str(world.tools.standard)


async def test_an_update_chooses_for_each_merchant(agent: Agent, world: World):
    tea, tools = world.items["black"], world.items["hammer"]
    opened = await agent.post(SESSIONS, purchase((tea.sku_id, 1), (tools.sku_id, 1)))
    wanted = opened["fulfillment"]["methods"]
    for method in wanted:
        if method["merchant"]["id"] == str(tools.merchant_id):
            method["groups"][0]["selected_option_id"] = str(world.tools.express)

    changed = assert_checkout(
        await agent.put(
            f"{SESSIONS}/{opened['id']}",
            {"line_items": opened["line_items"], "buyer": BUYER, "fulfillment": {"methods": wanted}},
        )
    )

    chosen = {
        method["merchant"]["id"]: method["groups"][0]["selected_option_id"]
        for method in changed["fulfillment"]["methods"]
    }
    assert chosen == {str(tea.merchant_id): str(world.tea.standard), str(tools.merchant_id): str(world.tools.express)}
    assert [line["id"] for line in changed["line_items"]] == [line["id"] for line in opened["line_items"]]
    assert changed["fulfillment"]["methods"][0]["selected_destination_id"] == DESTINATION["id"]


async def test_what_is_missing_is_told(agent: Agent, world: World):
    opened = assert_checkout(await agent.post(SESSIONS, {"line_items": lines((world.items["black"].sku_id, 1))}))

    assert opened["status"] == "incomplete"
    assert codes(opened) == {"buyer_email_missing", "address_missing"}
    refused = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert refused["status"] == "incomplete"


async def test_a_place_where_nobody_sends_is_told(agent: Agent, world: World):
    wanted = purchase((world.items["black"].sku_id, 1), fulfillment=methods(address_country="AQ"))

    opened = assert_checkout(await agent.post(SESSIONS, wanted))

    assert opened["status"] == "incomplete"
    assert codes(opened) == {"address_undeliverable"}


async def test_what_is_sold_out_stands_in_the_way(agent: Agent, world: World):
    opened = assert_checkout(await agent.post(SESSIONS, purchase((world.items["rare"].sku_id, 1))))

    assert opened["status"] == "incomplete"
    assert codes(opened) == {"out_of_stock"}
    assert opened["messages"][0]["path"] == "$.line_items[0]"


async def test_somebody_else_was_faster(agent: Agent, world: World, db: Database):
    black = world.items["black"]
    opened = await agent.post(SESSIONS, purchase((black.sku_id, STOCK)))
    await deal.placed(db, [(black.sku_id, 1)])

    refused = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))

    assert refused["status"] == "incomplete"
    assert codes(refused) == {"out_of_stock"}


async def test_nobody_pays_another_price_than_the_agent_saw(agent: Agent, world: World, db: Database):
    black = world.items["black"]
    opened = await agent.post(SESSIONS, purchase((black.sku_id, 1)))
    price = NewPrice(sku_id=black.sku_id, currency=CURRENCY, amount=black.amount + 100)
    await db.transact(pricing.set_prices, black.merchant_id, [price])

    refused = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))

    assert refused["status"] == "ready_for_complete"
    assert codes(refused) == {"total_changed", "price_changed"}
    agreed = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert agreed["status"] == "completed"
    assert total_of(agreed) == total_of(opened) + 100


@pytest.mark.parametrize("item", ["0190aaaa-0000-7000-8000-000000000000", "no-such-thing"])
async def test_an_unknown_product_opens_nothing(agent: Agent, item: str):
    answer = await agent.ask("POST", SESSIONS, {"line_items": [{"item": {"id": item}, "quantity": 1}]})

    assert answer.status_code == 200
    assert answer.json()["ucp"]["status"] == "error"
    assert codes(answer.json()) == {"item_unavailable"}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"line_items": []}', b'{"line_items": [{"item": {"id": "x"}, "quantity": 0}]}']
)
async def test_a_request_that_cannot_be_read_is_refused(agent: Agent, body: bytes):
    answer = await agent.ask("POST", SESSIONS, body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


async def test_a_declined_payment_can_be_tried_again(agent: Agent, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))

    declined = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment("tok_decline")))
    again = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))

    assert declined["status"] == "ready_for_complete"
    assert codes(declined) == {"payment_failed"}
    assert again["status"] == "completed"
    assert total_of(again) == total_of(opened)


async def test_a_payment_that_the_buyer_confirms(agent: Agent, house: House, world: World, db: Database):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))

    waiting = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment("tok_3ds")))
    assert waiting["status"] == "requires_escalation"
    assert waiting["continue_url"].endswith("/3d")
    again = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert again["status"] == "requires_escalation"

    found = await db.ask(checkout.get, CheckoutId(opened["id"]))
    assert found is not None
    path = waiting["continue_url"].split("/", 3)[3]
    await house.channel.browser.post(f"/{path}", data={"code": "123456"})
    [waits] = await db.ask(payments.of_purchase, found.purchase_id)
    await checkout.ask_about(db, house.settings, waits.sought)

    done = assert_checkout(await agent.get(f"{SESSIONS}/{opened['id']}"))
    assert done["status"] == "completed"


async def test_a_payment_under_way_is_not_disturbed(agent: Agent, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))

    hanging = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment("tok_hang")))
    disturbed = assert_checkout(
        await agent.put(f"{SESSIONS}/{opened['id']}", purchase((world.items["black"].sku_id, 9)))
    )

    assert hanging["status"] == disturbed["status"] == "complete_in_progress"
    assert "order" not in hanging
    assert disturbed["line_items"][0]["quantity"] == 1
    assert "complete_in_progress" in codes(disturbed)


async def test_a_completed_checkout_stays(agent: Agent, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))
    done = await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment())

    cancelled = await agent.ask("POST", f"{SESSIONS}/{opened['id']}/cancel")
    changed = await agent.ask("PUT", f"{SESSIONS}/{opened['id']}", purchase((world.items["black"].sku_id, 9)))

    assert cancelled.status_code == changed.status_code == 409
    assert assert_checkout(await agent.get(f"{SESSIONS}/{opened['id']}")) == done


async def test_a_checkout_is_given_up_once(agent: Agent, world: World, db: Database):
    black = world.items["black"]
    opened = await agent.post(SESSIONS, purchase((black.sku_id, 1)))
    await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment("tok_decline"))

    given_up = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/cancel"))
    again = await agent.ask("POST", f"{SESSIONS}/{opened['id']}/cancel")
    paid = await agent.ask("POST", f"{SESSIONS}/{opened['id']}/complete", payment())

    assert given_up["status"] == "canceled"
    assert again.status_code == paid.status_code == 409
    assert (await db.ask(inventory.available, [black.sku_id]))[black.sku_id] == STOCK


async def test_another_platform_sees_nothing(agent: Agent, house: House, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))
    other = Agent(house, "https://other.example/profile.json")

    seen = await other.ask("GET", f"{SESSIONS}/{opened['id']}")

    assert seen.status_code == 200
    assert codes(seen.json()) == {"not_found"}


async def test_the_same_key_is_the_same_purchase_across_a_restart(
    agent: Agent, house: House, world: World, db: Database
):
    wanted = purchase((world.items["black"].sku_id, 1))
    first = await agent.ask("POST", SESSIONS, wanted, key="key-1")
    done = await agent.ask("POST", f"{SESSIONS}/{first.json()['id']}/complete", payment(), key="key-2")

    await house.restart()
    again = await agent.ask("POST", SESSIONS, wanted, key="key-1")
    done_again = await agent.ask("POST", f"{SESSIONS}/{first.json()['id']}/complete", payment(), key="key-2")
    other = await agent.ask("POST", SESSIONS, purchase((world.items["black"].sku_id, 2)), key="key-1")

    assert again.content == first.content
    assert again.status_code == 201
    assert done_again.content == done.content
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_conflict"
    assert len((await db.ask(orders.all_orders)).items) == 1


async def test_one_instrument_of_ours_pays(agent: Agent, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["black"].sku_id, 1)))
    two = payment()
    two["payment"]["instruments"] *= 2
    other = payment()
    other["payment"]["instruments"][0]["handler_id"] = "somebody_else"

    for body in (two, other):
        answer = await agent.ask("POST", f"{SESSIONS}/{opened['id']}/complete", body)
        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_payment"


async def test_an_agent_names_its_platform(agent: Agent, house: House):
    nobody = await house.http.post("/ucp/v1/catalog/search", json={"query": "*"})
    insecure = await Agent(house, "ftp://agents.example/").ask("POST", "/catalog/search", {"query": "*"})

    assert nobody.status_code == insecure.status_code == 400
    assert nobody.json()["code"] == "invalid_profile_url"


async def test_who_completes_at_the_same_moment_is_placed_together_and_answered_alone(agent: Agent, world: World):
    nuts, black = world.items["nuts"], world.items["black"]
    wanted = [(nuts.sku_id, STOCK), (nuts.sku_id, 1), (black.sku_id, 1), (black.sku_id, 1)]
    opened = [await agent.post(SESSIONS, purchase(each)) for each in wanted]

    answers = await asyncio.gather(*(agent.post(f"{SESSIONS}/{each['id']}/complete", payment()) for each in opened))

    sold_out = [place for place, answer in enumerate(answers) if answer["status"] != "completed"]
    assert sold_out in ([0], [1]), "whoever of the two came later"
    assert codes(answers[sold_out[0]]) == {"out_of_stock"}
    assert len({answer["order"]["id"] for answer in answers if answer["status"] == "completed"}) == 3


async def test_when_too_many_wait_an_agent_is_told_when_to_come_back(agent: Agent, world: World):
    opened = await agent.post(SESSIONS, purchase((world.items["nuts"].sku_id, 1)))
    complete = f"{SESSIONS}/{opened['id']}/complete"
    agent.house.db.batchers[placing.place_all] = Batcher("full", placing.place_all, hash, waiting_most=0)

    refused = await agent.ask("POST", complete, payment(), key="one")
    del agent.house.db.batchers[placing.place_all]
    again = await agent.ask("POST", complete, payment(), key="one")

    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (503, "2", "busy")
    assert (again.status_code, again.json()["status"]) == (200, "completed")


async def test_an_agent_is_held_to_what_the_operator_decided_about_a_channel(
    db: Database, agent: Agent, world: World
) -> None:
    """Switched off for a shop's goods, the channel takes nothing from an agent either; the buyer can pay another way."""
    nuts = world.items["nuts"]
    await db.transact(payments.exclude, "simpay", "merchant", nuts.merchant_id, why="no contract", set_by=None)
    opened = await agent.post(SESSIONS, purchase((nuts.sku_id, 1)))

    answer = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))

    assert answer["status"] != "completed"
    assert "payment_failed" in codes(answer)
    assert answer["continue_url"]
    tried = await db.ask(lambda read: read.value("SELECT count(*) FROM payments"))
    assert tried == 0
    await db.transact(payments.include, "simpay", "merchant", nuts.merchant_id)
    again = assert_checkout(await agent.post(f"{SESSIONS}/{opened['id']}/complete", payment()))
    assert again["status"] == "completed"
