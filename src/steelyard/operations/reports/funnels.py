"""Funnels: how far people come through steps in their order. The rules are in docs/algorithms/funnels.md.

A user's events are looked through in the order of time, events of one moment in the order of the steps. `start` of level i at
an event is the latest moment of a first step from which that level was reached in time, up to that event: later starts have more
time left, so the latest is enough to know.
"""

import ibis
import pyarrow as pa

from steelyard.operations.reports.model import Funnel, Scope
from steelyard.operations.reports.scoping import Table, group_of_users, is_step, over_user, scoped

# Of one moment, in the order of the steps; and where one event could be several of the steps, by what else tells them apart.
_ORDER = ("at", "place")
_ALL_APART = (*_ORDER, "item", "order_id")


def _order(asked: Funnel) -> tuple[str, ...]:
    """What puts a person's events in a row. Steps of kinds of their own leave nothing to be told apart."""
    kinds = {step.partition(":")[0] for step in asked.steps}
    return _ORDER if len(kinds) == len(asked.steps) else _ALL_APART


def reached(events: Table, scope: Scope, asked: Funnel) -> Table:
    """`user, level`: the furthest step of everybody who came to the first."""
    chosen = scoped(events, scope)
    tests = [is_step(chosen, step) for step in asked.steps]
    steps = {f"s{number}": test for number, test in enumerate(tests, 1)}
    order = _order(asked)
    if order == _ALL_APART or asked.mode != "default":
        chosen = _orders_at_once(chosen.select("user", "at", "kind", "item", "order_id", **steps), list(steps))
    else:
        chosen = chosen.mutate(**steps)
    place = ibis.cases(*((chosen[name], number) for number, name in enumerate(steps, 1)), else_=0)
    chosen = chosen.mutate(place=place.cast("int64")).select(*order, "user", *steps)
    if asked.mode != "strict_order":
        chosen = chosen.filter(chosen.place > 0)
    chosen = _starts(chosen, asked)
    if asked.mode != "default":
        chosen = _before_a_stop(chosen, asked)
    level = ibis.cases(
        *((chosen[f"begun{number}"].notnull(), number) for number in range(len(asked.steps), 0, -1)), else_=0
    )
    levels = chosen.mutate(level=level.cast("int64"))
    found = levels.group_by("user").aggregate(level=levels.level.max())
    return found.filter(found.level > 0)


def _orders_at_once(chosen: Table, steps: list[str]) -> Table:
    """The lines of one order are one event, at the earliest of their moments, and whichever of the steps one of them is. It
    matters only where what is done again counts."""
    lines = chosen.filter(chosen.order_id != "")
    parts = {name: lines[name].any() for name in steps}
    orders = lines.group_by(["user", "kind", "order_id"]).aggregate(at=lines.at.min(), item=lines.item.min(), **parts)
    columns = ["user", "at", "kind", "item", "order_id", *steps]
    return orders.select(*columns).union(chosen.filter(chosen.order_id == "").select(*columns))


def _starts(chosen: Table, asked: Funnel) -> Table:
    """Add `begun1` …: the start of the attempt in which this event is that step, if it is; and `had1` …: the latest of these
    before it. The last step needs nothing before it but where its repetition counts."""
    wide = ibis.interval(seconds=asked.window_seconds)
    before = over_user(_order(asked), upto=1)
    none = ibis.null("timestamp")
    last = len(asked.steps)
    for number in range(1, last + 1):
        is_it = chosen[f"s{number}"]
        if number == 1:
            begun = ibis.ifelse(is_it, chosen.at, none)
        else:
            start = chosen[f"had{number - 1}"]
            begun = ibis.ifelse(is_it & (chosen.at <= start + wide), start, none)
        chosen = chosen.mutate(**{f"begun{number}": begun})
        if number < last or asked.mode != "default":
            chosen = chosen.mutate(**{f"had{number}": chosen[f"begun{number}"].max().over(before)})
    return chosen


def _before_a_stop(chosen: Table, asked: Funnel) -> Table:
    """Leave out what comes after the event that ends the search, and that event."""
    chosen = chosen.mutate(nth=ibis.row_number().over(over_user(_order(asked))).cast("int64"))
    later = range(2, len(asked.steps) + 1)
    if asked.mode == "strict":
        stops = [(chosen.place == number) & chosen[f"had{number}"].notnull() for number in later]
    else:
        begun = chosen.had1.notnull()
        stops = [begun & (chosen.place == 0)]
        stops += [begun & (chosen.place == number) & chosen[f"had{number - 1}"].isnull() for number in later]
    stopped = chosen.mutate(stop=ibis.ifelse(ibis.or_(*stops), chosen.nth, ibis.null("int64")))
    stopped = stopped.mutate(stop=stopped.stop.min().over(over_user((), upto=None)))
    return stopped.filter(stopped.stop.isnull() | (stopped.nth < stopped.stop))


def by_group(events: Table, scope: Scope, asked: Funnel) -> Table:
    """`reached`, with a breakdown `group`: what it was at their first step."""
    levels = reached(events, scope, asked)
    if asked.by is None:
        return levels
    chosen = scoped(events, scope)
    named = group_of_users(chosen.filter(is_step(chosen, asked.steps[0])), asked.by)
    return levels.inner_join(named, "user")


def funnel(events: Table, scope: Scope, asked: Funnel) -> Table:
    """`step` (from 1), `users` who came at least so far; with a breakdown by `group`: what it was at their first step."""
    levels, keys = by_group(events, scope, asked), ["group"] if asked.by else []
    # One row for each step, so that it is looked through once whatever the number of steps.
    steps = ibis.memtable(pa.table({"step": pa.array(range(1, len(asked.steps) + 1), pa.int64())}))
    groups = levels.select(*keys).distinct() if keys else None
    wanted = steps if groups is None else groups.cross_join(steps)
    counted: Table = levels.group_by([*keys, "level"]).aggregate(n=levels.user.count())
    on = [counted.level >= wanted.step, *(counted[key] == wanted[key] for key in keys)]
    joined: Table = wanted.left_join(counted, on)
    found = joined.group_by([*keys, "step"]).aggregate(users=joined.n.sum().fill_null(0).cast("int64"))
    return found.order_by([*keys, "step"])
