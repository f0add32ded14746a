"""A periodic review (复盘) as data: how a day, a week or a month went, against what, why, what was tried in it, what stood out,
what could be done next. Amounts are in minor units of `currency`. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel import days
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.business_reviews.expecting import YEAR, Expected

ReviewId = NewType("ReviewId", UUID)

NOTE_CHARACTERS_MAX = 2_000
NOTES_MAX = 200
REVIEWS_SHOWN = 30
# So many of a shop can be waited for at once: others wait, too.
WISHES_MAX = 30
ROWS_KEPT = 12
TRIED_KEPT = 60
ADVICE_KEPT = 12
# What came in shortly before midnight is counted by then.
MADE_AFTER_HOURS = 2
# Further back nothing is made.
YEARS_BACK = 20


class Span(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days of the house from `first` to `last`, both included: a day, a week from Monday, or a month."""

    span: Span
    first: date

    @property
    def last(self) -> date:
        if self.span is Span.MONTH:
            return _month_after(self.first) - timedelta(days=1)
        return self.first + timedelta(days=0 if self.span is Span.DAY else 6)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The one right before."""
        return of_day(self.span, self.first - timedelta(days=1))

    @property
    def year_ago(self) -> "Period":
        """The same month of last year; of days and weeks, those with the same weekdays (52 weeks ago)."""
        if self.span is Span.MONTH:
            return Period(span=self.span, first=self.first.replace(year=self.first.year - 1))
        return Period(span=self.span, first=self.first - YEAR)

    @property
    def begins_at(self) -> datetime:
        return days.begins(self.first)

    @property
    def ends_at(self) -> datetime:
        return days.ends(self.last)


def of_day(span: Span, day: date) -> Period:
    """The period that a day is in."""
    match span:
        case Span.DAY:
            return Period(span=span, first=day)
        case Span.WEEK:
            return Period(span=span, first=day - timedelta(days=day.weekday()))
        case Span.MONTH:
            return Period(span=span, first=day.replace(day=1))


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Customers of a kind who paid: how many, for how many orders, and what these came to."""

    people: int = 0
    orders: int = 0
    paid: int = 0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A period in figures. `paid`: what the orders came to whose money came in; `refunds`: what was decided to give back in it,
    of whatever order. Visitors count once a day. Each of product, cart and checkout visitors is part of the one before."""

    paid: int = 0
    orders: int = 0
    pieces: int = 0
    cancelled: int = 0
    refunded_orders: int = 0
    refunds: int = 0
    visitors: int = 0
    product_visitors: int = 0
    cart_visitors: int = 0
    checkout_visitors: int = 0
    new: People = People()
    returning: People = People()
    unknown: People = People()

    @property
    def customers(self) -> int:
        return self.new.people + self.returning.people + self.unknown.people


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """One of the factors whose product is what was paid: `name` is visitors, conversion, basket, customers or frequency; `part`
    what it contributed to the change."""

    name: str
    before: float
    now: float
    part: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what was paid: of customers, a category, a channel, a product, a shop. `key` names it where it has no name of
    its own; `units`: its visitors, pieces, people or (of shops) orders. `mix` and `rate` as `decomposing.shift_share` says;
    none where it is not taken apart."""

    key: str
    name: Text = Text()
    paid: int = 0
    paid_before: int = 0
    units: int = 0
    units_before: int = 0
    orders: int = 0
    orders_before: int = 0
    mix: int | None = None
    rate: int | None = None

    @property
    def change(self) -> int:
        return self.paid - self.paid_before


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that add up to what was paid, or (`of_all` is false) the rows of it that moved most. With `volume` the change is
    taken apart: volume, mix, rate and `other` together are the change."""

    rows: Sequence[Row]
    of_all: bool = True
    volume: int | None = None
    mix: int = 0
    rate: int = 0
    other: int = 0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The period against another: `factors` together are the change of what was paid."""

    first: date
    last: date
    figures: Figures
    factors: Sequence[Factor]
    customers: Breakdown
    categories: Breakdown
    channels: Breakdown
    goods: Breakdown


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the period, beside what was expected of it."""

    day: date
    paid: int
    expected: Expected | None = None

    @property
    def stands_out(self) -> bool:
        return self.expected is not None and self.expected.outside(self.paid)


class Foretold(msgspec.Struct, frozen=True, kw_only=True):
    """What was expected of the whole period: see `expecting.Outlook`."""

    total: Expected
    origins: int
    season: float | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the shop or the marketplace did in the period: `kind` is promotion, coupon, flash, presale, group,
    campaign, experiment, live, journey, link, price, product. `orders` and `paid`: of it, in the period, where that is known;
    `given`: what it took off. `count`: how many, where many are told together."""

    kind: str
    name: Text = Text()
    id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    orders: int | None = None
    paid: int | None = None
    given: int | None = None
    count: int = 1


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What could be done next, by a rule (`code`): about what (`key`, `name`), and on which evidence. See `advising`."""

    code: str
    key: str = ""
    name: Text = Text()
    evidence: Mapping[str, int | float | str] = {}


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers came into a stage of their life as customers in the period."""

    stage: str
    people: int
    people_before: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it is kept. `others`: what was paid in other currencies, which are never added up; `given_back`: what of the
    period's orders had been given back when it was written."""

    currency: str
    figures: Figures
    before: Comparison
    year: Comparison | None
    days: Sequence[Day]
    foretold: Foretold | None
    stages: Sequence[Moves]
    tried: Sequence[Tried]
    advice: Sequence[Advice]
    others: Mapping[str, int] = {}
    given_back: int = 0


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review, who made it when. `merchant_id` of `analytics.MARKETPLACE`: the marketplace's."""

    merchant_id: UUID
    review_id: ReviewId
    span: Span
    first: date
    made_at: datetime
    made_by: str
    facts: Facts

    @property
    def period(self) -> Period:
        return Period(span=self.span, first=self.first)


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """A review in a line. `expected`, `low`, `high`: of the whole, where it was foretold."""

    review_id: ReviewId
    span: Span
    first: date
    made_at: datetime
    currency: str
    paid: int
    paid_before: int
    orders: int
    notes: int
    expected: int | None = None
    low: int | None = None
    high: int | None = None

    @property
    def period(self) -> Period:
        return Period(span=self.span, first=self.first)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody adds to a review."""

    note_id: UUID
    at: datetime
    by: str
    words: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A review that was asked for and is not written yet."""

    span: Span
    first: date
    wanted_at: datetime

    @property
    def period(self) -> Period:
        return Period(span=self.span, first=self.first)


class NotOverYet(Refusal):
    """A review is written of what is over, with some hours for what comes in late."""

    code = "period_not_over_yet"
    title = N_("This is not over yet")
    detail = N_("Its review can be written two hours after it has ended.")
