"""Questions about journeys: which there are, what one says, and how people go through it."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.operations.journeys.model import (
    JOURNEYS_PER_SHOP_MAX,
    Funnel,
    Graph,
    Journey,
    Listed,
    NodeCount,
    Passage,
    Person,
    SplitArm,
    Version,
)

PASSAGES_SHOWN_MAX = 50
VERSIONS_SHOWN_MAX = 50


async def listed(read: Read, merchant_id: UUID, *, ended: bool = False) -> list[Listed]:
    """A shop's journeys that have not ended, the last changed first; or those that have."""
    return await read.all(
        Listed,
        """
        SELECT j.merchant_id, j.journey_id, j.name, j.state, j.playbook, j.live_version, j.changed, j.changed_at, j.started_at
             , j.trouble, c.entered, c.entered - c.finished - c.reached - c.exited - c.failed AS inside, c.finished
             , c.reached, c.exited, c.failed
        FROM journeys j
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(d.people) FILTER (WHERE d.out = 'entered'), 0)::integer AS entered
                 , coalesce(sum(d.people) FILTER (WHERE d.out = 'finished'), 0)::integer AS finished
                 , coalesce(sum(d.people) FILTER (WHERE d.out = 'reached'), 0)::integer AS reached
                 , coalesce(sum(d.people) FILTER (WHERE d.out = 'exited'), 0)::integer AS exited
                 , coalesce(sum(d.people) FILTER (WHERE d.out = 'failed'), 0)::integer AS failed
            FROM generate_series(1, coalesce(j.live_version, 0)) AS v (version)
            JOIN journey_days d ON d.merchant_id = j.merchant_id AND d.journey_id = j.journey_id AND d.version = v.version
                               AND d.node = '') AS c
        WHERE j.merchant_id = $1 AND (j.state = 'ended') = $2
        ORDER BY j.changed_at DESC, j.journey_id DESC LIMIT $3
        """,
        merchant_id,
        ended,
        JOURNEYS_PER_SHOP_MAX,
    )


async def journey(read: Read, merchant_id: UUID, journey_id: UUID) -> Journey:
    """One of them, ended or not. Raises `NotFound`."""
    found = await read.one(
        Journey,
        """
        SELECT merchant_id, journey_id, name, state, playbook, graph, revision, live_version, changed, created_at, changed_at
             , changed_by, started_at, ended_at, trouble
        FROM journeys WHERE merchant_id = $1 AND journey_id = $2
        """,
        merchant_id,
        journey_id,
    )
    if found is None:
        raise NotFound()
    return found


async def versions(read: Read, merchant_id: UUID, journey_id: UUID) -> list[Version]:
    """What was in force, the last first."""
    return await read.all(
        Version,
        """
        SELECT version, graph, by, at FROM journey_versions WHERE merchant_id = $1 AND journey_id = $2
        ORDER BY version DESC LIMIT $3
        """,
        merchant_id,
        journey_id,
        VERSIONS_SHOWN_MAX,
    )


async def version_of(read: Read, merchant_id: UUID, journey_id: UUID, version: int) -> Graph:
    """What a version says. Raises `NotFound`."""
    found = await read.one(
        Version,
        "SELECT version, graph, by, at FROM journey_versions WHERE merchant_id = $1 AND journey_id = $2 AND version = $3",
        merchant_id,
        journey_id,
        version,
    )
    if found is None:
        raise NotFound()
    return found.graph


async def funnel(read: Read, merchant_id: UUID, journey_id: UUID, version: int | None = None) -> Funnel:
    """How many came to each box, are there, and went on by which out: of one version, or of all together."""
    rows = await read.fetch(
        """
        SELECT version, node, out, reason, sum(people)::integer AS people FROM journey_days
        WHERE merchant_id = $1 AND journey_id = $2 AND ($3::integer IS NULL OR version = $3)
        GROUP BY version, node, out, reason ORDER BY version, node, out, reason
        """,
        merchant_id,
        journey_id,
        version,
    )
    here = await read.fetch(
        """
        SELECT node, count(*)::integer AS people FROM journey_enrolments
        WHERE merchant_id = $1 AND journey_id = $2 AND stand = 'inside' AND ($3::integer IS NULL OR version = $3)
        GROUP BY node
        """,
        merchant_id,
        journey_id,
        version,
    )
    graphs = {each.version: each.graph for each in await versions(read, merchant_id, journey_id)}
    return _counted(version, [tuple(row) for row in rows], {row["node"]: row["people"] for row in here}, graphs)


