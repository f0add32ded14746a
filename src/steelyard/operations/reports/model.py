"""What is asked of the events: which analysis, of what, of whom, and when. A question is data, so that it can be saved."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_

Every = Literal["day", "week", "month"]
Column = Literal[
    "kind", "item", "category", "channel", "source", "medium", "campaign", "device", "currency", "merchant"
]
Measure = Literal["events", "users", "orders", "amount"]
Mode = Literal["default", "strict", "strict_order"]
Model = Literal["first", "last", "linear"]
HOUSE_OFFSET_MINUTES = 480  # the house's days are Asia/Shanghai's, which has had one offset since 1991
SECONDS_PER_DAY = 86_400
SESSION_GAP_SECONDS = 1_800
STEPS_MAX = 10
PERIODS_MAX = 60
WINDOW_DAYS_MAX = 365
TOP_MAX = 100
GROUPS_MAX = 10
ROWS_MAX = 5_000
USERS_MAX = 100_000
REPORTS_SAVED_MAX = 100
OTHER = "…"  # all values of a breakdown beyond the first GROUPS_MAX
LEFT = "∎"  # where a path ends
BUCKETS = (1, 2, 3, 4, 5, 6, 11, 21, 51, 101)  # a bucket of a distribution begins at each of these


class ReportTooSlow(Refusal):
    """A report is answered within its seconds, or asked of less."""

    code = "report_too_slow"
    status = 503
    title = N_("This analysis takes too long")
    detail = N_("It was stopped after {seconds} seconds. Ask of fewer days, or of fewer events.")


class ReportTooLarge(Refusal):
    """A report fits into the memory that reports are given, or is asked of less."""

    code = "report_too_large"
    status = 503
    title = N_("This analysis needs too much memory")
    detail = N_("Ask of fewer days, or of fewer events.")


class ReportsBusy(Refusal):
    """Only so many reports are worked out at the same time."""

    code = "reports_busy"
    status = 503
    title = N_("Other analyses are being worked out")
    detail = N_("Try again in a moment.")


class SegmentTooLarge(Refusal):
    """Of a segment all people are asked of, or nobody: a part of them would be another answer."""

    code = "segment_too_large"
    status = 422
    title = N_("This segment has too many people")
    detail = N_("Analyses take at most {most}.")


class QuestionUnclear(Refusal):
    """A question names steps and columns that there are, and days in their order."""

    code = "question_unclear"
    status = 422
    title = N_("This analysis cannot be worked out")
    detail = N_("{problem}")


class TooManyReports(Refusal):
    """A shop keeps only so many analyses under a name."""

    code = "too_many_reports"
    status = 409
    title = N_("Too many saved analyses")
    detail = N_("At most {most} are kept: please drop one first.")


class SavedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A question under a name: `asked` is what stands in the address of its page."""

    report_id: UUID
    name: str
    analysis: str
    asked: str
    made_by: str
    made_at: datetime


