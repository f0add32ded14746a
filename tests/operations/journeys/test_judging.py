"""The ways of a split judged by an experiment: who goes which way, who counts, what came of it, what becomes of the journey."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import behaviour, experiments, journeys
from steelyard.operations.experiments.jobs import SWEEPS
from steelyard.operations.experiments.model import (
    Advice,
    ExperimentId,
    Kind,
    NewExperiment,
    NothingToShip,
    SplitIsTaken,
    State,
    Variant,
)
from steelyard.operations.journeys.model import (
    Exit,
    Graph,
    JourneyId,
    JourneyNotBegun,
    JourneyOver,
    Node,
    Reentry,
    Settings,
    Setup,
    Split,
    SplitChanged,
    SplitIsJudged,
    Task,
    Wait,
)
from steelyard.parties.customers.model import BuyerId
from tests.operations.journeys.conftest import NAME, PAID, PLAIN, go, happens, people, started
from tests.support import deal
from tests.support.world import World

BY = "li"
AGAIN = msgspec.structs.replace(PLAIN, reentry=Reentry.ENDED)


def forked(weights: tuple[int, ...] = (50, 50), says: str = "Write to them", settings: Settings = AGAIN) -> Graph:
    """A split, of whose ways the first leads to the end and each other to a task."""
    ends: dict[str, str | None] = {"a": "end", **dict.fromkeys("bcd"[: len(weights) - 1], "task")}
    boxes: list[tuple[str, Setup, dict[str, str | None]]] = [
        ("begin", PAID, {"then": "split"}),
        ("split", Split(weights=weights), ends),
        ("task", Task(title=says), {"then": "end"}),
        ("end", Exit(), {}),
    ]
    return Graph(nodes=tuple(Node(key=key, setup=setup, next=ways) for key, setup, ways in boxes), settings=settings)


async def drawn(db: Database, merchant_id: UUID, journey_id: UUID, **more: object) -> NewExperiment:
    new = NewExperiment(
        merchant_id=merchant_id, experiment_id=ExperimentId(ids.mint()), kind=Kind.JOURNEY, name="A call after the order",
        hypothesis="Who is called comes back", metric="conversion", guardrails=("refunds",), currency="CNY",
        journey_id=journey_id, box="split", units_planned=100,
        variants=[Variant(variant=0, name="Nothing"), Variant(variant=1, name="A call")],
    )  # fmt: skip
    new = msgspec.structs.replace(new, **more)
    await db.transact(journeys.judge_split, new, BY)
    return new


async def judged(db: Database, merchant_id: UUID, journey_id: UUID, **more: object) -> NewExperiment:
    new = await drawn(db, merchant_id, journey_id, **more)
    await db.transact(journeys.start_judging, merchant_id, new.experiment_id, BY)
    return new


async def pass_by(db: Database, merchant_id: UUID, journey_id: UUID, some: Sequence[UUID]) -> None:
    await happens(db, merchant_id, "order_paid", some)
    await go(db, merchant_id, journey_id)


async def ways(db: Database, journey_id: UUID) -> dict[UUID, list[str]]:
    """By which ways of the split each went, in the order of their times."""

    async def ask(read: Read) -> Sequence[Any]:
        return await read.fetch(
            "SELECT buyer_id, out FROM journey_steps WHERE journey_id = $1 AND node = 'split' ORDER BY entry",
            journey_id,
        )

    found: dict[UUID, list[str]] = {}
    for row in await db.ask(ask):
        found.setdefault(row["buyer_id"], []).append(row["out"])
    return found


async def counted(db: Database, new: NewExperiment) -> dict[UUID, int]:
    async def ask(read: Read) -> Sequence[Any]:
        return await read.fetch(
            "SELECT unit_id, variant FROM experiment_units WHERE experiment_id = $1", new.experiment_id
        )

    return {row["unit_id"]: row["variant"] for row in await db.ask(ask)}


async def state_of(db: Database, new: NewExperiment) -> tuple[State, int | None]:
    found, _ = await db.ask(experiments.experiment, new.merchant_id, new.experiment_id)
    return found.state, found.shipped


async def redrawn(db: Database, merchant_id: UUID, journey_id: JourneyId, graph: Graph) -> int:
    """Edit the journey, and put it into force."""
    was = await db.ask(journeys.journey, merchant_id, journey_id)
    revision = await db.transact(journeys.change, merchant_id, journey_id, NAME, graph, was.revision, BY)
    return await db.transact(journeys.start, merchant_id, journey_id, revision, BY)


async def test_a_person_goes_the_same_way_each_time_and_counts_once(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey, some = await started(db, shop, forked()), await people(db, shop, 30)
    before = await people(db, shop, 1)
    await pass_by(db, shop, journey, before)
    new = await judged(db, shop, journey)
    found, _ = await db.ask(experiments.experiment, shop, new.experiment_id)

    for _ in range(2):
        await pass_by(db, shop, journey, some)

    went = await ways(db, journey)
    for each in some:
        turn = experiments.variant_of(found.salt, each, 1_000_000, (50, 50))
        assert went[each] == ["ab"[turn or 0]] * 2
    assert await counted(db, new) == {each: "ab".index(went[each][0]) for each in some}
    assert set((await counted(db, new)).values()) == {0, 1}

    # When it is over nobody more counts, and everybody goes on going the way they went.
    await db.transact(experiments.stop, shop, new.experiment_id, BY)
    late = await people(db, shop, 2)
    await pass_by(db, shop, journey, [*some, *late])
    went = await ways(db, journey)
    assert all(len(set(went[each])) == 1 for each in some)
    assert not set(late) & set(await counted(db, new))


async def test_what_people_pay_after_the_split_is_told_by_its_ways(db: Database, world: World) -> None:
    shop, sku_id = world.tea.merchant_id, world.items["nuts"].sku_id
    journey, some = await started(db, shop, forked()), await people(db, shop, 12)
    await deal.paid(db, [(sku_id, 1)], BuyerId(some[0]))  # before they came to the split
    new = await judged(db, shop, journey)
    await pass_by(db, shop, journey, some)
    # They went on as if it were a second later.
    await db.transact(lambda tx: tx.execute("UPDATE experiment_units SET since = since - interval '1 second'"))
    turns = await counted(db, new)
    [first, second] = [next(each for each in some if turns[each] == way) for way in (0, 1)]
    orders = [
        *await deal.paid(db, [(sku_id, 1)], BuyerId(first)),
        *await deal.paid(db, [(sku_id, 1)], BuyerId(second)),
        *await deal.paid(db, [(sku_id, 2)], BuyerId(second)),
    ]

    await sweep_once(db, SWEEPS)
    _, variants, results = await db.ask(experiments.results, shop, new.experiment_id)

    assert [each.weight for each in variants] == [50, 50]
    assert list(results.units) == [Counter(turns.values())[way] for way in (0, 1)]
    assert [arm.summed for arm in results.arms["conversion"]] == [1, 1]
    assert [arm.summed for arm in results.arms["repurchase"]] == [0, 1]
    assert [arm.summed for arm in results.arms["revenue"]] == [orders[0].total, orders[1].total + orders[2].total]
    assert sum(arm.before for arm in results.arms["revenue"]) > 0
    assert results.advice is Advice.WAIT and results.mismatch > 0.001


async def test_shares_that_the_split_does_not_have_are_an_alarm(db: Database, world: World) -> None:
    """Of a split that sends one of ten one way, half of the people were counted there: somebody is lost."""
    shop = world.tea.merchant_id
    journey, some = await started(db, shop, forked((9, 1))), await people(db, shop, 60)
    new = await judged(db, shop, journey)

    async def lose(tx: Tx) -> None:
        await tx.execute(
            """
            INSERT INTO experiment_units (merchant_id, experiment_id, unit_id, variant)
            SELECT $1, $2, u.id, u.place % 2 FROM unnest($3::uuid[]) WITH ORDINALITY AS u (id, place)
            """,
            shop, new.experiment_id, some,
        )  # fmt: skip

    await db.transact(lose)
    await sweep_once(db, SWEEPS)
    _, _, results = await db.ask(experiments.results, shop, new.experiment_id)
    assert results.mismatch < 0.001 and results.advice is Advice.BROKEN


async def test_what_follows_the_split_stays_as_it_is_while_it_is_judged(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked())
    new = await judged(db, shop, journey)

    for changed in (forked((60, 40)), forked(says="Write again"), forked((50, 25, 25))):
        with pytest.raises(SplitIsJudged) as refused:
            await redrawn(db, shop, journey, changed)
        assert refused.value.facts["name"] == new.name
    # What stands before the split, and where boxes stand, is no part of what is tried.
    calm = msgspec.structs.replace(AGAIN, cap_messages=2)
    moved = forked(settings=calm)
    moved = msgspec.structs.replace(
        moved, nodes=tuple(msgspec.structs.replace(each, x=70, note="Look") for each in moved.nodes)
    )
    assert await redrawn(db, shop, journey, moved) == 2
    some = await people(db, shop, 3)
    await pass_by(db, shop, journey, some)
    assert len(await counted(db, new)) == 3, "who comes in by a later version counts, too"

    await db.transact(experiments.stop, shop, new.experiment_id, BY)
    assert await redrawn(db, shop, journey, forked((60, 40))) == 3
    with pytest.raises(SplitChanged):  # drawn up for weights that are not in force any more
        other = await drawn(db, shop, journey)
        await redrawn(db, shop, journey, forked((70, 30)))
        await db.transact(journeys.start_judging, shop, other.experiment_id, BY)


async def test_who_came_in_by_an_earlier_version_is_not_counted(db: Database, world: World) -> None:
    """They wait before the split; meanwhile it says something else, and is judged."""
    shop = world.tea.merchant_id

    def waiting(weights: tuple[int, ...]) -> Graph:
        graph = forked(weights)
        begins = msgspec.structs.replace(graph.nodes[0], next={"then": "wait"})
        return msgspec.structs.replace(
            graph, nodes=(begins, Node(key="wait", setup=Wait(minutes=60), next={"then": "split"}), *graph.nodes[1:])
        )

    journey, early = await started(db, shop, waiting((1, 99))), await people(db, shop, 4)
    await pass_by(db, shop, journey, early)
    await redrawn(db, shop, journey, waiting((50, 50)))
    new, late = await judged(db, shop, journey), await people(db, shop, 4)
    await pass_by(db, shop, journey, late)
    await go(db, shop, journey, timedelta(minutes=61))

    assert set(await ways(db, journey)) == {*early, *late}
    assert set(await counted(db, new)) == set(late)


async def test_a_way_is_shipped_by_a_version_that_sends_everybody_there(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked())
    new = await judged(db, shop, journey)
    was = await db.ask(journeys.journey, shop, journey)
    # Somebody edits meanwhile; what they have is not put into force by the way, and does not bring the split back.
    half = msgspec.structs.replace(was.graph, nodes=(*was.graph.nodes, Node(key="more", setup=Task(title=""))))
    await db.transact(journeys.change, shop, journey, NAME, half, was.revision, BY)

    for _ in range(2):
        await db.transact(journeys.ship_way, shop, new.experiment_id, 1, BY)

    assert await state_of(db, new) == (State.STOPPED, 1)
    found = await db.ask(journeys.journey, shop, journey)
    assert (found.live_version, found.changed, found.revision) == (2, True, was.revision + 2)
    edited = found.graph.node("split")
    assert found.graph.node("more") is not None and edited is not None and edited.setup == Split(weights=(0, 1))
    [live, _] = await db.ask(journeys.versions, shop, journey)
    assert live.graph == forked((0, 1))
    some = await people(db, shop, 20)
    await pass_by(db, shop, journey, some)
    assert {way for each in (await ways(db, journey)).values() for way in each} == {"b"}
    assert await counted(db, new) == {}
    assert await db.ask(journeys.faults_of, shop, live.graph) == [], "a way that nobody goes is no fault"
    with pytest.raises(Invalid):  # nothing is left to be judged
        await drawn(db, shop, journey)
    await db.transact(experiments.archive, shop, new.experiment_id, "Calls bring them back", BY)
    with pytest.raises(TransitionRefused):
        await db.transact(journeys.ship_way, shop, new.experiment_id, 0, BY)


async def test_who_is_inside_stays_on_their_version_when_a_way_is_shipped(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    graph = forked()
    begins = msgspec.structs.replace(graph.nodes[0], next={"then": "wait"})
    graph = msgspec.structs.replace(
        graph, nodes=(begins, Node(key="wait", setup=Wait(minutes=60), next={"then": "split"}), *graph.nodes[1:])
    )
    journey, inside = await started(db, shop, graph), await people(db, shop, 20)
    new = await judged(db, shop, journey)
    await pass_by(db, shop, journey, inside)
    await db.transact(journeys.ship_way, shop, new.experiment_id, 1, BY)
    await go(db, shop, journey, timedelta(minutes=61))
    assert {way for each in (await ways(db, journey)).values() for way in each} == {"a", "b"}
    assert await counted(db, new) == {}, "it is over"


async def test_who_wants_nothing_analysed_passes_uncounted(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey, [loud, silent] = await started(db, shop, forked()), await people(db, shop, 2)
    new = await judged(db, shop, journey)
    await db.transact(lambda tx: behaviour.choose(tx, BuyerId(silent), analysed=False))
    await pass_by(db, shop, journey, [loud, silent])
    assert set(await ways(db, journey)) == {loud, silent}
    assert set(await counted(db, new)) == {loud}


async def test_one_experiment_judges_a_split_and_ends_with_its_journey(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    journey = await started(db, shop, forked())
    first, second = await judged(db, shop, journey), await drawn(db, shop, journey)
    for _ in range(2):  # said twice, nothing changes
        await db.transact(journeys.start_judging, shop, first.experiment_id, BY)
    with pytest.raises(SplitIsTaken):
        await db.transact(journeys.start_judging, shop, second.experiment_id, BY)

    await db.transact(journeys.end, shop, journey, BY)

    assert await state_of(db, first) == (State.STOPPED, None)
    steps = await db.ask(experiments.history, shop, first.experiment_id)
    assert steps[-1].note == "The journey has ended."
    for wanted in (
        db.transact(journeys.start_judging, shop, second.experiment_id, BY),
        db.transact(journeys.ship_way, shop, first.experiment_id, 1, BY),
        drawn(db, shop, journey),
    ):
        with pytest.raises(JourneyOver):
            await wanted
    with pytest.raises(NothingToShip):
        await db.transact(journeys.ship_way, shop, first.experiment_id, 2, BY)


async def test_only_a_split_in_force_and_only_ones_own_is_judged(db: Database, world: World) -> None:
    shop, other = world.tea.merchant_id, world.tools.merchant_id
    draft = JourneyId(ids.mint())
    await db.transact(journeys.make, shop, draft, NAME, BY, graph=forked())
    with pytest.raises(JourneyNotBegun):
        await drawn(db, shop, draft)
    journey = await started(db, shop, forked((2, 1, 1)))
    assert [each.weights for each in await db.ask(journeys.live_splits, shop)] == [(2, 1, 1)]
    with pytest.raises(Invalid):  # three ways, two names
        await drawn(db, shop, journey)
    three = [Variant(variant=n, name=name) for n, name in enumerate(("Nothing", "A call", "Another"))]
    with pytest.raises(Invalid):  # everybody passes a split
        await drawn(db, shop, journey, variants=three, share=500_000)
    with pytest.raises(NotFound):
        await drawn(db, shop, journey, box="task")
    with pytest.raises(NotFound):
        await drawn(db, other, journey, variants=three)
    new = await drawn(db, shop, journey, variants=three)

    assert await db.ask(journeys.live_splits, other) == []
    assert await db.ask(experiments.of_journey, other, journey) == []
    for command in (journeys.start_judging, experiments.stop):
        with pytest.raises(NotFound):
            await db.transact(command, other, new.experiment_id, BY)
    with pytest.raises(NotFound):
        await db.transact(journeys.ship_way, other, new.experiment_id, 1, BY)
    assert await state_of(db, new) == (State.DRAFT, None)
