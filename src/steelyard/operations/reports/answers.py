"""A question, asked: the analysis chosen, the period before it, the currency, and the people in a cell of the answer."""

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import ibis
import msgspec

from steelyard.kernel.text import Text, text
from steelyard.operations.reports import attributions, cohorts, funnels, trends, visits
from steelyard.operations.reports.costing import with_costs
from steelyard.operations.reports.engines import Engine
from steelyard.operations.reports.inside import inside
from steelyard.operations.reports.model import (
    PERIODS_MAX,
    ROWS_MAX,
    SECONDS_PER_DAY,
    STEPS_MAX,
    TOP_MAX,
    USERS_MAX,
    WINDOW_DAYS_MAX,
    Answer,
    Attribution,
    Cell,
    Column,
    Distribution,
    Funnel,
    Intervals,
    Lifetime,
    Paths,
    People,
    Question,
    QuestionUnclear,
    Retention,
    Scope,
    Sessions,
    Trend,
    name_of,
)
from steelyard.operations.reports.scoping import Table, scoped

_ANALYSES: Mapping[type[Any], Callable[[Table, Scope, Any], Table]] = {
    Trend: trends.trend,
    Funnel: funnels.funnel,
    Retention: cohorts.retention,
    Paths: visits.paths,
    Intervals: visits.intervals,
    Distribution: visits.distribution,
    Sessions: visits.sessions,
    Attribution: attributions.attribution,
    Lifetime: cohorts.lifetime,
}
_BOUNDS: Mapping[str, tuple[int, int, Text]] = {
    "periods": (1, PERIODS_MAX, text(f"周期数须为 1 至 {PERIODS_MAX}", f"there are 1 to {PERIODS_MAX} periods")),
    "steps": (1, STEPS_MAX, text(f"路径须有 1 至 {STEPS_MAX} 步", f"a path has 1 to {STEPS_MAX} steps")),
    "top": (1, TOP_MAX, text(f"每步列出 1 至 {TOP_MAX} 种走向", f"of each step there are 1 to {TOP_MAX} transitions")),
    "gap_seconds": (
        60,
        SECONDS_PER_DAY,
        text("结束一次访问的停顿须为 1 分钟至 24 小时", "the pause that ends a session is 1 minute to 24 hours"),
    ),
    "window_seconds": (
        1,
        WINDOW_DAYS_MAX * SECONDS_PER_DAY,
        text(f"窗口期须大于 0，不超过 {WINDOW_DAYS_MAX} 天", f"the window is at most {WINDOW_DAYS_MAX} days"),
    ),
    "window_days": (
        1,
        WINDOW_DAYS_MAX,
        text(f"窗口期须为 1 至 {WINDOW_DAYS_MAX} 天", f"the window is 1 to {WINDOW_DAYS_MAX} days"),
    ),
}
QUESTIONS: Mapping[str, type[Any]] = {name_of(cast(Question, kind)): kind for kind in _ANALYSES}


def expression(events: Table, scope: Scope, asked: Question) -> Table:
    """The analysis as an expression, which any engine of Ibis may run."""
    return _ANALYSES[type(asked)](events, scope, asked)


def answer(engine: Engine, scope: Scope, asked: Question, *, compare: bool = False, digits: int = 2) -> Answer:
    """Work it out, with the period before it where `compare`. Raises `QuestionUnclear`, `ReportTooSlow`, `ReportTooLarge`."""
    _understood(scope, asked)
    if not scope.currency and _money(asked):
        scope = msgspec.structs.replace(scope, currency=_currency(engine, scope))
    table = expression(engine.events, scope, asked)
    rows = engine.rows(table.limit(ROWS_MAX + 1))
    before = engine.rows(expression(engine.events, scope.before, asked).limit(ROWS_MAX)) if compare else None
    found = Answer(
        name=name_of(asked),
        scope=scope,
        columns=table.columns,
        rows=rows[:ROWS_MAX],
        before=before,
        digits=digits,
        engine=engine.name,
        more=len(rows) > ROWS_MAX,
    )
    return with_costs(found, asked.costs) if isinstance(asked, Attribution) else found


def _money(asked: Question) -> bool:
    return isinstance(asked, Attribution | Lifetime) or (isinstance(asked, Trend) and "amount" in asked.measures)


def _currency(engine: Engine, scope: Scope) -> str:
    """The currency that the most was paid in."""
    paid = scoped(engine.events, scope)
    paid = paid.filter((paid.kind == "pay") & (paid.currency != ""))
    counted = paid.group_by("currency").aggregate(n=paid.count()).order_by([ibis.desc("n"), "currency"]).limit(1)
    found = engine.rows(counted)
    return found[0]["currency"] if found else ""


def _understood(scope: Scope, asked: Question) -> None:
    problem = _steps_problem(_steps_of(asked)) or _beyond(asked)
    if scope.until < scope.since:
        problem = text("结束日期早于开始日期", "the last day is before the first")
    elif isinstance(asked, Funnel) and (not 1 <= len(asked.steps) <= STEPS_MAX or not all(asked.steps)):
        problem = text(f"漏斗须有 1 至 {STEPS_MAX} 步", f"a funnel has 1 to {STEPS_MAX} steps")
    if problem is not None:
        raise QuestionUnclear(problem=problem)


def _beyond(asked: Question) -> Text | None:
    """Numbers that no page offers come from terminals: a thousand years of periods would be worked out, and told nobody."""
    for name, (least, most, words) in _BOUNDS.items():
        value = getattr(asked, name, None)
        if isinstance(value, int) and not least <= value <= most:
            return words
    return None


def _steps_of(asked: Question) -> tuple[str, ...]:
    """All that a question says of which event is meant."""
    words: Mapping[type[Any], tuple[str, ...]] = {
        Trend: ("kinds",),
        Funnel: ("steps",),
        Retention: ("first", "again"),
        Intervals: ("first", "then"),
        Distribution: ("kind",),
        Attribution: ("touch", "conversion"),
    }
    said = [getattr(asked, name) for name in words.get(type(asked), ())]
    return tuple(step for each in said for step in ((each,) if isinstance(each, str) else each))


def _steps_problem(steps: tuple[str, ...]) -> Text | None:
    for step in steps:
        _, colon, more = step.partition(":")
        if colon and more.partition("=")[0] not in get_args(Column):
            columns = ", ".join(get_args(Column))
            return text(
                f"{step}：步骤应为事件类型，或“类型:字段=值”，字段可为 {columns}",
                f"{step}: a step is a kind, or kind:column=value with a column of {columns}",
            )
    return None


def people(engine: Engine, scope: Scope, asked: Question, cell: Cell) -> People:
    """The users in a cell of an answer, at most `USERS_MAX`. Raises what `answer` raises."""
    _understood(scope, asked)
    if not scope.currency and _money(asked):
        scope = msgspec.structs.replace(scope, currency=_currency(engine, scope))
    found = inside(engine.events, scope, asked, cell).select("user").distinct().order_by("user").limit(USERS_MAX + 1)
    users = [row["user"] for row in engine.rows(found)]
    return People(users=users[:USERS_MAX], more=len(users) > USERS_MAX)
