"""Carriers, asked and listened to: our gateway against the real carrier simulator."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.logistics import freight, parcels
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.logistics.parcels import gateways
from steelyard.logistics.parcels.gateways.simcarriers import Simcarriers
from steelyard.logistics.parcels.jobs import ask_carriers
from steelyard.logistics.parcels.model import NewWaybill, Parcel, ParcelId, ParcelState, Waybill
from steelyard.logistics.parcels.waybills import REFUSED, ask_again
from steelyard.money.payments import BadWebhook
from steelyard.simulators import carriers as simulator
from tests.money.outside import Outside, simulated

HOOK = "http://127.0.0.1:8000/webhooks/carriers"
STAGES = ["accepted", "picked_up", "in_transit", "arrived", "out_for_delivery", "delivered"]


@dataclass
class Yard:
    """The carriers outside, and our gateway to them."""

    outside: Outside
    gateway: Simcarriers
    settings: Settings

    async def ask(self, db: Database) -> int:
        return await ask_carriers(db, self.gateway, self.settings)

    async def advance(self, parcel: Parcel, to: str) -> None:
        path = f"/v1/trackings/{parcel.carrier}/{parcel.number}/advance"
        self.outside.clock.at += 1  # two scans are never of the same instant
        answer = await self.outside.http.post(path, json={"to": to})
        assert answer.status_code == 200, answer.text

    async def deliver_posts(self, db: Database) -> int:
        """What the carriers have to tell reaches us; returns how many messages that were."""
        await self.outside.after(0)
        posts = list(self.outside.posts)
        self.outside.posts.clear()
        for post in posts:
            assert post.url == HOOK
            await parcels.receive_webhook(db, self.settings, post.headers, post.body, self.outside.clock.now())
        return len(posts)


@pytest.fixture
async def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Yard]:
    async with simulated(simulator, tmp_path) as (outside, secret):
        gateway = Simcarriers("", "", secret, client=outside.http)
        settings = Settings(home=tmp_path, carriers_url="http://simulated.test", carriers_webhook_secret=secret)
        monkeypatch.setitem(gateways._known, settings, gateway)
        # Nothing is scanned before it was sent: the carriers' clock stands a little after ours.
        outside.clock.at = time.time() + 60
        yield Yard(outside, gateway, settings)


async def handed_over(
    db: Database, number: str = "SX0000000000001", carrier: str = "simex", merchant_id: UUID | None = None
) -> Parcel:
    parcel_id, order_id = ParcelId(ids.mint()), ids.mint()
    await db.transact(
        parcels.hand_over,
        parcel_id=parcel_id,
        merchant_id=merchant_id or ids.mint(),
        order_id=order_id,
        carrier=carrier,
        number=number,
        by="staff:test",
    )
    return await now(db, order_id)


async def now(db: Database, order_id: UUID) -> Parcel:
    ((parcel,),) = (await db.ask(parcels.of_orders, [order_id])).values()
    return parcel


async def told(db: Database, parcel: Parcel) -> list[str]:
    found = await db.ask(parcels.scans, parcel.merchant_id, parcel.parcel_id)
    return sorted((scan.code for scan in found), key=[*STAGES, "exception"].index)


async def deliveries(db: Database) -> int:
    async def count(tx: Tx) -> int:
        return await tx.value("SELECT count(*) FROM events WHERE kind = 'parcels.delivered'")

    return await db.transact(count)


async def make_due(db: Database) -> None:
    async def put_forward(tx: Tx) -> int:
        return await tx.execute("UPDATE parcels SET attempt_at = now() WHERE attempt_at IS NOT NULL")

    await db.transact(put_forward)


async def test_a_carrier_is_told_of_a_number_once_and_tells_us_of_every_step(db: Database, yard: Yard) -> None:
    parcel = await handed_over(db)
    assert parcel.state is ParcelState.HANDED_OVER

    assert await yard.ask(db) == 1
    assert await yard.ask(db) == 0, "it is not asked again so soon"
    await yard.advance(parcel, "delivered")
    assert await yard.deliver_posts(db) == len(STAGES)

    parcel = await now(db, parcel.order_id)
    assert parcel.state is ParcelState.DELIVERED
    assert parcel.delivered_at == datetime.fromtimestamp(yard.outside.clock.now(), UTC)
    assert await told(db, parcel) == STAGES
    assert await deliveries(db) == 1
    await make_due(db)
    assert await yard.ask(db) == 0, "of what has arrived nothing is asked"


async def test_what_a_carrier_forgets_to_tell_is_asked_for(db: Database, yard: Yard) -> None:
    parcel = await handed_over(db)
    await yard.ask(db)
    await yard.advance(parcel, "delivered")

    await make_due(db)
    assert await yard.ask(db) == 1

    assert (await now(db, parcel.order_id)).state is ParcelState.DELIVERED
    assert await yard.deliver_posts(db) == len(STAGES)
    assert await deliveries(db) == 1, "the messages that come after it are no news"


async def test_messages_in_any_order_and_twice_say_the_same(db: Database, yard: Yard) -> None:
    parcel = await handed_over(db)
    await yard.ask(db)
    await yard.advance(parcel, "delivered")
    await yard.outside.after(0)
    yard.outside.posts[:] = [*reversed(yard.outside.posts), *yard.outside.posts]

    await yard.deliver_posts(db)

    assert await told(db, parcel) == STAGES
    assert (await now(db, parcel.order_id)).state is ParcelState.DELIVERED
    assert await deliveries(db) == 1


async def test_a_parcel_with_a_problem_may_still_arrive(db: Database, yard: Yard) -> None:
    parcel = await handed_over(db)
    await yard.ask(db)
    await yard.advance(parcel, "exception")
    await yard.deliver_posts(db)
    assert (await now(db, parcel.order_id)).state is ParcelState.LOST

    await yard.advance(parcel, "delivered")
    await yard.deliver_posts(db)
    assert (await now(db, parcel.order_id)).state is ParcelState.DELIVERED


@pytest.mark.parametrize("fault", ["error500", "drop"])
async def test_a_carrier_that_gives_no_answer_is_asked_again_in_a_minute(db: Database, yard: Yard, fault: str) -> None:
    parcel = await handed_over(db)
    if fault == "drop":

        def unreachable(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectTimeout("nobody there")

        gone = httpx.AsyncClient(transport=httpx.MockTransport(unreachable), base_url="http://simulated.test")
        assert await ask_carriers(db, Simcarriers("", "", "", client=gone), yard.settings) == 1
    else:
        await yard.outside.faults(answers="error500")
        assert await yard.ask(db) == 1
        await yard.outside.faults(answers="prompt")
    assert (await now(db, parcel.order_id)).state is ParcelState.HANDED_OVER
    assert await yard.ask(db) == 0

    await make_due(db)
    assert await yard.ask(db) == 1
    await yard.advance(parcel, "delivered")
    assert await yard.deliver_posts(db) == len(STAGES), "it has been told whom to tell"


async def test_a_number_the_carrier_refuses_waits_with_the_others(db: Database, yard: Yard) -> None:
    parcel = await handed_over(db, number="A1")
    assert await yard.ask(db) == 1

    async def waiting(tx: Tx) -> tuple[bool, timedelta]:
        row = await tx.row("SELECT registered_at IS NULL AS unknown, attempt_at - now() AS pause FROM parcels")
        assert row is not None
        return row["unknown"], row["pause"]

    unknown, pause = await db.transact(waiting)
    assert unknown
    assert pause > timedelta(minutes=10)
    assert (await now(db, parcel.order_id)).unknown, "the shop can be told"
    assert (await now(db, parcel.order_id)).state is ParcelState.HANDED_OVER


async def test_nobody_is_asked_about_other_carriers(db: Database, yard: Yard) -> None:
    await handed_over(db, carrier="other")
    assert await yard.ask(db) == 0


async def test_a_forged_message_is_refused_and_one_about_others_parcels_changes_nothing(
    db: Database, yard: Yard
) -> None:
    mine = await handed_over(db)
    await yard.gateway.follow("simpost", "SP1234567CN", HOOK)
    await yard.outside.after(0)
    (post,) = yard.outside.posts

    with pytest.raises(BadWebhook):
        await parcels.receive_webhook(db, yard.settings, post.headers, post.body + b" ", yard.outside.clock.now())
    with pytest.raises(BadWebhook):
        await parcels.receive_webhook(db, yard.settings, post.headers, post.body, yard.outside.clock.now() + 600)
    assert await yard.deliver_posts(db) == 1
    assert (await now(db, mine.order_id)).state is ParcelState.HANDED_OVER
    with pytest.raises(NotFound):
        await parcels.receive_webhook(db, Settings(), post.headers, post.body, yard.outside.clock.now())


async def test_carriers_are_listed_with_the_others_last(db: Database) -> None:
    assert [carrier.carrier for carrier in await db.ask(parcels.carriers)] == ["simex", "simpost", "other"]


async def test_an_odd_answer_about_one_parcel_does_not_hold_up_the_others(
    db: Database, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, good = await handed_over(db, number="ODD0001"), await handed_over(db, number="GOOD0001")
    follow = yard.gateway.follow

    async def strange(carrier: str, number: str, webhook: str, collect: object = None) -> object:
        if number == odd.number:
            raise ValueError("nobody thought of this")
        return await follow(carrier, number, webhook)

    monkeypatch.setattr(yard.gateway, "follow", strange)
    assert await yard.ask(db) == 2

    await yard.advance(good, "delivered")
    await yard.deliver_posts(db)
    assert (await now(db, good.order_id)).state is ParcelState.DELIVERED
    assert (await now(db, odd.order_id)).state is ParcelState.HANDED_OVER


def wanted(merchant_id: UUID, **changed: Any) -> NewWaybill:
    address = {
        "name": "Lin",
        "phone": "13800000000",
        "country": "CN",
        "region": "浙江省",
        "city": "温州市",
        "street": "1",
    }
    bill = NewWaybill(
        merchant_id=merchant_id,
        waybill_id=ParcelId(ids.mint()),
        order_id=ids.mint(),
        carrier="simex",
        sender=address,
        recipient=address,
        weight_grams=500,
    )
    return msgspec.structs.replace(bill, **changed)


async def test_a_carrier_gives_a_number_once_and_the_same_when_asked_again(db: Database, yard: Yard) -> None:
    bill = wanted(ids.mint())

    first = (await parcels.book_now(db, yard.settings, [bill]))[bill.order_id]
    again = (
        await parcels.book_now(db, yard.settings, [msgspec.structs.replace(bill, waybill_id=ParcelId(ids.mint()))])
    )[bill.order_id]

    assert first.number
    assert (again.waybill_id, again.number) == (first.waybill_id, first.number), "an order has one number in hand"
    assert (await db.ask(parcels.waybills_of, bill.merchant_id, [bill.order_id]))[bill.order_id].number == first.number


async def test_a_parcel_that_the_carrier_refuses_says_so_and_may_be_asked_for_anew(db: Database, yard: Yard) -> None:
    bill = wanted(ids.mint(), recipient={})

    refused = (await parcels.book_now(db, yard.settings, [bill]))[bill.order_id]

    assert (refused.number, refused.failure) == (None, REFUSED)
    assert await db.ask(parcels.waybills_of, bill.merchant_id, [bill.order_id]) == {}
    mended = msgspec.structs.replace(bill, waybill_id=ParcelId(ids.mint()), recipient=bill.sender)
    given = (await parcels.book_now(db, yard.settings, [mended]))[bill.order_id]
    assert given.waybill_id == mended.waybill_id
    assert given.number


async def test_what_was_refused_is_asked_for_anew_under_its_own_id_and_not_beside_another(
    db: Database, yard: Yard
) -> None:
    bill = wanted(ids.mint(), recipient={})
    await parcels.book_now(db, yard.settings, [bill])

    other = msgspec.structs.replace(bill, waybill_id=ParcelId(ids.mint()))
    both = (await parcels.book_now(db, yard.settings, [other]))[bill.order_id]
    assert (both.waybill_id, both.failure) == (other.waybill_id, REFUSED)

    mended = msgspec.structs.replace(bill, recipient=bill.sender)
    given = (await parcels.book_now(db, yard.settings, [mended]))[bill.order_id]
    assert given.waybill_id == bill.waybill_id and given.number and given.failure is None
    assert list(await db.ask(parcels.waybills_of, bill.merchant_id, [bill.order_id])) == [bill.order_id]


async def test_a_carrier_is_not_asked_again_for_what_it_refused_before(
    db: Database, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = wanted(ids.mint(), recipient={})
    await parcels.book_now(db, yard.settings, [bill])
    asked: list[str] = []
    book = Simcarriers.book

    async def counted(self: Simcarriers, waybill: Waybill, webhook: str) -> object:
        asked.append(str(waybill.waybill_id))
        return await book(self, waybill, webhook)

    monkeypatch.setattr(Simcarriers, "book", counted)
    other = msgspec.structs.replace(bill, waybill_id=ParcelId(ids.mint()))
    await parcels.book_now(db, yard.settings, [other])

    assert asked == [str(other.waybill_id)]


@pytest.mark.parametrize("collect", [False, True])
async def test_the_carrier_knows_who_pays(db: Database, yard: Yard, collect: bool) -> None:
    bill = msgspec.structs.replace(wanted(ids.mint()), collect=collect)
    given = (await parcels.book_now(db, yard.settings, [bill]))[bill.order_id]
    assert given.collect is collect
    label = await yard.outside.http.get(f"/labels/{given.carrier}/{given.number}?lang=en")
    assert ("Freight collect" in label.text) is collect


async def test_a_number_whose_answer_was_lost_is_asked_for_again_under_the_same_key(db: Database, yard: Yard) -> None:
    bill = wanted(ids.mint())
    await yard.outside.faults(answers="error500")
    waiting = (await parcels.book_now(db, yard.settings, [bill]))[bill.order_id]
    assert (waiting.number, waiting.failure) == (None, None)
    await yard.outside.faults(answers="prompt")

    assert await ask_again(db, yard.gateway, yard.settings) == 0
    assert await db.ask(parcels.waybills_of, bill.merchant_id, [bill.order_id]) == {}, "not within the minute"
    await db.transact(lambda tx: tx.execute("UPDATE waybills SET asked_at = now() - interval '2 minutes'"))
    await ask_again(db, yard.gateway, yard.settings)

    found = (await db.ask(parcels.waybills_of, bill.merchant_id, [bill.order_id]))[bill.order_id]
    assert found.waybill_id == bill.waybill_id
    assert found.number


async def test_a_shop_sends_with_the_carriers_that_it_chose(db: Database) -> None:
    mine, theirs = ids.mint(), ids.mint()
    every = await db.ask(parcels.carriers_of, mine)
    assert [each.carrier for each in every.carriers] == ["simex", "simpost", "other"]
    assert not every.chosen
    template_id = TemplateId(ids.mint())
    template = Template(
        merchant_id=mine, template_id=template_id, name=text("标准", "Standard"), method=Method.PIECE, currency="CNY",
        days_from=1, days_to=2, zones=[],
    )  # fmt: skip
    await db.transact(freight.save_template, msgspec.structs.replace(template, zones=[Zone(countries=["CN"])]))

    await db.as_merchant(mine).transact(parcels.use_carriers, mine, ["simpost", "simex"])
    await db.as_merchant(mine).transact(parcels.send_with, mine, template_id, "simex")

    chosen = await db.as_merchant(mine).ask(parcels.carriers_of, mine)
    assert [each.carrier for each in chosen.carriers] == ["simpost", "simex"]
    assert chosen.best_for(None) == "simpost"
    assert chosen.best_for(template_id) == "simex"
    await db.as_merchant(mine).transact(parcels.use_carriers, mine, ["simpost"])
    assert (await db.ask(parcels.carriers_of, mine)).best_for(template_id) == "simpost", "simex is not used any more"
    assert (await db.ask(parcels.carriers_of, theirs)).chosen is False
    for wrong in ([], ["pigeon"]):
        with pytest.raises(Invalid):
            await db.transact(parcels.use_carriers, mine, wrong)
