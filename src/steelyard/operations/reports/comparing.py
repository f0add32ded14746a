"""An answer beside that of the period before: row by row, periods and cohorts by their place from the first day on."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from steelyard.operations.reports.model import Answer, Every

BEFORE = "_before"
_TIMES = ("period", "cohort")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "trend": ("period", "group"),
    "funnel": ("group", "step"),
    "retention": ("group", "cohort", "index"),
    "paths": ("step", "source", "target"),
    "intervals": ("group",),
    "distribution": ("group", "least"),
    "sessions": ("period", "group"),
    "attribution": ("channel",),
    "ltv": ("group", "cohort", "index"),
}
Row = Mapping[str, Any]


def beside(answer: Answer, every: Every = "day") -> tuple[Sequence[str], Sequence[Row]]:
    """Columns and rows of an answer; where it has a period before, each number with what it was then in a column more, named
    with `BEFORE`. What there was only then has a row, too, with nothing now."""
    if answer.before is None:
        return answer.columns, answer.rows
    keys = [key for key in _KEYS[answer.name] if key in answer.columns]
    # What a channel cost is told of these days only.
    told = [column for column in answer.columns if column not in keys and column not in ("cost", "roi")]
    columns = [name for each in answer.columns for name in ([each, each + BEFORE] if each in told else [each])]
    then = {_place(row, keys, answer.scope.before.since, every): row for row in answer.before}
    now = {_place(row, keys, answer.scope.since, every): row for row in answer.rows}
    nothing = None if answer.name == "intervals" else 0
    rows: list[Row] = []
    for place in [*now, *(place for place in then if place not in now)]:
        row = now.get(place) or {
            **dict.fromkeys(answer.columns, nothing),
            **(_of_cohort(answer, place, every, now) if "cohort" in keys else {}),
            **{key: _key(key, value, answer.scope.since, every) for key, value in zip(keys, place, strict=True)},
        }
        was = then.get(place, {})
        rows.append({**row, **{column + BEFORE: was.get(column, nothing) for column in told}})
    if any(key in _TIMES for key in keys):
        rows.sort(key=lambda row: _place(row, keys, answer.scope.since, every))
    return columns, rows


def _of_cohort(answer: Answer, place: tuple[Any, ...], every: Every, now: Mapping[tuple[Any, ...], Row]) -> Row:
    """What is known of a cohort in a period in which nobody of it did anything: how many they are, what they had paid until then,
    and nothing at all of a period that is still to come."""
    *of, index = place
    earlier = (now[there] for before in range(index - 1, -1, -1) if (there := (*of, before)) in now)
    last: Row = next(earlier, {})
    if beginning(of[-1] + index, answer.scope.since, every) > answer.scope.until:
        return {**dict.fromkeys(answer.columns), "size": last.get("size", 0)}
    return {column: last.get(column, 0) for column in ("size", "total") if column in answer.columns}


def _place(row: Row, keys: Sequence[str], since: date, every: Every) -> tuple[Any, ...]:
    return tuple(nth(row[key], since, every) if key in _TIMES else row[key] for key in keys)


def _key(key: str, value: Any, since: date, every: Every) -> Any:
    return beginning(value, since, every) if key in _TIMES else value


def nth(day: date, since: date, every: Every) -> int:
    """In which period from the one of `since` (0) a day is."""
    if every == "month":
        return (day.year - since.year) * 12 + day.month - since.month
    if every == "week":
        return (_monday(day) - _monday(since)).days // 7
    return (day - since).days


def beginning(place: int, since: date, every: Every) -> date:
    """The first day of that period."""
    if every == "month":
        month = since.year * 12 + since.month - 1 + place
        return date(month // 12, month % 12 + 1, 1)
    return _monday(since) + timedelta(weeks=place) if every == "week" else since + timedelta(days=place)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
