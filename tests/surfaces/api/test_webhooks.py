"""Messages from outside, as they come over HTTP."""

import base64
import hashlib
import hmac
import time
from uuid import uuid4

import httpx
import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import ParcelState
from steelyard.money import payments
from steelyard.money.payments.model import PaymentState
from steelyard.surfaces.api import webhooks
from steelyard.trade import orders
from steelyard.trade.orders.model import PurchaseState
from tests.support.deal import instructed, paid, placed, shipped
from tests.support.world import World
from tests.surfaces.api.served import Served

SECRET = "whsec_" + base64.b64encode(b"a webhook secret for these tests").decode()


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(
        home=tmp_path,
        base_url="http://shop.test",
        simpay_url="http://simulated.test",
        simpay_webhook_secret=SECRET,
        carriers_url="http://simulated.test",
        carriers_webhook_secret=SECRET,
        bank_url="http://simulated.test",
        bank_webhook_secret=SECRET,
        messages_url="http://simulated.test",
        messages_webhook_secret=SECRET,
    )


async def send(
    served: Served, sender: str, body: object, *, event_id: str | None = None, secret: str = SECRET
) -> httpx.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    event_id, stamp = event_id or f"evt_{uuid4()}", int(time.time())
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{stamp}.".encode() + content, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    return await served.http.post(f"/webhooks/{sender}", content=content, headers=headers)


async def test_a_captured_payment_makes_its_purchase_paid_once(served: Served, world: World) -> None:
    purchase_id = await placed(served.db, [(world.items["black"].sku_id, 1)])
    payment_id = await instructed(served.db, purchase_id)
    payment = await served.db.ask(payments.get, payment_id)
    assert payment is not None
    data = {
        "id": "pay_1", "reference": str(payment_id), "status": "captured", "amount": payment.amount, "currency": "CNY",
    }  # fmt: skip
    message = {"id": "evt_1", "type": "payment.captured", "data": data}

    for _ in range(2):
        answer = await send(served, "simpay", message, event_id="evt_1")
        assert (answer.status_code, answer.content) == (204, b"")

    payment = await served.db.ask(payments.get, payment_id)
    assert payment is not None
    assert payment.state is PaymentState.CAPTURED
    purchase = await served.db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert purchase.state is PurchaseState.PAID


async def test_a_delivered_parcel_is_known_at_once(served: Served, world: World) -> None:
    (order,) = await paid(served.db, [(world.items["black"].sku_id, 1)])
    await shipped(served.db, order)
    ((parcel,),) = (await served.db.ask(parcels.of_orders, [order.order_id])).values()
    events = [
        {"at": "2026-03-05T10:00:00Z", "code": "delivered", "place": "上海", "text_zh": "已签收", "text_en": "Done"}
    ]
    data = {"carrier": parcel.carrier, "number": parcel.number, "status": "delivered", "events": events}

    assert (await send(served, "carriers", {"type": "tracking.updated", "data": data})).status_code == 204

    ((parcel,),) = (await served.db.ask(parcels.of_orders, [order.order_id])).values()
    assert parcel.state is ParcelState.DELIVERED


async def test_the_bank_is_thanked_even_for_what_is_not_ours(served: Served) -> None:
    data = {"reference": str(ids.mint()), "status": "paid"}
    assert (await send(served, "simbank", {"type": "transfer.paid", "data": data})).status_code == 204


@pytest.mark.parametrize("sender", ["simpay", "carriers", "simbank", "messages"])
async def test_what_is_forged_or_unreadable_is_refused(served: Served, sender: str) -> None:
    forged = await send(served, sender, {"data": {}}, secret="whsec_" + base64.b64encode(b"another").decode())
    assert forged.status_code == 401
    assert forged.headers["content-type"] == "application/problem+json"
    assert forged.json()["code"] == "bad_webhook"
    assert (await served.http.post(f"/webhooks/{sender}", json={})).status_code == 401
    assert (await send(served, sender, b"{not json")).status_code in (400, 401)
    assert (await send(served, sender, b"[]")).status_code in (400, 401)
    assert (await served.http.get(f"/webhooks/{sender}")).status_code == 405


async def test_a_message_without_end_is_refused(served: Served) -> None:
    answer = await send(served, "simpay", b" " * (webhooks.BODY_BYTES_MAX + 1))
    assert answer.status_code == 413


async def test_nobody_else_is_listened_to(served: Served) -> None:
    assert (await send(served, "somebody", {})).status_code == 404
