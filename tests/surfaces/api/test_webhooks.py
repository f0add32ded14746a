"""Messages from outside: believed when they are signed, applied once."""

import time
from pathlib import Path
from typing import Any

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import ParcelState
from steelyard.simulators.signatures import sign
from steelyard.trade import orders
from steelyard.trade.orders.model import PurchaseState
from tests.support import deal
from tests.support.world import World
from tests.surfaces.api.house import House, open_house


def signed(house: House, body: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
    content = msgspec.json.encode(body)
    event_id, at = event_id or str(ids.mint()), int(time.time())
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(house.settings.simpay_webhook_secret, event_id, at, content),
    }
    return {"content": content, "headers": headers}


async def payment_event(db: Database, world: World) -> tuple[Any, dict[str, Any]]:
    purchase_id = await deal.placed(db, [(world.items["black"].sku_id, 1)])
    payment_id = await deal.instructed(db, purchase_id)
    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    data = {
        "id": "pay_1",
        "reference": str(payment_id),
        "status": "captured",
        "amount": purchase.total,
        "currency": purchase.currency,
    }
    return purchase_id, {"type": "payment.captured", "data": data}


async def test_a_captured_payment_is_applied_once(house: House, world: World, db: Database):
    purchase_id, event = await payment_event(db, world)
    message = signed(house, event)

    answers = [await house.http.post("/webhooks/simpay", **message) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert purchase.state is PurchaseState.PAID


async def test_a_message_without_a_right_signature_is_not_believed(house: House, world: World, db: Database):
    purchase_id, event = await payment_event(db, world)
    message = signed(house, event)
    message["headers"]["webhook-signature"] = "v1,AAAA"

    answer = await house.http.post("/webhooks/simpay", **message)

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert purchase.state is PurchaseState.PLACED


async def test_a_carrier_tells_where_a_parcel_is(world: World, db: Database, tmp_path: Path):
    house = open_house(db, tmp_path, carriers_url="http://carriers.test")
    [order] = await deal.paid(db, [(world.items["black"].sku_id, 1)])
    await deal.shipped(db, order)
    [parcel] = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]
    event = {"at": "2026-03-05T10:00:00Z", "code": "delivered", "place": "上海", "text_zh": "已签收", "text_en": "Delivered"}
    data = {"carrier": "simex", "number": parcel.number, "status": "delivered", "events": [event]}

    answer = await house.http.post("/webhooks/carriers", **signed(house, {"type": "tracking.updated", "data": data}))

    assert answer.status_code == 200
    [parcel] = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]
    assert parcel.state is ParcelState.DELIVERED
    await house.close()


async def test_a_message_that_is_too_large_is_not_read(house: House):
    answer = await house.http.post("/webhooks/simpay", content=b" " * 70_000)

    assert answer.status_code == 413


async def test_where_nobody_is_set_up_there_is_no_door(house: House):
    for door in ("carriers", "simbank"):
        answer = await house.http.post(f"/webhooks/{door}", **signed(house, {}))
        assert answer.status_code == 404
