"""What people do is written down once, read in order, and belongs to whom the visitor became."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Database, Read, Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import Behaviour, Channel, Cursor, Kind
from steelyard.operations.behaviour.subscribers import SUBSCRIBER
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.world import World, seeded

SHOP = UUID(int=7)
OTHER = UUID(int=8)


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return BuyerId(world.buyer.buyer_id)


def seen(visitor_id: UUID, merchant_id: UUID = SHOP, **more: object) -> Behaviour:
    return Behaviour(kind=Kind.VIEW, visitor_id=visitor_id, merchant_id=merchant_id, **more)  # pyright: ignore[reportArgumentType]


async def read_on(db: Database, after: Cursor = Cursor()) -> list[behaviour.Recorded]:  # noqa: B008  # it cannot change
    while await db.ask(_held_back):  # by a transaction of another database of the cluster
        await asyncio.sleep(0.01)
    return await db.ask(behaviour.since, after)


async def _held_back(read: Read) -> bool:
    return await read.value(
        "SELECT EXISTS (SELECT FROM behaviour_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
    )


async def test_what_was_done_is_read_in_order_and_goes_on_where_the_reader_was(db: Database) -> None:
    visitor = uuid4()
    first = seen(visitor, properties={"page": "product"})
    await db.transact(behaviour.record, [first])
    await db.transact(behaviour.record, [seen(visitor), seen(visitor)])

    [one, *more] = await read_on(db)

    assert (one.event_id, one.properties, one.person) == (first.event_id, {"page": "product"}, visitor)
    assert [each.event_id for each in await read_on(db, one.cursor)] == [each.event_id for each in more]
    assert await read_on(db, more[-1].cursor) == []


async def test_the_same_thing_said_twice_is_done_once(db: Database) -> None:
    thing = seen(uuid4())

    assert await db.transact(behaviour.record, [thing]) == 1
    assert await db.transact(behaviour.record, [thing]) == 0
    assert len(await read_on(db)) == 1


async def test_a_visitors_past_is_the_buyers_and_no_other_shop_sees_it(db: Database) -> None:
    world = await seeded(db)
    visitor = BuyerId(uuid4())
    await db.transact(behaviour.record, [seen(visitor), seen(visitor, OTHER), seen(uuid4())])
    await db.transact(customers.merge_visitor, visitor, buyer_of(world))
    await db.transact(behaviour.record, [seen(visitor, buyer_id=buyer_of(world))])

    page = await db.ask(behaviour.of_buyer, SHOP, buyer_of(world))

    assert [(each.merchant_id, each.visitor_id) for each in page.items] == [(SHOP, visitor)] * 2
    assert {each.person for each in await read_on(db) if each.visitor_id == visitor} == {buyer_of(world)}
    assert len((await db.ask(behaviour.of_buyer, OTHER, buyer_of(world))).items) == 1


async def test_a_merchants_role_sees_its_own_rows_only(db: Database) -> None:
    await db.transact(behaviour.record, [seen(uuid4()), seen(uuid4(), OTHER)])

    async def shops(read: Read) -> list[UUID]:
        return [row["merchant_id"] for row in await read.fetch("SELECT merchant_id FROM behaviour_events")]

    assert await db.as_merchant(SHOP).ask(shops) == [SHOP]


async def test_who_says_no_is_forgotten_and_not_written_down_any_more_on_any_device(db: Database) -> None:
    world = await seeded(db)
    buyer, visitor, somebody = buyer_of(world), BuyerId(uuid4()), uuid4()
    await db.transact(customers.merge_visitor, visitor, buyer)
    await db.transact(behaviour.record, [seen(visitor), seen(buyer), seen(somebody)])

    await db.transact(behaviour.choose, buyer, analysed=False)
    written = await db.transact(behaviour.record, [seen(visitor), seen(uuid4(), buyer_id=buyer), seen(somebody)])

    assert written == 1
    assert {each.visitor_id for each in await read_on(db)} == {somebody}
    assert not await db.ask(behaviour.analysed, buyer)
    await db.transact(behaviour.choose, buyer, analysed=True)
    assert await db.transact(behaviour.record, [seen(visitor)]) == 1


async def test_payments_and_refunds_are_taken_from_the_houses_events_once(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)], buyer_of(world))
    await deal.refunded(db, order, Returned(1, 1))

    await events.drain(db, [SUBSCRIBER])
    await db.transact(_read_from_the_start)
    await events.drain(db, [SUBSCRIBER])

    kept = {each.kind: each for each in await read_on(db)}
    assert len(await read_on(db)) == 2
    assert kept[Kind.PAY].properties == {"amount": order.total, "currency": order.currency, "pieces": 2}
    assert kept[Kind.PAY].person == buyer_of(world)
    assert kept[Kind.REFUND].order_id == order.order_id
    assert kept[Kind.REFUND].properties["amount"] == world.items["green"].amount


async def _read_from_the_start(tx: Tx) -> None:
    await tx.execute("UPDATE event_cursors SET xid = '0', position = 0 WHERE subscriber = 'behaviour'")


async def test_who_looks_faster_than_people_do_is_a_robot_and_a_buyer_is_none(db: Database) -> None:
    robot, reader, buyer = uuid4(), uuid4(), uuid4()
    many = [seen(robot) for _ in range(61)] + [seen(reader) for _ in range(60)]
    # All of one minute, whenever the test runs.
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    many = [msgspec.structs.replace(each, at=minute) for each in many]
    await db.transact(behaviour.record, [*many, *(seen(buyer, buyer_id=buyer, at=minute) for _ in range(90))])

    assert await db.transact(behaviour.find_robots) == 1
    assert await db.transact(behaviour.find_robots) == 0

    assert await db.ask(behaviour.robots, [robot, reader, buyer]) == {robot}
    assert await db.ask(behaviour.robots_found, minute - timedelta(minutes=1)) == [robot]


async def test_what_strangers_did_long_ago_is_forgotten_once_the_archive_has_it(db: Database) -> None:
    world = await seeded(db)
    now = datetime.now(UTC)
    old, ancient = now - timedelta(days=401), now - timedelta(days=432)
    stranger, merged, guest = uuid4(), BuyerId(uuid4()), BuyerId(uuid4())
    await db.transact(customers.merge_visitor, merged, buyer_of(world))
    await db.transact(customers.guest, guest, "en")
    await db.transact(behaviour.archived, "lake", Cursor(1, 1))
    kept = [seen(merged, at=old), seen(guest, at=old), seen(uuid4(), buyer_id=buyer_of(world), at=old), seen(stranger)]
    await db.transact(behaviour.record, [*kept, seen(stranger, at=old), seen(stranger, at=ancient)])

    assert await db.transact(behaviour.forget_strangers, now) == 1, "what no archive waits for any more"
    last = (await read_on(db))[-1].cursor
    await db.transact(behaviour.archived, "lake", last)
    assert await db.transact(behaviour.forget_strangers, now) == 1

    assert {each.event_id for each in await read_on(db)} == {each.event_id for each in kept}


async def test_a_batch_that_is_being_written_while_somebody_says_no_leaves_nothing_of_them(db: Database) -> None:
    world = await seeded(db)
    buyer = buyer_of(world)
    written, chosen = asyncio.Event(), asyncio.Event()

    async def slowly(tx: Tx) -> None:
        await behaviour.record(tx, [seen(uuid4(), buyer_id=buyer)])
        written.set()
        await asyncio.wait_for(chosen.wait(), 10)

    async def says_no(tx: Tx) -> None:
        chosen.set()
        await behaviour.choose(tx, buyer, analysed=False)

    batch = asyncio.create_task(db.transact(slowly))
    await written.wait()
    await db.transact(says_no)
    await batch

    assert await read_on(db) == []


async def test_what_was_paid_is_put_down_to_what_brought_the_buyer_last(db: Database) -> None:
    world = await seeded(db)
    buyer, visitor, shop = buyer_of(world), BuyerId(uuid4()), world.tea.merchant_id
    await db.transact(behaviour.make_link, link(shop), "staff")
    now = datetime.now(UTC)
    came = [
        Behaviour(kind=Kind.ARRIVE, visitor_id=visitor, at=now - timedelta(days=2), channel=Channel.QR, source="poster"
                  , properties={"link": "abcd2345"}),
        Behaviour(kind=Kind.ARRIVE, visitor_id=visitor, at=now - timedelta(days=3), channel=Channel.AD, source="baidu"),
        Behaviour(kind=Kind.ARRIVE, visitor_id=visitor, at=now - timedelta(days=1)),
    ]  # fmt: skip
    await db.transact(behaviour.record, came)
    await db.transact(customers.merge_visitor, visitor, buyer)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer)
    await deal.paid(db, [(world.items["hammer"].sku_id, 1)], buyer)
    await events.drain(db, [SUBSCRIBER])

    [paid, elsewhere] = [each for each in await read_on(db) if each.kind is Kind.PAY]
    assert (paid.channel, paid.source, paid.properties["link"]) == (Channel.QR, "poster", "abcd2345")
    assert elsewhere.channel is Channel.QR, "a touch is the person's"
    [found] = (await db.as_merchant(shop).ask(behaviour.links, shop)).items
    assert (found.orders, found.paid) == (1, {order.currency: order.total}), "but a link counts its own shop's orders"
    assert (await db.as_merchant(OTHER).ask(behaviour.links, shop)).items == []


def link(merchant_id: UUID) -> behaviour.Link:
    return behaviour.Link(
        link_id=behaviour.LinkId(UUID(int=77)),
        merchant_id=merchant_id,
        code="abcd2345",
        name="Poster",
        target=behaviour.Target.SHOP,
        target_id=None,
        path="/shops/tea",
        source="poster",
        medium="qr",
    )


async def test_a_link_is_made_once_and_two_shops_never_have_the_same_code(db: Database) -> None:
    for _ in range(2):
        await db.as_merchant(SHOP).transact(behaviour.make_link, link(SHOP), "staff")
    await db.as_merchant(OTHER).transact(behaviour.make_link, link(OTHER), "staff")
    day = datetime.now(UTC)
    click = behaviour.LinkClick(merchant_id=SHOP, link_id=UUID(int=77), at=day, scan=True)
    await db.transact(behaviour.count_clicks, [click, msgspec.structs.replace(click, scan=False)])

    [mine] = (await db.ask(behaviour.links, SHOP)).items
    [theirs] = (await db.ask(behaviour.links, OTHER)).items
    assert (mine.link.code, mine.clicks, mine.scans) == ("abcd2345", 2, 1)
    assert theirs.link.code != "abcd2345"
    opened = await db.ask(behaviour.link_of, theirs.link.code)
    assert opened is not None and opened.merchant_id == OTHER


async def test_costs_are_replaced_by_what_is_said_later(db: Database) -> None:
    day = date(2026, 9, 1)
    ad = behaviour.Cost(day=day, channel=Channel.AD, amount=5_000, currency="CNY", campaign="spring")
    mail = behaviour.Cost(day=day, channel=Channel.MAIL, amount=100, currency="CNY")
    mine = db.as_merchant(SHOP)
    await mine.transact(behaviour.set_costs, SHOP, [ad, mail])
    await mine.transact(
        behaviour.set_costs, SHOP, [msgspec.structs.replace(ad, amount=7_000), msgspec.structs.replace(mail, amount=0)]
    )

    assert await mine.ask(behaviour.costs, SHOP, day, day) == [msgspec.structs.replace(ad, amount=7_000)]
    assert await db.as_merchant(OTHER).ask(behaviour.costs, SHOP, day, day) == []
