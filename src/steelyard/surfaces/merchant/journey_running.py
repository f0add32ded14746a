"""A journey that runs: how many came to each step and who stands there; letting it rest, go on, end; and the page before the
start, which says who will get what."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.operations import experiments, journeys, segments
from steelyard.operations.experiments import OnJourney
from steelyard.operations.journeys.model import (
    Funnel,
    Graph,
    Journey,
    JourneyId,
    Node,
    NodeCount,
    On,
    Person,
    State,
    Trigger,
    Version,
)
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantState
from steelyard.surfaces.merchant import frame, journey_drawing
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_drawing import Figures
from steelyard.surfaces.merchant.journey_editor import opened, place_of
from steelyard.surfaces.merchant.journey_judging import judged
from steelyard.surfaces.merchant.journey_words import Things, things_of
from steelyard.surfaces.merchant.journeys import MANAGES, READS, TITLE
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, told
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import faces
from steelyard.surfaces.web.visit import Visit, WebRequest


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`shut`: the shop is not open, and while it is not its journeys rest."""

    journey: Journey
    graph: Graph
    versions: Sequence[Version]
    funnel: Funnel
    things: Things
    judging: Sequence[OnJourney]
    shut: bool


class Somebody(msgspec.Struct, frozen=True, kw_only=True):
    """A customer at a step."""

    buyer_id: UUID
    name: str
    email: str
    version: int
    entered_at: datetime
    due_at: datetime | None


async def running(read: Read, visit: Visit, journey_id: UUID, version: int | None) -> Run:
    """In numbers: of one version, or all together on what is in force. Raises `NotFound`, also for a version there is not."""
    found = await journeys.journey(read, visit.merchant_id, journey_id)
    versions = await journeys.versions(read, visit.merchant_id, journey_id)
    graphs = {each.version: each.graph for each in versions}
    if version is not None and version not in graphs:
        raise NotFound()
    wanted = found.live_version if version is None else version
    graph = found.graph if wanted is None else graphs[wanted]
    shop = await merchants.get(read, visit.merchant_id)
    return Run(
        journey=found,
        graph=graph,
        versions=versions,
        funnel=await journeys.funnel(read, visit.merchant_id, journey_id, version),
        things=await things_of(read, visit, graph),
        judging=await experiments.of_journey(read, visit.merchant_id, journey_id),
        shut=shop is not None and shop.state is not MerchantState.OPEN,
    )


@get("/journeys/{journey_id:uuid}/run", opt=READS)
async def journey_run(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], version: FromQuery[int | None] = None
) -> Response[Any] | Redirect:
    found = await visit.merchant_db.ask(running, visit, journey_id, version)
    here = place_of(journey_id)
    if found.journey.state is State.DRAFT and visit.actor.may("users.manage"):
        return redirect(visit, here)
    graph = journey_drawing.whole(found.graph)
    views = journey_drawing.views_of(
        visit,
        graph,
        found.things,
        figures={node.key: figures_of(visit, found.funnel.nodes.get(node.key, NodeCount())) for node in graph.nodes},
        counts=counts_of(found.funnel.nodes),
        href=lambda key: address(f"{here}/run/{key}", version=version),
    )
    if exports.wanted(visit):
        return _as_file(visit, found, views)
    word, tone = words.STATES[found.journey.state]
    return await frame.show(
        visit,
        "merchant/journey_run.html",
        frame.JOURNEYS,
        crumbs=[(visit.say(TITLE), frame.JOURNEYS), (found.journey.name.in_language(visit.locale), None)],
        here=here,
        name=found.journey.name.in_language(visit.locale),
        state=found.journey.state,
        state_word=visit.say(word),
        state_tone=tone,
        waiting=found.journey.changed,
        trouble=found.journey.trouble is not None,
        shut=found.shut,
        totals=totals_of(visit, found.funnel),
        arms=_arms(visit, graph, found),
        judged=judged(visit, _in_force(found), found.judging, here if found.journey.state is not State.ENDED else ""),
        filters=_filters(visit, here, found, version),
        drawn=journey_drawing.drawn(visit, graph, views),
        may_manage=visit.actor.may("users.manage"),
        new_id=ids.mint(),
    )


def _in_force(found: Run) -> Graph:
    """What whoever comes in goes by, whatever version is looked at."""
    return next((each.graph for each in found.versions if each.version == found.journey.live_version), Graph())


