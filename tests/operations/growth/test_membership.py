"""Members earn growth once for each thing, lose it with the money, and stand where their lines say."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, FreeShipping, Offer, PromotionId, SpecialPrice, Step
from steelyard.kernel import days, events, ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.money import wallets
from steelyard.money.wallets import Purse
from steelyard.operations import growth, segments
from steelyard.operations.growth import Cause, ChangedMeanwhile, Level, NoProgramme, Task, TaskTerms
from steelyard.operations.lifecycle.subscribers import SUBSCRIBER as LIFECYCLE
from steelyard.parties import customers, notifications, policies
from steelyard.parties.customers.model import Buyer, BuyerId
from steelyard.parties.policies.model import POINTS_EARNED
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from steelyard.worker import subscribers
from tests.operations.growth.conftest import LEVELS, at, heard, opened, received, wanted
from tests.support import deal
from tests.support.world import World


async def test_an_order_received_earns_growth_once_and_lifts_into_group_list_and_price(
    db: Database, world: World
) -> None:
    shop, buyer_id = world.tea.merchant_id, world.buyer.buyer_id
    assert buyer_id is not None
    await opened(db, shop)

    order = await received(db, world, buyer_id, pieces=2)  # two at 39.90, and freight
    await db.transact(growth.earn_orders, [(shop, order.order_id)], days.today())

    member = await db.ask(growth.member, shop, buyer_id)
    assert (member.growth, member.rank) == (90, 1)
    programme = await db.ask(growth.programme, shop, days.today())
    assert programme is not None
    silver, gold = programme.levels
    assert (silver.members, gold.members) == (1, 0)
    assert [each.buyer_id for each in await db.ask(promotions.members, shop, silver.group_id)] == [buyer_id]
    [own] = await db.ask(promotions.own_offers, buyer_id)
    assert own.rule == SpecialPrice(millionths=20_000)

    await events.drain(db, [LIFECYCLE])
    assert await db.transact(growth.list_members) == 1
    assert await db.ask(segments.members, shop, silver.list_id) == [buyer_id]

    await received(db, world, buyer_id)
    member = await db.ask(growth.member, shop, buyer_id)
    assert (member.growth, member.rank) == (137, 2)  # 39.90 less two in a hundred, and freight, are 47.10
    await db.transact(growth.list_members)
    assert await db.ask(segments.members, shop, silver.list_id) == []
    offer = await db.ask(promotions.get, shop, gold.freight_offer)
    assert offer is not None and offer.rule == FreeShipping(over=0)
    told = await db.ask(notifications.notices_of, buyer_id, None, 10)
    assert sorted(each.facts.name["en"] for each in told) == ["Gold", "Silver"]


async def test_a_refund_takes_growth_and_level_back_and_reviews_count_so_often_in_a_month(
    db: Database, world: World
) -> None:
    shop, buyer_id = world.tea.merchant_id, world.buyer.buyer_id
    assert buyer_id is not None
    await opened(db, shop)
    order = await received(db, world, buyer_id, pieces=3)
    assert (await db.ask(growth.member, shop, buyer_id)).rank == 2

    await deal.refunded(db, order, Returned(1, 1))
    await heard(db)
    await heard(db)
    assert (await db.ask(growth.member, shop, buyer_id)).growth == 92
    await deal.refunded(db, order, Returned(1, 2))
    await heard(db)

    member = await db.ask(growth.member, shop, buyer_id)
    assert (member.growth, member.rank, member.falls_on) == (12, 0, None)  # the freight was not given back
    lines = await db.ask(growth.lines, shop, buyer_id)
    assert sorted((each.cause, each.amount) for each in lines) == [
        (Cause.ORDER, 132),
        (Cause.REFUND, -80),
        (Cause.REFUND, -40),
    ]
    assert [each.to_rank for each in await db.ask(growth.level_moves, shop, buyer_id)] == [0, 1, 2]

    for _ in range(2):
        await db.transact(growth.check_in, shop, buyer_id, days.today())
    assert (await db.ask(growth.member, shop, buyer_id)).growth == 15
    with pytest.raises(NoProgramme):
        await db.transact(growth.check_in, world.tools.merchant_id, buyer_id, days.today())


async def test_a_level_is_kept_for_its_time_its_holder_is_told_and_then_it_falls(db: Database, world: World) -> None:
    shop, buyer_id = world.tea.merchant_id, world.buyer.buyer_id
    assert buyer_id is not None
    programme = await opened(db, shop)
    rule = programme.rule
    await received(db, world, buyer_id, pieces=3)
    member = await db.ask(growth.member, shop, buyer_id)
    last = days.today() + timedelta(days=rule.window_days + rule.keep_days)
    assert member.falls_on == last

    await db.transact(at, shop, rule.window_days + rule.keep_days - rule.warn_days, buyer_id)
    assert await db.transact(growth.days_pass, days.today()) == 1
    member = await db.ask(growth.member, shop, buyer_id)
    assert (member.growth, member.rank) == (0, 2)
    assert member.falls_on == days.today() + timedelta(days=rule.warn_days)
    told = await db.ask(notifications.notices_of, buyer_id, None, 10)
    assert [each.kind for each in told].count("level_ends") == 1
    assert await db.transact(growth.days_pass, days.today()) == 0

    await db.transact(at, shop, rule.warn_days, buyer_id)
    await db.transact(growth.days_pass, days.today())
    assert (await db.ask(growth.member, shop, buyer_id)).rank == 0
    assert await db.ask(promotions.own_offers, buyer_id) == []


async def test_a_membership_is_changed_as_a_whole_closed_and_opened_again(db: Database, world: World) -> None:
    shop, buyer_id, today = world.tea.merchant_id, world.buyer.buyer_id, days.today()
    assert buyer_id is not None
    first = await opened(db, shop)
    await db.transact(growth.set_up, first, "Li Na", today)
    with pytest.raises(ChangedMeanwhile):
        await db.transact(growth.set_up, wanted(shop, levels=LEVELS[:1]), "Wang", today)
    await received(db, world, buyer_id, pieces=3)

    was = await db.ask(growth.programme, shop, today)
    assert was is not None
    rule = msgspec.structs.replace(first.rule, keep_days=0)
    fewer = wanted(shop, levels=LEVELS[:1], seen=1, tasks=(TaskTerms(task=Task.FOLLOW, amount=5),), rule=rule)
    await db.transact(growth.set_up, fewer, "Li Na", today)
    await db.transact(growth.days_pass, today)
    assert (await db.ask(growth.member, shop, buyer_id)).rank == 1
    assert (await db.ask(segments.segment, shop, was.levels[1].list_id)).archived_at is not None
    assert await db.transact(growth.days_pass, today + timedelta(days=1)) == 1, "the new rule counts for everybody"
    falls_on = (await db.ask(growth.member, shop, buyer_id)).falls_on
    assert falls_on == today + timedelta(days=rule.window_days), "a level is kept no longer"

    await db.transact(growth.close, shop, today)
    assert not await db.ask(growth.is_open, shop)
    assert await db.ask(promotions.own_offers, buyer_id) == []
    assert await db.ask(growth.levels_of, shop, [buyer_id]) == {}
    await received(db, world, buyer_id)
    assert (await db.ask(growth.member, shop, buyer_id)).growth == 180

    dearer = msgspec.structs.replace(LEVELS[0], percent_off=7)
    await db.transact(growth.set_up, msgspec.structs.replace(fewer, levels=(dearer,), seen=3), "Li Na", today)
    assert await db.ask(promotions.own_offers, buyer_id) == [], "what is closed brings nothing, whoever saves it"
    await db.transact(growth.reopen, shop, "Li Na", today)
    [own] = await db.ask(promotions.own_offers, buyer_id)
    assert own.rule == SpecialPrice(millionths=70_000)
    again = await db.ask(growth.programme, shop, today)
    assert again is not None and again.tasks == fewer.tasks
    for levels, field in (
        ((), "levels"),
        ((Level(rank=1, name=text("", ""), threshold=5),), "name_1_zh"),
        ((LEVELS[0], Level(rank=2, name=text("金", "Gold"), threshold=50)), "threshold_2"),
        ((Level(rank=1, name=text("银", "Silver"), threshold=5, points_extra=10),), "points_1"),
        ((Level(rank=1, name=text("银", "Silver"), threshold=5, birthday_coupon=ids.mint()),), "birthday_1"),
    ):
        with pytest.raises(Invalid) as refused:
            await db.transact(growth.set_up, wanted(shop, levels=levels, seen=9), "Li Na", today)
        assert field in refused.value.fields


async def test_the_platforms_level_brings_points_and_a_coupon_for_the_birthday(db: Database, world: World) -> None:
    buyer_id, today = world.buyer.buyer_id, days.today()
    assert buyer_id is not None
    coupon = Offer(
        merchant_id=PLATFORM, promotion_id=PromotionId(ids.mint()), name=text("生日券", "Birthday"),
        rule=AmountOff(steps=(Step(500, 500),)), currency="CNY", coupon=True, given=True, per_buyer=1,
        starts_at=days.begins(today), ends_at=days.begins(today) + timedelta(days=60), platform_millionths=1_000_000,
    )  # fmt: skip
    await db.transact(promotions.save, coupon)
    await db.transact(policies.settle, POINTS_EARNED, 2, None)
    level = Level(
        rank=1,
        name=text("金", "Gold"),
        threshold=30,
        points_extra=50,
        birthday_coupon=coupon.promotion_id,
        priority=True,
    )
    await opened(db, PLATFORM, levels=(level,))
    await received(db, world, buyer_id)
    order = await received(db, world, buyer_id, pieces=2)
    await events.drain(db, subscribers())

    # The first order was received without a level; the second earns half as much again.
    assert await _points(db, buyer_id) == 96 + 180 + 90
    await deal.refunded(db, order, Returned(1, 1))
    await events.drain(db, subscribers())
    assert await _points(db, buyer_id) == 96 + 100 + 50

    for day, count in ((today, 1), (today, 0), (today + timedelta(days=20), 0), (today + timedelta(days=366), 1)):
        await db.transact(customers.set_birthday, buyer_id, day.strftime("%m-%d"))
        assert await db.transact(growth.give_birthday_coupons, day) == count
    counted = "SELECT count(*) FROM coupon_claims WHERE promotion_id = $1"
    had = await db.ask(lambda read: read.value(counted, coupon.promotion_id))
    assert had == 2, "each year has its own, though one may have only one of it otherwise"
    await db.transact(growth.forget, [buyer_id])
    assert await db.ask(growth.memberships, buyer_id) == []


async def _points(db: Database, buyer_id: object) -> int:
    found = await db.ask(wallets.amounts, buyer_id)
    return sum(each.amount for each in found if each.purse is Purse.POINTS)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 3)),
        st.tuples(st.just("back"), st.integers(0, 3)),
        st.tuples(st.just("days"), st.integers(20, 200)),
        st.tuples(st.just("look in"), st.just(0)),
    ),
    min_size=2,
    max_size=7,
)  # fmt: skip


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
async def test_what_is_counted_bit_by_bit_is_what_a_full_count_finds(
    db: Database, world: World, steps: list[tuple[str, int]]
) -> None:
    if not await db.ask(growth.is_open, world.tea.merchant_id):
        await opened(db, world.tea.merchant_id)
    shop, buyer_id = world.tea.merchant_id, BuyerId(ids.mint())
    more = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 20)]
    await db.transact(inventory.receive, shop, more, document=ids.mint(), by="system")
    await db.transact(customers.register, Buyer(buyer_id=buyer_id, email=None, name="A", locale="en", guest=False))
    bought: list[tuple[Order, int]] = []
    for what, number in steps:
        if what == "buy":
            bought.append((await received(db, world, buyer_id, pieces=number), number))
        elif what == "back" and bought:
            order, left = bought.pop(number % len(bought))
            await deal.refunded(db, order, Returned(1, 1))
            bought += [(order, left - 1)] if left > 1 else []
        elif what == "look in":
            await db.transact(growth.check_in, shop, buyer_id, days.today())
        elif what == "days":
            await db.transact(at, shop, number, buyer_id)
            await db.transact(growth.days_pass, days.today())
        await heard(db)

    lines = await db.ask(growth.lines, shop, buyer_id)
    orders = [line.document for line in lines if line.cause is Cause.ORDER]
    for each in await db.ask(growth.of_orders, [(shop, order_id) for order_id in orders]):
        assert sum(line.amount for line in lines if each.document in (line.document, line.about)) == each.amount
    spans = [growth.Span(line.amount, line.day, line.until) for line in lines]
    stands = growth.standing(spans, days.today(), [level.threshold for level in LEVELS], 90, 15)
    member = await db.ask(growth.member, shop, buyer_id)
    assert (member.growth, member.rank, member.falls_on) == (stands.growth, stands.rank, stands.falls_on)
