"""Parcels on their way: carriers are asked, tell, repeat themselves and forget."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Packed
from steelyard.logistics.parcels import gateways
from steelyard.logistics.parcels.gateways.simcarriers import Simcarriers
from steelyard.logistics.parcels.model import Parcel, ParcelId, ParcelState, Scan
from steelyard.money.payments import BadWebhook
from steelyard.simulators import carriers
from steelyard.trade.orders.model import Order, OrderState
from tests.simulators.world import Simulated, settings_in, simulate
from tests.support import deal
from tests.support.world import World, seeded

NOW = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


@pytest.fixture
async def order(db: Database, world: World) -> Order:
    [found] = await deal.paid(db, [(world.items["black"].sku_id, 2)])
    return found


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Simulated]:
    simulated = simulate(carriers, settings_in(tmp_path, stage_seconds=10))
    yield simulated
    await simulated.close()


@pytest.fixture
def settings(carrier: Simulated, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, base_url="http://shop.test", carriers_url="http://carriers.test")


@pytest.fixture
def asked(settings: Settings, carrier: Simulated) -> Simcarriers:
    secret = settings_in(settings.home).webhook_secret
    found = Simcarriers("", "", secret, client=carrier.http)
    gateways._known[settings] = found
    return found


async def only_parcel(db: Database, order: Order) -> Parcel:
    [parcel] = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]
    return parcel


async def told(db: Database, parcel: Parcel, *codes: str) -> None:
    scans = [Scan(at=NOW + timedelta(hours=n), code=code, place="上海") for n, code in enumerate(codes)]
    await db.transact(parcels.record_scans, carrier=parcel.carrier, number=parcel.number, scans=scans)


async def due_again(tx: Tx) -> None:
    await tx.execute("UPDATE parcels SET attempt_at = now() WHERE attempt_at IS NOT NULL")


async def test_a_parcel_moves_with_its_scans(db: Database, order: Order):
    await deal.shipped(db, order)
    parcel = await only_parcel(db, order)
    assert parcel.state is ParcelState.HANDED_OVER

    await told(db, parcel, "accepted", "in_transit")
    assert (await only_parcel(db, order)).state is ParcelState.IN_TRANSIT
    await told(db, parcel, "accepted", "in_transit", "delivered")

    parcel = await only_parcel(db, order)
    assert parcel.state is ParcelState.DELIVERED
    assert parcel.delivered_at == NOW + timedelta(hours=2)
    story = await db.ask(parcels.scans, order.merchant_id, parcel.parcel_id)
    assert [scan.code for scan in story] == ["delivered", "in_transit", "accepted"]


async def test_scans_twice_and_in_any_order_are_told_once(db: Database, order: Order):
    await deal.shipped(db, order)
    parcel = await only_parcel(db, order)

    await told(db, parcel, "accepted", "delivered")
    await told(db, parcel, "accepted", "delivered")
    await told(db, parcel, "accepted")

    assert (await only_parcel(db, order)).state is ParcelState.DELIVERED
    events = await db.ask(_deliveries)
    assert events == 1


async def _deliveries(read) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = 'parcels.delivered'")


async def test_a_lost_parcel_may_be_found(db: Database, order: Order):
    await deal.shipped(db, order)
    parcel = await only_parcel(db, order)

    await told(db, parcel, "in_transit", "exception")
    assert (await only_parcel(db, order)).state is ParcelState.LOST
    await told(db, parcel, "in_transit", "exception", "delivered")

    assert (await only_parcel(db, order)).state is ParcelState.DELIVERED


async def test_a_number_that_nobody_sent_is_ignored(db: Database):
    await db.transact(parcels.record_scans, carrier="simex", number="SX404", scans=[Scan(at=NOW, code="delivered")])


async def test_the_last_parcel_to_arrive_delivers_the_order(db: Database, order: Order):
    await deal.shipped(db, order, [Packed(1, 1)])
    first = await only_parcel(db, order)
    await deal.shipped(db, order)
    second = next(p for p in (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id] if p != first)

    await told(db, first, "delivered")
    await deal.at_rest(db)
    assert (await deal.again(db, order)).delivered_at is None
    await told(db, second, "delivered")
    await deal.at_rest(db)

    found = await deal.again(db, order)
    assert found.state is OrderState.SHIPPED
    assert found.delivered_at == NOW
    assert found.receive_by == NOW + timedelta(days=7)


async def test_a_new_parcel_is_followed_and_the_carrier_tells(
    db: Database, order: Order, carrier: Simulated, settings: Settings, asked: Simcarriers
):
    await deal.shipped(db, order)
    parcel = await only_parcel(db, order)

    assert await parcels.ask_carriers(db, asked, settings) == 1
    assert await parcels.ask_carriers(db, asked, settings) == 0
    assert (await only_parcel(db, order)).state is ParcelState.IN_TRANSIT
    await carrier.http.post(f"/v1/trackings/simex/{parcel.number}/advance", json={"to": "delivered"})
    await db.transact(due_again)
    await parcels.ask_carriers(db, asked, settings)

    assert (await only_parcel(db, order)).state is ParcelState.DELIVERED
    assert await parcels.ask_carriers(db, asked, settings) == 0
    story = await db.ask(parcels.scans, order.merchant_id, parcel.parcel_id)
    assert {scan.code: scan.words for scan in story}["delivered"] == {"zh-Hans": "已签收", "en": "Delivered"}


async def test_who_does_not_answer_is_asked_again(db: Database, order: Order, settings: Settings):
    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    silent = Simcarriers(
        "", "", "", client=httpx.AsyncClient(transport=httpx.MockTransport(nobody), base_url="http://carriers.test")
    )
    await deal.shipped(db, order)

    assert await parcels.ask_carriers(db, silent, settings) == 1

    assert (await only_parcel(db, order)).state is ParcelState.HANDED_OVER
    await db.transact(due_again)
    assert await parcels.ask_carriers(db, silent, settings) == 1
    await silent.close()


async def test_a_carrier_that_has_forgotten_is_asked_to_follow_again(
    db: Database, order: Order, settings: Settings, asked: Simcarriers, carrier: Simulated
):
    await deal.shipped(db, order)
    await db.transact(_registered)

    await parcels.ask_carriers(db, asked, settings)

    parcel = await only_parcel(db, order)
    answer = await carrier.http.get(f"/v1/trackings/simex/{parcel.number}")
    assert answer.status_code == 200


async def _registered(tx: Tx) -> None:
    await tx.execute("UPDATE parcels SET registered_at = now()")


async def test_another_carrier_is_never_asked(db: Database, order: Order, settings: Settings, asked: Simcarriers):
    await db.transact(
        parcels.hand_over,
        parcel_id=ParcelId(ids.mint()),
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        carrier="other",
        number="A-1",
        by="staff:test",
    )

    assert await parcels.ask_carriers(db, asked, settings) == 0


async def test_a_message_of_the_carrier_is_verified(db: Database, settings: Settings, asked: Simcarriers):
    with pytest.raises(BadWebhook):
        await parcels.receive_webhook(db, settings, {"webhook-id": "1"}, b"{}", 0.0)


async def test_without_carriers_there_is_no_such_door(db: Database, tmp_path: Path):
    with pytest.raises(NotFound):
        await parcels.receive_webhook(db, Settings(home=tmp_path), {}, b"{}", 0.0)
