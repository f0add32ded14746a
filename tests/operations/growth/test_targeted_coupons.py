"""A coupon for the members of a segment, some of whom are held out: given once, within its limits, and measured against them; the
example of docs/algorithms/targeted-coupons.md."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, BuyGet, FreeShipping, Offer, PromotionId, RateOff, Rule, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.operations import experiments, growth, segments
from steelyard.operations.experiments.jobs import SWEEPS as MEASURING
from steelyard.operations.experiments.judging import judge
from steelyard.operations.experiments.model import Experiment, ExperimentId, Kind, Look, Metric, State, Variant
from steelyard.operations.experiments.statistics import Sums
from steelyard.operations.growth import CouponNotFree, NewTargeted, Targeted, TargetedId, TargetState
from steelyard.operations.growth.jobs import SWEEPS
from steelyard.operations.growth.target_lift import Cost, lifted
from steelyard.operations.growth.target_model import most_of, shared_out, worth_of
from steelyard.operations.segments.model import Kind as SegmentKind
from steelyard.operations.segments.model import Segment, SegmentId
from steelyard.parties import customers
from steelyard.parties.customers.model import Buyer, BuyerId
from tests.operations.segments.conftest import seen
from tests.support import deal
from tests.support.world import World

PARTS = ("Held out", "Get one")
OFF = 500
PEOPLE = 40


async def coupon(db: Database, world: World, **more: Any) -> PromotionId:
    """Five off fifty, which the tea shop gives."""
    facts: dict[str, Any] = {
        "merchant_id": world.tea.merchant_id, "promotion_id": PromotionId(ids.mint()), "name": text("回来看看", "Come back"),
        "rule": AmountOff(steps=(Step(1_000, OFF),)), "currency": "CNY", "coupon": True, "given": True, "per_buyer": 1,
        "starts_at": datetime.now(UTC) - timedelta(minutes=1), "ends_at": datetime.now(UTC) + timedelta(days=60),
    }  # fmt: skip
    offer = Offer(**{**facts, **more})
    await db.transact(promotions.save, offer)
    return offer.promotion_id


async def people(db: Database, world: World, count: int = PEOPLE, of: UUID | None = None) -> tuple[Segment, list[UUID]]:
    """A list of customers, of the tea shop or of another place, who have bought nothing."""
    segment = Segment(
        merchant_id=world.tea.merchant_id if of is None else of, segment_id=SegmentId(ids.mint()), kind=SegmentKind.LIST,
        name=text("沉睡老客", "Asleep"), owner="Li Na",
    )  # fmt: skip
    await db.transact(segments.make_list, segment)
    return segment, await joined(db, world, segment, count)


async def joined(db: Database, world: World, segment: Segment, count: int) -> list[UUID]:
    buyers = [
        Buyer(
            buyer_id=BuyerId(ids.mint()),
            email=f"{n}.{ids.mint()}@example.com",
            name="Somebody",
            locale="en",
            guest=False,
        )
        for n in range(count)
    ]
    await db.transact(_registered, buyers)
    who: list[UUID] = [each.buyer_id for each in buyers]
    await seen(db, world, [*who, visitor := ids.mint()], segment.merchant_id)
    await db.transact(segments.add_people, segment.merchant_id, segment.segment_id, [visitor])  # without an account
    await db.transact(segments.add_people, segment.merchant_id, segment.segment_id, who)
    return who


async def _registered(tx: Tx, buyers: Sequence[Buyer]) -> None:
    for each in buyers:
        await customers.register(tx, each)


async def drawn_up(db: Database, world: World, segment: Segment, **more: Any) -> NewTargeted:
    facts: dict[str, Any] = {
        "merchant_id": world.tea.merchant_id, "targeted_id": TargetedId(ids.mint()), "name": "Wake them",
        "segment_id": segment.segment_id, "currency": "CNY", "held_out": 25, "coupons": 1_000,
    }  # fmt: skip
    if "promotion_id" not in more:
        facts["promotion_id"] = await coupon(db, world)
    new = NewTargeted(**{**facts, **more})
    for _ in range(2):
        await db.transact(growth.draw_up_targeted, new, PARTS, "staff:test")
    return new


async def begun(db: Database, world: World, segment: Segment, **more: Any) -> NewTargeted:
    new = await drawn_up(db, world, segment, **more)
    for _ in range(2):
        await db.transact(growth.start_targeted, new.merchant_id, new.targeted_id, "staff:test")
    return new


async def now(db: Database, new: NewTargeted) -> Targeted:
    return await db.ask(growth.targeted, new.merchant_id, new.targeted_id)


async def holders(db: Database, new: NewTargeted) -> set[UUID]:
    return set(await db.ask(promotions.holders, new.promotion_id, None, 1_000))


async def look_again(db: Database, new: NewTargeted) -> None:
    """Half a minute has passed since the sweep found nobody more."""
    await db.transact(_old, new.targeted_id)
    await db.transact(growth.give_targeted)


async def _old(tx: Tx, targeted_id: UUID) -> None:
    await tx.execute("UPDATE targeted_coupons SET looked_at = NULL WHERE targeted_id = $1", targeted_id)


async def test_each_member_is_in_one_part_once_whoever_sweeps_and_who_is_held_out_never_gets_one(
    db: Database, world: World
) -> None:
    segment, first = await people(db, world)
    new = await begun(db, world, segment, joining=True)
    assert await holders(db, new) == set(), "the sweep gives, not who presses"
    await asyncio.gather(*(db.transact(growth.give_targeted) for _ in range(3)))
    await look_again(db, new)
    found, held_out = await now(db, new), set(first) - await holders(db, new)
    assert (found.given, found.held, found.passed) == (len(first) - len(held_out), len(held_out), True)
    assert 0 < len(held_out) < PEOPLE / 2
    assert await held(db, new) == held_out

    later = await joined(db, world, segment, 12)
    await asyncio.gather(*(look_again(db, new) for _ in range(2)))
    await look_again(db, new)
    found = await now(db, new)
    assert found.given + found.held == PEOPLE + 12
    assert await holders(db, new) <= set(first) | set(later)
    assert not held_out & await holders(db, new)
    assert len(await holders(db, new)) == found.given

    other = await begun(db, world, segment)
    await db.transact(growth.give_targeted)
    latest = await joined(db, world, segment, 4)
    await look_again(db, other)
    assert not set(latest) & await holders(db, other), "who comes later was not asked for"
    assert await held(db, other) != await held(db, new), "another time others are held out"
    assert [each.name for each in await db.ask(growth.all_targeted, new.merchant_id)] == ["Wake them", "Wake them"]


async def held(db: Database, new: NewTargeted) -> set[UUID]:
    rows = await db.ask(
        lambda read: read.fetch(
            "SELECT unit_id FROM experiment_units WHERE experiment_id = $1 AND variant = 0", new.targeted_id
        )
    )
    return {row["unit_id"] for row in rows}


async def test_the_budget_is_never_exceeded_and_both_parts_are_cut_at_the_same_place(
    db: Database, world: World
) -> None:
    segment, who = await people(db, world)
    new = await begun(db, world, segment, coupons=30, budget=10 * OFF + OFF - 1)
    assert (await now(db, new)).most == 10
    for _ in range(3):
        await asyncio.gather(*(look_again(db, new) for _ in range(3)))
    found = await now(db, new)
    assert (found.given, found.full, len(await holders(db, new))) == (10, True, 10)
    assert await holders(db, new) | await held(db, new) == set(sorted(who)[: found.given + found.held])
    with pytest.raises(asyncpg.CheckViolationError, match="never_set_aside_more"):
        await db.transact(lambda tx: tx.execute("UPDATE targeted_coupons SET given = given + 1"))

    few = await begun(db, world, segment, promotion_id=await coupon(db, world, copies=3))
    for _ in range(3):
        await look_again(db, few)
    assert (await now(db, few)).given == 3 == len(await holders(db, few))


async def test_it_stops_at_once_and_takes_unused_ones_back(db: Database, world: World) -> None:
    segment, _ = await people(db, world, 12)
    new = await begun(db, world, segment)
    await db.transact(growth.give_targeted)
    user = min(await holders(db, new))
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(user))
    for _ in range(2):
        await db.transact(growth.stop_targeted, new.merchant_id, new.targeted_id, "staff:test", take_back=True)
    await joined(db, world, segment, 5)
    await sweep_once(db, [each for each in SWEEPS if "targeted" in each.name])
    found = await now(db, new)
    assert (found.state, await holders(db, new), found.taken_at is not None) == (TargetState.STOPPED, set(), True)
    assert found.taken_back == found.given - 1, "what was used stays used"
    measured, _, _ = await db.ask(experiments.results, new.merchant_id, new.targeted_id)
    assert measured.state is State.STOPPED
    with pytest.raises(TransitionRefused):
        await db.transact(growth.start_targeted, new.merchant_id, new.targeted_id, "staff:test")

    over = await begun(db, world, segment, days=1)
    await db.transact(growth.give_targeted)
    await db.transact(_day_passes, over.targeted_id)
    assert await db.transact(growth.end_targeted) == 1
    assert await db.transact(growth.give_targeted) == 0
    assert ((await now(db, over)).state, len(await holders(db, over))) == (
        TargetState.OVER,
        (await now(db, over)).given,
    )
    await db.transact(growth.stop_targeted, over.merchant_id, over.targeted_id, "staff:test", take_back=True)
    assert await db.transact(growth.take_targeted_back) == (await now(db, over)).given
    assert await holders(db, over) == set()


async def _day_passes(tx: Tx, targeted_id: UUID) -> None:
    await tx.execute("UPDATE targeted_coupons SET until = now() WHERE targeted_id = $1", targeted_id)


async def test_what_makes_no_sense_is_refused_and_another_shop_cannot_reach_it(db: Database, world: World) -> None:
    segment, _ = await people(db, world, 2)
    new = await drawn_up(db, world, segment)
    shelf = await coupon(db, world, given=False)
    unbounded = await coupon(db, world, rule=RateOff(steps=(Step(0, 100_000),)))
    wrongs: Sequence[tuple[dict[str, Any], set[str]]] = [
        ({"name": "", "held_out": 4, "days": 91, "coupons": 0}, {"name", "held_out", "days", "coupons"}),
        ({"coupons": None}, {"coupons"}),
        ({"segment_id": uuid4()}, {"segment"}),
        ({"promotion_id": shelf}, {"coupon"}),
        ({"promotion_id": new.promotion_id}, {"coupon"}),
        ({"promotion_id": unbounded, "budget": 10_000}, {"budget"}),
        ({"budget": OFF - 1}, {"budget"}),
        ({"merchant_id": world.tools.merchant_id}, {"segment", "coupon"}),
    ]
    for wrong, fields in wrongs:
        with pytest.raises(Invalid) as refused:
            await drawn_up(db, world, segment, **wrong)
        assert set(refused.value.fields) == fields
    for command in (growth.start_targeted, growth.stop_targeted, growth.drop_targeted):
        with pytest.raises(NotFound):
            await db.transact(command, world.tools.merchant_id, new.targeted_id, "staff:other")
    with pytest.raises(NotFound):
        await db.ask(growth.lift, world.tools.merchant_id, new.targeted_id)
    with pytest.raises(TransitionRefused):
        await db.transact(growth.stop_targeted, new.merchant_id, new.targeted_id, "staff:test")

    await db.transact(promotions.hand_out, new.merchant_id, new.promotion_id, [ids.mint()])
    with pytest.raises(CouponNotFree):
        await db.transact(growth.start_targeted, new.merchant_id, new.targeted_id, "staff:test")
    for _ in range(2):
        await db.transact(growth.drop_targeted, new.merchant_id, new.targeted_id, "staff:test")
    assert await db.ask(growth.all_targeted, new.merchant_id) == []


async def test_what_was_bought_after_it_was_given_is_measured_and_the_coupons_that_were_used_are_its_cost(
    db: Database, world: World
) -> None:
    segment, who = await people(db, world)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(who[0]))
    new = await begun(db, world, segment)
    await db.transact(growth.give_targeted)
    got = sorted(await holders(db, new))
    without = sorted(set(who) - set(got))[0]
    for buyer in (got[0], got[1], without):
        await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(buyer))
    await sweep_once(db, [each for each in MEASURING if each.name == "experiments.measure"])
    found, lift = await db.ask(growth.lift, new.merchant_id, new.targeted_id)
    effects = {each.metric: each for each in lift.effects}
    assert lift.people == (found.held, found.given)
    assert lift.cost == Cost(used=2, amount=2 * OFF)
    assert (effects[Metric.ORDERS].gets.summed, effects[Metric.ORDERS].held.summed) == (2, 1)
    assert effects[Metric.REVENUE].gets.summed == 2 * effects[Metric.REVENUE].held.summed - 2 * OFF
    assert lift.few
    assert not lift.broken
    assert lift.on_revenue is not None


def measured(held_out: Sums, gets: Sums, revenue: tuple[Sums, Sums]) -> growth.Lift:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    experiment = Experiment(
        merchant_id=uuid4(), experiment_id=ExperimentId(uuid4()), kind=Kind.COUPONS, state=State.RUNNING, name="", hypothesis="",
        page=None, block_id=None, journey_id=None, box=None, journey_version=None, metric="conversion", guardrails=(),
        currency="CNY", share=1_000_000, alpha=50_000, units_planned=5_000, days_max=14, salt=uuid4(),
        bought_days=None, source="", created_at=at, started_at=at, stopped_at=None, shipped=None, learning="",
        measured_at=at, mixed=0,
    )  # fmt: skip
    variants = [Variant(variant=0, name="", weight=20), Variant(variant=1, name="", weight=80)]
    looks = [
        Look(day=date(2026, 3, 8), metric="conversion", arms=[held_out, gets]),
        Look(day=date(2026, 3, 8), metric="revenue", arms=revenue),
    ]
    return lifted(judge(experiment, variants, looks), Cost(used=500, amount=500_000))


def bought(units: int, buyers: int, paid: int = 1) -> Sums:
    return Sums(units=units, summed=buyers * paid, squares=buyers * paid**2)


def bounds(of: growth.Bounds, digits: int) -> tuple[float, float, float]:
    return round(of.found, digits), round(of.low, digits), round(of.high, digits)


def test_the_example_of_the_page() -> None:
    lift = measured(bought(1_000, 100), bought(4_000, 600), (bought(1_000, 100, 10_000), bought(4_000, 600, 10_000)))
    conversion, revenue = lift.effects
    assert (conversion.held.mean, conversion.gets.mean) == (0.1, 0.15)
    assert bounds(conversion.each, 4) == (0.05, 0.0165, 0.0835)
    assert bounds(conversion.altogether, 0) == (200, 66, 334)
    assert bounds(revenue.each, 0) == (500, 165, 835)
    assert bounds(revenue.altogether, -2) == (2_000_000, 659_100, 3_340_900)
    assert lift.on_revenue is not None
    assert bounds(lift.on_revenue, 2) == (4.0, 1.32, 6.68)
    assert (lift.few, lift.broken) == (False, False)
    few = measured(bought(99, 30), bought(400, 60), (bought(99, 30, 10), bought(400, 60, 10)))
    assert few.few
    assert measured(bought(300, 30), bought(400, 60), (bought(300, 30), bought(400, 60))).broken


@given(st.lists(st.uuids(), unique=True, max_size=60), st.uuids(), st.integers(5, 50), st.none() | st.integers(0, 30))
def test_who_is_in_which_part_depends_on_nobody_else(
    who: list[UUID], salt: UUID, held_out: int, left: int | None
) -> None:
    gets, kept = shared_out(salt, held_out, who, left)
    everybody = shared_out(salt, held_out, who, None)
    assert left is None or len(gets) <= left
    assert set(gets) <= set(everybody[0])
    assert set(kept) <= set(everybody[1])
    seen_by_now = len(gets) + len(kept)
    assert sorted(gets + kept) == sorted(who[:seen_by_now]), "it is a beginning of them"
    assert seen_by_now == len(who) or len(gets) == left


@pytest.mark.parametrize(
    ("rule", "worth"),
    [
        (AmountOff(steps=(Step(5_000, 500), Step(9_000, 1_200))), 1_200),
        (AmountOff(steps=(Step(5_000, 500),), again=True), None),
        (AmountOff(steps=(Step(5_000, 500),), again=True, at_most=2_000), 2_000),
        (RateOff(steps=(Step(0, 100_000),), at_most=3_000), 3_000),
        (FreeShipping(at_most=800), 800),
        (BuyGet(buy=1, get=1), None),
    ],
)
def test_what_a_coupon_takes_off_at_most_is_known_by_its_rule(rule: Rule, worth: int | None) -> None:
    assert worth_of(rule) == worth


def test_both_limits_count() -> None:
    assert most_of(100, 30_000, 1_000) == 30
    assert most_of(20, 30_000, 1_000) == 20
    assert most_of(20, None, None) == 20
    assert most_of(None, 999, 1_000) == 0
