"""What is done together: how many asked, how large batches grew, how long people waited, and what came of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel import batch_board
from steelyard.kernel.batch_board import Batched, Hour
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.operator import background_words, frame
from steelyard.surfaces.operator.system import BATCHES, READS, tabs
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit

HOURS_SHOWN = 24
DRAWN_MAX = 5


class Batches(msgspec.Struct, frozen=True, kw_only=True):
    since: datetime
    batchers: list[Batched]
    hours: list[Hour]


async def _batches(read: Read) -> Batches:
    since = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS_SHOWN - 1)
    batchers = await batch_board.listed(read, since)
    return Batches(
        since=since,
        batchers=batchers,
        hours=await batch_board.hours(read, since, [each.batcher for each in batchers[:DRAWN_MAX]]),
    )


@get("/system/batches", opt=READS)
async def batch_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """Each batcher in the last day, and how much was asked of those most asked of by the hour."""
    found = await visit.db.ask(_batches)
    if exports.wanted(visit):
        return _file(visit, found.batchers)
    return await frame.show(
        visit,
        "system_batches.html",
        frame.SYSTEM,
        tabs=tabs(visit, BATCHES),
        batchers=found.batchers,
        words=background_words.BATCHERS,
        chart=_chart(visit, found),
    )


def _called(visit: Visit, batcher: str) -> str:
    return visit.say(background_words.BATCHERS[batcher]) if batcher in background_words.BATCHERS else batcher


def _chart(visit: Visit, found: Batches) -> Chart:
    hours = [found.since + timedelta(hours=number) for number in range(HOURS_SHOWN)]
    asked = {(each.batcher, each.at): each.requests for each in found.hours}
    return Chart(
        "stacked",
        visit.say(N_("Requests by the hour")),
        hours,
        [
            Series(_called(visit, each.batcher), [asked.get((each.batcher, hour), 0) for hour in hours])
            for each in found.batchers[:DRAWN_MAX]
        ],
    )


def _file(visit: Visit, batchers: list[Batched]) -> Response[bytes]:
    words = (
        N_("Batcher"), N_("What"), N_("Requests"), N_("Batches"), N_("On average"), N_("Largest"), N_("Waited on average, ms"),
        N_("A batch takes, ms"), N_("Asked twice"), N_("Refused"), N_("Failed"), N_("Said one by one"), N_("Turned away"),
    )  # fmt: skip
    rows = [
        (
            each.batcher,
            _called(visit, each.batcher),
            each.requests,
            each.batches,
            round(each.average, 1),
            each.largest,
            round(each.wait_ms, 1),
            round(each.work_ms, 1),
            each.merged,
            each.refused,
            each.failed,
            each.split,
            each.turned_away,
        )
        for each in batchers
    ]
    return exports.sheet(visit, N_("Batches"), words, rows)


HANDLERS = [batch_list]
