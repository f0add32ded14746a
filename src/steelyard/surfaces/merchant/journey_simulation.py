"""A journey played over the last month: who would have come in, what they would have got, who not and why. Nothing is sent."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations import journeys
from steelyard.operations.journeys.model import JourneyId, NodeCount
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.merchant import frame, journey_drawing
from steelyard.surfaces.merchant.journey_editor import Opened, opened, place_of
from steelyard.surfaces.merchant.journey_running import counts_of, figures_of
from steelyard.surfaces.merchant.journeys import MANAGES, TITLE
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit


class CouponShown(msgspec.Struct, frozen=True, kw_only=True):
    """`most`: what they cost if each is used in full; none where it is a share of what is bought."""

    name: str
    people: int
    most: Money | None


async def _played(read: Read, visit: Visit, found: Opened) -> journeys.Simulation:
    return await journeys.simulate(read, visit.merchant_id, JourneyId(found.journey.journey_id), found.journey.graph)


@get("/journeys/{journey_id:uuid}/simulation", opt=MANAGES)
async def journey_simulation(visit: NamedDependency[Visit], journey_id: FromPath[UUID]) -> Response[Any]:
    """What cannot be played yet is said instead. Who people are is not for the merchants' role to see: the house is asked."""
    found = await visit.merchant_db.ask(opened, visit, journey_id)
    here = place_of(journey_id)
    graph = journey_drawing.whole(found.journey.graph)
    played = None if found.faults else await visit.db.ask(_played, visit, found)
    nodes = {} if played is None else played.nodes
    views = journey_drawing.views_of(
        visit,
        graph,
        found.things,
        found.faults,
        figures={}
        if played is None
        else {node.key: figures_of(visit, nodes.get(node.key, NodeCount())) for node in graph.nodes},
        counts=None if played is None else counts_of(nodes),
    )
    if exports.wanted(visit) and played is not None:
        return _as_file(visit, played)
    return await frame.show(
        visit,
        "merchant/journey_simulation.html",
        frame.JOURNEYS,
        crumbs=[
            (visit.say(TITLE), frame.JOURNEYS),
            (found.journey.name.in_language(visit.locale), here),
            (visit.say(N_("Simulation")), None),
        ],
        here=here,
        played=played,
        live=found.journey.live_version is not None,
        totals=[] if played is None else _totals(visit, played),
        coupons=[] if played is None else _coupons(found, played),
        chart=None if played is None or not played.by_day else _chart(visit, played),
        faults=journey_drawing.faults_shown(visit, graph, views, found.faults),
        drawn=journey_drawing.drawn(visit, graph, views, found.faults),
    )


def _totals(visit: Visit, played: journeys.Simulation) -> list[tuple[str, str]]:
    found = [
        (N_("Would have come in"), played.entered),
        (N_("Would have reached the goal"), played.reached),
        (N_("Messages"), played.messages),
        (N_("Not sent: had enough messages"), played.capped),
        (N_("Not sent: have not agreed, or cannot be reached"), played.no_consent),
        (N_("Would have waited for the morning"), played.quiet),
        (N_("Tasks for your shop"), played.tasks),
    ]
    return [(visit.say(label), f"{value:,}") for label, value in found]


def _coupons(found: Opened, played: journeys.Simulation) -> list[CouponShown]:
    return [
        CouponShown(
            name=found.things.coupons.get(each.promotion_id, "–"),
            people=each.people,
            most=None if each.most is None else Money(each.most, each.currency),
        )
        for each in played.coupons
    ]


def _chart(visit: Visit, played: journeys.Simulation) -> Chart:
    days = sorted(played.by_day)
    return Chart(
        kind="bar",
        title=visit.say(N_("Messages a day")),
        labels=[date.fromisoformat(each) for each in days],
        series=[Series(visit.say(N_("Messages")), [played.by_day[each] for each in days])],
    )


def _as_file(visit: Visit, played: journeys.Simulation) -> Response[bytes]:
    rows = [(each, played.by_day[each]) for each in sorted(played.by_day)]
    return exports.sheet(visit, N_("Simulation"), [N_("Day"), N_("Messages")], rows)


HANDLERS = [journey_simulation]
