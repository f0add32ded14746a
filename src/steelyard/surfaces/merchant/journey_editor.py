"""The editor of a journey: the canvas, the same as a list, and the form of each box. With scripts the graph is saved by itself,
and each answer says what is wrong with it; without them every box has a page of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations import journeys
from steelyard.operations.journeys.model import (
    Fault,
    Graph,
    Journey,
    JourneyChanged,
    JourneyId,
    Kind,
    Node,
    State,
)
from steelyard.surfaces.merchant import frame, journey_boxes, journey_drawing, journey_reading
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_words import Things, things_of
from steelyard.surfaces.merchant.journeys import MANAGES, TITLE
from steelyard.surfaces.web import seen as seeing
from steelyard.surfaces.web.console import errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.problems import BadRequest, for_program
from steelyard.surfaces.web.visit import Visit, WebRequest

T = TypeVar("T")

GRAPH_CHARACTERS_MAX = 500_000
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
ROW, COLUMN = 200, 300


class Saved(msgspec.Struct, frozen=True):
    """What the script sends: the graph, and the revision that it has seen."""

    seen: int
    graph: Graph


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A journey with what its boxes name and what is wrong with it."""

    journey: Journey
    things: Things
    faults: Sequence[Fault]


async def opened(read: Read, visit: Visit, journey_id: UUID) -> Opened:
    """What is being edited. Raises `NotFound`: another shop's is not there."""
    found = await journeys.journey(read, visit.merchant_id, journey_id)
    return Opened(
        journey=found,
        things=await things_of(read, visit, found.graph),
        faults=await journeys.faults_of(read, visit.merchant_id, found.graph),
    )


def place_of(journey_id: UUID) -> str:
    return f"{frame.JOURNEYS}/{journey_id}"


@get("/journeys/{journey_id:uuid}", opt=MANAGES)
async def journey_editor(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], view: FromQuery[str] = ""
) -> Response[Any] | Redirect:
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    here, state = place_of(journey_id), found.journey.state
    if state is State.ENDED:
        return redirect(visit, f"{here}/run")
    graph = journey_drawing.whole(found.journey.graph)
    views = journey_drawing.views_of(visit, graph, found.things, found.faults, href=lambda key: f"{here}/boxes/{key}")
    word, tone = words.STATES[state]
    return await frame.show(
        visit,
        "merchant/journey.html",
        frame.JOURNEYS,
        crumbs=[(visit.say(TITLE), frame.JOURNEYS), (found.journey.name.in_language(visit.locale), None)],
        here=here,
        name=found.journey.name.in_language(visit.locale),
        live=found.journey.live_version is not None,
        state_word=visit.say(word),
        state_tone=tone,
        as_list=view == "list",
        drawn=journey_drawing.drawn(
            visit,
            graph,
            views,
            found.faults,
            seen=found.journey.revision,
            graphAddress=f"{here}/graph",
            boxAddress=f"{here}/boxes",
        ),
    )


@post("/journeys/{journey_id:uuid}/graph", opt=MANAGES, status_code=200)
async def save_graph(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], request: WebRequest
) -> Response[dict[str, Any]]:
    """The whole graph, as the canvas has it; overtaken by another window it is not kept."""
    await visit.merchant_db.ask(journeys.journey, visit.merchant_id, journey_id)
    said = _decoded(await request.body(), Saved)
    revision = await visit.merchant_db.transact(_kept, visit, JourneyId(journey_id), said.graph, said.seen)
    return Response(await _answer(visit, journey_id, revision))


def _decoded(body: bytes, kind: type[T]) -> T:
    if len(body) > GRAPH_CHARACTERS_MAX:
        raise BadRequest(reason="too large")
    if NUL.search(body):  # which no text of the database may have
        raise BadRequest(reason="unreadable")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(reason=str(error)) from None


async def _kept(tx: Tx, visit: Visit, journey_id: JourneyId, graph: Graph, revision: int) -> int:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    # The rules have a page of their own: a canvas that was open meanwhile does not undo them.
    graph = msgspec.structs.replace(graph, settings=found.graph.settings)
    return await journeys.change(tx, visit.merchant_id, journey_id, found.name, graph, revision, visit.actor.by)


async def _answer(visit: Visit, journey_id: UUID, revision: int, node: Node | None = None) -> dict[str, Any]:
    """What the script draws from now on."""
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    graph = journey_drawing.whole(found.journey.graph)
    views = journey_drawing.views_of(visit, graph, found.things, found.faults)
    answer: dict[str, Any] = {
        "seen": revision,
        "boxes": msgspec.to_builtins(views),
        "faults": msgspec.to_builtins(journey_drawing.faults_shown(visit, graph, views, found.faults)),
    }
    if node is not None:
        answer["node"] = msgspec.to_builtins(graph.node(node.key))
    return answer


