"""A merchant's programs, its products, prices and stock."""

from typing import Any
from uuid import uuid4

import pytest

from steelyard.kernel.db import Database
from steelyard.parties import access
from tests.support.deal import placed
from tests.support.lower import lowered, sale
from tests.support.world import World
from tests.surfaces.api.v1.caller import Caller


def cup(world: World, **changes: Any) -> dict[str, Any]:
    """A product with two variants."""
    return {
        "category_id": str(world.categories["tea"]),
        "title": {"zh-Hans": "盖碗", "en": "Lidded Cup"},
        "options": [
            {
                "name": {"zh-Hans": "颜色", "en": "Colour"},
                "values": [{"zh-Hans": "白"}, {"zh-Hans": "青", "en": "Green"}],
            }
        ],
        "skus": [
            {"code": "CUP-W", "choice": [0], "price": 4_500, "compare_at": 6_000, "weight_grams": 180},
            {"code": "CUP-G", "choice": [1], "price": 4_900},
        ],
        **changes,
    }


async def test_a_product_is_made_once_changed_priced_and_sold(db: Database, world: World, tea: Caller) -> None:
    made = await tea.post("/products", cup(world), idempotency_key="cup")
    assert await tea.post("/products", cup(world), idempotency_key="cup") == made
    path = f"/products/{made['product_id']}"
    assert (made["state"], made["on_sale"], made["slug"]) == ("draft", False, "lidded-cup")
    white, green = made["skus"]
    assert white["price"] == {"amount": 4_500, "currency": "CNY"}
    assert (white["compare_at"], green["compare_at"]) == ({"amount": 6_000, "currency": "CNY"}, None)
    assert len((await tea.get("/products", q="cup-w"))["items"]) == 1

    change = {
        "title": {"zh-Hans": "青瓷盖碗", "en": "Celadon cup"},
        "attributes": [{"name": {"en": "Material"}, "value": {"en": "Stoneware"}}],
        "skus": [{"sku_id": white["sku_id"], "weight_grams": 200, "active": False}],
    }
    changed = (await tea.send("PATCH", path, change)).json()
    assert changed["title"] == change["title"]
    assert (changed["skus"][0]["active"], changed["skus"][0]["weight_grams"]) == (False, 200)
    assert changed["skus"][1] == green, "what is not named stays"

    price = {"sku_id": green["sku_id"], "currency": "CNY", "amount": 5_000}
    assert (await tea.send("PUT", "/prices", {"prices": [price]})).json() == {"changed": [green["sku_id"]]}
    assert (await tea.send("PUT", "/prices", {"prices": [price]})).json() == {"changed": []}
    receipt = {"sku_id": green["sku_id"], "warehouse_id": str(world.tea.warehouse_id), "quantity": 7}
    await tea.post("/stock/receipts", {"lines": [receipt], "note": "first"})
    shown = await tea.post(f"{path}/put-on-shelf")
    assert (shown["state"], shown["on_sale"], shown["skus"][1]["free"]) == ("on_shelf", True, 7)
    assert shown["skus"][1]["price"]["amount"] == 5_000
    assert await tea.post(f"{path}/put-on-shelf") == shown, "it is there already"
    assert (await tea.post(f"{path}/take-off-shelf"))["state"] == "off_shelf"
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert [entry.action for entry in log.items][:6] == [
        "products.off", "products.on", "stock.receive", "products.price", "products.change", "products.create",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": {}}, (422, "invalid")),
        ({"title": {"not a tag": "x"}}, (422, "invalid")),
        ({"title": {"en": "x" * 301}}, (422, "invalid")),
        ({"title": {"en": "nul \x00"}}, (400, "malformed")),
        ({"category_id": str(uuid4())}, (422, "category_unknown")),
        ({"skus": [{"code": "GREEN-0", "choice": [0], "price": 1}]}, (409, "sku_code_taken")),
        (
            {"skus": [{"code": "A", "choice": [0], "price": 1}, {"code": "B", "choice": [0], "price": 1}]},
            (422, "invalid"),
        ),
        ({"skus": [{"code": "A", "choice": [2], "price": 1}]}, (422, "invalid")),
        ({"skus": [{"code": "A", "choice": [], "price": 1}]}, (422, "invalid")),
        ({"skus": [{"code": "A", "choice": [0], "price": -1}]}, (400, "malformed")),
        ({"skus": [{"code": "A", "choice": [0], "price": 1.5}]}, (400, "malformed")),
        ({"skus": [{"code": "A", "choice": [0], "price": 10**16}]}, (400, "malformed")),
        ({"skus": []}, (400, "malformed")),
        ({"slug": "Not A Slug"}, (400, "malformed")),
    ],
)
async def test_a_product_that_cannot_be_is_refused(
    world: World, tea: Caller, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert await tea.refused("POST", "/products", cup(world, **changes)) == expected
    assert (await tea.get("/products", q="CUP"))["items"] == []


async def test_a_product_without_an_active_variant_is_not_put_on_the_shelf(world: World, tea: Caller) -> None:
    made = await tea.post("/products", cup(world))
    path = f"/products/{made['product_id']}"
    off = [{"sku_id": sku["sku_id"], "active": False} for sku in made["skus"]]
    await tea.send("PATCH", path, {"skus": off})

    assert await tea.refused("POST", f"{path}/put-on-shelf") == (409, "transition_refused")
    assert await tea.refused("POST", f"{path}/take-off-shelf") == (409, "transition_refused")
    assert await tea.refused("PATCH", path, {"skus": [{"sku_id": str(uuid4())}]}) == (404, "not_found")
    assert await tea.refused("PATCH", path, {"category_id": str(uuid4())}) == (422, "category_unknown")


async def test_prices_are_set_all_or_none(world: World, tea: Caller) -> None:
    mine, others = str(world.items["black"].sku_id), str(world.items["hammer"].sku_id)
    good = {"sku_id": mine, "currency": "CNY", "amount": 1}
    for wrong, expected in [
        ({"sku_id": others, "currency": "CNY", "amount": 1}, (404, "not_found")),
        ({"sku_id": mine, "currency": "XXX", "amount": 1}, (422, "invalid")),
        ({"sku_id": mine, "currency": "cny", "amount": 1}, (400, "malformed")),
    ]:
        assert await tea.refused("PUT", "/prices", {"prices": [good, wrong]}) == expected
    product = await tea.get(f"/products/{world.items['black'].product_id}")
    assert product["skus"][0]["price"]["amount"] == world.items["black"].amount


async def test_stock_is_counted_but_not_below_what_is_promised(db: Database, world: World, tea: Caller) -> None:
    sku_id = world.items["black"].sku_id
    await placed(db, [(sku_id, 3)])
    line = {"sku_id": str(sku_id), "warehouse_id": str(world.tea.warehouse_id)}

    assert await tea.refused("POST", "/stock/counts", {"lines": [{**line, "on_hand": 2}]}) == (409, "stock_is_promised")
    booked = await tea.post("/stock/counts", {"lines": [{**line, "on_hand": 5}], "note": "stock-taking"})

    (level,) = booked["levels"]
    assert (level["on_hand"], level["reserved"], level["free"]) == (5, 3, 2)
    movements = (await tea.get(f"/stock/{sku_id}/movements", limit=1))["items"]
    assert [(each["quantity"], each["reason"], each["note"]) for each in movements] == [
        (-15, "counted", "stock-taking")
    ]
    assert movements[0]["document"] == booked["document"]
    (house,) = (await tea.get("/warehouses"))["items"]
    assert house["warehouse_id"] == line["warehouse_id"]
    unknown = {**line, "warehouse_id": str(uuid4()), "on_hand": 1}
    assert await tea.refused("POST", "/stock/counts", {"lines": [unknown]}) == (422, "warehouse_unknown")
    assert (await tea.get("/stock", low=True))["items"] == []


async def test_categories_come_with_their_place_in_the_tree(world: World, tea: Caller) -> None:
    found = {each["slug"]: each for each in (await tea.get("/categories"))["items"]}
    assert found["tea"]["parent_id"] == found["food"]["category_id"]
    assert found["food"]["parent_id"] is None


async def test_what_buyers_pay_while_it_is_lowered_is_told(db: Database, world: World, tea: Caller) -> None:
    path = f"/products/{world.items['nuts'].product_id}"
    [before] = (await tea.get(path))["skus"]
    await lowered(db, world, sale(world))

    [after] = (await tea.get(path))["skus"]

    assert (before["price_now"], after["price_now"]) == (None, {"amount": 2_990, "currency": "CNY"})
    assert after["price"] == before["price"] == {"amount": 3_990, "currency": "CNY"}
