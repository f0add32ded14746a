"""Figures to be drawn, and the table that says the same: what the macro `chart` of `macros/charts.html` takes.

A handler makes a `Chart` with words in the reader's language; the page draws it with ECharts (`static/charts.js`), and
shows its table where it cannot. Amounts are minor units of `currency`; shares are from 0 to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from babel.numbers import get_currency_precision

Kind = Literal["line", "area", "bar", "stacked", "pie", "funnel", "heat", "sankey"]
Unit = Literal["number", "money", "percent"]
Value = float | int | None

POINTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Series:
    """One line, one colour of bars, one row of a heat map. `compared` is what it was before: drawn dashed and pale."""

    name: str
    values: Sequence[Value]
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """
    kind      line, area: over time; bar, stacked: counts by day or by name; pie: shares of a whole (`series[0]`);
              funnel: steps, the widest first (`series[0]`); heat: a colour for each label (columns) and series (rows); sankey: a
              band for each label, as wide as its value (`series[0]`), between the stops that `links` says
    title     what it shows; its heading, its table's caption, and what is read aloud
    labels    what stands below the points: days, moments, or words
    series    as many values as labels in each; None where nothing is known
    unit      how the values are written: number, money (minor units of `currency`), percent (a share of 1)
    note      one line below the heading: of what, since when
    links     of a sankey, for each label: which step (from 1), from which stop, and to which of the next step
    """

    kind: Kind
    title: str
    labels: Sequence[date | datetime | str]
    series: Sequence[Series]
    unit: Unit = "number"
    currency: str = ""
    note: str = ""
    links: Sequence[tuple[int, str, str]] = ()

    def __post_init__(self) -> None:
        assert self.kind in get_args(Kind), f"{self.kind!r} is no kind of chart"
        assert (self.unit == "money") == bool(self.currency), "money has a currency, and nothing else has"
        assert self.kind not in ("pie", "funnel", "sankey") or len(self.series) <= 1, f"a {self.kind} shows one series"
        assert len(self.links) == (len(self.labels) if self.kind == "sankey" else 0), (
            f"{self.title}: a band for each label"
        )
        for series in self.series:
            assert len(series.values) == len(self.labels), f"{self.title}, {series.name}: a value for each label"
        assert len(self.labels) * len(self.series) <= POINTS_MAX, f"{self.title}: too much for one picture"

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for series in self.series for value in series.values)

    @property
    def dated(self) -> bool:
        """Whether the labels are days or moments, which a chart may leave out in between."""
        return bool(self.labels) and isinstance(self.labels[0], date)

    def drawing(self) -> Mapping[str, object]:
        """What `charts.js` reads. Amounts as decimals of the currency: they are drawn, not booked."""
        scale = 10 ** get_currency_precision(self.currency) if self.currency else 1
        return {
            "kind": self.kind,
            "unit": self.unit,
            "currency": self.currency,
            "dated": self.dated,
            "links": [list(link) for link in self.links],
            "labels": [label if isinstance(label, str) else label.isoformat() for label in self.labels],
            "series": [
                {
                    "name": series.name,
                    "compared": series.compared,
                    "values": [None if value is None else value / scale for value in series.values],
                }
                for series in self.series
            ],
        }
