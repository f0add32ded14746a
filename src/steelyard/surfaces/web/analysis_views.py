"""The pages of analyses: an answer as a picture and as a table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations.reports.model import LEFT, OTHER, Answer
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web.analysis_questions import ANALYSES, KINDS, MEASURES
from steelyard.surfaces.web.visit import Visit

SERIES_MAX = 12
LABELS_MAX = 150
BANDS_MAX = 60
HOUR_SECONDS = 3_600
WORDS: Mapping[str, str] = {
    "period": N_("Period"),
    "group": N_("Broken down by"),
    "step": N_("Step"),
    "users": N_("People"),
    "events": N_("Times"),
    "orders": N_("Orders"),
    "amount": N_("Amount"),
    "cohort": N_("First time in"),
    "size": N_("Cohort size"),
    "index": N_("Periods later"),
    "total": N_("Amount up to then"),
    "source": N_("Step"),
    "target": N_("Next step"),
    "times": N_("Times"),
    "least": N_("At least so many times"),
    "sessions": N_("Visits"),
    "bounced": N_("With one thing only"),
    "seconds": N_("Hours together"),
    "channel": N_("Channel"),
    "touches": N_("Touches"),
    "cost": N_("Cost"),
    "roi": N_("Return on cost"),
    "mean": N_("Mean, hours"),
    "p25": N_("A quarter within, hours"),
    "p50": N_("Half within, hours"),
    "p75": N_("Three quarters within, hours"),
    "p90": N_("90% within, hours"),
    "p95": N_("95% within, hours"),
    "most": N_("Longest, hours"),
}
SHARES = {"roi"}
_MONEY = {"amount", "total", "cost"}
_HOURS = {"seconds", "mean", "p25", "p50", "p75", "p90", "p95", "most"}


def heading(visit: Visit, answer: Answer, column: str) -> str:
    """What stands over a column."""
    if answer.name == "intervals" and column == "least":
        return visit.say(N_("Shortest, hours"))
    return visit.say(WORDS[column])


def value(visit: Visit, answer: Answer, column: str, found: object) -> object:
    """A cell: days, words, `Money`, or a number."""
    if found is None:
        return ""
    if column in SHARES and isinstance(found, int | float):
        return round(found, 4)
    if column in _MONEY and answer.scope.currency and isinstance(found, int | float):
        return Money(round(found), answer.scope.currency)
    if (column in _HOURS or (answer.name == "intervals" and column == "least")) and isinstance(found, int | float):
        return round(found / HOUR_SECONDS, 1)
    if column in ("source", "target", "group", "channel") and isinstance(found, str):
        return named(visit, found)
    return round(found, 2) if isinstance(found, float) else found


def named(visit: Visit, word: str) -> str:
    """A kind of event in words; other values as they are."""
    if word == LEFT:
        return visit.say(N_("Left the site"))
    if word == OTHER:
        return visit.say(N_("All others"))
    return visit.say(KINDS[word]) if word in KINDS else word or visit.say(N_("Not known"))


def chart(visit: Visit, answer: Answer, steps: Sequence[str] = ()) -> Chart:
    """The picture of an answer."""
    draw: dict[str, Callable[[], Chart]] = {
        "funnel": lambda: _funnel(visit, answer, steps),
        "retention": lambda: _retention(visit, answer),
        "paths": lambda: _paths(visit, answer),
        "intervals": lambda: _intervals(visit, answer),
        "distribution": lambda: _bars(visit, answer, "least", "users"),
        "attribution": lambda: _bars(
            visit, answer, "channel", "amount", *(["cost"] if "cost" in answer.columns else [])
        ),
        "ltv": lambda: _values(visit, answer),
    }
    return draw.get(answer.name, lambda: _over_time(visit, answer))()


def _title(visit: Visit, answer: Answer) -> str:
    return visit.say(ANALYSES[answer.name])


def _over_time(visit: Visit, answer: Answer) -> Chart:
    """Lines by period; those of the time before lie under them, from the left."""
    measure = "sessions" if answer.name == "sessions" else next(name for name in answer.columns if name in MEASURES)
    days = sorted({row["period"] for row in answer.rows if isinstance(row["period"], date)})[-LABELS_MAX:]
    groups = list(dict.fromkeys(str(row.get("group", "")) for row in answer.rows))[:SERIES_MAX]
    found = {(str(row.get("group", "")), row["period"]): _number(row[measure]) for row in answer.rows}
    series = [
        Series(
            named(visit, group) if "group" in answer.columns else visit.say(WORDS[measure]),
            [found.get((group, day), 0) for day in days],
        )
        for group in groups
    ]
    if answer.before and "group" not in answer.columns:
        earlier = [_number(row[measure]) for row in answer.before][: len(days)]
        padded = [*earlier, *([None] * (len(days) - len(earlier)))]
        series.append(Series(visit.say(N_("The period before")), padded, compared=True))
    money = measure == "amount" and bool(answer.scope.currency)
    return Chart(
        "line", _title(visit, answer), days, series,
        unit="money" if money else "number", currency=answer.scope.currency if money else "",
    )  # fmt: skip


def _funnel(visit: Visit, answer: Answer, steps: Sequence[str]) -> Chart:
    labels = [f"{number}. {named(visit, step)}" for number, step in enumerate(steps, 1)]
    groups = list(dict.fromkeys(str(row.get("group", "")) for row in answer.rows))[:SERIES_MAX]
    found = {(str(row.get("group", "")), row["step"]): _number(row["users"]) for row in answer.rows}
    series = [
        Series(
            named(visit, group) if "group" in answer.columns else visit.say(N_("People")),
            [found.get((group, number), 0) for number in range(1, len(steps) + 1)],
        )
        for group in groups
    ]
    return Chart("bar" if "group" in answer.columns else "funnel", _title(visit, answer), labels, series)


def _retention(visit: Visit, answer: Answer) -> Chart:
    cohorts = list(dict.fromkeys(row["cohort"] for row in answer.rows))[-24:]
    most = max((int(_number(row["index"])) for row in answer.rows), default=0)
    found = {(row["cohort"], row["index"]): (_number(row["users"]), _number(row["size"])) for row in answer.rows}
    series: list[Series] = []
    for cohort in cohorts:
        shares = [found.get((cohort, index)) for index in range(most + 1)]
        values = [share[0] / share[1] if share and share[1] else None for share in shares]
        series.append(Series(str(cohort), values))
    return Chart("heat", _title(visit, answer), [str(index) for index in range(most + 1)], series, unit="percent")


def _values(visit: Visit, answer: Answer) -> Chart:
    """What a customer of a cohort has paid on average up to each period."""
    cohorts = list(dict.fromkeys(row["cohort"] for row in answer.rows))[-SERIES_MAX:]
    most = max((int(_number(row["index"])) for row in answer.rows), default=0)
    found = {(row["cohort"], row["index"]): row for row in answer.rows}
    series: list[Series] = []
    for cohort in cohorts:
        values: list[float | None] = []
        for index in range(most + 1):
            row = found.get((cohort, index))
            values.append(_number(row["total"]) / _number(row["size"]) if row else None)
        series.append(Series(str(cohort), values))
    labels = [str(index) for index in range(most + 1)]
    currency = answer.scope.currency
    unit = "money" if currency else "number"
    return Chart("line", _title(visit, answer), labels, series, unit=unit, currency=currency)


def _paths(visit: Visit, answer: Answer) -> Chart:
    rows = answer.rows[:BANDS_MAX]
    links = [
        (int(_number(row["step"])), named(visit, str(row["source"])), named(visit, str(row["target"]))) for row in rows
    ]
    return Chart(
        "sankey",
        _title(visit, answer),
        [f"{step}. {source} → {target}" for step, source, target in links],
        [Series(visit.say(N_("Times")), [_number(row["times"]) for row in rows])],
        note=visit.say(N_("From left to right, what comes after what in a visit: the most frequent of each step.")),
        links=links,
    )


def _intervals(visit: Visit, answer: Answer) -> Chart:
    names = ("p25", "p50", "p75", "p90", "p95")
    row: Mapping[str, object] = answer.rows[0] if answer.rows else {}
    if not row.get("times"):
        return Chart("bar", _title(visit, answer), [], [])
    values = [round(_number(row[name]) / HOUR_SECONDS, 1) for name in names]
    return Chart(
        "bar",
        _title(visit, answer),
        [visit.say(WORDS[name]) for name in names],
        [Series(visit.say(N_("Hours")), values)],
    )


def _bars(visit: Visit, answer: Answer, label: str, *heights: str) -> Chart:
    rows = answer.rows[:LABELS_MAX]
    labels = [named(visit, each) if isinstance(each := row[label], str) else f"≥ {each}" for row in rows]
    money = heights[0] == "amount" and bool(answer.scope.currency)
    return Chart(
        "bar", _title(visit, answer), labels,
        [Series(visit.say(WORDS[height]), [_number(row[height]) for row in rows]) for height in heights],
        unit="money" if money else "number", currency=answer.scope.currency if money else "",
    )  # fmt: skip


def _number(found: object) -> Any:
    return found if isinstance(found, int | float) else 0