def _filters(visit: Visit, here: str, found: Run, version: int | None) -> list[dict[str, object]]:
    if len(found.versions) < 2:
        return []
    every: list[dict[str, object]] = [
        {"label": visit.say(N_("All together")), "href": f"{here}/run", "current": version is None}
    ]
    return every + [
        {
            "label": visit.say(N_("Version {number}"), number=each.version),
            "href": address(f"{here}/run", version=each.version),
            "current": version == each.version,
        }
        for each in found.versions
    ]


def figures_of(visit: Visit, count: NodeCount) -> Figures:
    """How many came to a box and are there; of messages that were not sent, why."""
    found = [(visit.say(N_("came here")), f"{count.arrived:,}", "")]
    if count.here:
        found.append((visit.say(N_("are here now")), f"{count.here:,}", "warn"))
    for reason, people in sorted(count.reasons.items()):
        if reason in words.REASONS:
            found.append((visit.say(words.REASONS[reason]), f"{people:,}", "bad"))
    return found


def counts_of(nodes: Mapping[str, NodeCount]) -> dict[tuple[str, str], str]:
    """By which way out how many went."""
    return {(key, out): f"{people:,}" for key, node in nodes.items() for out, people in node.outs.items()}


def totals_of(visit: Visit, funnel: Funnel) -> list[tuple[str, str, str]]:
    share = f"{funnel.reached / funnel.entered:.1%}" if funnel.entered else ""
    found = [
        (N_("Came into it"), funnel.entered, ""),
        (N_("Inside now"), funnel.inside, ""),
        (N_("Reached the goal"), funnel.reached, share),
        (N_("Went through to the end"), funnel.finished, ""),
        (N_("Went out before"), funnel.exited, ""),
    ]
    if funnel.failed:
        found.append((N_("Got stuck"), funnel.failed, ""))
    return [(visit.say(label), f"{value:,}", note) for label, value, note in found]


def _arms(visit: Visit, graph: Graph, found: Run) -> list[dict[str, object]]:
    """The ways of split tests, with how many of each have reached the goal."""
    told_of: list[dict[str, object]] = []
    for arm in found.funnel.arms:
        node = graph.node(arm.node)
        if node is None or arm.out not in node.outs:
            continue
        label = words.out_label(visit, node, arm.out)
        share = arm.reached / arm.people if arm.people else None
        told_of.append({"label": label, "people": arm.people, "reached": arm.reached, "share": share})
    return told_of


def _as_file(visit: Visit, found: Run, views: Mapping[str, journey_drawing.View]) -> Response[bytes]:
    rows: list[tuple[object, ...]] = []
    for node in journey_drawing.ordered(found.graph):
        count = found.funnel.nodes.get(node.key, NodeCount())
        view = views[node.key]
        rows.append((view.kind, view.title, "", count.arrived, count.here))
        rows.extend(
            (view.kind, view.title, words.out_label(visit, node, out), people, "") for out, people in count.outs.items()
        )
    headings = [N_("Step"), N_("Title"), N_("Branch"), N_("Customers"), N_("Are here now")]
    return exports.sheet(visit, TITLE, headings, rows)


@get("/journeys/{journey_id:uuid}/run/{box:str}", opt=READS)
async def journey_people(
    visit: NamedDependency[Visit],
    journey_id: FromPath[UUID],
    box: FromPath[str],
    version: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """Who stands at a step now, in the letters that somebody needs who does not serve them; of one version, or of all."""
    found, node, page = await visit.merchant_db.ask(_at, visit, journey_id, box, version, cursor)
    known = await visit.merchant_db.ask(faces, visit, visit.merchant_id, [each.buyer_id for each in page.items])
    title = words.said(visit, node, found.things)[0]
    here = place_of(journey_id)
    way_back, step = address(f"{here}/run", version=version), f"{here}/run/{box}"
    return await frame.show(
        visit,
        "merchant/journey_people.html",
        frame.JOURNEYS,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (found.journey.name.in_language(visit.locale), way_back),
            (title, None),
        ],
        title=title,
        way_back=way_back,
        people=[
            Somebody(
                buyer_id=each.buyer_id,
                name=face.name,
                email=face.email,
                version=each.version,
                entered_at=each.entered_at,
                due_at=each.due_at,
            )
            for each, face in zip(page.items, known, strict=True)
        ],
        start_href=address(step, version=version) if cursor else "",
        next_href=address(step, version=version, cursor=page.next) if page.next else "",
    )


async def _at(
    read: Read, visit: Visit, journey_id: UUID, key: str, version: int | None, cursor: str | None
) -> tuple[Run, Node, Page[Person]]:
    found = await running(read, visit, journey_id, version)
    node = found.graph.node(key)
    if node is None:
        raise NotFound()
    page = await journeys.people(
        read, visit.merchant_id, journey_id, key, version=version, cursor=cursor, limit=ROWS_PER_PAGE
    )
    return found, node, page