def _months_before(day: date, months: int, after: int = 0) -> date:
    """The same day of the month so many months ago, and so many days after; of a shorter month its last day."""
    month = day.year * 12 + day.month - 1 - months
    year, nth = month // 12, month % 12 + 1
    return date(year, nth, min(day.day, monthrange(year, nth)[1])) + timedelta(days=after)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Of which events: days `since` to `until`, both included, at `offset_minutes` from UTC. Empty means all; `users` are the
    ids of a segment (None: everybody). Amounts are added in one `currency` only."""

    since: date
    until: date
    merchant: str = ""
    channels: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    users: tuple[str, ...] | None = None
    currency: str = ""
    offset_minutes: int = HOUSE_OFFSET_MINUTES

    @property
    def before(self) -> "Scope":
        """The same of as many days before it. What begins with a month and is longer than one, or whole: of as many months."""
        after = self.until + timedelta(days=1)
        months = (self.until.year - self.since.year) * 12 + self.until.month - self.since.month + 1
        if self.since.day == 1 and (months > 1 or after.day == 1):
            begins = _months_before(self.since, months)
            ends = _months_before(after, months) if after.day == 1 else _months_before(self.until, months, after=1)
            return msgspec.structs.replace(self, since=begins, until=ends - timedelta(days=1))
        days = (self.until - self.since).days + 1
        return msgspec.structs.replace(
            self, since=self.since - timedelta(days=days), until=self.since - timedelta(days=1)
        )


class Trend(msgspec.Struct, frozen=True, kw_only=True, tag="trend"):
    """How often something happened, by period: its events, the people, the orders, the money."""

    kinds: tuple[str, ...] = ()
    every: Every = "day"
    measures: tuple[Measure, ...] = ("events", "users")
    by: Column | None = None


class Funnel(msgspec.Struct, frozen=True, kw_only=True, tag="funnel"):
    """How far people come through `steps` within `window_seconds` of the first. See docs/algorithms/funnels.md for the modes."""

    steps: tuple[str, ...]
    window_seconds: int = 7 * SECONDS_PER_DAY
    mode: Mode = "default"
    by: Column | None = None


class Retention(msgspec.Struct, frozen=True, kw_only=True, tag="retention"):
    """Of those who did `first` for the first time in a period: how many did `again` so many periods later."""

    first: str = "pay"
    again: str = "pay"
    every: Every = "month"
    periods: int = 12
    by: Column | None = None


class Paths(msgspec.Struct, frozen=True, kw_only=True, tag="paths"):
    """What people do after what, within a session: the `top` transitions of each of the first `steps`. Repetitions of the same
    are one stop."""

    kinds: tuple[str, ...] = ()
    by: Column = "kind"
    steps: int = 5
    top: int = 10
    gap_seconds: int = SESSION_GAP_SECONDS


class Intervals(msgspec.Struct, frozen=True, kw_only=True, tag="intervals"):
    """How long it is from `first` to the next `then`; with the same word twice, from one to the next (orders count once)."""

    first: str = "view"
    then: str = "pay"
    by: Column | None = None


class Distribution(msgspec.Struct, frozen=True, kw_only=True, tag="distribution"):
    """How many people did it how many times: `of` events, orders, or days on which they did."""

    kind: str = "pay"
    of: Literal["events", "orders", "days"] = "orders"
    by: Column | None = None


class Sessions(msgspec.Struct, frozen=True, kw_only=True, tag="sessions"):
    """Visits: what one person does without a pause longer than `gap_seconds`."""

    every: Every = "day"
    gap_seconds: int = SESSION_GAP_SECONDS
    by: Column | None = None


class Attribution(msgspec.Struct, frozen=True, kw_only=True, tag="attribution"):
    """Which channel brought those who paid: of the touches in `window_days` before an order the first, the last, or all alike
    have the credit. `costs` are minor units by channel."""

    model: Model = "last"
    touch: str = "arrive"
    conversion: str = "pay"
    by: Column = "channel"
    window_days: int = 30
    costs: Mapping[str, int] = {}


class Lifetime(msgspec.Struct, frozen=True, kw_only=True, tag="ltv"):
    """What the customers of a cohort have paid, less what they were given back, so many periods after their first order."""

    every: Every = "month"
    periods: int = 12
    by: Column | None = None


Question = Trend | Funnel | Retention | Paths | Intervals | Distribution | Sessions | Attribution | Lifetime


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A place in an answer, whose people are asked for: a `period`; a step of a funnel (`dropped`: who came no further); a cohort
    and how many periods later; a bucket of a distribution by its `least`; whoever took so many `seconds` from one thing to the
    next once at least (`longer`: more than these); a step from `source` to `target`. With a breakdown those of one `group`; of
    an attribution it is whose the credit is."""

    period: date | None = None
    step: int = 0
    dropped: bool = False
    cohort: date | None = None
    index: int = 0
    least: int = 0
    seconds: float | None = None
    longer: bool = False
    source: str = ""
    target: str = ""
    group: str | None = None


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in a cell, in the order of their ids; `more`: it has more than the `USERS_MAX` that are told."""

    users: Sequence[str]
    more: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis worked out: rows of the columns' names, and those of the period before where that was asked for.
    `digits` is how many decimals amounts have, in minor units of `currency`."""

    name: str
    scope: Scope
    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]]
    before: Sequence[Mapping[str, object]] | None = None
    digits: int = 2
    engine: str = "duckdb"
    more: bool = False


def name_of(question: Question) -> str:
    """The word by which an analysis is asked for: trend, funnel, …"""
    tag = question.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
