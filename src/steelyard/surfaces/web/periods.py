"""From which day to which: what the date range of a page of figures says, and what it is compared with.

`asked(visit)` reads what `date_range` of `macros/charts.html` sends: `period`, `from`, `to`, `compare`. Days are those of
the house's time zone, both ends included. What cannot be read is the default: an address is never an error.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web.visit import Visit

Span = Literal["today", "7d", "30d", "90d", "month", "custom"]
Comparison = Literal["previous", "year", "none"]

DAYS_MAX = 731
DAYS_OF: dict[str, int] = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
SPANS: dict[Span, str] = {
    "today": N_("Today"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
    "90d": N_("Last 90 days"),
    "month": N_("This month"),
    "custom": N_("Custom"),
}
COMPARISONS: dict[Comparison, str] = {
    "previous": N_("Compared with the period before"),
    "year": N_("Compared with a year ago"),
    "none": N_("Without comparison"),
}


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days from `first` to `last`, both included; `span` is how they were chosen."""

    first: date
    last: date
    span: Span = "custom"
    comparison: Comparison = "previous"
    zone: str = TIMEZONE

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def all_days(self) -> list[date]:
        """Every day of it, for the axis of a chart."""
        return [self.first + timedelta(days=day) for day in range(self.days)]

    @property
    def begins_at(self) -> datetime:
        """The moment at which it begins."""
        return self._midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """The moment at which it is over: not within it any more."""
        return self._midnight(self.last + timedelta(days=1))

    @property
    def before(self) -> "Period | None":
        """What it is compared with, as many days; None when it is compared with nothing."""
        if self.comparison == "none":
            return None
        if self.comparison == "year":
            first = _year_ago(self.first)
        elif self.span == "month":
            first = _month_ago(self.first)
        else:
            first = self.first - timedelta(days=self.days)
        return Period(
            first=first, last=first + timedelta(days=self.days - 1), span=self.span, comparison="none", zone=self.zone
        )

    @property
    def query(self) -> dict[str, str]:
        """The questions of an address that mean this period."""
        days = {"from": self.first.isoformat(), "to": self.last.isoformat()} if self.span == "custom" else {}
        return {"period": self.span, **days, "compare": self.comparison}

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone))


def asked(visit: Visit, otherwise: Span = "30d") -> Period:
    """The period that the address of this request asks for."""
    query = visit.connection.query_params
    return read(
        query.get("period", ""),
        query.get("from", ""),
        query.get("to", ""),
        query.get("compare", ""),
        today=datetime.now(UTC).astimezone(ZoneInfo(TIMEZONE)).date(),
        otherwise=otherwise,
    )


def read(span: str, first: str, last: str, comparison: str, *, today: date, otherwise: Span = "30d") -> Period:
    """A period out of the words of an address. Never longer than `DAYS_MAX`, never of days to come."""
    compared = cast("Comparison", comparison if comparison in get_args(Comparison) else "previous")
    if span == "custom":
        begins, ends = _day(first), _day(last)
        if begins is not None and ends is not None:
            begins, ends = sorted((min(begins, today), min(ends, today)))
            begins = max(begins, ends - timedelta(days=DAYS_MAX - 1))
            return Period(first=begins, last=ends, span="custom", comparison=compared)
    known = span if span in SPANS and span != "custom" else otherwise
    begins = today.replace(day=1) if known == "month" else today - timedelta(days=DAYS_OF[known] - 1)
    return Period(first=begins, last=today, span=known, comparison=compared)


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    # A year has to be left on either side, for what it is compared with.
    return day if date.min.year + 3 < day.year < date.max.year - 3 else None


def _year_ago(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap_day else day.day)


def _month_ago(first_of_month: date) -> date:
    return (first_of_month - timedelta(days=1)).replace(day=1)
