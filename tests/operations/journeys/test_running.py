"""People on their way: each step once, whatever breaks in the middle and whoever works beside; the rules hold."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId
from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import behaviour, journeys, outreach, segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.journeys import running
from steelyard.operations.journeys.hearing import News, hear
from steelyard.operations.journeys.jobs import SWEEPS
from steelyard.operations.journeys.model import (
    Await,
    Branch,
    Channel,
    Goal,
    GroupMove,
    Message,
    On,
    Reentry,
    Settings,
    Split,
    Task,
    Trigger,
    Wait,
)
from steelyard.operations.journeys.running import move_due
from steelyard.operations.journeys.subscribers import SUBSCRIBER
from steelyard.operations.outreach.model import Channel as By
from steelyard.operations.segments.model import Country, Kind, Segment, SegmentId
from steelyard.parties import customers
from steelyard.parties.merchants.model import MerchantId
from tests.operations.journeys.conftest import (
    NAME,
    PLAIN,
    go,
    happens,
    line,
    messages,
    people,
    stands,
    started,
    steps,
    template,
)
from tests.support import deal, open_transactions
from tests.support.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_way_is_gone_box_by_box(db: Database, world: World) -> None:
    """By what really happens: paid orders let people in, the sweep moves them, an order ends what waits for it."""
    shop, words = world.tea.merchant_id, await template(db, world.tea.merchant_id)
    await events.drain(db, [SUBSCRIBER])
    journey = await started(
        db,
        shop,
        line(
            Message(channel=Channel.INBOX, template_id=words),
            Await(event="order_paid", minutes=60),
            Split(weights=(1, 1)),
            Branch(tree=Country(countries=("CN",))),
            Task(title="Say thank you"),
        ),
    )
    buyer = world.buyer.buyer_id
    assert buyer is not None
    for _ in range(2):
        await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer)
        await events.drain(db, [SUBSCRIBER])
        await sweep_once(db, [each for each in SWEEPS if each.name == "journeys.move"])

    assert (await stands(db, journey))[buyer] == ("finished", "end")
    gone = await steps(db, journey)
    assert [each[:2] for each in gone[:3]] == [("begin", "then"), ("b1", "then"), ("b2", "happened")]
    assert gone[3][1] in ("a", "b")
    assert [each[:2] for each in gone[4:]] == [("b4", "no"), ("b5", "then")]  # nobody was counted a customer yet
    assert await messages(db) == [buyer]
    funnel = await db.ask(journeys.funnel, shop, journey)
    assert (funnel.entered, funnel.finished, funnel.inside) == (1, 1, 0)
    assert funnel.nodes["b5"].arrived == 1
    (passage,) = await db.as_merchant(shop).ask(journeys.of_buyer, shop, buyer)
    assert (passage.journey_id, passage.stand) == (journey, "finished")
    assert not await db.as_merchant(world.tools.merchant_id).ask(journeys.of_buyer, world.tools.merchant_id, buyer)


async def test_what_breaks_in_the_middle_leaves_nothing_and_doubles_nothing(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the messages are handed over and before the steps are written; then two do it at once."""
    shop = world.tea.merchant_id
    graph = line(Message(channel=Channel.INBOX, template_id=await template(db, shop)), Wait(minutes=60))
    journey = await started(db, shop, graph)
    some = await people(db, shop, 60)
    await happens(db, shop, "order_paid", some)
    write = running.write

    async def killed(tx: Tx, steps: running.Steps) -> None:
        await write(tx, steps)
        raise RuntimeError("killed")

    monkeypatch.setattr(running, "write", killed)
    assert await running.sweep(db) == 0
    assert await messages(db) == []
    assert {where for _, where in (await stands(db, journey)).values()} == {"begin"}
    trouble = (await db.ask(journeys.journey, shop, journey)).trouble
    assert trouble is not None and "killed" in trouble

    monkeypatch.setattr(running, "write", write)
    at = datetime.now(UTC) + timedelta(seconds=1)
    moved = await asyncio.gather(*(db.transact(move_due, shop, journey, at, 20) for _ in range(8)))
    assert sum(moved) + await go(db, shop, journey) == 60
    assert sorted(await messages(db)) == sorted(some)
    assert set((await stands(db, journey)).values()) == {("inside", "b2")}
    assert (await db.ask(journeys.journey, shop, journey)).trouble is None


