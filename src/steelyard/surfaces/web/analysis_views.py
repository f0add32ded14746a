"""The pages of analyses: an answer as a picture and as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.operations import reports
from steelyard.operations.reports import BEFORE
from steelyard.operations.reports.model import LEFT, OTHER, Answer, Attribution, Funnel, Question
from steelyard.surfaces.components.charts import POINTS_MAX, Chart, Series
from steelyard.surfaces.web.analysis_questions import ANALYSES, COLUMNS, KINDS, MEASURES
from steelyard.surfaces.web.figures import CHANNELS, DEVICES, SOURCES
from steelyard.surfaces.web.visit import Visit

SERIES_MAX = 12
LABELS_MAX = 150
CURVES_COHORTS_MAX = 24
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


class Reading(NamedTuple):
    """An answer as it is read: with what was asked, its rows beside those of the period before, and names of what it tells of."""

    visit: Visit
    asked: Question
    answer: Answer
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    names: Mapping[str, Text]

    @property
    def every(self) -> Any:
        return getattr(self.asked, "every", "day")

    @property
    def compares(self) -> bool:
        return self.answer.before is not None

    def cells(self, rows: Sequence[Mapping[str, Any]]) -> list[list[object]]:
        return [[value(self, column, row.get(column)) for column in self.columns] for row in rows]


def reading(visit: Visit, asked: Question, answer: Answer, names: Mapping[str, Text]) -> Reading:
    columns, rows = reports.beside(answer, getattr(asked, "every", "day"))
    return Reading(visit, asked, answer, columns, rows, names)


def heading(read: Reading, column: str) -> str:
    """What stands over a column."""
    if column.endswith(BEFORE):
        return read.visit.say(N_("{column}, the period before"), column=heading(read, column.removesuffix(BEFORE)))
    if read.answer.name == "intervals" and column == "least":
        return read.visit.say(N_("Shortest, hours"))
    if column == "channel" and isinstance(read.asked, Attribution):
        return read.visit.say(COLUMNS[read.asked.by])
    return read.visit.say(WORDS[column])


def value(read: Reading, column: str, found: object) -> object:
    """A cell: days, words, `Money`, or a number."""
    answer, column = read.answer, column.removesuffix(BEFORE)
    if found is None:
        return ""
    if column in SHARES and isinstance(found, int | float):
        return round(found, 4)
    if column in _MONEY and answer.scope.currency and isinstance(found, int | float):
        return Money(round(found), answer.scope.currency)
    if (column in _HOURS or (answer.name == "intervals" and column == "least")) and isinstance(found, int | float):
        return round(found / HOUR_SECONDS, 1)
    if column in ("source", "target", "group", "channel") and isinstance(found, str):
        return named(read, found)
    return round(found, 2) if isinstance(found, float) else found


def kind(visit: Visit, word: str) -> str:
    """A kind of event in words; one of another system as it is."""
    return visit.say(KINDS[word]) if word in KINDS else word


def named(read: Reading, word: str) -> str:
    """A value of the column that the answer is broken down by, in words."""
    say, by = read.visit.say, getattr(read.asked, "by", None) or ""
    if word == LEFT:
        return say(N_("Left the site"))
    if word == OTHER:
        return say(N_("All others"))
    if not word:
        nothing = isinstance(read.asked, Attribution) and by == "channel"
        return say(N_("Nothing led to it") if nothing else N_("Not known"))
    if word in read.names:
        return read.names[word].in_language(read.visit.locale)
    words: Mapping[str, Mapping[str, str]] = {"kind": KINDS, "channel": {**CHANNELS, **SOURCES}, "device": DEVICES}
    return say(words[by][word]) if word in words.get(by, ()) else word


def chart(read: Reading) -> Chart:
    """The picture of an answer."""
    draw: dict[str, Callable[[Reading], Chart]] = {
        "funnel": _funnel,
        "retention": _retention,
        "paths": _paths,
        "intervals": _intervals,
        "distribution": lambda read: _bars(read, "least", "users"),
        "attribution": lambda read: _bars(read, "channel", "amount", *(["cost"] if "cost" in read.columns else [])),
        "ltv": _values,
    }
    return draw.get(read.answer.name, _over_time)(read)


def _title(read: Reading) -> str:
    return read.visit.say(ANALYSES[read.answer.name])


def _groups(read: Reading) -> list[str]:
    """The values of the breakdown; one without a name where there is none."""
    return list(dict.fromkeys(str(row.get("group", "")) for row in read.rows))[:SERIES_MAX]


def _series(read: Reading, word: str, of: Callable[[str, str], list[Any]], measure: str) -> list[Series]:
    """Of each group what `of` gives; without a breakdown also what it was in the period before."""
    broken = "group" in read.columns
    found = [Series(named(read, group) if broken else word, of(group, measure)) for group in _groups(read)]
    if read.compares and not broken:
        found.append(Series(read.visit.say(N_("The period before")), of("", measure + BEFORE), compared=True))
    return found


def _over_time(read: Reading) -> Chart:
    """Lines by period, also where nothing happened; those of the time before lie under them, from the left."""
    scope = read.answer.scope
    measure = "sessions" if read.answer.name == "sessions" else next(name for name in read.columns if name in MEASURES)
    last = reports.nth(scope.until, scope.since, read.every)
    most = min(last + 1, POINTS_MAX // (len(_groups(read)) + 1))
    days = [reports.beginning(place, scope.since, read.every) for place in range(last + 1 - most, last + 1)]
    found = {(str(row.get("group", "")), row["period"]): row for row in read.rows}

    def of(group: str, column: str) -> list[Any]:
        return [_number(found.get((group, day), {}).get(column)) for day in days]

    money = measure == "amount" and bool(scope.currency)
    return Chart(
        "line", _title(read), days, _series(read, read.visit.say(WORDS[measure]), of, measure),
        unit="money" if money else "number", currency=scope.currency if money else "",
    )  # fmt: skip


def _funnel(read: Reading) -> Chart:
    steps = read.asked.steps if isinstance(read.asked, Funnel) else ()
    labels = [f"{number}. {kind(read.visit, step)}" for number, step in enumerate(steps, 1)]
    found = {(str(row.get("group", "")), row["step"]): row for row in read.rows}

    def of(group: str, column: str) -> list[Any]:
        return [_number(found.get((group, number), {}).get(column)) for number in range(1, len(steps) + 1)]

    series = _series(read, read.visit.say(N_("People")), of, "users")
    return Chart("funnel" if len(series) == 1 and "group" not in read.columns else "bar", _title(read), labels, series)


def _known(read: Reading, row: Mapping[str, Any], index: int) -> bool:
    """Whether the period so many after a cohort has begun."""
    scope = read.answer.scope
    place = reports.nth(row["cohort"], scope.since, read.every) + index
    return reports.beginning(place, scope.since, read.every) <= scope.until


def _retention(read: Reading) -> Chart:
    """A row of colours for each cohort; of a breakdown a line for each of its values. What may still come is empty."""
    most = max((int(_number(row["index"])) for row in read.answer.rows), default=0)
    labels = [str(index) for index in range(most + 1)]
    sizes = {(str(row.get("group", "")), row["cohort"]): row for row in read.answer.rows}
    found = {
        (*of, row["index"]): row for row in read.answer.rows for of in [(str(row.get("group", "")), row["cohort"])]
    }

    def share(of: Sequence[tuple[str, Any]], index: int) -> float | None:
        known = [key for key in of if sizes[key]["size"] and _known(read, sizes[key], index)]
        size = sum(_number(sizes[key]["size"]) for key in known)
        return sum(_number(found.get((*key, index), {}).get("users")) for key in known) / size if size else None

    if "group" in read.columns:
        rows = [(named(read, group), [key for key in sizes if key[0] == group]) for group in _groups(read)]
    else:
        rows = [(str(key[1]), [key]) for key in list(sizes)[-CURVES_COHORTS_MAX:]]
    series = [Series(name, [share(of, index) for index in range(most + 1)]) for name, of in rows]
    return Chart("line" if "group" in read.columns else "heat", _title(read), labels, series, unit="percent")


def _values(read: Reading) -> Chart:
    """What a customer of a cohort (of a breakdown: of all its cohorts) has paid on average up to each period that has begun."""
    most = max((int(_number(row["index"])) for row in read.answer.rows), default=0)
    amounts = {(str(row.get("group", "")), row["cohort"], row["index"]): row for row in read.answer.rows}
    cohorts = {(group, cohort): row for (group, cohort, _), row in amounts.items()}

    def paid(of: tuple[str, Any], upto: int) -> float:
        return sum(_number(amounts.get((*of, index), {}).get("amount")) for index in range(upto + 1))

    def average(of: Sequence[tuple[str, Any]], index: int) -> float | None:
        known = [key for key in of if cohorts[key]["size"] and _known(read, cohorts[key], index)]
        size = sum(_number(cohorts[key]["size"]) for key in known)
        return sum(paid(key, index) for key in known) / size if size else None

    if "group" in read.columns:
        rows = [(named(read, group), [key for key in cohorts if key[0] == group]) for group in _groups(read)]
    else:
        rows = [(str(key[1]), [key]) for key in list(cohorts)[-SERIES_MAX:]]
    series = [Series(name, [average(of, index) for index in range(most + 1)]) for name, of in rows]
    currency = read.answer.scope.currency
    labels = [str(index) for index in range(most + 1)]
    return Chart("line", _title(read), labels, series, unit="money" if currency else "number", currency=currency)


def _paths(read: Reading) -> Chart:
    rows = read.answer.rows[:BANDS_MAX]
    links = [
        (int(_number(row["step"])), named(read, str(row["source"])), named(read, str(row["target"]))) for row in rows
    ]
    return Chart(
        "sankey",
        _title(read),
        [f"{step}. {source} → {target}" for step, source, target in links],
        [Series(read.visit.say(N_("Times")), [_number(row["times"]) for row in rows])],
        note=read.visit.say(
            N_("From left to right, what comes after what in a visit: the most frequent of each step.")
        ),
        links=links,
    )


def _intervals(read: Reading) -> Chart:
    names = ("p25", "p50", "p75", "p90", "p95")
    rows = {str(row.get("group", "")): row for row in read.rows}
    if not any(row.get("times") for row in rows.values()):
        return Chart("bar", _title(read), [], [])

    def of(group: str, column: str) -> list[Any]:
        suffix = BEFORE if column.endswith(BEFORE) else ""
        return [round(_number(rows[group].get(name + suffix)) / HOUR_SECONDS, 1) for name in names]

    labels = [read.visit.say(WORDS[name]) for name in names]
    return Chart("bar", _title(read), labels, _series(read, read.visit.say(N_("Hours")), of, "hours"))


def _bars(read: Reading, label: str, *heights: str) -> Chart:
    places = list(dict.fromkeys(row[label] for row in read.rows))[:LABELS_MAX]
    found = {(str(row.get("group", "")), row[label]): row for row in read.rows}

    def of(group: str, column: str) -> list[Any]:
        return [_number(found.get((group, place), {}).get(column)) for place in places]

    labels = [named(read, each) if isinstance(each, str) else f"≥ {each}" for each in places]
    money = heights[0] == "amount" and bool(read.answer.scope.currency)
    series = _series(read, read.visit.say(WORDS[heights[0]]), of, heights[0])
    series += [Series(read.visit.say(WORDS[height]), of("", height)) for height in heights[1:]]
    return Chart(
        "bar", _title(read), labels, series,
        unit="money" if money else "number", currency=read.answer.scope.currency if money else "",
    )  # fmt: skip


def _number(found: object) -> Any:
    return found if isinstance(found, int | float) else 0
