"""The front page: how the marketplace does in a period, and what waits for somebody."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.operations import analytics
from steelyard.operations.analytics import DayFigures
from steelyard.surfaces.operator import figures as parts_of
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.figures import Parts
from steelyard.surfaces.operator.waiting import Waiting, tasks, waiting
from steelyard.surfaces.web import figures, periods
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.figures import Figures
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.task_pages import account_id, own_roles
from steelyard.surfaces.web.visit import Visit

_PAGES = {
    "Visitors": f"{frame.FIGURES}/visitors",
    "Conversion": f"{frame.FIGURES}/visitors",
    "Average order value": f"{frame.FIGURES}/merchants",
    "New customers": f"{frame.FIGURES}/merchants",
}


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`today` are the running day's figures as they are this instant, by currency."""

    figures: Figures
    parts: Parts
    today: list[DayFigures]
    waiting: Waiting


async def overview(read: Read, period: Period, wanted: str, visit: Visit) -> Overview:
    found, parts = await parts_of.overview(read, period, wanted)
    return Overview(
        figures=found,
        parts=parts,
        today=await analytics.today(read),
        waiting=await waiting(read, account_id(visit), await own_roles(read, visit)),
    )


@get("/", opt={"permission": "dashboard.read"})
async def front(visit: NamedDependency[Visit]) -> Response[Any]:
    """The period's figures with what they were before, and what asks for somebody."""
    wanted = visit.connection.query_params.get("currency", "")
    view = await visit.db.ask(overview, periods.asked(visit), wanted, visit)
    return await frame.show(
        visit,
        "today.html",
        frame.HOME,
        overview=view,
        tasks=tasks(visit, view.waiting),
        found=view.figures,
        parts=view.parts,
        cards=figures.cards(visit, view.figures, _hrefs(visit, view.figures)),
        charts=parts_of.charts(visit, view.figures, view.parts),
        periods=periods,
    )


def _hrefs(visit: Visit, found: Figures) -> dict[str, str]:
    """Where each card leads, for the period that the dashboard shows: money to the orders or transfers behind it."""
    asked = dict(visit.connection.query_params)
    hrefs = {word: address(href, **asked) for word, href in _PAGES.items()}
    period = {"from": found.period.first, "to": found.period.last, "currency": found.currency}
    if visit.actor.may("orders.read"):
        placed = address(f"{frame.FIGURES}/orders", what="placed", **period)
        paid = address(f"{frame.FIGURES}/orders", what="paid", **period)
        hrefs |= {"Amount paid": paid, "GMV": placed, "Orders": placed}
    if visit.actor.may("ledger.read"):
        hrefs["Refunds"] = address(f"{frame.BOOKS}/transfers", reason="refund_due", **period)
    return hrefs


HANDLERS = [front]
