"""People on the way while a step is made: read with their rows held, moved in memory, written back in one statement each for
where they are, what they did, and how many that were."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.days import day_of
from steelyard.kernel.db import Tx
from steelyard.operations.journeys.counts import Tally, count
from steelyard.operations.journeys.graph import THEN, Graph, Split
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.queries import GOAL


class Traveller(msgspec.Struct, kw_only=True):
    """Somebody in a journey. What is changed here is written down by `write`."""

    merchant_id: UUID
    journey_id: UUID
    buyer_id: UUID
    entry: int
    version: int
    stand: Stand
    node: str
    steps: int
    entered_at: datetime
    since: datetime
    due_at: datetime | None
    signal: str | None
    goal_until: datetime | None
    ended_at: datetime | None
    about: dict[str, str]


class Step(msgspec.Struct, frozen=True):
    traveller: Traveller
    step: int
    node: str
    out: str
    reason: str
    at: datetime


Place = tuple[UUID, UUID, int]  # merchant, journey, version


class Steps:
    """What is done in one transaction, until `write`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.made: list[Step] = []
        self.moved: dict[tuple[UUID, UUID, UUID, int], Traveller] = {}
        self.tally = Tally(day_of(now))

    def touch(self, who: Traveller) -> None:
        self.moved[who.merchant_id, who.journey_id, who.buyer_id, who.entry] = who

    def go(self, who: Traveller, out: str, reason: str = "") -> None:
        """Leave the box by an out."""
        who.steps += 1
        self.made.append(Step(who, who.steps, who.node, out, reason, self.now))
        self.tally.add(who.merchant_id, who.journey_id, who.version, who.node, out, reason)
        self.touch(who)

    def end(self, who: Traveller, stand: Stand, reason: str = "", at: datetime | None = None) -> None:
        """The way ends here: at an exit, at the goal, or before. Who had finished and reaches the goal is counted over."""
        was = who.stand
        if stand is not Stand.FINISHED:
            self.go(who, stand, reason)
        who.stand, who.due_at, who.signal, who.ended_at = stand, None, None, at or self.now
        place = (who.merchant_id, who.journey_id, who.version)
        self.tally.add(*place, "", stand)
        if was is not Stand.INSIDE:
            self.tally.add(*place, "", was, by=-1)
        self.touch(who)


async def write(tx: Tx, steps: Steps) -> None:
    """Everything at once: where they are now, what they did, the sums."""
    moved = [steps.moved[key] for key in sorted(steps.moved)]
    if not moved:
        return
    await tx.execute(
        """
        UPDATE journey_enrolments e
        SET stand = w.stand, node = w.node, steps = w.steps, since = w.since, due_at = w.due_at, signal = w.signal
          , ended_at = w.ended_at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::integer[], $8::timestamptz[]
                  , $9::timestamptz[], $10::text[], $11::timestamptz[])
            AS w (merchant_id, journey_id, buyer_id, entry, stand, node, steps, since, due_at, signal, ended_at)
        WHERE e.merchant_id = w.merchant_id AND e.journey_id = w.journey_id AND e.buyer_id = w.buyer_id AND e.entry = w.entry
        """,
        [each.merchant_id for each in moved],
        [each.journey_id for each in moved],
        [each.buyer_id for each in moved],
        [each.entry for each in moved],
        [str(each.stand) for each in moved],
        [each.node for each in moved],
        [each.steps for each in moved],
        [each.since for each in moved],
        [each.due_at for each in moved],
        [each.signal for each in moved],
        [each.ended_at for each in moved],
    )
    await _note(tx, steps.made)
    await count(tx, steps.tally)


async def _note(tx: Tx, made: Sequence[Step]) -> None:
    await tx.execute(
        """
        INSERT INTO journey_steps (merchant_id, journey_id, buyer_id, entry, step, node, out, reason, at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::text[], $7::text[], $8::text[]
                           , $9::timestamptz[])
        """,
        [each.traveller.merchant_id for each in made],
        [each.traveller.journey_id for each in made],
        [each.traveller.buyer_id for each in made],
        [each.traveller.entry for each in made],
        [each.step for each in made],
        [each.node for each in made],
        [each.out for each in made],
        [each.reason for each in made],
        [each.at for each in made],
    )


async def graphs_of(tx: Tx, places: Sequence[Place]) -> dict[Place, Graph]:
    """What these versions say."""
    wanted = sorted(set(places))
    rows = await tx.all(
        _Said,
        """
        SELECT v.merchant_id, v.journey_id, v.version, v.graph FROM journey_versions v
        JOIN unnest($1::uuid[], $2::uuid[], $3::integer[]) AS w (merchant_id, journey_id, version)
            USING (merchant_id, journey_id, version)
        """,
        [place[0] for place in wanted],
        [place[1] for place in wanted],
        [place[2] for place in wanted],
    )
    return {(row.merchant_id, row.journey_id, row.version): row.graph for row in rows}


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    journey_id: UUID
    version: int
    graph: Graph


async def count_arms(tx: Tx, steps: Steps, reached: Sequence[Traveller], graphs: dict[Place, Graph]) -> None:
    """Of those who have reached the goal: by which ways of which splits they had gone."""
    split = [
        each
        for each in reached
        if any(isinstance(node.setup, Split) for node in graphs[each.merchant_id, each.journey_id, each.version].nodes)
    ]
    if not split:
        return
    rows = await tx.fetch(
        """
        SELECT DISTINCT s.merchant_id, s.journey_id, w.version, s.buyer_id, s.node, s.out
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[])
            AS w (merchant_id, journey_id, buyer_id, entry, version)
        JOIN journey_steps s USING (merchant_id, journey_id, buyer_id, entry)
        WHERE s.out <> $6
        """,
        [each.merchant_id for each in split],
        [each.journey_id for each in split],
        [each.buyer_id for each in split],
        [each.entry for each in split],
        [each.version for each in split],
        THEN,
    )
    for row in rows:
        node = graphs[row["merchant_id"], row["journey_id"], row["version"]].node(row["node"])
        if node is not None and isinstance(node.setup, Split):
            steps.tally.add(row["merchant_id"], row["journey_id"], row["version"], row["node"], row["out"], GOAL)