@post("/journeys/{journey_id:uuid}/boxes", opt=MANAGES)
async def add_box(visit: NamedDependency[Visit], journey_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """A further box at a way out of another, by the list; what came there comes after it."""
    form = await entries_of(request)
    here = place_of(journey_id)
    try:
        key = await visit.merchant_db.transact(_added, visit, JourneyId(journey_id), form)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{here}?view=list", (told(visit, refusal), "bad"))
    return redirect(visit, f"{here}/boxes/{key}")


async def _added(tx: Tx, visit: Visit, journey_id: JourneyId, form: Entries) -> str:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    graph = journey_drawing.whole(found.graph)
    kind = next((each for each in journey_drawing.BLANKS if each == form.text("kind")), None)
    key, _, out = form.text("after").partition(":")
    before = graph.node(key)
    if kind is None or before is None or out not in before.outs:
        raise Invalid({"kind": N_("This form is out of date. Please reload the page.")})
    made = _new(graph, kind, before, out)
    nodes = [
        msgspec.structs.replace(each, next={**each.next, out: made.key}) if each.key == key else each
        for each in _moved_down(graph, before, made)
    ]
    graph = msgspec.structs.replace(graph, nodes=(*nodes, made))
    await journeys.change(tx, visit.merchant_id, journey_id, found.name, graph, form.number("seen"), visit.actor.by)
    return made.key


def _new(graph: Graph, kind: Kind, before: Node, out: str) -> Node:
    """An empty box below another; its first way leads on to what came there."""
    names = graph.by_key()
    number = next(each for each in range(1, len(names) + 2) if f"{kind}{each}" not in names)
    setup = journey_drawing.BLANKS[kind]
    ways = dict.fromkeys(journey_drawing.outs(setup))
    if ways:
        ways[next(iter(ways))] = before.next.get(out)
    aside = before.outs.index(out) - (len(before.outs) - 1) // 2
    return Node(key=f"{kind}{number}", setup=setup, x=before.x + aside * COLUMN, y=before.y + ROW, next=ways)


def _moved_down(graph: Graph, before: Node, made: Node) -> list[Node]:
    """What stands below makes room."""
    return [
        msgspec.structs.replace(each, y=each.y + ROW) if each.y > before.y and each.key != before.key else each
        for each in graph.nodes
        if each.key != made.key
    ]


@get("/journeys/{journey_id:uuid}/boxes/{box:str}", opt=MANAGES)
async def journey_box(visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str]) -> Response[Any]:
    """The form of a box: a page, or, for the script, what stands beside the canvas."""
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    return await _box(visit, found, _node(found.journey.graph, box), {})


def _node(graph: Graph, key: str) -> Node:
    node = graph.node(key)
    if node is None:
        raise NotFound()
    return node


async def _box(visit: Visit, found: Opened, node: Node, errors: Mapping[str, str]) -> Response[Any]:
    here, journey = place_of(found.journey.journey_id), found.journey
    box = journey_boxes.box_of(visit, journey.graph, node, found.things, here)
    own = [each for each in found.faults if each.key == node.key]
    return await frame.show(
        visit,
        "merchant/journey_panel.html" if "hx-request" in visit.connection.headers else "merchant/journey_box.html",
        frame.JOURNEYS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (journey.name.in_language(visit.locale), here),
            (box.title, None),
        ],
        here=here,
        box=box,
        seen=journey.revision,
        errors=errors,
        summary=[(f"box-{name}" if name != seeing.FIELD else name, said) for name, said in errors.items()],
        faults=[journey_drawing.fault_words(visit, node, each) for each in own],
    )


@post("/journeys/{journey_id:uuid}/boxes/{box:str}", opt=MANAGES, status_code=200)
async def keep_box(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str], request: WebRequest
) -> Response[Any] | Redirect:
    """By the script with the graph as the canvas has it; without scripts against what is kept."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    graph = found.journey.graph
    if drawn := form.text("graph", most=GRAPH_CHARACTERS_MAX):
        graph = _decoded(drawn.encode(), Graph)
    node = journey_reading.read(form, _node(graph, box), graph)
    nodes = tuple(node if each.key == box else each for each in graph.nodes)
    try:
        form.check()
        changed = msgspec.structs.replace(graph, nodes=nodes)
        revision = await visit.merchant_db.transact(_kept, visit, JourneyId(journey_id), changed, form.number("seen"))
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        if for_program(request):
            return Response({"errors": errors}, status_code=422)
        return await _box(visit, found, node, errors)
    except JourneyChanged:
        if for_program(request):
            raise
        return await _box(visit, found, node, {seeing.FIELD: visit.say(seeing.OVERTAKEN)})
    if for_program(request):
        return Response(await _answer(visit, journey_id, revision, node))
    return redirect(visit, f"{place_of(journey_id)}?view=list#step-{box}", (visit.say(N_("Saved.")), "good"))


@post("/journeys/{journey_id:uuid}/boxes/{box:str}/remove", opt=MANAGES)
async def remove_box(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str], request: WebRequest
) -> Redirect:
    """What led to it leads on to where its first way led; pressed twice, once."""
    form = await entries_of(request)
    here = place_of(journey_id)
    try:
        await visit.merchant_db.transact(_removed, visit, JourneyId(journey_id), box, form.number("seen"))
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{here}?view=list", (told(visit, refusal), "bad"))
    return redirect(visit, f"{here}?view=list", (visit.say(N_("The step is gone.")), "good"))


async def _removed(tx: Tx, visit: Visit, journey_id: JourneyId, key: str, revision: int) -> None:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    gone = found.graph.node(key)
    if gone is None or gone.kind is Kind.TRIGGER:
        return
    on = next((gone.next.get(out) for out in gone.outs), None)
    nodes = [
        msgspec.structs.replace(
            each, next={out: (None if on == each.key else on) if to == key else to for out, to in each.next.items()}
        )
        for each in found.graph.nodes
        if each.key != key
    ]
    graph = msgspec.structs.replace(found.graph, nodes=tuple(nodes))
    await journeys.change(tx, visit.merchant_id, journey_id, found.name, graph, revision, visit.actor.by)


HANDLERS = [journey_editor, save_graph, add_box, journey_box, keep_box, remove_box]
