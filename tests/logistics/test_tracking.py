"""Parcels: whatever order the carrier tells things in, they end where the latest of it says."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel, ParcelId, ParcelState, Scan
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import World

SENT = datetime.now(UTC)
NUMBER = "SX0001"


def scan(code: str, hours: int, place: str = "上海") -> Scan:
    return Scan(at=SENT + timedelta(hours=hours), code=code, place=place)


JOURNEY = [scan("accepted", 1), scan("in_transit", 2), scan("arrived", 3), scan("out_for_delivery", 4)]


async def sent(db: Database, world: World, slug: str = "nuts", carrier: str = "simex") -> ParcelId:
    """A parcel under the number that all these tests talk of."""
    (part,) = await deal.paid(db, [(world.items[slug].sku_id, 1)])
    parcel_id = await deal.shipped(db, part)

    async def rename(tx: Tx) -> None:
        await tx.execute(
            "UPDATE parcels SET number = $2, carrier = $3 WHERE parcel_id = $1", parcel_id, NUMBER, carrier
        )

    await db.transact(rename)
    return parcel_id


def telling(scans: Sequence[Scan], number: str = NUMBER):
    async def tell(tx: Tx) -> None:
        await parcels.record_scans(tx, carrier="simex", number=number, scans=scans)

    return tell


async def parcel(read: Read, parcel_id: ParcelId) -> Parcel:
    order_id = await read.value("SELECT order_id FROM parcels WHERE parcel_id = $1", parcel_id)
    (found,) = [one for one in (await parcels.of_orders(read, [order_id]))[order_id] if one.parcel_id == parcel_id]
    return found


async def state(db: Database, parcel_id: ParcelId) -> ParcelState:
    return (await db.ask(parcel, parcel_id)).state


async def announced(read: Read) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = 'parcels.delivered'")


async def test_a_parcel_goes_its_way(shop: Database, world: World):
    parcel_id = await sent(shop, world)
    assert await state(shop, parcel_id) is ParcelState.HANDED_OVER

    for each in JOURNEY:
        await shop.transact(telling([each]))
        assert await state(shop, parcel_id) is ParcelState.IN_TRANSIT
    await shop.transact(telling([scan("delivered", 5)], " sx0001 "))

    found = await shop.ask(parcel, parcel_id)
    assert (found.state, found.delivered_at) == (ParcelState.DELIVERED, SENT + timedelta(hours=5))
    told = await shop.ask(parcels.scans, found.merchant_id, parcel_id)
    assert [one.code for one in told] == ["delivered", *(one.code for one in reversed(JOURNEY))]


@pytest.mark.parametrize("seed", range(5))
async def test_scans_come_in_any_order_and_more_than_once(shop: Database, world: World, seed: int):
    parcel_id = await sent(shop, world)
    told = [*JOURNEY, scan("exception", 3, "杭州"), scan("delivered", 5)] * 2
    random.Random(seed).shuffle(told)

    while told:
        some, told = told[:3], told[3:]
        await shop.transact(telling(some))

    found = await shop.ask(parcel, parcel_id)
    assert (found.state, found.delivered_at) == (ParcelState.DELIVERED, SENT + timedelta(hours=5))
    assert len(await shop.ask(parcels.scans, found.merchant_id, parcel_id)) == 6
    assert await shop.ask(announced) == 1


async def test_trouble_that_is_over_is_no_news(shop: Database, world: World):
    parcel_id = await sent(shop, world)
    await shop.transact(telling([scan("in_transit", 6)]))

    await shop.transact(telling([scan("exception", 3)]))

    assert await state(shop, parcel_id) is ParcelState.IN_TRANSIT


async def test_what_was_lost_is_found_again(shop: Database, world: World):
    parcel_id = await sent(shop, world)

    for each, expected in (
        (scan("exception", 3), ParcelState.LOST),
        (scan("arrived", 90), ParcelState.IN_TRANSIT),
        (scan("exception", 95), ParcelState.LOST),
        (scan("delivered", 99), ParcelState.DELIVERED),
        (scan("exception", 100), ParcelState.DELIVERED),
    ):
        await shop.transact(telling([each]))
        assert await state(shop, parcel_id) is expected
    assert await shop.ask(announced) == 1


async def test_nothing_arrives_before_it_was_sent(shop: Database, world: World):
    parcel_id = await sent(shop, world)

    await shop.transact(telling([scan("delivered", -24 * 90)]))

    found = await shop.ask(parcel, parcel_id)
    assert found.delivered_at == found.sent_at


async def test_two_carriers_may_use_the_same_number(shop: Database, world: World):
    mine, others = await sent(shop, world), await sent(shop, world, carrier="simpost")

    await shop.transact(telling([scan("delivered", 5)]))

    assert await state(shop, mine) is ParcelState.DELIVERED
    assert await state(shop, others) is ParcelState.HANDED_OVER


async def test_one_number_of_two_merchants_moves_both(shop: Database, world: World):
    mine, others = await sent(shop, world), await sent(shop, world, "ruler")

    await shop.transact(telling([scan("delivered", 5)]))

    assert await state(shop, mine) is await state(shop, others) is ParcelState.DELIVERED
    assert await shop.ask(announced) == 2


async def test_a_number_that_nobody_sent_and_no_scans_are_no_news(shop: Database, world: World):
    parcel_id = await sent(shop, world)

    await shop.transact(telling(JOURNEY, "SX0002"))
    await shop.transact(telling([]))

    assert await state(shop, parcel_id) is ParcelState.HANDED_OVER


async def test_two_messages_that_meet_deliver_once(shop: Database, world: World):
    parcel_id = await sent(shop, world)

    await meet(shop, telling([scan("delivered", 5)]), telling([scan("delivered", 5), scan("arrived", 4)]))

    assert await state(shop, parcel_id) is ParcelState.DELIVERED
    assert await shop.ask(announced) == 1


async def test_what_is_delivered_is_not_asked_about_any_more(shop: Database, world: World):
    await sent(shop, world)
    (due,) = await shop.transact(parcels.take_to_ask)
    assert (due.number, due.registered) == (NUMBER, False)
    assert await shop.transact(parcels.take_to_ask) == [], "each is put off for a while"
    await shop.transact(parcels.asked, due)

    await shop.transact(telling([scan("delivered", 5)]))
    await shop.transact(parcels.asked, due)

    async def waiting(read: Read) -> int:
        return await read.value("SELECT count(*) FROM parcels WHERE attempt_at IS NOT NULL")

    assert await shop.ask(waiting) == 0


async def test_the_same_parcel_is_handed_over_once(shop: Database, world: World):
    hand_over = partial(
        parcels.hand_over, parcel_id=ParcelId(ids.mint()), merchant_id=world.tea.merchant_id, order_id=ids.mint(),
        carrier="other", number="A-1", by="staff:1",
    )  # fmt: skip

    for _ in range(2):
        await shop.transact(hand_over)

    async def known(read: Read) -> tuple[int, int]:
        return await read.value("SELECT count(*) FROM parcels"), await read.value("SELECT count(*) FROM parcel_history")

    assert await shop.ask(known) == (1, 1)
    assert await shop.transact(parcels.take_to_ask) == [], "a carrier that cannot be asked is not asked"
