"""Experiments on a journey: the ways of a split are the variants, and whoever passes it is exposed to theirs. Here one is drawn
up, started and shipped; stopping it and putting it away is as of any experiment."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import experiments
from steelyard.operations.experiments.model import Kind, NewExperiment, NothingToShip
from steelyard.operations.experiments.model import State as Judged
from steelyard.operations.journeys.graph import Graph, Split
from steelyard.operations.journeys.model import (
    JOURNEYS_PER_SHOP_MAX,
    Journey,
    JourneyNotBegun,
    JourneyOver,
    SplitChanged,
    State,
)
from steelyard.operations.journeys.queries import journey, version_of
from steelyard.operations.journeys.service import add_version, held
from steelyard.operations.journeys.splits import same_ways, weights_of


class LiveSplit(msgspec.Struct, frozen=True, kw_only=True):
    """A split of a journey in force."""

    journey_id: UUID
    name: Text
    box: str
    weights: Sequence[int]


class _InForce(msgspec.Struct, frozen=True, kw_only=True):
    journey_id: UUID
    name: Text
    graph: Graph


async def live_splits(read: Read, merchant_id: UUID) -> list[LiveSplit]:
    """All splits of a shop's journeys in force, of the one that was begun last first."""
    found = await read.all(
        _InForce,
        """
        SELECT j.journey_id, j.name, v.graph FROM journeys j
        JOIN journey_versions v ON v.merchant_id = j.merchant_id AND v.journey_id = j.journey_id AND v.version = j.live_version
        WHERE j.merchant_id = $1 AND j.state IN ('live', 'paused')
        ORDER BY j.started_at DESC, j.journey_id DESC LIMIT $2
        """,
        merchant_id,
        JOURNEYS_PER_SHOP_MAX,
    )
    return [
        LiveSplit(journey_id=each.journey_id, name=each.name, box=node.key, weights=node.setup.weights)
        for each in found
        for node in each.graph.nodes
        if isinstance(node.setup, Split)
    ]


async def live_split(read: Read, merchant_id: UUID, journey_id: UUID, box: str) -> tuple[Journey, LiveSplit]:
    """One of them with its journey. Raises `NotFound`, `JourneyOver`, `JourneyNotBegun`."""
    found = await journey(read, merchant_id, journey_id)
    graph = await _in_force(read, found)
    weights = weights_of(graph, box)
    if weights is None:
        raise NotFound()
    return found, LiveSplit(journey_id=journey_id, name=found.name, box=box, weights=weights)


async def _in_force(read: Read, found: Journey) -> Graph:
    if found.state is State.ENDED:
        raise JourneyOver()
    if found.live_version is None:
        raise JourneyNotBegun()
    return await version_of(read, found.merchant_id, found.journey_id, found.live_version)


async def judge_split(tx: Tx, new: NewExperiment, by: str) -> None:
    """Draw up an experiment on a split as it is in force: `new` names a variant for each of its ways, in their order; the weights
    are the split's. Said twice, it is drawn up once. Raises `NotFound`, `JourneyOver`, `JourneyNotBegun`, `Invalid`."""
    assert new.kind is Kind.JOURNEY and new.journey_id is not None and new.box is not None
    _, split = await live_split(tx, new.merchant_id, new.journey_id, new.box)
    if 0 in split.weights:
        raise Invalid({"variants": N_("A way that nobody goes cannot be judged: give each way of the split a weight")})
    if len(new.variants) != len(split.weights):
        raise Invalid({"variants": N_("Please give each way of the split a name")})
    variants = [
        msgspec.structs.replace(each, weight=weight) for each, weight in zip(new.variants, split.weights, strict=True)
    ]
    await experiments.draw_up(tx, msgspec.structs.replace(new, variants=variants), by)


async def start_judging(tx: Tx, merchant_id: UUID, experiment_id: UUID, by: str) -> None:
    """From now on, whoever came in by the version in force or a later one is shared out by the experiment and counts. Said twice,
    nothing changes. Raises `NotFound`, `JourneyOver`, `JourneyNotBegun`, `SplitChanged`, `SplitIsTaken`,
    `TransitionRefused`."""
    found, variants = await experiments.experiment(tx, merchant_id, experiment_id)
    if found.journey_id is None or found.box is None:
        raise NotFound()
    if found.state is Judged.RUNNING:
        return
    known = await held(tx, merchant_id, found.journey_id)
    graph = await _in_force(tx, known)
    if weights_of(graph, found.box) != tuple(each.weight for each in variants):
        raise SplitChanged()
    await experiments.start(tx, merchant_id, experiment_id, by, journey_version=known.live_version)


async def ship_way(tx: Tx, merchant_id: UUID, experiment_id: UUID, variant: int, by: str) -> None:
    """Send everybody the way of this variant, by a version in which the split shares nobody out any more: whoever comes in from
    now on goes by it, who is inside stays on theirs. What is being edited says the same, and waits as it did. A running
    experiment is stopped by that. Said twice, it is shipped once. Raises `NotFound`, `NothingToShip`, `JourneyOver`,
    `SplitChanged`, `TransitionRefused`."""
    found, variants = await experiments.experiment(tx, merchant_id, experiment_id)
    if found.journey_id is None or found.box is None or not 0 <= variant < len(variants):
        raise NothingToShip()
    known = await held(tx, merchant_id, found.journey_id)
    found = await experiments.locked(tx, merchant_id, experiment_id)
    if found.shipped == variant:
        return
    graph = await _in_force(tx, known)
    assert found.box is not None
    if found.journey_version is not None:
        tried = await version_of(tx, merchant_id, known.journey_id, found.journey_version)
        if weights_of(graph, found.box) is None or not same_ways(tried, graph, found.box):
            raise SplitChanged()
    await experiments.end_with(tx, found, variant, by)
    weights = tuple(int(each.variant == variant) for each in variants)
    await add_version(
        tx, known, _sending(graph, found.box, weights), by, edited=_sending(known.graph, found.box, weights)
    )


def _sending(graph: Graph, box: str, weights: tuple[int, ...]) -> Graph:
    """The same with these weights at the split; where the split is gone, or has other ways, it stays as it is."""
    was = weights_of(graph, box)
    if was is None or len(was) != len(weights):
        return graph
    nodes = tuple(
        msgspec.structs.replace(each, setup=Split(weights=weights)) if each.key == box else each for each in graph.nodes
    )
    return msgspec.structs.replace(graph, nodes=nodes)
