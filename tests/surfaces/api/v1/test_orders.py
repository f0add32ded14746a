"""A merchant's programs and its orders."""

import asyncio

import pytest

from steelyard.kernel.db import Database
from steelyard.parties import access
from tests.support.deal import again, channel_refunds, paid, placed, received, shipped
from tests.support.world import World
from tests.surfaces.api.v1.caller import Caller

PARCEL = {"carrier": "simex", "number": "SX0000000000001"}


async def test_an_order_is_sent_in_two_parcels(db: Database, world: World, tea: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 2), (world.items["black"].sku_id, 1)])
    path = f"/orders/{order.order_id}"
    before = await tea.get(path)
    assert before["state"] == "paid"
    assert before["total"] == {"amount": order.total, "currency": "CNY"}
    assert [line["to_ship"] for line in before["lines"]] == [2, 1]
    assert before["address"]["city"] == "上海市"

    part = await tea.post(f"{path}/ship", {**PARCEL, "lines": [{"line": 1, "quantity": 1}]})
    assert part["state"] == "partly_shipped"
    assert [line["to_ship"] for line in part["lines"]] == [1, 1]
    rest = await tea.post(f"{path}/ship", {"carrier": "simpost", "number": "SP1234567"})

    assert rest["state"] == "shipped"
    assert [(parcel["carrier"], parcel["state"]) for parcel in rest["parcels"]] == [
        ("simex", "handed_over"),
        ("simpost", "handed_over"),
    ]
    assert rest["parcels"][1]["contents"] == [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 1}]
    assert rest["history"][-1]["by"] == f"staff:{world.tea.owner.account_id}"
    assert rest == await tea.get(path)
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert [entry.action for entry in log.items][:2] == ["orders.ship", "orders.ship"]


async def test_one_key_is_one_parcel_however_often_it_is_sent(db: Database, world: World, tea: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 2)])
    path, body = f"/orders/{order.order_id}/ship", {**PARCEL, "lines": [{"line": 1, "quantity": 1}]}

    answers = await asyncio.gather(*(tea.send("POST", path, body, idempotency_key="one") for _ in range(4)))
    for _ in range(2):
        answers.append(await tea.send("POST", path, body, idempotency_key="one"))

    done = [answer for answer in answers if answer.is_success]
    assert {answer.content for answer in done} == {done[0].content}
    assert {answer.json()["code"] for answer in answers if not answer.is_success} <= {"idempotency_key_in_progress"}
    assert len((await tea.get(f"/orders/{order.order_id}"))["parcels"]) == 1
    other = {**body, "number": "SX0000000000002"}
    assert await tea.refused("POST", path, other, idempotency_key="one") == (409, "idempotency_key_reused")


async def test_a_refusal_is_remembered_with_its_key(db: Database, world: World, tea: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    path = f"/orders/{order.order_id}/ship"
    wrong = {**PARCEL, "lines": [{"line": 1, "quantity": 9}]}

    first = await tea.send("POST", path, wrong, idempotency_key="two")
    again = await tea.send("POST", path, wrong, idempotency_key="two")

    assert (first.status_code, first.json()["code"], first.json()["left"]) == (409, "nothing_to_ship", 1)
    assert first.content == again.content
    assert (await tea.get(f"/orders/{order.order_id}"))["state"] == "paid"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"carrier": "simex"}, (400, "malformed")),
        ({**PARCEL, "lines": []}, (400, "malformed")),
        ({**PARCEL, "lines": [{"line": 1, "quantity": 0}]}, (400, "malformed")),
        ({**PARCEL, "lines": [{"line": 1, "quantity": 10**12}]}, (400, "malformed")),
        ({**PARCEL, "lines": [{"line": 10**12, "quantity": 1}]}, (409, "nothing_to_ship")),
        ({**PARCEL, "extra": 1}, (400, "malformed")),
        ({"carrier": "simex", "number": "a\x00b"}, (400, "malformed")),
        ({"carrier": "nobody", "number": "SX1"}, (422, "invalid")),
        ({"carrier": "simex", "number": "//"}, (422, "invalid")),
        ({"carrier": "simex", "number": 7}, (400, "malformed")),
        ({**PARCEL, "lines": [{"line": "1", "quantity": 1}]}, (400, "malformed")),
        ([], (400, "malformed")),
    ],
)
async def test_a_parcel_that_cannot_be_is_refused(
    db: Database, world: World, tea: Caller, body: object, expected: tuple[int, str]
) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    assert await tea.refused("POST", f"/orders/{order.order_id}/ship", body) == expected


