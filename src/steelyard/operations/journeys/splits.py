"""Splits that experiments judge: what of a journey must stay as it is meanwhile, and what becomes of an experiment whose journey
ends."""

from collections.abc import Collection
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.operations import experiments
from steelyard.operations.journeys.graph import Graph, Setup, Split
from steelyard.operations.journeys.model import SplitIsJudged

JOURNEY_ENDED = N_("The journey has ended.")


def weights_of(graph: Graph, box: str) -> tuple[int, ...] | None:
    """By which weights this box shares people out; none: it is no split, or is not there."""
    node = graph.node(box)
    return node.setup.weights if node is not None and isinstance(node.setup, Split) else None


def same_ways(one: Graph, other: Graph, box: str) -> bool:
    """Whether whoever leaves the split by the same way meets the same boxes in both, by whatever weights it shares people out.
    Where boxes stand on the canvas, and what is noted at them, does not matter."""
    return _ways(one, box) == _ways(other, box)


def _ways(graph: Graph, box: str) -> dict[str, tuple[Setup | None, dict[str, str | None]]]:
    """What the boxes from the split on say, and where each leads."""
    boxes = graph.by_key()
    found: dict[str, tuple[Setup | None, dict[str, str | None]]] = {}
    waiting = [box]
    while waiting:
        node = boxes.get(waiting.pop())
        if node is None or node.key in found:
            continue
        following = {out: node.after(out) for out in node.outs}
        found[node.key] = (None if node.key == box else node.setup, following)
        waiting += [each for each in following.values() if each is not None]
    return found


async def check_judged(tx: Tx, merchant_id: UUID, journey_id: UUID, now: Graph, wanted: Graph) -> None:
    """Whether what is to be in force leaves the splits as they are that experiments judge. Raises `SplitIsJudged`."""
    for each in await experiments.running_on(tx, merchant_id, journey_id):
        same = weights_of(now, each.box) == weights_of(wanted, each.box) and same_ways(now, wanted, each.box)
        if not same:
            raise SplitIsJudged(name=each.name)


async def stop_judging(tx: Tx, merchant_id: UUID, journey_id: UUID, by: str) -> Collection[UUID]:
    """The journey ends, and nobody passes its splits any more: what judges them ends with it, and says why."""
    running = await experiments.running_on(tx, merchant_id, journey_id)
    for each in running:
        await experiments.stop(tx, merchant_id, each.experiment_id, by, JOURNEY_ENDED)
    return [each.experiment_id for each in running]