async def test_two_at_once_move_everybody_once(db: Database, world: World) -> None:
    """The second passes over whom the first holds. The control reads without holding, and both move the same people."""
    shop = world.tea.merchant_id
    journey = await started(db, shop, line(Wait(minutes=60), Wait(minutes=60)))
    await happens(db, shop, "order_paid", await people(db, shop, 10))
    await go(db, shop, journey)
    at = datetime.now(UTC) + 2 * HOUR
    read, both = 0, asyncio.Event()

    async def careless(tx: Tx) -> int:
        nonlocal read
        rows = await tx.fetch(
            "SELECT buyer_id FROM journey_enrolments WHERE journey_id = $1 AND stand = 'inside' AND due_at <= $2",
            journey,
            at,
        )
        read += 1
        if read == 2:
            both.set()
        await both.wait()
        return len(rows)

    assert sum(await asyncio.gather(db.transact(careless), db.transact(careless))) == 20
    done, turn = asyncio.Event(), asyncio.Event()

    async def first(tx: Tx) -> int:
        moved = await move_due(tx, shop, journey, at, 6)
        turn.set()
        await done.wait()
        return moved

    one = asyncio.create_task(db.transact(first))
    await turn.wait()
    assert await db.transact(move_due, shop, journey, at) == 4  # and does not wait
    done.set()
    assert await one == 6
    assert len(await steps(db, journey)) == 20


