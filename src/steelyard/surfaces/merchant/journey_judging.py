"""A split of a journey judged as an experiment: the form that draws it up, and what the journey's page tells of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations import journeys
from steelyard.operations.experiments import OnJourney
from steelyard.operations.experiments.model import NAME_CHARACTERS_MAX, Kind, Variant
from steelyard.operations.journeys import LiveSplit
from steelyard.operations.journeys.model import Graph, JourneyOver, Node, Split
from steelyard.parties import access
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant import journey_words as words
from steelyard.surfaces.merchant.journey_editor import place_of
from steelyard.surfaces.merchant.journeys import MANAGES, TITLE
from steelyard.surfaces.web.console import errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.experiment_pages import asked, needed
from steelyard.surfaces.web.experiment_words import METRICS, STATES
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A split on a journey's page: what judges it, or judged it last (none yet: empty), and where it is drawn up."""

    ways: str
    name: str
    href: str
    state: str
    tone: str
    draw_up: str


def judged(visit: Visit, graph: Graph, found: Sequence[OnJourney], here: str) -> list[Judged]:
    """The splits of what is in force, with their experiments. `found`: those of the journey, the newest first; `here`: its
    address, none where nothing is to be drawn up any more."""
    return [_judged(visit, node, found, here) for node in graph.nodes if isinstance(node.setup, Split)]


def _judged(visit: Visit, node: Node, found: Sequence[OnJourney], here: str) -> Judged:
    last = next((each for each in found if each.box == node.key), None)
    word, tone = STATES[last.state] if last is not None else ("", "")
    open_still = last is not None and last.state in ("draft", "running")
    return Judged(
        ways=" · ".join(words.out_label(visit, node, out) for out in node.outs),
        name=last.name if last is not None else "",
        href=f"{frame.EXPERIMENTS}/{last.experiment_id}" if last is not None else "",
        state=visit.say(word) if word else "",
        tone=tone,
        draw_up="" if open_still or not here else f"{here}/boxes/{node.key}/experiment",
    )


@get("/journeys/{journey_id:uuid}/boxes/{box:str}/experiment", opt=MANAGES)
async def split_experiment(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str]
) -> Response[Any] | Redirect:
    try:
        return await _form(visit, journey_id, box, Entries({}, {}), {})
    except NotFound:
        raise
    except Refusal as refusal:
        return _not_in_force(visit, journey_id, refusal)


def _not_in_force(visit: Visit, journey_id: UUID, refusal: Refusal) -> Redirect:
    """To where the journey is drawn, or, when it has ended, to its figures."""
    here = place_of(journey_id)
    there = f"{here}/run" if isinstance(refusal, JourneyOver) else here
    return redirect(visit, there, (told(visit, refusal), "bad"))


async def _form(visit: Visit, journey_id: UUID, box: str, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    _, split = await visit.merchant_db.ask(journeys.live_split, visit.merchant_id, journey_id, box)
    here = place_of(journey_id)
    return await frame.show(
        visit,
        "merchant/journey_experiment.html",
        frame.JOURNEYS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (split.name.in_language(visit.locale), f"{here}/run"),
            (visit.say(N_("Judge the split")), None),
        ],
        here=f"{here}/boxes/{box}/experiment",
        way_back=f"{here}/run",
        ways=_ways(visit, split),
        choices=[(str(each), visit.say(word)) for each, word in METRICS.items()],
        typed=typed,
        errors=errors,
        experiment_id=typed.text("experiment_id") or ids.mint(),
        needed=needed(),
    )


def _ways(visit: Visit, split: LiveSplit) -> list[str]:
    node = Node(key=split.box, setup=Split(weights=tuple(split.weights)))
    return [words.out_label(visit, node, out) for out in node.outs]


@post("/journeys/{journey_id:uuid}/boxes/{box:str}/experiment", opt=MANAGES, status_code=200)
async def draw_up_split(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str], request: WebRequest
) -> Response[Any] | Redirect:
    """A draft; pressed twice, one."""
    form = await entries_of(request)
    try:
        experiment_id = await visit.merchant_db.transact(_drawn_up, visit, journey_id, box, form)
    except NotFound:
        raise
    except Invalid as refusal:
        return await _form(visit, journey_id, box, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return _not_in_force(visit, journey_id, refusal)
    said = visit.say(N_("It is drawn up. Look at it once more, then start it."))
    return redirect(visit, f"{frame.EXPERIMENTS}/{experiment_id}", (said, "good"))


async def _drawn_up(tx: Tx, visit: Visit, journey_id: UUID, box: str, form: Entries) -> UUID:
    _, split = await journeys.live_split(tx, visit.merchant_id, journey_id, box)
    new = msgspec.structs.replace(
        asked(form, visit.merchant_id, await frame.currency(tx, visit.merchant_id), Kind.JOURNEY),
        journey_id=journey_id,
        box=box,
        variants=[
            Variant(variant=place, name=form.text(f"variant{place}", required=True, most=NAME_CHARACTERS_MAX))
            for place in range(len(split.weights))
        ],
    )
    form.check()
    await journeys.judge_split(tx, new, visit.by)
    facts = {"name": new.name, "kind": new.kind, "journey": str(journey_id), "box": box}
    await access.audit(tx, visit.actor, "experiments.draw_up", str(new.experiment_id), facts)
    return new.experiment_id


HANDLERS = [split_experiment, draw_up_split]
