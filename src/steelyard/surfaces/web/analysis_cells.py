"""The places in an answer whose people can be put on a list: what the form sends, and what it is in words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.operations.reports.model import (
    Attribution,
    Cell,
    Distribution,
    Funnel,
    Intervals,
    Lifetime,
    Paths,
    Question,
    QuestionUnclear,
    Retention,
    Sessions,
    Trend,
)
from steelyard.surfaces.web import analysis_views as views
from steelyard.surfaces.web.analysis_views import Reading

PLACES_MAX = 1_000
EVERYBODY = "1"
Place = tuple[str, str]
_COUNTS = ("users", "times", "sessions", "events", "orders", "amount")


def places(read: Reading | None) -> list[Place]:
    """All of them, in the order of the answer, the youngest of days and cohorts first: for them something can still be done."""
    if read is None or not read.rows:
        return []
    if isinstance(read.asked, Intervals):
        return [place for row in read.rows if row.get("times") for place in _quantiles(read, row)]
    found = [(place, _words(read, row)) for row in read.rows if (place := _place(read.asked, row))]
    if isinstance(read.asked, Funnel):
        found = [each for place in found for each in (place, _no_further(read, place)) if each[0]]
    if isinstance(read.asked, Trend | Sessions | Retention | Lifetime):
        found.sort(key=lambda place: place[0].partition(":")[0].partition("@")[0], reverse=True)
    if isinstance(read.asked, Trend | Sessions):
        found.insert(0, (EVERYBODY, read.visit.say(N_("Everybody who did it"))))
    return found[:PLACES_MAX]


def of_rows(read: Reading | None) -> Sequence[str]:
    """Of each row of the table the place whose people it counts, as `places` names it; empty for none."""
    return [] if read is None else [_place(read.asked, row) for row in read.rows]


def _place(asked: Question, row: Mapping[str, Any]) -> str:
    """Nobody is in a row that was only in the period before."""
    if not any(row.get(name) for name in _COUNTS):
        return ""
    words: Mapping[type[Any], Callable[[], str]] = {
        Trend: lambda: f"{row['period']}",
        Sessions: lambda: f"{row['period']}",
        Funnel: lambda: f"{row['step']}",
        Retention: lambda: f"{row['cohort']}:{row['index']}",
        Lifetime: lambda: f"{row['cohort']}:{row['index']}",
        Distribution: lambda: f"{row['least']}",
        Paths: lambda: f"{row['step']}:{quote(row['source'], safe='')}:{quote(row['target'], safe='')}",
        Attribution: lambda: f"@{row['channel']}" if row["orders"] else "",
    }
    place = words[type(asked)]() if type(asked) in words else ""
    return f"{place}@{row['group']}" if place and "group" in row else place


def _words(read: Reading, row: Mapping[str, Any]) -> str:
    say, asked = read.visit.say, read.asked
    if isinstance(asked, Funnel):
        step = views.kind(read.visit, asked.steps[row["step"] - 1])
        said = say(N_("Came as far as step {number}: {step}"), number=row["step"], step=step)
    elif isinstance(asked, Distribution):
        said = say(N_("At least {least} times, below the next line"), least=row["least"])
    elif isinstance(asked, Retention):
        later = N_("First time in {cohort}, back {index} periods later: {users}")
        words = later if row["index"] else N_("First time in {cohort}: {users}")
        said = say(words, cohort=row["cohort"], index=row["index"], users=row["users"])
    elif isinstance(asked, Lifetime):
        paid = N_("First time in {cohort}, paid or got back {index} periods later")
        said = say(paid, cohort=row["cohort"], index=row["index"])
    elif isinstance(asked, Paths):
        said = f"{row['step']}. {views.named(read, row['source'])} → {views.named(read, row['target'])}"
    elif isinstance(asked, Attribution):
        said = views.named(read, row["channel"])
    else:
        said = f"{row['period']}"
    return f"{views.named(read, row['group'])} · {said}" if "group" in row else said


def _no_further(read: Reading, place: Place) -> Place:
    """Of a step of a funnel but the last: who came there and no further."""
    number, at, group = place[0].partition("@")
    if not isinstance(read.asked, Funnel) or int(number) >= len(read.asked.steps):
        return ("", "")
    said = read.visit.say(N_("Came to step {number} and no further"), number=number)
    return (f"{number}-{at}{group}", f"{views.named(read, group)} · {said}" if at else said)


def _quantiles(read: Reading, row: Mapping[str, Any]) -> list[Place]:
    """Who was quick and who was slow: of somebody with several such times, one of them is enough."""
    within, after = (
        N_("Within {hours} hours: the quickest {share}"),
        N_("After more than {hours} hours: the slowest {share}"),
    )
    found: list[Place] = []
    of, whose = (f"@{row['group']}", f"{views.named(read, row['group'])} · ") if "group" in row else ("", "")
    for column, words, sign, share in (
        ("p25", within, "-", 25), ("p50", within, "-", 50), ("p75", within, "-", 75), ("p50", after, "+", 50),
        ("p75", after, "+", 25), ("p90", after, "+", 10), ("p95", after, "+", 5),
    ):  # fmt: skip
        hours = views.value(read, column, row[column])
        found.append((f"{row[column]}{sign}{of}", whose + read.visit.say(words, hours=hours, share=f"{share}%")))
    return found


def cell(asked: Question, said: str) -> Cell:
    """The place in an answer whose people are wanted: `2`, `2-` (no further), a bucket, `2026-03-01:2` (a cohort, and so many
    periods later), a day, `3600-` or `3600+` (within so many seconds, or after more), `1:view:cart` (a step of a path); `@ad`
    after it, or alone, is of a breakdown or of whose the credit is. Raises `QuestionUnclear`."""
    place, at, named = said.partition("@")
    try:
        return msgspec.structs.replace(_cell(asked, place), group=named if at else None)
    except ValueError as error:
        raise QuestionUnclear(problem=said[:40]) from error


def _cell(asked: Question, place: str) -> Cell:
    first, _, rest = place.partition(":")
    source, _, target = rest.partition(":")
    read: Mapping[type[Any], Callable[[], Cell]] = {
        Funnel: lambda: Cell(step=_whole(place.removesuffix("-")), dropped=place.endswith("-")),
        Retention: lambda: Cell(cohort=date.fromisoformat(first), index=_whole(rest)),
        Lifetime: lambda: Cell(cohort=date.fromisoformat(first), index=_whole(rest)),
        Intervals: lambda: Cell(seconds=float(place.rstrip("+-")), longer=place.endswith("+")),
        Paths: lambda: Cell(step=_whole(first), source=unquote(source), target=unquote(target)),
        Attribution: Cell,
        Distribution: lambda: Cell(least=_whole(place)),
    }
    if type(asked) in read:
        return read[type(asked)]()
    return Cell(period=None if place == EVERYBODY else date.fromisoformat(place))


def _whole(said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) < 6):
        raise ValueError(said)
    return int(said)
