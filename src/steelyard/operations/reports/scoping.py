"""From all events to those that are asked of: the filters, the days, the breakdown; shared by every analysis.

Everything here is an expression; nothing is read until an engine runs it. What could be decided in two ways is decided by the
values themselves (the smallest, the first by name), so that every engine answers alike.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import ibis
import pyarrow as pa

from steelyard.operations.reports.model import GROUPS_MAX, OTHER, Every, Scope

Table = Any  # an `ibis.Table`: its columns are known when it runs
Column = Any  # an `ibis.Column`

_UNITS = {"day": "D", "week": "W", "month": "M"}


def moment(scope: Scope, days_after: int = 0) -> datetime:
    """The UTC moment at which the first day begins, or a day so many later."""
    begins = datetime.combine(scope.since + timedelta(days=days_after), time())
    return begins - timedelta(minutes=scope.offset_minutes)


def of_whom(events: Table, scope: Scope) -> Table:
    """The events of a merchant and a segment, of all time."""
    if scope.merchant:
        events = events.filter(events.merchant == scope.merchant)
    if scope.users is not None:
        wanted = ibis.memtable(pa.table({"user": pa.array(sorted(set(scope.users)), pa.string())}))
        events = events.semi_join(wanted, "user")
    return events


def scoped(events: Table, scope: Scope, *, history: bool = False) -> Table:
    """The events asked of; with `history` also those before the first day."""
    events = of_whom(events, scope)
    end = moment(scope, (scope.until - scope.since).days + 1)
    events = events.filter(events.at < ibis.literal(end))
    if not history:
        events = events.filter(events.at >= ibis.literal(moment(scope)))
    for column, wanted in (("channel", scope.channels), ("device", scope.devices), ("category", scope.categories)):
        if wanted:
            events = events.filter(events[column].isin(list(wanted)))
    return events


def local(events: Table, scope: Scope) -> Column:
    """The moments as the clocks show them where the days are counted."""
    return events.at + ibis.interval(minutes=scope.offset_minutes) if scope.offset_minutes else events.at


def period(events: Table, scope: Scope, every: Every) -> Column:
    """The first day of the period that an event is in; weeks begin on Mondays."""
    return local(events, scope).truncate(_UNITS[every]).cast("date")


def periods_between(first: Column, later: Column, every: Every) -> Column:
    """How many periods `later` is after `first`; both are first days of periods."""
    if every == "month":
        years = later.year() - first.year()
        return (years * 12 + later.month() - first.month()).cast("int64")
    days = later.delta(first, unit="day")
    return (days // (7 if every == "week" else 1)).cast("int64")


def is_step(events: Table, step: str) -> Column:
    """Whether an event is what `step` says: a kind, or `kind:column=value`."""
    kind, _, more = step.partition(":")
    test = events.kind == kind
    if more:
        column, _, value = more.partition("=")
        test = test & (events[column] == value)
    return test


def once_an_order(events: Table) -> Table:
    """`user, at, kind`, where the lines of one order are one event, at its earliest moment."""
    lines = events.filter(events.order_id != "")
    orders = lines.group_by(["user", "kind", "order_id"]).aggregate(at=lines.at.min())
    single = events.filter(events.order_id == "").select("user", "at", "kind")
    return orders.select("user", "at", "kind").union(single)


def grouped(events: Table, by: str, weight: Column | None = None) -> Table:
    """`events` with `group`: the value of column `by` where it is among the most frequent, else `OTHER`."""
    counted = events.group_by(group=events[by]).aggregate(n=events.count() if weight is None else weight)
    ranked = counted.order_by([ibis.desc("n"), "group"]).limit(GROUPS_MAX).select(kept="group")
    joined = events.left_join(ranked, events[by] == ranked.kept)
    return joined.mutate(group=joined.kept.fill_null(OTHER)).drop("kept")


def group_of_users(events: Table, by: str) -> Table:
    """`user, group`: what column `by` says at each user's first event (the smallest of several at once)."""
    first = events.group_by("user").aggregate(began=events.at.min())
    at_first = events.inner_join(first, [events.user == first.user, events.at == first.began])
    named = at_first.group_by("user").aggregate(value=at_first[by].min())
    return grouped(named, "value").select("user", "group")


def over_user(order: Sequence[Any], *, upto: int | None = 0) -> Any:
    """A window over a user's events in `order`, from the first up to so many before this one; None: all of the user's."""
    if upto is None:
        return ibis.window(group_by="user")
    return ibis.window(group_by="user", order_by=list(order), preceding=(None, upto))
