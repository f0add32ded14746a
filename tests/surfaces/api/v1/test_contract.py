"""Every operation that is described answers as it says: `Caller` holds each answer against the description."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database, Tx
from steelyard.trade.settlement.model import settlement_day
from tests.support.deal import at_rest, paid, received, shipped
from tests.support.world import World
from tests.surfaces.api.v1.caller import Caller, operations
from tests.surfaces.api.v1.test_products import cup


async def _earned_a_month_ago(tx: Tx) -> None:
    await tx.execute("UPDATE settlement_entries SET due_on = due_on - 30")


async def deals(db: Database, world: World, tea: Caller) -> None:
    """One order to be settled, one sent and refunded, one called off."""
    first, second, third = [order for _ in range(3) for order in await paid(db, [(world.items["green"].sku_id, 2)])]
    await shipped(db, first)
    await received(db, first)
    await at_rest(db)
    await db.transact(_earned_a_month_ago)
    await tea.post(f"/orders/{second.order_id}/ship", {"carrier": "simex", "number": "SX0000000000007"})
    await tea.post(f"/orders/{second.order_id}/refund", {"lines": [{"line": 1, "quantity": 1}]})
    await tea.post(f"/orders/{third.order_id}/cancel", {"reason": "sold out"})
    assert len((await tea.get("/orders"))["items"]) == 3
    await tea.get(f"/orders/{second.order_id}")


async def goods(world: World, tea: Caller) -> None:
    await tea.get("/categories")
    made = await tea.post("/products", cup(world))
    path, sku_id = f"/products/{made['product_id']}", made["skus"][0]["sku_id"]
    assert (await tea.send("PATCH", path, {"slug": "cup"})).json()["slug"] == "cup"
    await tea.send("PUT", "/prices", {"prices": [{"sku_id": sku_id, "currency": "CNY", "amount": 1}]})
    line = {"sku_id": sku_id, "warehouse_id": (await tea.get("/warehouses"))["items"][0]["warehouse_id"]}
    await tea.post("/stock/receipts", {"lines": [{**line, "quantity": 3}]})
    await tea.post("/stock/counts", {"lines": [{**line, "on_hand": 2}]})
    await tea.get(f"/stock/{sku_id}/movements")
    await tea.get("/stock", limit=3)
    await tea.post(f"{path}/put-on-shelf")
    await tea.post(f"{path}/take-off-shelf")
    assert (await tea.get(path))["skus"][0]["free"] == 2
    await tea.get("/products", limit=2)


async def money(world: World, tea: Caller, operator: Caller) -> None:
    """The operator runs settlement; the merchant reads its statement."""
    run = await operator.post("/operator/settlement-runs", idempotency_key="today")
    assert await operator.post("/operator/settlement-runs", idempotency_key="today") == run
    assert (run["day"], run["more"]) == (settlement_day(datetime.now(UTC)).isoformat(), False)
    (issued,) = run["statements"]
    assert (await operator.post("/operator/settlement-runs"))["statements"] == [], "one statement a day"
    (statement,) = (await tea.get("/statements"))["items"]
    assert statement == issued == await tea.get(f"/statements/{issued['statement_id']}")
    assert (await tea.get("/statements", state="paid"))["items"] == []
    entries = (await tea.get(f"/statements/{issued['statement_id']}/entries"))["items"]
    assert sum(entry["amount"]["amount"] for entry in entries) == statement["payout"]["amount"]
    assert {entry["kind"] for entry in entries} == {"sale", "commission"}


async def overview(world: World, operator: Caller) -> None:
    shops = (await operator.get("/operator/merchants"))["items"]
    assert {shop["slug"] for shop in shops} == {"tea", "tools"}
    merchant = await operator.get(f"/operator/merchants/{world.tea.merchant_id}")
    assert (merchant["slug"], merchant["settlement_days"]) == ("tea", 1)
    orders = (await operator.get("/operator/orders"))["items"]
    one = orders[0]
    path = f"/operator/merchants/{one['merchant_id']}/orders/{one['order_id']}"
    assert (await operator.get(path))["code"] == one["code"]
    assert await operator.refused("GET", path.replace(one["merchant_id"], str(world.tools.merchant_id))) == (
        404,
        "not_found",
    )
    payments = (await operator.get("/operator/payments", state="captured"))["items"]
    assert len(payments) == len(orders)
    payment = await operator.get(f"/operator/payments/{payments[0]['payment_id']}")
    assert sum(split["captured"]["amount"] for split in payment["splits"]) == payment["amount"]["amount"]
    lines = (await operator.get("/operator/trial-balance"))["lines"]
    assert sum(line["debits"]["amount"] for line in lines) == sum(line["credits"]["amount"] for line in lines) > 0


async def test_every_operation_answers_as_it_says(db: Database, world: World, tea: Caller, operator: Caller) -> None:
    await deals(db, world, tea)
    await goods(world, tea)
    await money(world, tea, operator)
    await overview(world, operator)

    described = {operation["operationId"] for _, _, operation in operations()}
    assert tea.reached | operator.reached == described, "an operation that nobody called here is described"


async def test_ids_of_nothing_are_not_found(operator: Caller, world: World) -> None:
    nothing = "00000000-0000-7000-8000-000000000000"
    for path in (f"/operator/merchants/{nothing}", f"/operator/payments/{nothing}"):
        assert await operator.refused("GET", path) == (404, "not_found")
    answer = await operator.served.http.get(
        "/api/v1/operator/payments/7", headers={"authorization": f"Bearer {operator.key}"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_run_pays_nothing_that_is_not_due_yet(
    db: Database, world: World, tea: Caller, operator: Caller
) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    await shipped(db, order)
    await received(db, order)
    await at_rest(db)

    assert (await operator.post("/operator/settlement-runs"))["statements"] == []
    assert (await tea.get("/statements"))["items"] == []
