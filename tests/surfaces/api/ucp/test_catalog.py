"""What an agent finds: by words, by id, by choice."""

from typing import Any

import pytest
from ucp_sdk.models.schemas.shopping import catalog_lookup, catalog_search, fulfillment

from steelyard.kernel.db import Database
from tests.support.lower import lowered, sale
from tests.support.world import World
from tests.surfaces.api.house import Agent
from tests.surfaces.api.ucp.buying import codes, purchase


async def found(agent: Agent, **wanted: Any) -> dict[str, Any]:
    said = await agent.post("/catalog/search", wanted)
    catalog_search.SearchResponse.model_validate(said)
    fulfillment.FulfillmentSearchResponse.model_validate(said)
    return said


async def test_words_find_products(agent: Agent, world: World):
    said = await found(agent, query="green tea")

    assert [product["id"] for product in said["products"]] == [str(world.items["green"].product_id)]
    assert said["pagination"] == {"has_next_page": False, "total_count": 1}


async def test_a_variant_says_who_sells_it_and_how_it_is_sent(agent: Agent, world: World):
    [product] = (await found(agent, query="hammer"))["products"]

    variant = product["variants"][0]
    assert variant["seller"]["name"] == "Old Street Tools"
    [method] = variant["fulfillment"]["methods"]
    assert {option["id"] for option in method["options"]} == {str(world.tools.standard), str(world.tools.express)}
    assert variant["price"] == {"amount": 4_500, "currency": "CNY"}
    assert variant["list_price"] == {"amount": 5_500, "currency": "CNY"}


async def test_pages_follow_each_other(agent: Agent, world: World):
    first = await found(agent, query="*", pagination={"limit": 4})
    second = await found(agent, query="*", pagination={"limit": 4, "cursor": first["pagination"]["cursor"]})
    at_the_top = await found(agent, query="*", pagination={"limit": 4}, cursor=first["pagination"]["cursor"])

    ids = [product["id"] for product in first["products"] + second["products"]]
    assert len(ids) == len(set(ids)) == len(world.items)
    assert second["pagination"]["has_next_page"] is False
    assert at_the_top["products"] == second["products"]


@pytest.mark.parametrize(
    ("filters", "slugs"),
    [
        ({"categories": ["snacks"]}, {"nuts"}),
        ({"categories": ["no-such", "hand-tools"]}, {"hammer", "ruler"}),
        ({"categories": ["no-such"]}, set()),
        ({"price": {"max": 1_000}}, {"ruler"}),
        ({"categories": ["food"], "price": {"min": 80_000}}, {"rare"}),
    ],
)
async def test_filters_narrow(agent: Agent, world: World, filters: dict[str, Any], slugs: set[str]):
    said = await found(agent, filters=filters, context={"currency": "CNY"})

    assert {product["handle"] for product in said["products"]} == slugs


async def test_a_search_for_nothing_is_refused(agent: Agent):
    answer = await agent.ask("POST", "/catalog/search", {})

    assert answer.status_code == 400


async def test_ids_find_products_once(agent: Agent, world: World):
    green, black = world.items["green"], world.items["black"]
    wanted = [str(green.product_id), str(green.sku_ids[1]), str(black.sku_id), str(black.sku_id), "no-such-id"]

    said = await agent.post("/catalog/lookup", {"ids": wanted})

    catalog_lookup.LookupResponse.model_validate(said)
    assert {product["id"] for product in said["products"]} == {str(green.product_id), str(black.product_id)}
    matches = {
        (variant["id"], match["id"], match["match"])
        for product in said["products"]
        for variant in product["variants"]
        for match in variant["inputs"]
    }
    assert (str(green.sku_ids[1]), str(green.sku_ids[1]), "exact") in matches
    assert (str(green.sku_ids[0]), str(green.product_id), "featured") in matches
    assert [message["code"] for message in said["messages"]] == ["not_found"]


async def test_a_lookup_has_a_limit(agent: Agent):
    answer = await agent.ask("POST", "/catalog/lookup", {"ids": [f"id-{n}" for n in range(51)]})

    assert answer.status_code == 400
    assert answer.json()["code"] == "request_too_large"


async def test_a_product_tells_which_choices_there_are(agent: Agent, world: World):
    green = world.items["green"]

    said = await agent.post("/catalog/product", {"id": str(green.sku_ids[3])})

    catalog_lookup.GetProductResponse.model_validate(said)
    product = said["product"]
    assert product["variants"][0]["id"] == str(green.sku_ids[3])
    assert product["selected"] == [{"name": "Grade", "label": "First"}, {"name": "Size", "label": "100 g"}]
    sizes = next(option for option in product["options"] if option["name"] == "Size")
    assert {value["label"]: value["exists"] for value in sizes["values"]} == {
        "100 g": True,
        "250 g": True,
        "500 g": False,
    }


async def test_a_choice_that_no_variant_has_is_relaxed(agent: Agent, world: World):
    green = world.items["green"]
    wanted = {
        "id": str(green.product_id),
        "selected": [{"name": "Grade", "label": "First"}, {"name": "Size", "label": "500 g"}],
        "preferences": ["Size", "Grade"],
    }

    said = await agent.post("/catalog/product", wanted)

    assert said["product"]["selected"] == [{"name": "Grade", "label": "Special"}, {"name": "Size", "label": "500 g"}]


async def test_a_product_that_is_not_there_is_an_outcome(agent: Agent):
    answer = await agent.ask("POST", "/catalog/product", {"id": "no-such-id"})

    assert answer.status_code == 200
    assert answer.json()["ucp"]["status"] == "error"
    assert codes(answer.json()) == {"not_found"}


async def test_words_are_in_the_readers_language(agent: Agent, world: World):
    [chinese] = (await found(agent, query="hammer", context={"language": "zh-Hans"}))["products"]

    assert chinese["title"] == "羊角锤"


async def test_a_lower_price_is_said_with_what_it_was_and_charged(agent: Agent, world: World, db: Database) -> None:
    nuts = world.items["nuts"]
    await lowered(db, world, sale(world))

    [product] = (await found(agent, query="nuts"))["products"]
    opened = await agent.post("/checkout-sessions", purchase((nuts.sku_id, 2)))

    [variant] = product["variants"]
    assert (variant["price"]["amount"], variant["list_price"]["amount"]) == (2_990, 3_990)
    assert product["price_range"]["min"]["amount"] == 2_990
    assert [
        each["id"]
        for each in (await found(agent, filters={"price": {"max": 3_000}, "categories": ["snacks"]}))["products"]
    ]
    [applied] = opened["discounts"]["applied"]
    assert (applied["title"], applied["amount"], applied["method"]) == ("Winter sale", 2_000, "each")
