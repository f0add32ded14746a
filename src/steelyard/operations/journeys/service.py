"""What people do with journeys: make one, change it, put it into force, let it rest, go on, end it, copy it."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.kernel.text import Text
from steelyard.operations.journeys.calling import call_present
from steelyard.operations.journeys.graph import Graph, Node, On, Trigger
from steelyard.operations.journeys.model import (
    JOURNEYS_PER_SHOP_MAX,
    MACHINE,
    NAME_CHARACTERS_MAX,
    NODES_MAX,
    Fault,
    Journey,
    JourneyChanged,
    JourneyId,
    JourneyOver,
    JourneyRefused,
    State,
    TooManyJourneys,
)
from steelyard.operations.journeys.queries import journey, version_of
from steelyard.operations.journeys.splits import check_judged, stop_judging
from steelyard.operations.journeys.validating import TOO_MANY, faults_of

# What a journey begins with while nothing is said: the box that every journey has.
EMPTY = Graph(nodes=(Node(key="begin", setup=Trigger()),))


async def make(  # a journey has a name and may come from a playbook
    tx: Tx,
    merchant_id: UUID,
    journey_id: JourneyId,
    name: Text,
    by: str,
    *,
    graph: Graph = EMPTY,
    playbook: str = "",
) -> None:
    """Have a journey, as a draft. Said twice, the first counts. Raises `Invalid`, `TooManyJourneys`."""
    _check_words(name)
    _check_size(graph)
    await tx.value("SELECT pg_advisory_xact_lock(hashtextextended('journeys:' || $1::text, 0))", str(merchant_id))
    there = await tx.value(
        "SELECT count(*) FROM journeys WHERE merchant_id = $1 AND state <> 'ended' AND journey_id <> $2",
        merchant_id,
        journey_id,
    )
    if there >= JOURNEYS_PER_SHOP_MAX:
        raise TooManyJourneys(most=JOURNEYS_PER_SHOP_MAX)
    made = await tx.execute(
        """
        INSERT INTO journeys (merchant_id, journey_id, name, state, playbook, graph, changed_by)
        VALUES ($1, $2, $3, 'draft', $4, $5, $6) ON CONFLICT (merchant_id, journey_id) DO NOTHING
        """,
        merchant_id,
        journey_id,
        name,
        playbook,
        graph,
        by,
    )
    if made:
        await _note(tx, merchant_id, journey_id, NOWHERE, State.DRAFT, by)


async def change(  # a journey's name and graph, against the revision one has seen
    tx: Tx, merchant_id: UUID, journey_id: JourneyId, name: Text, graph: Graph, revision: int, by: str
) -> int:
    """Have it say this; returns the new revision. `revision` is the one that was seen. It may be unfinished: what is in force
    stays until it is started anew. What is the same changes nothing. Raises `NotFound`,
    `JourneyChanged`, `JourneyOver`, `Invalid`."""
    _check_words(name)
    _check_size(graph)
    known = await held(tx, merchant_id, journey_id)
    if known.state is State.ENDED:
        raise JourneyOver()
    if known.graph == graph and known.name == name:
        return known.revision
    if known.revision != revision:
        raise JourneyChanged()
    await tx.execute(
        """
        UPDATE journeys SET name = $3, graph = $4, revision = revision + 1, changed_at = now(), changed_by = $5
             , changed = changed OR graph <> $4
        WHERE merchant_id = $1 AND journey_id = $2
        """,
        merchant_id,
        journey_id,
        name,
        graph,
        by,
    )
    return known.revision + 1


async def start(tx: Tx, merchant_id: UUID, journey_id: JourneyId, revision: int, by: str) -> int:
    """Put what was edited into force, for whoever comes in from now on; returns the version. Who is inside stays on theirs.
    Said twice, nothing changes. Raises `NotFound`, `JourneyChanged`, `JourneyOver`, `JourneyRefused`, `SplitIsJudged`."""
    known = await held(tx, merchant_id, journey_id)
    if known.state is State.ENDED:
        raise JourneyOver()
    if not known.changed and known.live_version is not None:
        return known.live_version
    if known.revision != revision:
        raise JourneyChanged()
    faults = await faults_of(tx, merchant_id, known.graph)
    if faults:
        raise JourneyRefused(faults)
    if known.live_version is not None:
        now = await version_of(tx, merchant_id, journey_id, known.live_version)
        await check_judged(tx, merchant_id, journey_id, now, known.graph)
    version = await add_version(tx, known, known.graph, by)
    if known.state is State.DRAFT:
        await _note(tx, merchant_id, journey_id, State.DRAFT, State.LIVE, by)
    await call_present(tx, merchant_id, journey_id, known.graph)
    return version


async def add_version(tx: Tx, known: Journey, graph: Graph, by: str, *, edited: Graph | None = None) -> int:
    """Have this in force, as a journey's next version, whose number is returned; its row is held. `edited`: what is being edited
    from now on, where that is something else."""
    draft = graph if edited is None else edited
    version = (known.live_version or 0) + 1
    await tx.execute(
        "INSERT INTO journey_versions (merchant_id, journey_id, version, graph, by) VALUES ($1, $2, $3, $4, $5)",
        known.merchant_id,
        known.journey_id,
        version,
        graph,
        by,
    )
    await tx.execute(
        """
        UPDATE journeys SET live_version = $3, listens = $4, started_at = coalesce(started_at, now())
             , state = CASE WHEN state = 'draft' THEN 'live' ELSE state END
             , graph = $5, changed = $6, revision = revision + $7
        WHERE merchant_id = $1 AND journey_id = $2
        """,
        known.merchant_id,
        known.journey_id,
        version,
        list(listens(graph)),
        draft,
        draft != graph,
        int(draft != known.graph),
    )
    return version


async def pause(tx: Tx, merchant_id: UUID, journey_id: JourneyId, by: str) -> None:
    """Nobody comes in and nobody goes on until it is resumed. Said twice, nothing changes. Raises `NotFound`,
    `TransitionRefused`."""
    await _go(tx, merchant_id, journey_id, State.PAUSED, by)


async def resume(tx: Tx, merchant_id: UUID, journey_id: JourneyId, by: str) -> None:
    """Go on: whose time has come meanwhile goes on at once; what happened meanwhile lets nobody in. Said twice, nothing
    changes. Raises as `pause` does: what was never started cannot go on."""
    if (await held(tx, merchant_id, journey_id)).state is State.DRAFT:
        raise TransitionRefused(machine=MACHINE.name, state=State.DRAFT, wanted=State.LIVE)
    await _go(tx, merchant_id, journey_id, State.LIVE, by)


async def end(tx: Tx, merchant_id: UUID, journey_id: JourneyId, by: str) -> None:
    """Nobody comes in any more, and who is inside is led out, some at a time (`running`). Said twice, nothing changes.
    An experiment that judges one of its splits ends, too. Raises `NotFound`."""
    await _go(tx, merchant_id, journey_id, State.ENDED, by)
    await stop_judging(tx, merchant_id, journey_id, by)


async def copy(tx: Tx, merchant_id: UUID, of: JourneyId, journey_id: JourneyId, name: Text, by: str) -> None:
    """A draft that says the same as another of the shop's. Said twice, the first counts. Raises `NotFound`, and as `make`
    does."""
    known = await journey(tx, merchant_id, of)
    await make(tx, merchant_id, journey_id, name, by, graph=known.graph, playbook=known.playbook)


async def _go(tx: Tx, merchant_id: UUID, journey_id: JourneyId, to: State, by: str) -> None:
    known = await held(tx, merchant_id, journey_id)
    if known.state is to:
        return
    MACHINE.check(known.state, to)
    await tx.execute(
        """
        UPDATE journeys SET state = $3, changed_at = now(), changed_by = $4, trouble = NULL, troubles = 0, retry_at = NULL
             , ended_at = CASE WHEN $3 = 'ended' THEN now() END
        WHERE merchant_id = $1 AND journey_id = $2
        """,
        merchant_id,
        journey_id,
        to,
        by,
    )
    await _note(tx, merchant_id, journey_id, known.state, to, by)


async def held(tx: Tx, merchant_id: UUID, journey_id: UUID) -> Journey:
    """The journey, and nobody else changes it until we are done. Raises `NotFound`."""
    found = await tx.one(
        Journey,
        """
        SELECT merchant_id, journey_id, name, state, playbook, graph, revision, live_version, changed, created_at, changed_at
             , changed_by, started_at, ended_at, trouble
        FROM journeys WHERE merchant_id = $1 AND journey_id = $2 FOR NO KEY UPDATE
        """,
        merchant_id,
        journey_id,
    )
    if found is None:
        raise NotFound()
    return found


async def _note(tx: Tx, merchant_id: UUID, journey_id: UUID, before: str, after: str, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO journey_history (merchant_id, journey_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM journey_history WHERE merchant_id = $1 AND journey_id = $2
        """,
        merchant_id,
        journey_id,
        before,
        after,
        by,
    )


def listens(graph: Graph) -> tuple[str, ...]:
    """Of which news this wants to hear, to let people in."""
    begins = graph.trigger
    if begins is None or not isinstance(begins.setup, Trigger):
        return ()
    match begins.setup.on:
        case On.EVENT:
            return (begins.setup.event,)
        case On.SEGMENT:
            return (f"segment:{begins.setup.segment_id}",)
        case On.DATE:
            return ()


def _check_words(name: Text) -> None:
    if not any(words.strip() for words in name.values()):
        raise Invalid({"name": N_("Please fill this in")})
    if any(len(words) > NAME_CHARACTERS_MAX for words in name.values()):
        raise Invalid({"name": N_("This is too long")})


def _check_size(graph: Graph) -> None:
    """A draft may be unfinished, not without bounds. Raises `JourneyRefused`."""
    if len(graph.nodes) > NODES_MAX:
        raise JourneyRefused([Fault(why=TOO_MANY)])