async def test_a_post_without_a_key_of_its_own_is_not_done(db: Database, world: World, tea: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    url = f"/api/v1/orders/{order.order_id}/cancel"
    headers = {"authorization": f"Bearer {tea.key}"}

    answer = await tea.served.http.post(url, json={"reason": "no more"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "Idempotency-Key" in answer.json()["errors"][0]["detail"]
    broken = await tea.served.http.post(url, content=b"{", headers={**headers, "idempotency-key": "k"})
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed")
    assert (await tea.get(f"/orders/{order.order_id}"))["state"] == "paid"


async def test_a_cancelled_order_gives_all_money_back(db: Database, world: World, tea: Caller) -> None:
    (order,) = await paid(db, [(world.items["green"].sku_id, 1)])
    path = f"/orders/{order.order_id}"

    cancelled = await tea.post(f"{path}/cancel", {"reason": "out of stock"})
    assert (cancelled["state"], cancelled["cancel_reason"]) == ("cancelled", "out of stock")
    assert cancelled["refunded"] == cancelled["total"]
    assert cancelled["refunds"][0]["state"] == "instructed"
    await channel_refunds(db)
    assert (await tea.get(path))["refunds"][0]["state"] == "succeeded"
    assert await tea.refused("POST", f"{path}/ship", PARCEL) == (409, "transition_refused")


async def test_an_unpaid_order_is_neither_cancelled_nor_refunded_by_its_merchant(
    db: Database, world: World, tea: Caller
) -> None:
    await placed(db, [(world.items["green"].sku_id, 1)])
    (order,) = (await tea.get("/orders", state="placed"))["items"]
    path = f"/orders/{order['order_id']}"

    assert await tea.refused("POST", f"{path}/cancel", {"reason": "no"}) == (409, "transition_refused")
    refund = {"lines": [{"line": 1, "quantity": 1}]}
    assert await tea.refused("POST", f"{path}/refund", refund) == (409, "not_refundable")
    assert (await tea.get(path))["state"] == "placed"


async def test_pieces_and_freight_are_paid_back_and_restocked(db: Database, world: World, tea: Caller) -> None:
    sku_id = str(world.items["green"].sku_id)
    (order,) = await paid(db, [(world.items["green"].sku_id, 2)])
    await shipped(db, order)
    await received(db, order)
    path = f"/orders/{order.order_id}"
    stock = (await tea.get("/stock", sku_id=sku_id))["items"][0]["on_hand"]

    body = {"lines": [{"line": 1, "quantity": 1}], "freight": 100, "restock": True, "note": "came back"}
    refunded = await tea.post(f"{path}/refund", body)

    (refund,) = refunded["refunds"]
    assert refund["goods"]["amount"] == world.items["green"].amount
    assert (refund["freight"]["amount"], refund["reason"], refund["note"]) == (100, "returned", "came back")
    assert refunded["lines"][0]["refunded_quantity"] == 1
    assert (await tea.get("/stock", sku_id=sku_id))["items"][0]["on_hand"] == stock + 1
    too_many = {"lines": [{"line": 1, "quantity": 2}]}
    assert await tea.refused("POST", f"{path}/refund", too_many) == (409, "not_that_many")
    assert await tea.refused("POST", f"{path}/refund", {}) == (422, "invalid")
    assert (await again(db, order)).refunded == refunded["refunded"]["amount"]


async def test_orders_are_listed_by_page_and_state(db: Database, world: World, tea: Caller) -> None:
    for _ in range(3):
        await paid(db, [(world.items["black"].sku_id, 1)])
    await placed(db, [(world.items["black"].sku_id, 1)])
    seen: list[str] = []
    cursor = None
    while True:
        page = await tea.get("/orders", limit=2, cursor=cursor)
        seen += [order["order_id"] for order in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 4
    assert len((await tea.get("/orders", state="paid"))["items"]) == 3
    assert await tea.refused("GET", "/orders", cursor="nonsense") == (422, "invalid")
    for wrong in ({"limit": 101}, {"state": "gone"}, {"cursor": "a" * 401}):
        assert await tea.refused("GET", "/orders", **wrong) == (400, "malformed"), wrong
