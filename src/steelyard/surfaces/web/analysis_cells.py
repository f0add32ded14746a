"""The places in an answer whose people can be put on a list: what the form sends, and what it is in words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from steelyard.kernel.i18n import N_
from steelyard.operations.reports.model import Answer, Distribution, Funnel, Intervals, Question, Retention, Trend
from steelyard.surfaces.web import analysis_views as views
from steelyard.surfaces.web.visit import Visit

PLACES_MAX = 400
Place = tuple[str, str]


def places(visit: Visit, asked: Question, answer: Answer | None) -> list[Place]:
    """All of them, in the order of the answer; none where nobody is to be shown."""
    if answer is None or not answer.rows:
        return []
    found: Mapping[type[Any], Callable[[], list[Place]]] = {
        Trend: lambda: [("1", visit.say(N_("Everybody who did it")))],
        Funnel: lambda: _steps(visit, asked.steps if isinstance(asked, Funnel) else ()),
        Distribution: lambda: _buckets(visit, answer),
        Retention: lambda: _cohorts(visit, answer),
        Intervals: lambda: _quantiles(visit, answer),
    }
    return found[type(asked)]() if type(asked) in found else []


def of_rows(asked: Question, answer: Answer | None) -> Sequence[str]:
    """Of each row of the table the place whose people it counts, as `places` names it; empty for none."""
    if answer is None:
        return []
    if isinstance(asked, Retention):
        return [_cohort(row) if row["users"] else "" for row in answer.rows]
    if isinstance(asked, Distribution):
        return [str(row["least"]) for row in answer.rows]
    if isinstance(asked, Funnel) and not asked.by:
        return [str(row["step"]) if row["users"] else "" for row in answer.rows]
    return [""] * len(answer.rows)


def _steps(visit: Visit, steps: Sequence[str]) -> list[Place]:
    found: list[Place] = []
    for number, step in enumerate(steps, 1):
        word = views.named(visit, step)
        found.append((str(number), visit.say(N_("Came as far as step {number}: {step}"), number=number, step=word)))
        if number < len(steps):
            found.append((f"{number}-", visit.say(N_("Came to step {number} and no further"), number=number)))
    return found


def _buckets(visit: Visit, answer: Answer) -> list[Place]:
    said = N_("At least {least} times, below the next line")
    return [(str(row["least"]), visit.say(said, least=row["least"])) for row in answer.rows]


def _cohorts(visit: Visit, answer: Answer) -> list[Place]:
    """The youngest cohorts first: they are whom something can still be done for."""
    rows = sorted((row for row in answer.rows if row["users"]), key=_begun, reverse=True)
    first, later = (
        N_("First time in {cohort}: {users}"),
        N_("First time in {cohort}, back {index} periods later: {users}"),
    )
    return [
        (
            _cohort(row),
            visit.say(later if row["index"] else first, cohort=row["cohort"], index=row["index"], users=row["users"]),
        )
        for row in rows[:PLACES_MAX]
    ]


def _begun(row: Mapping[str, object]) -> tuple[date, int]:
    cohort, index = row["cohort"], row["index"]
    assert isinstance(cohort, date)
    assert isinstance(index, int)
    return cohort, -index


def _cohort(row: Mapping[str, object]) -> str:
    return f"{row['cohort']}:{row['index']}"


def _quantiles(visit: Visit, answer: Answer) -> list[Place]:
    """Who was quick and who was slow: of somebody with several such times, one of them is enough."""
    row = answer.rows[0]
    if not row.get("times"):
        return []
    within, after = (
        N_("Within {hours} hours: the quickest {share}"),
        N_("After more than {hours} hours: the slowest {share}"),
    )
    found: list[Place] = []
    for column, words, sign, share in (
        ("p25", within, "-", 25), ("p50", within, "-", 50), ("p75", within, "-", 75), ("p50", after, "+", 50),
        ("p75", after, "+", 25), ("p90", after, "+", 10), ("p95", after, "+", 5),
    ):  # fmt: skip
        hours = views.value(visit, answer, column, row[column])
        found.append((f"{row[column]}{sign}", visit.say(words, hours=hours, share=f"{share}%")))
    return found
