"""Who is in a cell of an answer."""

from collections.abc import Callable, Mapping
from typing import Any

import ibis

from steelyard.operations.reports import attributions, cohorts, funnels, trends, visits
from steelyard.operations.reports.model import (
    BUCKETS,
    Attribution,
    Cell,
    Distribution,
    Funnel,
    Intervals,
    Lifetime,
    Paths,
    Question,
    Retention,
    Scope,
    Sessions,
    Trend,
)
from steelyard.operations.reports.scoping import Table


def inside(events: Table, scope: Scope, asked: Question, cell: Cell) -> Table:
    """A table with a column `user`: everybody in the cell, once at least."""
    return _OF[type(asked)](events, scope, asked, cell)


def _of_group(found: Table, cell: Cell) -> Table:
    return found if cell.group is None else found.filter(found.group == cell.group)


def _of_period(found: Table, cell: Cell) -> Table:
    return found if cell.period is None else found.filter(found.period == ibis.literal(cell.period, "date"))


def _trend(events: Table, scope: Scope, asked: Trend, cell: Cell) -> Table:
    return _of_group(_of_period(trends.happened(events, scope, asked), cell), cell)


def _funnel(events: Table, scope: Scope, asked: Funnel, cell: Cell) -> Table:
    levels = _of_group(funnels.by_group(events, scope, asked), cell)
    return levels.filter(levels.level == cell.step if cell.dropped else levels.level >= cell.step)


def _retention(events: Table, scope: Scope, asked: Retention, cell: Cell) -> Table:
    back = _of_group(cohorts.returned(events, scope, asked), cell)
    return back.filter((back.cohort == ibis.literal(cell.cohort, "date")) & (back.index == cell.index))


def _lifetime(events: Table, scope: Scope, asked: Lifetime, cell: Cell) -> Table:
    paid = _of_group(cohorts.spent(events, scope, asked), cell)
    return paid.filter((paid.cohort == ibis.literal(cell.cohort, "date")) & (paid.index == cell.index))


def _paths(events: Table, scope: Scope, asked: Paths, cell: Cell) -> Table:
    moved = visits.moves(events, scope, asked)
    return moved.filter((moved.step == cell.step) & (moved.node == cell.source) & (moved.target == cell.target))


def _intervals(events: Table, scope: Scope, asked: Intervals, cell: Cell) -> Table:
    found = _of_group(visits.gaps(events, scope, asked), cell)
    if cell.seconds is None:
        return found
    return found.filter(found.seconds > cell.seconds if cell.longer else found.seconds <= cell.seconds)


def _distribution(events: Table, scope: Scope, asked: Distribution, cell: Cell) -> Table:
    later = [least for least in BUCKETS if least > cell.least]
    times = _of_group(visits.how_often(events, scope, asked), cell)
    times = times.filter(times.times >= cell.least)
    return times.filter(times.times < later[0]) if later else times


def _sessions(events: Table, scope: Scope, asked: Sessions, cell: Cell) -> Table:
    return _of_group(_of_period(visits.visits(events, scope, asked), cell), cell)


def _attribution(events: Table, scope: Scope, asked: Attribution, cell: Cell) -> Table:
    found = attributions.credited(events, scope, asked)
    return found if cell.group is None else found.filter(found.channel == cell.group)


_OF: Mapping[type[Any], Callable[[Table, Scope, Any, Cell], Table]] = {
    Trend: _trend,
    Funnel: _funnel,
    Retention: _retention,
    Paths: _paths,
    Intervals: _intervals,
    Distribution: _distribution,
    Sessions: _sessions,
    Attribution: _attribution,
    Lifetime: _lifetime,
}
