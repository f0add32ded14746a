"""Carts of agents: goods and what they come to, and a checkout made of them."""

from tests.support.world import World
from tests.surfaces.api.house import Agent
from tests.surfaces.api.ucp.buying import BUYER, assert_cart, assert_checkout, codes, lines, methods, payment, total_of


async def test_a_cart_is_begun_changed_and_given_up(agent: Agent, world: World):
    black, nuts = world.items["black"], world.items["nuts"]

    begun = await agent.ask("POST", "/carts", {"line_items": lines((black.sku_id, 2))})
    cart = assert_cart(begun.json())
    changed = assert_cart(
        await agent.put(f"/carts/{cart['id']}", {"line_items": lines((nuts.sku_id, 1), (black.sku_id, 1))})
    )
    again = assert_cart(await agent.get(f"/carts/{cart['id']}"))
    given_up = assert_cart(await agent.post(f"/carts/{cart['id']}/cancel"))
    gone = await agent.get(f"/carts/{cart['id']}")

    assert begun.status_code == 201
    assert total_of(cart) == 2 * black.amount
    assert total_of(changed) == black.amount + nuts.amount
    assert [line["item"]["id"] for line in changed["line_items"]] == [str(nuts.sku_id), str(black.sku_id)]
    assert again == changed == given_up
    assert codes(gone) == {"not_found"}


async def test_a_checkout_is_made_of_a_cart_once(agent: Agent, world: World):
    black = world.items["black"]
    cart = await agent.post("/carts", {"line_items": lines((black.sku_id, 2)), "buyer": BUYER})
    wanted = {"cart_id": cart["id"], "fulfillment": methods(), "line_items": lines((world.items["nuts"].sku_id, 9))}

    first = assert_checkout(await agent.post("/checkout-sessions", wanted))
    second = assert_checkout(await agent.post("/checkout-sessions", wanted))
    bought = assert_checkout(await agent.post(f"/checkout-sessions/{first['id']}/complete", payment()))

    assert first["id"] == second["id"]
    assert first["status"] == "ready_for_complete"
    assert [(line["item"]["id"], line["quantity"]) for line in first["line_items"]] == [(str(black.sku_id), 2)]
    assert bought["status"] == "completed"


async def test_a_cart_is_no_checkout(agent: Agent, world: World):
    cart = await agent.post("/carts", {"line_items": lines((world.items["black"].sku_id, 1))})

    assert codes(await agent.get(f"/checkout-sessions/{cart['id']}")) == {"not_found"}
    assert codes(await agent.post("/checkout-sessions", {"cart_id": "no-such-cart"})) == {"not_found"}


async def test_a_cart_tells_what_is_sold_out(agent: Agent, world: World):
    cart = assert_cart(await agent.post("/carts", {"line_items": lines((world.items["rare"].sku_id, 1))}))

    assert codes(cart) == {"out_of_stock"}