def _act(path: str, action: str, message: str, command: Callable[[Tx, UUID, JourneyId, str], Awaitable[object]]) -> Any:
    """What is done with a journey that runs by one button; pressed twice, once."""

    async def done_in(tx: Tx, visit: Visit, journey_id: JourneyId) -> None:
        await command(tx, visit.merchant_id, journey_id, visit.actor.by)
        await access.audit(tx, visit.actor, action, str(journey_id), {})

    @post(path, opt=MANAGES, name=action)
    async def act(visit: NamedDependency[Visit], journey_id: FromPath[UUID]) -> Redirect:
        here = f"{place_of(journey_id)}/run"
        try:
            await visit.merchant_db.transact(done_in, visit, JourneyId(journey_id))
        except NotFound:
            raise
        except Refusal as refusal:
            return redirect(visit, here, (told(visit, refusal), "bad"))
        return redirect(visit, here, (visit.say(message), "good"))

    return act


pause_journey = _act(
    "/journeys/{journey_id:uuid}/pause",
    "journeys.pause",
    N_("It rests: nobody comes in, nobody goes on."),
    journeys.pause,
)
resume_journey = _act(
    "/journeys/{journey_id:uuid}/resume", "journeys.resume", N_("The journey goes on."), journeys.resume
)
end_journey = _act("/journeys/{journey_id:uuid}/end", "journeys.end", N_("It has ended."), journeys.end)


@get("/journeys/{journey_id:uuid}/start", opt=MANAGES)
async def before_start(visit: NamedDependency[Visit], journey_id: FromPath[UUID]) -> Response[Any] | Redirect:
    """Who will come in and what they will get, before anything is sent."""
    return await _start_page(visit, journey_id, "")


async def _start_page(visit: Visit, journey_id: UUID, error: str) -> Response[Any] | Redirect:
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    here = place_of(journey_id)
    if found.journey.state is State.ENDED:
        return redirect(visit, f"{here}/run")
    graph = found.journey.graph
    views = journey_drawing.views_of(visit, graph, found.things, found.faults)
    begins = graph.trigger
    at_once = await visit.merchant_db.ask(_at_once, visit, graph)
    return await frame.show(
        visit,
        "merchant/journey_start.html",
        frame.JOURNEYS,
        status=422 if error else 200,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (found.journey.name.in_language(visit.locale), here),
            (visit.say(N_("Start")), None),
        ],
        here=here,
        error=error,
        live=found.journey.live_version is not None,
        changed=found.journey.changed,
        seen=found.journey.revision,
        faults=journey_drawing.faults_shown(visit, graph, views, found.faults),
        begins=words.said(visit, begins, found.things) if begins else ("", ""),
        at_once=at_once,
        acts=[
            {"icon": words.KINDS[node.kind].icon, "kind": str(node.kind), "view": views[node.key]}
            for node in journey_drawing.ordered(graph)
            if node.kind in words.ACTS
        ],
        rules=words.rules(visit, graph.settings),
    )


async def _at_once(read: Read, visit: Visit, graph: Graph) -> int | None:
    """How many come in at the start, or at the one moment; none where people come in one by one."""
    begins = graph.trigger
    if begins is None or not isinstance(begins.setup, Trigger):
        return None
    setup = begins.setup
    if setup.segment_id is None or not (setup.on is On.DATE or (setup.on is On.SEGMENT and setup.present)):
        return None
    return (await segments.segment(read, visit.merchant_id, setup.segment_id)).members


@post("/journeys/{journey_id:uuid}/start", opt=MANAGES, status_code=200)
async def start_journey(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], request: WebRequest
) -> Response[Any] | Redirect:
    """What stood on the page is put into force; pressed twice, once."""
    form = await entries_of(request)
    try:
        await visit.merchant_db.transact(_started, visit, JourneyId(journey_id), form.number("seen"))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _start_page(visit, journey_id, told(visit, refusal))
    return redirect(visit, f"{place_of(journey_id)}/run", (visit.say(N_("The journey runs.")), "good"))


async def _started(tx: Tx, visit: Visit, journey_id: JourneyId, revision: int) -> None:
    version = await journeys.start(tx, visit.merchant_id, journey_id, revision, visit.actor.by)
    await access.audit(tx, visit.actor, "journeys.start", str(journey_id), {"version": version})


HANDLERS = [journey_run, journey_people, pause_journey, resume_journey, end_journey, before_start, start_journey]
