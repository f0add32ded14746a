"""The condition at a box of a journey, put together as a segment is. The page carries what was typed, so that nothing is kept
before all of it can be read."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations import journeys, segments
from steelyard.operations.journeys.model import Branch, Journey, JourneyId, Node
from steelyard.operations.segments.model import Currencies, Estimate, Sketch, TreeRefused
from steelyard.operations.segments.model import Node as Tree
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.journey_editor import place_of
from steelyard.surfaces.merchant.journeys import MANAGES, TITLE
from steelyard.surfaces.web import segment_builder, segment_words
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NO_SEGMENT = UUID(int=0)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The journey, the box, and what its condition says now."""

    journey: Journey
    node: Node
    sketch: Sketch
    currencies: Currencies


async def asked(read: Read, visit: Visit, journey_id: UUID, key: str) -> Asked:
    """Raises `NotFound`: also for a box that has no condition."""
    found = await journeys.journey(read, visit.merchant_id, journey_id)
    node = found.graph.node(key)
    if node is None or not isinstance(node.setup, Branch):
        raise NotFound()
    currencies = Currencies.one(await frame.currency(read, visit.merchant_id))
    said = node.setup.tree
    sketch = segments.sketching.written(said, currencies) if said is not None else Sketch()
    return Asked(journey=found, node=node, sketch=sketch, currencies=currencies)


@get("/journeys/{journey_id:uuid}/boxes/{box:str}/condition", opt=MANAGES)
async def journey_condition(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str]
) -> Response[Any]:
    return await _page(visit, await visit.merchant_db.ask(asked, visit, journey_id, box), {}, {})


@post("/journeys/{journey_id:uuid}/boxes/{box:str}/condition", opt=MANAGES, status_code=200)
async def keep_condition(
    visit: NamedDependency[Visit], journey_id: FromPath[UUID], box: FromPath[str], request: WebRequest
) -> Response[Any] | Redirect:
    """Each button sends the whole form; the last one keeps it."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(asked, visit, journey_id, box)
    sketch = segment_builder.typed_into(form, segment_builder.carried(form, found.sketch))
    if form.text("do") != "save":
        sketch, _ = segment_builder.changed(form, sketch)
        return await _page(visit, msgspec.structs.replace(found, sketch=sketch), {}, {})
    found = msgspec.structs.replace(found, sketch=sketch)
    try:
        tree = segments.sketching.read(sketch, found.currencies)
        await visit.merchant_db.transact(_kept, visit, JourneyId(journey_id), box, tree, form.number("seen"))
    except TreeRefused as refusal:
        told_at, summary = segment_builder.placed(visit, sketch, refusal)
        return await _page(visit, found, told_at, summary)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, found, {}, {"part-root": told(visit, refusal)})
    return redirect(visit, f"{place_of(journey_id)}#step-{box}", (visit.say(N_("Saved.")), "good"))


async def _kept(tx: Tx, visit: Visit, journey_id: JourneyId, key: str, tree: Tree, revision: int) -> None:
    found = await journeys.journey(tx, visit.merchant_id, journey_id)
    nodes = tuple(
        msgspec.structs.replace(each, setup=Branch(tree=tree)) if each.key == key else each
        for each in found.graph.nodes
    )
    graph = msgspec.structs.replace(found.graph, nodes=nodes)
    await journeys.change(tx, visit.merchant_id, journey_id, found.name, graph, revision, visit.actor.by)


async def _page(
    visit: Visit, found: Asked, told_at: Mapping[str, Mapping[str, str]], errors: Mapping[str, str]
) -> Response[Any]:
    here = place_of(found.journey.journey_id)
    options, estimate = await visit.db.ask(_beside, visit, found)
    return await frame.show(
        visit,
        "merchant/journey_condition.html",
        frame.JOURNEYS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (found.journey.name.in_language(visit.locale), here),
            (visit.say(N_("Condition")), None),
        ],
        here=f"{here}/boxes/{found.node.key}/condition",
        way_back=f"{here}#step-{found.node.key}",
        begun=found,
        carried=msgspec.json.encode(found.sketch).decode(),
        at=dict(segments.sketching.places(found.sketch)),
        told=told_at,
        errors=errors,
        options=options,
        estimate=estimate,
        seen=found.journey.revision,
        **segment_builder.in_words(visit, visit.merchant_id, found.currencies),
        goods_at=f"{frame.SEGMENTS}/goods.json",
    )


async def _beside(read: Read, visit: Visit, found: Asked) -> tuple[dict[str, segment_words.Options], Estimate | None]:
    options = await segment_words.options(read, visit, visit.merchant_id, found.sketch, NO_SEGMENT)
    try:
        tree = segments.sketching.read(found.sketch, found.currencies)
    except TreeRefused:
        return options, None
    return options, await segments.estimate(read, visit.merchant_id, tree)


HANDLERS = [journey_condition, keep_condition]