async def test_who_comes_in_again_is_the_journeys_rule(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    (buyer,) = await people(db, shop, 1)

    async def entries(settings: Settings, *after: timedelta) -> int:
        journey = await started(db, shop, line(GroupMove(group_id=group), settings=settings))
        now = datetime.now(UTC)
        for each in after:
            await happens(db, shop, "order_paid", [buyer, buyer], at=now + each)
            await go(db, shop, journey, 60 * DAY)
        return (await db.ask(journeys.funnel, shop, journey)).entered

    group = await _group(db, shop)
    again = timedelta(0), 1 * DAY, 30 * DAY
    assert await entries(msgspec.structs.replace(PLAIN, reentry=Reentry.NEVER), *again) == 1
    assert await entries(msgspec.structs.replace(PLAIN, reentry=Reentry.ENDED), *again) == 3
    assert await entries(msgspec.structs.replace(PLAIN, reentry=Reentry.DAYS, reentry_days=7), *again) == 2
    # Two who let somebody in at once count the same entry.
    journey = await started(db, shop, line(Wait()))
    await asyncio.gather(*(happens(db, shop, "order_paid", [buyer]) for _ in range(4)))
    assert (await db.ask(journeys.funnel, shop, journey)).entered == 1


async def test_caps_count_over_all_journeys_of_a_shop(db: Database, world: World) -> None:
    """Two a week: of three journeys with a message each, two are sent, whichever runs first; another shop's count is its own."""
    shop, other = world.tea.merchant_id, world.tools.merchant_id
    two = msgspec.structs.replace(PLAIN, cap_messages=2, cap_days=7)
    buyers = await people(db, shop, 3)

    async def journey_of(merchant_id: UUID) -> UUID:
        words = await template(db, merchant_id)
        return await started(db, merchant_id, line(Message(channel=Channel.INBOX, template_id=words), settings=two))

    three = [await journey_of(shop) for _ in range(3)]
    await happens(db, shop, "order_paid", buyers)
    await asyncio.gather(*(go(db, shop, each) for each in three))
    assert len(await messages(db)) == 6
    reasons = [step for each in three for step in await steps(db, each) if step[0] == "b1"]
    assert sorted(reasons) == sorted([("b1", "failed", "capped")] * 3 + [("b1", "then", "")] * 6)

    late = await journey_of(shop)
    await happens(db, shop, "order_paid", buyers)
    await go(db, shop, late, 8 * DAY)
    assert len(await messages(db)) == 9

    elsewhere = await journey_of(other)
    await happens(db, other, "order_paid", buyers)
    await go(db, other, elsewhere)
    # They are no customers of the other shop: it may not write to them at all.
    assert [each[2] for each in await steps(db, elsewhere) if each[0] == "b1"] == ["no_consent"] * 3


async def test_advertising_goes_to_who_agreed_and_waits_while_it_is_quiet(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    words = await template(db, shop, By.EMAIL)
    quiet = msgspec.structs.replace(PLAIN, quiet_from="00:00", quiet_to="23:59")
    agreed, silent = await people(db, shop, 2)
    await db.transact(customers.want_mails, agreed, agreed=True)
    graph = line(Message(template_id=words), settings=PLAIN)
    now = await started(db, shop, graph)
    later = await started(db, shop, msgspec.structs.replace(graph, settings=quiet))
    await happens(db, shop, "order_paid", [agreed, silent])
    await go(db, shop, now)
    assert await messages(db) == [agreed]
    assert ("b1", "failed", "no_consent") in await steps(db, now)

    await go(db, shop, later)
    if (datetime.now(UTC) + timedelta(hours=8)).time() < time(23, 58):  # in the last minute of a day it is not quiet
        assert set((await stands(db, later)).values()) == {("inside", "b1")}
        assert await messages(db) == [agreed]


async def test_an_advertisement_takes_the_quiet_hours_of_its_journey_with_it(db: Database, world: World) -> None:
    """Who sends it may be late, or has to try again."""
    shop = world.tea.merchant_id
    words = await template(db, shop)
    then = datetime.now(ZoneInfo("Asia/Shanghai")) + 2 * HOUR
    begins, ends = time(then.hour), time((then.hour + 1) % 24, 30)
    settings = msgspec.structs.replace(PLAIN, quiet_from=f"{begins:%H:%M}", quiet_to=f"{ends:%H:%M}")
    told = Message(template_id=words, channel=By.INBOX)
    waits = msgspec.structs.replace(told, marketing=False)
    unpaid = Trigger(event="order_unpaid", delay_minutes=10)
    journey = await started(db, shop, line(unpaid, told, waits, settings=settings))
    buyer = world.buyer.buyer_id
    assert buyer is not None
    purchase = await deal.placed(db, [(world.items["green"].sku_id, 1)], buyer)
    [order] = await deal.orders_of(db, purchase)
    await happens(db, shop, "order_unpaid", [buyer], about={"order_id": str(order.order_id)})

    await go(db, shop, journey, timedelta(minutes=11))

    kept = (await db.ask(outreach.messages, shop)).items
    assert {(each.marketing, each.quiet_from, each.quiet_to) for each in kept} == {
        (True, begins, ends),
        (False, None, None),
    }


async def test_a_goal_is_counted_and_ends_the_way(db: Database, world: World) -> None:
    """Within its days, after the end of the way, too; an exit ends it otherwise; what happened before counts for nothing."""
    shop = world.tea.merchant_id
    settings = msgspec.structs.replace(
        PLAIN, goal=Goal(event="review_written", days=3), exits=("refund_paid",), reentry=Reentry.NEVER
    )
    journey = await started(db, shop, line(Split(weights=(1, 1)), Wait(minutes=60), settings=settings))
    inside, finished, late, out, still = await people(db, shop, 5)
    entered = await happens(db, shop, "order_paid", [inside, finished, late, out, still])
    await happens(db, shop, "review_written", [still], at=entered - HOUR)
    await go(db, shop, journey)
    await happens(db, shop, "review_written", [inside], at=entered + HOUR)
    await happens(db, shop, "refund_paid", [out], at=entered + HOUR)
    await go(db, shop, journey, 2 * HOUR)
    for _ in range(2):
        await happens(db, shop, "review_written", [finished], at=entered + 2 * DAY)
        await happens(db, shop, "review_written", [late], at=entered + 4 * DAY)

    found = await stands(db, journey)
    assert [found[each][0] for each in (inside, finished, late, out, still)] == [
        "reached", "reached", "finished", "exited", "finished",
    ]  # fmt: skip
    funnel = await db.ask(journeys.funnel, shop, journey)
    assert (funnel.entered, funnel.reached, funnel.exited, funnel.finished) == (5, 2, 1, 2)
    assert sum(each.people for each in funnel.arms) == 5
    assert sum(each.reached for each in funnel.arms) == 2
    (row,) = await db.ask(journeys.listed, shop)
    assert (row.entered, row.inside, row.reached, row.finished, row.exited) == (5, 0, 2, 2, 1)


async def test_whoever_is_inside_stays_on_their_version(db: Database, world: World) -> None:
    """And nobody moves while a journey rests; when it ends they are led out."""
    shop = world.tea.merchant_id
    journey = await started(db, shop, line(Wait(minutes=60), Wait(minutes=60)))
    old, new, last = await people(db, shop, 3)
    await happens(db, shop, "order_paid", [old])
    await go(db, shop, journey)
    await db.transact(journeys.change, shop, journey, NAME, line(Wait(minutes=120)), 1, "li")
    assert await db.transact(journeys.start, shop, journey, 2, "li") == 2
    await happens(db, shop, "order_paid", [new])
    await go(db, shop, journey, HOUR)
    assert await stands(db, journey) == {old: ("inside", "b2"), new: ("inside", "b1")}
    assert [each.version for each in await db.ask(journeys.versions, shop, journey)] == [2, 1]

    await db.transact(journeys.pause, shop, journey, "li")
    await happens(db, shop, "order_paid", [last])
    assert await go(db, shop, journey, DAY) == 0
    assert last not in await stands(db, journey)
    await db.transact(journeys.resume, shop, journey, "li")
    assert await go(db, shop, journey, 3 * HOUR) == 2
    await happens(db, shop, "order_paid", [last])
    await db.transact(journeys.end, shop, journey, "li")
    await sweep_once(db, [each for each in SWEEPS if each.name in ("journeys.move", "journeys.cleared")])
    assert (await stands(db, journey))[last] == ("exited", "begin")
    # Who was let in while it ended may be seen only now: it is looked at for a while yet.
    assert await db.ask(_cleared, journey) is None
    await db.transact(_ended_before, journey)
    await sweep_once(db, [each for each in SWEEPS if each.name == "journeys.cleared"])
    assert await db.ask(_cleared, journey) is not None


async def test_a_cart_is_left_when_nothing_more_is_put_in(db: Database, world: World) -> None:
    """The reader of what people do lets them in; the delay begins anew with the cart; who has ordered is left alone."""
    shop, buyer, other = world.tea.merchant_id, world.buyer.buyer_id, world.other_buyer.buyer_id
    assert buyer is not None and other is not None
    follow = [each for each in SWEEPS if each.name == "journeys.follow"]
    await sweep_once(db, follow)
    journey = await started(db, shop, line(Trigger(event="cart_left", delay_minutes=60), Wait()))
    nuts = world.items["nuts"]

    async def put(who: UUID) -> None:
        deed = Behaviour(
            kind=behaviour.Kind.CART, visitor_id=who, buyer_id=who, merchant_id=shop, product_id=nuts.product_id
        )
        await db.transact(behaviour.record, [deed])
        await open_transactions.awaited(db)
        await sweep_once(db, follow)

    async def fill(tx: Tx) -> None:
        await tx.execute(
            """
            INSERT INTO cart_lines (buyer_id, sku_id, merchant_id, quantity, seen_price, currency)
            SELECT b, $2, $3, 1, 3990, 'CNY' FROM unnest($1::uuid[]) AS b
            """,
            [buyer, other],
            nuts.sku_id,
            shop,
        )

    await db.transact(fill)
    await put(buyer)
    await put(other)
    before = await _due(db, journey, buyer)
    await put(buyer)
    assert await _due(db, journey, buyer) > before
    await deal.placed(db, [(nuts.sku_id, 1)], other)
    await go(db, shop, journey, 2 * HOUR)
    found = await stands(db, journey)
    assert (found[buyer], found[other]) == (("inside", "b2"), ("exited", "begin"))
    assert ("begin", "exited", "passed") in await steps(db, journey)


async def test_who_is_let_in_hears_what_came_after_in_the_same_reading(db: Database, world: World) -> None:
    """After a pause much is read together: whoever has written the review in between is not asked for it any more. What came
    before, and what came at the same moment, is another story."""
    shop = world.tea.merchant_id
    rules = msgspec.structs.replace(PLAIN, goal=Goal(event="order_paid"), exits=("review_written",))
    journey = await started(db, shop, line(Trigger(event="parcel_received", delay_minutes=5), Wait(), settings=rules))
    wrote, pays, before, at_once = await people(db, shop, 4)
    now = datetime.now(UTC)
    told = [
        ("review_written", before, 0), ("parcel_received", wrote, 1), ("parcel_received", pays, 1),
        ("parcel_received", before, 1), ("parcel_received", at_once, 1), ("order_paid", at_once, 1),
        ("review_written", wrote, 2), ("order_paid", pays, 2),
    ]  # fmt: skip
    news = [News(event=event, merchant_id=shop, buyer_id=who, at=now + timedelta(seconds=n)) for event, who, n in told]
    await db.transact(hear, news)
    assert {who: stand for who, (stand, _) in (await stands(db, journey)).items()} == {
        wrote: "exited", pays: "reached", before: "inside", at_once: "inside"
    }  # fmt: skip


async def test_all_of_a_segment_come_in_at_a_moment_once(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    some = await people(db, shop, 5)
    segment = Segment(
        merchant_id=shop, segment_id=SegmentId(ids.mint()), kind=Kind.LIST, name=NAME, owner="li", tree=None
    )
    await db.transact(segments.make_list, segment)
    await db.transact(segments.add_people, shop, segment.segment_id, some)
    moment = datetime.now(UTC) - timedelta(seconds=1)
    begins = Trigger(on=On.DATE, segment_id=segment.segment_id, at=moment)
    journey = await started(db, shop, line(begins, Wait()))
    call = [each for each in SWEEPS if each.name == "journeys.call"]
    await asyncio.gather(*(sweep_once(db, call) for _ in range(3)))
    await sweep_once(db, call)
    assert len(await stands(db, journey)) == 5
    assert (await db.ask(journeys.funnel, shop, journey)).entered == 5


async def _due(db: Database, journey_id: UUID, buyer_id: UUID) -> datetime:
    async def ask(read: Read) -> datetime:
        return await read.value(
            "SELECT due_at FROM journey_enrolments WHERE journey_id = $1 AND buyer_id = $2", journey_id, buyer_id
        )

    return await db.ask(ask)


async def _cleared(read: Read, journey_id: UUID) -> datetime | None:
    return await read.value("SELECT cleared_at FROM journeys WHERE journey_id = $1", journey_id)


async def _ended_before(tx: Tx, journey_id: UUID) -> None:
    await tx.execute("UPDATE journeys SET ended_at = ended_at - interval '2 minutes' WHERE journey_id = $1", journey_id)


async def _group(db: Database, merchant_id: UUID) -> UUID:
    group = Group(merchant_id=MerchantId(merchant_id), group_id=GroupId(ids.mint()), name=NAME)
    await db.transact(promotions.set_group, group)
    return group.group_id