def _counted(
    version: int | None, rows: list[tuple[int, str, str, str, int]], here: dict[str, int], graphs: dict[int, Graph]
) -> Funnel:
    whole: dict[str, int] = {}
    arrived: dict[str, int] = {}
    left: dict[str, dict[str, int]] = {}
    why: dict[str, dict[str, int]] = {}
    arms: dict[tuple[str, str], list[int]] = {}
    for of, node, out, reason, people in rows:
        box = graphs[of].node(node) if of in graphs else None
        if node == "":
            whole[out] = whole.get(out, 0) + people
            begins = graphs[of].trigger if out == "entered" and of in graphs else None
            if begins is not None:
                arrived[begins.key] = arrived.get(begins.key, 0) + people
            continue
        if reason == GOAL:
            arms.setdefault((node, out), [0, 0])[1] += people
            continue
        left.setdefault(node, {})[out] = left.get(node, {}).get(out, 0) + people
        if reason:
            why.setdefault(node, {})[reason] = why.get(node, {}).get(reason, 0) + people
        if box is not None and box.kind == "split":
            arms.setdefault((node, out), [0, 0])[0] += people
        following = box.after(out) if box is not None else None
        if following is not None:
            arrived[following] = arrived.get(following, 0) + people
    outcomes = {out: whole.get(out, 0) for out in ("entered", "finished", "reached", "exited", "failed")}
    return Funnel(
        version=version,
        inside=sum(here.values()),
        nodes={
            node: NodeCount(
                arrived=arrived.get(node, 0), here=here.get(node, 0), outs=left.get(node, {}), reasons=why.get(node, {})
            )
            for node in sorted({*arrived, *here, *left})
        },
        arms=[SplitArm(node=node, out=out, people=n, reached=r) for (node, out), (n, r) in sorted(arms.items())],
        **outcomes,
    )


# In the counts: of those who went one way of a split, those who reached the goal afterwards.
GOAL = "goal"


async def people(
    read: Read,
    merchant_id: UUID,
    journey_id: UUID,
    node: str,
    *,
    version: int | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Person]:
    """Who is at a box, of one version or of all; who goes on first, first."""
    after = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Person,
        """
        SELECT buyer_id, entry, version, node, stand, entered_at, since, due_at, ended_at FROM journey_enrolments
        WHERE merchant_id = $1 AND journey_id = $2 AND node = $3 AND stand = 'inside'
          AND ($4::timestamptz IS NULL OR (due_at, buyer_id) > ($4, $5::uuid)) AND ($6::integer IS NULL OR version = $6)
        ORDER BY due_at, buyer_id LIMIT $7
        """,
        merchant_id,
        journey_id,
        node,
        *after,
        version,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.due_at, last.buyer_id))


async def of_buyer(read: Read, merchant_id: UUID, buyer_id: UUID) -> list[Passage]:
    """How a customer went through the shop's journeys, the last first."""
    return await read.all(
        Passage,
        """
        SELECT e.journey_id, j.name, e.entry, e.version, e.node, e.stand, e.entered_at, e.since, e.due_at, e.ended_at
        FROM journey_enrolments e JOIN journeys j USING (merchant_id, journey_id)
        WHERE e.buyer_id = $2 AND e.merchant_id = $1 ORDER BY e.entered_at DESC, e.journey_id, e.entry LIMIT $3
        """,
        merchant_id,
        buyer_id,
        PASSAGES_SHOWN_MAX,
    )


async def going_by(read: Read, merchant_id: UUID, segment_id: UUID) -> dict[UUID, Text]:
    """Journeys of a shop, running or paused, that begin for who is in a segment, end when they leave it, or ask for it on the
    way: as they are in force, and as they were when somebody came in who is still inside. By id and
    name."""
    rows = await read.fetch(
        """
        SELECT j.journey_id, j.name FROM journeys j
        WHERE j.merchant_id = $1 AND j.state IN ('live', 'paused') AND EXISTS (
            SELECT FROM journey_versions v
            WHERE v.merchant_id = j.merchant_id AND v.journey_id = j.journey_id
              AND jsonb_path_exists(v.graph, '$.** ? (@.segment_id == $id || @.leaving == $id)'
                                  , jsonb_build_object('id', $2::text))
              AND (v.version = j.live_version OR 0 < (
                    SELECT sum(CASE d.out WHEN 'entered' THEN d.people ELSE -d.people END) FROM journey_days d
                    WHERE d.merchant_id = v.merchant_id AND d.journey_id = v.journey_id AND d.version = v.version
                      AND d.node = '')))
        ORDER BY j.changed_at DESC, j.journey_id DESC LIMIT $3
        """,
        merchant_id,
        str(segment_id),
        PASSAGES_SHOWN_MAX,
    )
    return {row["journey_id"]: Text(row["name"]) for row in rows}
