"""A coupon of the platform for the members of a segment of the marketplace: it counts in all shops, each pays its part of it, and
neither a shop's coupons nor its segments are among what the platform can choose."""

import asyncio
from typing import Any

import pytest

from steelyard.goods.promotions.model import PLATFORM, PromotionId
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import growth
from steelyard.operations.experiments.jobs import SWEEPS as MEASURING
from steelyard.operations.experiments.model import Metric
from steelyard.operations.growth.target_lift import Cost
from steelyard.parties.customers.model import BuyerId
from tests.operations.growth.test_targeted_coupons import (
    OFF,
    begun,
    coupon,
    drawn_up,
    held,
    holders,
    look_again,
    now,
    people,
)
from tests.support import deal
from tests.support.world import World

HALF = 500_000


async def its_coupon(db: Database, world: World, **more: Any) -> PromotionId:
    """Five off ten in all shops; the platform pays half of it."""
    return await coupon(db, world, merchant_id=PLATFORM, platform_millionths=HALF, **more)


async def test_the_platforms_budget_is_never_exceeded_and_both_parts_are_cut_at_the_same_place(
    db: Database, world: World
) -> None:
    segment, who = await people(db, world, of=PLATFORM)
    new = await begun(
        db, world, segment, merchant_id=PLATFORM, promotion_id=await its_coupon(db, world), budget=11 * OFF - 1
    )

    for _ in range(3):
        await asyncio.gather(*(look_again(db, new) for _ in range(3)))

    found = await now(db, new)
    assert (found.most, found.given, found.full) == (10, 10, True)
    assert len(await holders(db, new)) == 10
    assert await holders(db, new) | await held(db, new) == set(sorted(who)[: found.given + found.held])


async def test_a_coupon_that_two_shops_took_is_one_that_was_used_and_the_platforms_part_is_told_apart(
    db: Database, world: World
) -> None:
    segment, who = await people(db, world, of=PLATFORM)
    new = await begun(db, world, segment, merchant_id=PLATFORM, promotion_id=await its_coupon(db, world))
    await db.transact(growth.give_targeted)
    got = min(await holders(db, new))
    without = min(set(who) - await holders(db, new))
    both = [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)]

    bought = await deal.paid(db, both, BuyerId(got))
    await deal.paid(db, both, BuyerId(without))
    for order in bought:
        await deal.shipped(db, order)
        await deal.received(db, order)
    bought = [await deal.again(db, order) for order in bought]
    await deal.at_rest(db)
    await sweep_once(db, [each for each in MEASURING if each.name == "experiments.measure"])

    found, lift = await db.ask(growth.lift, PLATFORM, new.targeted_id)
    effects = {each.metric: each for each in lift.effects}
    assert {order.merchant_id for order in bought} == {world.tea.merchant_id, world.tools.merchant_id}
    assert lift.cost == Cost(used=1, amount=OFF, platform=OFF // 2)
    assert sum(order.subsidy for order in bought) == OFF // 2, "it lies with what the platform pays to shops"
    assert lift.people == (found.held, found.given)
    assert effects[Metric.REVENUE].gets.summed == sum(order.total for order in bought), "in all shops"
    assert effects[Metric.REVENUE].held.summed == effects[Metric.REVENUE].gets.summed + OFF
    assert effects[Metric.MARGIN].gets.summed == sum(order.total for order in bought)
    assert sum(order.subsidy - order.commission for order in bought) != 0, "what one pays the other is not in it"


async def test_neither_reaches_what_is_the_others(db: Database, world: World) -> None:
    theirs, _ = await people(db, world, 2)
    its, _ = await people(db, world, 2, of=PLATFORM)
    new = await drawn_up(db, world, its, merchant_id=PLATFORM, promotion_id=await its_coupon(db, world))
    own = await coupon(db, world)
    wrongs = [
        ({"merchant_id": PLATFORM, "promotion_id": own}, its, {"coupon"}),
        ({"merchant_id": PLATFORM, "promotion_id": await its_coupon(db, world)}, theirs, {"segment"}),
        ({"promotion_id": await its_coupon(db, world)}, theirs, {"coupon"}),
        ({"promotion_id": own}, its, {"segment"}),
    ]

    for wrong, segment, fields in wrongs:
        with pytest.raises(Invalid) as refused:
            await drawn_up(db, world, segment, **wrong)
        assert set(refused.value.fields) == fields
    for command in (growth.start_targeted, growth.stop_targeted, growth.drop_targeted):
        with pytest.raises(NotFound):
            await db.transact(command, world.tea.merchant_id, new.targeted_id, "staff:shop")
    assert await db.ask(growth.all_targeted, world.tea.merchant_id) == []
    assert [each.promotion_id for each in await db.ask(growth.targetable, world.tea.merchant_id, "CNY", 50)] == [own]
    offered = {each.promotion_id for each in await db.ask(growth.targetable, PLATFORM, "CNY", 50)}
    assert own not in offered and new.promotion_id not in offered and len(offered) == 2
