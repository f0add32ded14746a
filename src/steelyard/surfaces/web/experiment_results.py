"""What came of an experiment, as a page, a picture and a file show it."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec
from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.experiments.model import (
    AMOUNTS,
    SHARES,
    Experiment,
    Finding,
    Look,
    Metric,
    Results,
    Step,
    Variant,
)
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.experiment_words import METRICS, VERDICTS
from steelyard.surfaces.web.visit import Visit


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`journey` is the name of the one whose split is judged; `shown_at` where buyers see the page that is tried, if any."""

    experiment: Experiment
    variants: Sequence[Variant]
    results: Results
    course: Sequence[tuple[Look, Sequence[Finding]]]
    history: Sequence[Step]
    journey: Text | None = None
    shown_at: str = ""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A variant by one metric: its mean, and how it compares (none: the control)."""

    variant: Variant
    mean: float
    units: int
    finding: Finding | None
    verdict: str
    tone: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One metric; `unit` says how its means are written."""

    metric: str
    words: str
    unit: str
    role: str
    cells: Sequence[Cell]


def metric_words(visit: Visit, metric: str) -> str:
    """Our metrics in the reader's language; those of an imported experiment as its file calls them."""
    return visit.say(METRICS[Metric(metric)]) if metric in set(Metric) else metric


def rows(visit: Visit, found: Shown) -> list[Row]:
    own, guards = found.experiment.metric, found.experiment.guardrails
    order = sorted(found.results.arms, key=lambda metric: (metric != own, metric not in guards))
    return [
        Row(
            metric=metric,
            words=metric_words(visit, metric),
            unit=_unit(metric, found.results.arms[metric]),
            role="own" if metric == own else "guard" if metric in guards else "",
            cells=[_cell(visit, found, metric, variant) for variant in found.variants],
        )
        for metric in order
    ]


def _unit(metric: str, arms: Sequence[Any]) -> str:
    if metric in AMOUNTS:
        return "money"
    # Where each value is 0 or 1 its square is the same.
    share = metric in SHARES or (metric not in set(Metric) and all(arm.summed == arm.squares for arm in arms))
    return "share" if share else "number"


def _cell(visit: Visit, found: Shown, metric: str, variant: Variant) -> Cell:
    arm = found.results.arms[metric][variant.variant]
    finding = next((each for each in found.results.of(metric) if each.variant == variant.variant), None)
    words, tone = VERDICTS[finding.verdict] if finding else ("", "quiet")
    return Cell(
        variant=variant,
        mean=arm.mean,
        units=arm.units,
        finding=finding,
        verdict=visit.say(words) if words else "",
        tone=tone,
    )


def chart(visit: Visit, found: Shown) -> Chart:
    """How far each treatment was from the control, day by day, between its bounds; what was not bounded yet is left out."""
    days = [(look.day, {each.variant: each.relative for each in findings}) for look, findings in found.course]
    treatments = found.variants[1:]
    series = [
        Series(
            name if not bound else f"{name} · {visit.say(bound)}",
            [value if each and isfinite(value := getattr(each, part)) else None for each in estimates],
            compared=bool(bound),
        )
        for variant in treatments
        for name, estimates in [(variant.name, [day.get(variant.variant) for _, day in days])]
        for part, bound in (("difference", ""), ("low", N_("at least")), ("high", N_("at most")))
    ]
    return Chart(
        kind="line",
        title=visit.say(N_("Difference to the control, day by day")),
        labels=[day for day, _ in days],
        series=series,
        unit="percent",
        note=visit.say(
            N_("The dashed lines are the bounds. While both are on one side of zero, the difference is no chance.")
        ),
    )


def as_file(visit: Visit, found: Shown) -> Response[bytes]:
    say = visit.say
    columns = [
        say(N_("Metric")), say(N_("Version")), say(N_("Units")), say(N_("Mean")), say(N_("Difference")), say(N_("At least")),
        say(N_("At most")), say(N_("Absolute difference")), say(N_("At least")), say(N_("At most")), "p",
    ]  # fmt: skip
    lines = [
        [
            metric_words(visit, metric), variant.name, arm.units, arm.mean,
            *(_told(finding) if finding else [None] * 7),
        ]
        for metric, arms in found.results.arms.items()
        for variant, arm in zip(found.variants, arms, strict=True)
        for finding in [next((each for each in found.results.of(metric) if each.variant == variant.variant), None)]
    ]  # fmt: skip
    return exports.csv_answer(visit, found.experiment.name, columns, lines)


def _told(finding: Finding) -> list[float | None]:
    numbers = [
        *(finding.relative.difference, finding.relative.low, finding.relative.high),
        *(finding.absolute.difference, finding.absolute.low, finding.absolute.high, finding.absolute.p),
    ]
    return [each if isfinite(each) else None for each in numbers]
