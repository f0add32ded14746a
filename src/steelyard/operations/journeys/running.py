"""Whose time has come goes on, some thousands at a time: out of where they waited, through all boxes that do not wait, to the
next that does or to an end. One transaction makes all these steps with all that they bring about, so a kill loses and doubles
nothing; who is being moved is passed over by others (SKIP LOCKED), so any number of workers do it at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from steelyard.kernel.db import Database, Read, Tx
from steelyard.operations.journeys.acting import Outcome, act
from steelyard.operations.journeys.graph import NODES_MAX, Await, Exit, Graph, How, Message, Node, Wait
from steelyard.operations.journeys.intervals import days_for
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.sending import hold_sends
from steelyard.operations.journeys.travellers import Place, Steps, Traveller, graphs_of, write
from steelyard.operations.journeys.validating import clock
from steelyard.parties import customers

PEOPLE_PER_ROUND = 1_000
JOURNEYS_PER_LOOK = 16
RETRY_SECONDS_MAX = 900
ERROR_LETTERS_MAX = 500

log = structlog.get_logger()


async def sweep(db: Database) -> int:
    """One round: some people of the journey in which somebody has waited longest. What fails is written down at its journey and
    tried again later, so that the others go on meanwhile."""
    for merchant_id, journey_id in await db.ask(with_due):
        try:
            moved = await db.transact(move_due, merchant_id, journey_id)
        except Exception as error:  # whatever a box fails with, other journeys go on
            log.exception("journeys.step_failed", journey=str(journey_id))
            await db.transact(_note_trouble, merchant_id, journey_id, f"{type(error).__name__}: {error}")
            continue
        if moved:
            return moved
    return 0


async def with_due(read: Read) -> list[tuple[UUID, UUID]]:
    rows = await read.fetch(
        """
        SELECT j.merchant_id, j.journey_id FROM journeys j
        CROSS JOIN LATERAL (SELECT e.due_at FROM journey_enrolments e
                            WHERE e.merchant_id = j.merchant_id AND e.journey_id = j.journey_id AND e.stand = 'inside'
                            ORDER BY e.due_at LIMIT 1) AS d
        WHERE (j.state = 'live' OR (j.state = 'ended' AND j.cleared_at IS NULL))
          AND (j.state = 'ended'
               OR NOT EXISTS (SELECT FROM merchants m WHERE m.merchant_id = j.merchant_id AND m.state <> 'open'))
          AND (j.retry_at IS NULL OR j.retry_at <= now()) AND (d.due_at <= now() OR j.state = 'ended')
        ORDER BY d.due_at LIMIT $1
        """,
        JOURNEYS_PER_LOOK,
    )
    return [(row["merchant_id"], row["journey_id"]) for row in rows]


async def move_due(
    tx: Tx, merchant_id: UUID, journey_id: UUID, now: datetime | None = None, most: int = PEOPLE_PER_ROUND
) -> int:
    """Some of those whose time has come go on as far as they can; of a journey that has ended they are led out. Returns how many
    that were (0: none, or others move them). A journey that rests moves nobody, nor does any of a shop that is not open:
    whoever is inside waits there, hears what happens, and goes on when the shop is open again."""
    state = await tx.row(
        """
        SELECT j.state, j.trouble
             , EXISTS (SELECT FROM merchants m WHERE m.merchant_id = j.merchant_id AND m.state <> 'open') AS shut
        FROM journeys j WHERE j.merchant_id = $1 AND j.journey_id = $2
        """,
        merchant_id,
        journey_id,
    )
    if state is None or state["state"] not in ("live", "ended"):
        return 0
    at: datetime = now or await tx.value("SELECT clock_timestamp()")
    if state["state"] == "ended":
        return await _lead_out(tx, merchant_id, journey_id, at, most)
    if state["shut"]:
        return 0
    people = await tx.all(
        Traveller,
        """
        SELECT merchant_id, journey_id, buyer_id, entry, version, stand, node, steps, entered_at, since
             , due_at, signal, goal_until, ended_at, about
        FROM journey_enrolments
        WHERE merchant_id = $1 AND journey_id = $2 AND stand = 'inside' AND due_at <= $3
        ORDER BY due_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
        """,
        merchant_id,
        journey_id,
        at,
        most,
    )
    if not people:
        return 0
    graphs = await graphs_of(tx, [_place(each) for each in people])
    sending = {
        (place, key) for place, key in {(_place(each), each.node) for each in people} if _may_send(graphs[place], key)
    }
    await hold_sends(tx, merchant_id, [each.buyer_id for each in people if (_place(each), each.node) in sending])
    steps = Steps(at)
    await _walk(tx, people, graphs, steps)
    await write(tx, steps)
    if state["trouble"] is not None:
        await _forget_trouble(tx, merchant_id, journey_id)
    return len(people)


def _place(who: Traveller) -> Place:
    return who.merchant_id, who.journey_id, who.version


def _may_send(graph: Graph, key: str) -> bool:
    """Whether a message may be sent before the next wait: then nobody else sends to these meanwhile."""
    boxes = graph.by_key()
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        node = boxes.get(waiting.pop())
        if node is None or node.key in seen:
            continue
        seen.add(node.key)
        if isinstance(node.setup, Message):
            return True
        if not isinstance(node.setup, Wait | Await) or node.key == key:
            waiting += [following for out in node.outs if (following := node.after(out)) is not None]
    return False


async def _walk(tx: Tx, people: Sequence[Traveller], graphs: dict[Place, Graph], steps: Steps) -> None:
    """Everybody as far as they can: box by box, those at the same box together. A graph without faults has no circle without a
    wait, so nobody passes more boxes than there are."""
    boxes = {place: graph.by_key() for place, graph in graphs.items()}
    going = list(people)
    for _ in range(NODES_MAX + 1):
        if not going:
            return
        here: dict[tuple[Place, str], list[Traveller]] = {}
        for each in going:
            here.setdefault((_place(each), each.node), []).append(each)
        going = []
        for (place, key), some in here.items():
            node = boxes[place].get(key)
            assert node is not None, f"box {key} is in version {place[2]}"
            outcomes = await act(tx, node, some, graphs[place], steps)
            arrived = _leave(node, outcomes, steps)
            for following, those in arrived.items():
                going += await _arrive(tx, boxes[place][following], those, steps)
    raise AssertionError("a circle without a wait: validation lets no such graph through")


def _leave(node: Node, outcomes: Sequence[Outcome], steps: Steps) -> dict[str, list[Traveller]]:
    """Out of a box; who stays for a while stays. Returns who comes to which box."""
    arrived: dict[str, list[Traveller]] = {}
    for each in outcomes:
        who = each.traveller
        if each.until is not None:
            who.due_at = each.until
            steps.touch(who)
        elif each.stand is not None:
            steps.end(who, each.stand, each.reason)
        else:
            following = node.after(each.out)
            assert following is not None, f"the out {each.out} of box {node.key} leads on"
            steps.go(who, each.out, each.reason)
            arrived.setdefault(following, []).append(who)
    return arrived


async def _arrive(tx: Tx, node: Node, some: Sequence[Traveller], steps: Steps) -> list[Traveller]:
    """At a box: who waits there is written down, who is at the end has finished. Returns who goes on at once."""
    for each in some:
        each.node, each.since, each.signal = node.key, steps.now, None
    setup = node.setup
    match setup:
        case Exit():
            for each in some:
                steps.end(each, Stand.FINISHED)
            return []
        case Await():
            for each in some:
                each.due_at = steps.now + timedelta(minutes=setup.minutes)
            return []
        case Wait():
            await _wait(tx, setup, some, steps.now)
            return []
        case _:
            return list(some)


async def _wait(tx: Tx, setup: Wait, some: Sequence[Traveller], now: datetime) -> None:
    match setup.how:
        case How.DURATION:
            for each in some:
                each.due_at = now + timedelta(minutes=setup.minutes)
        case How.TIME:
            hour = clock(setup.time)
            assert hour is not None, "validation reads the time"
            zones = await customers.zones_of(tx, [each.buyer_id for each in some])
            for each in some:
                each.due_at = customers.next_at(now, zones[each.buyer_id], hour)
        case How.INTERVAL:
            days = await days_for(tx, some)
            for each in some:
                each.due_at = now + timedelta(days=days[each.buyer_id])


async def _lead_out(tx: Tx, merchant_id: UUID, journey_id: UUID, at: datetime, most: int) -> int:
    """The journey has ended: who is inside is led out where they are."""
    people = await tx.all(
        Traveller,
        """
        SELECT merchant_id, journey_id, buyer_id, entry, version, stand, node, steps, entered_at, since
             , due_at, signal, goal_until, ended_at, about
        FROM journey_enrolments WHERE merchant_id = $1 AND journey_id = $2 AND stand = 'inside'
        ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
        """,
        merchant_id,
        journey_id,
        most,
    )
    steps = Steps(at)
    for each in people:
        steps.end(each, Stand.EXITED, "ended")
    await write(tx, steps)
    return len(people)


async def mark_cleared(tx: Tx) -> int:
    """Journeys that have ended and in which nobody is any more need not be looked at again; not those that ended just now: who
    was let in at that moment may not be seen yet. Returns how many."""
    return await tx.execute(
        """
        UPDATE journeys SET cleared_at = now()
        WHERE (merchant_id, journey_id) IN (
            SELECT j.merchant_id, j.journey_id FROM journeys j
            WHERE j.state = 'ended' AND j.cleared_at IS NULL AND j.ended_at < now() - interval '1 minute'
              AND NOT EXISTS (SELECT FROM journey_enrolments e
                              WHERE e.merchant_id = j.merchant_id AND e.journey_id = j.journey_id AND e.stand = 'inside')
            ORDER BY j.merchant_id, j.journey_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
        """,
        JOURNEYS_PER_LOOK,
    )


async def _note_trouble(tx: Tx, merchant_id: UUID, journey_id: UUID, error: str) -> None:
    await tx.execute(
        """
        UPDATE journeys SET trouble = $3, troubles = troubles + 1
             , retry_at = now() + least(2 ^ least(troubles + 1, 20), $4::float8) * interval '1 second'
        WHERE merchant_id = $1 AND journey_id = $2
        """,
        merchant_id,
        journey_id,
        error[:ERROR_LETTERS_MAX],
        RETRY_SECONDS_MAX,
    )


async def _forget_trouble(tx: Tx, merchant_id: UUID, journey_id: UUID) -> None:
    await tx.execute(
        """
        UPDATE journeys SET trouble = NULL, troubles = 0, retry_at = NULL
        WHERE merchant_id = $1 AND journey_id = $2 AND trouble IS NOT NULL
        """,
        merchant_id,
        journey_id,
    )
