"""What people do in one go: sessions, the paths within them, the time between two things, how often they do something."""

from typing import Any

import ibis

from steelyard.operations.reports.model import (
    BUCKETS,
    LEFT,
    Distribution,
    Intervals,
    Paths,
    Scope,
    Sessions,
)
from steelyard.operations.reports.scoping import (
    Column,
    Table,
    group_of_users,
    grouped,
    is_step,
    once_an_order,
    over_user,
    period,
    scoped,
)

_QUANTILES = {"p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}


def _begins(chosen: Table, gap_seconds: int, by_user: Any) -> Column:
    """Whether a session begins with an event: somebody's first, or one after a longer pause. `by_user` is their window."""
    last = chosen.at.lag().over(by_user)
    return last.isnull() | (chosen.at > last + ibis.interval(seconds=gap_seconds))


def visits(events: Table, scope: Scope, asked: Sessions) -> Table:
    """`user, period, n, seconds`, a row for each session: how many events it has, and how long it takes; with a breakdown
    `group`: what it was at its first event (the smallest of several at once).

    Only what a session begins with is looked at twice: where the next one begins, this one ended with the event before it.
    """
    chosen = scoped(events, scope)
    parts = {"value": chosen[asked.by]} if asked.by else {}
    chosen = chosen.select("user", "at", **parts)
    order = ["at", *parts]
    by_user = ibis.window(group_by="user", order_by=order)
    whole = ibis.window(group_by="user", order_by=order, preceding=None, following=None)
    marked = chosen.mutate(
        fresh=_begins(chosen, asked.gap_seconds, by_user),
        before=chosen.at.lag().over(by_user),
        nth=ibis.row_number().over(by_user).cast("int64"),
        all=chosen.count().over(whole),
        end=chosen.at.max().over(whole),
    )
    begun = marked.filter(marked.fresh)
    following = ibis.window(group_by="user", order_by="nth")
    each = begun.mutate(
        n=(begun.nth.lead().over(following).fill_null(begun["all"]) - begun.nth).cast("int64"),
        ended=begun.before.lead().over(following).fill_null(begun.end),
    )
    if asked.by:
        each = grouped(each, "value")
    return each.mutate(
        period=period(each, scope, asked.every),
        seconds=(each.ended.epoch_seconds().cast("int64") - each["at"].epoch_seconds().cast("int64")),
    )


def sessions(events: Table, scope: Scope, asked: Sessions) -> Table:
    """`period, sessions, users, events, bounced, seconds`: those that began in the period, how many are of one event only, and
    how long they take together. With a breakdown, `group` is what it was at a session's first event."""
    each, keys = visits(events, scope, asked), ["period", *(["group"] if asked.by else [])]
    return (
        each.group_by(keys)
        .aggregate(
            sessions=each.count(),
            users=each.user.nunique(),
            events=each.n.sum().cast("int64"),
            bounced=each.count(where=each.n == 1),
            seconds=each.seconds.sum().cast("int64"),
        )
        .order_by(keys)
    )


def moves(events: Table, scope: Scope, asked: Paths) -> Table:
    """`user, step, node, target`: from which stop to which people went, up to `steps`; from the last stop they left.

    Two events of one moment that are the same stop may stand in either order, so that nothing else decides theirs.
    """
    order = ["at", "kind", "node"]
    chosen = scoped(events, scope)
    if asked.kinds:
        chosen = chosen.filter(chosen.kind.isin(list(asked.kinds)))
    chosen = chosen.select("user", "at", "kind", node=chosen[asked.by])
    by_user = ibis.window(group_by="user", order_by=order)
    marked = chosen.mutate(fresh=_begins(chosen, asked.gap_seconds, by_user), previous=chosen.node.lag().over(by_user))
    # Repetitions are gone before anything is numbered.
    stops = marked.filter(marked.fresh | (marked.previous != marked.node)).drop("previous")
    begun: Any = ibis.ifelse(stops.fresh, 1, 0).cast("int64")
    stops = stops.mutate(visit=begun.sum().over(over_user(order)).cast("int64"))
    within = ibis.window(group_by=["user", "visit"], order_by=order)
    moved = stops.select(
        "user",
        "node",
        step=(ibis.row_number().over(within) + 1).cast("int64"),
        target=stops.node.lead().over(within).fill_null(LEFT),
    )
    return moved.filter(moved.step <= asked.steps)


def paths(events: Table, scope: Scope, asked: Paths) -> Table:
    """`step, source, target, times`: rows of a Sankey diagram, the `top` of each step."""
    moved = moves(events, scope, asked)
    counted = moved.group_by(["step", "node", "target"]).aggregate(times=moved.count())
    best = ibis.window(group_by="step", order_by=[ibis.desc("times"), "node", "target"])
    ranked = counted.mutate(nth=ibis.row_number().over(best).cast("int64"))
    top = ranked.filter(ranked.nth < asked.top)
    return top.select("step", top.node.name("source"), "target", "times").order_by(
        ["step", ibis.desc("times"), "source", "target"]
    )


def gaps(events: Table, scope: Scope, asked: Intervals) -> Table:
    """`user, seconds`: each time from `first` to the next `then` without another of the two between. With a breakdown `group`,
    too: what it was when they did `first` for the first time in these days."""
    chosen = scoped(events, scope)
    first, then = is_step(chosen, asked.first), is_step(chosen, asked.then)
    if asked.first == asked.then:
        marked = once_an_order(chosen.filter(first)).mutate(place=ibis.literal(1, "int64"))
    else:
        place = ibis.cases((first, 1), (then, 2), else_=0).cast("int64")
        # Lines of one order are one event, at the earliest of their moments.
        placed = chosen.mutate(kind=place.cast("string"))
        marked = once_an_order(placed.filter(placed.kind != "0"))
        marked = marked.mutate(place=marked.kind.cast("int64"))
    window = ibis.window(group_by="user", order_by=["at", "place"])
    marked = marked.mutate(was=marked.place.lag().over(window), since=marked.at.lag().over(window))
    wanted = (1, 1) if asked.first == asked.then else (2, 1)
    found = marked.filter((marked.place == wanted[0]) & (marked.was == wanted[1]))
    seconds = found.at.epoch_seconds().cast("int64") - found.since.epoch_seconds().cast("int64")
    found = found.select("user", seconds=seconds)
    return found.inner_join(group_of_users(chosen.filter(first), asked.by), "user") if asked.by else found


def intervals(events: Table, scope: Scope, asked: Intervals) -> Table:
    """One row, of a breakdown one for each `group`: `times, users, mean, least, p25 … p95, most`, in seconds to the
    thousandth."""
    found = gaps(events, scope, asked)
    seconds = found.seconds
    counted = {
        "times": found.count(),
        "users": found.user.nunique(),
        "mean": seconds.mean().round(3),
        "least": seconds.min(),
        **{name: seconds.quantile(share).cast("float64").round(3) for name, share in _QUANTILES.items()},
        "most": seconds.max(),
    }
    return found.group_by("group").aggregate(**counted).order_by("group") if asked.by else found.aggregate(**counted)


def how_often(events: Table, scope: Scope, asked: Distribution) -> Table:
    """`user, times`; with a breakdown `group`, too: what it was when they did it for the first time in these days."""
    chosen = scoped(events, scope)
    chosen = chosen.filter(is_step(chosen, asked.kind))
    if asked.of == "days":
        times = period(chosen, scope, "day").nunique()
    elif asked.of == "orders":
        times = chosen.order_id.nunique(where=chosen.order_id != "")
    else:
        times = chosen.count()
    found = chosen.group_by("user").aggregate(times=times)
    found = found.filter(found.times > 0)
    return found.inner_join(group_of_users(chosen, asked.by), "user") if asked.by else found


def distribution(events: Table, scope: Scope, asked: Distribution) -> Table:
    """`least, users, times`: how many people did it at least so many times (and less than the next bucket's `least`), and how
    many times they did it together. With a breakdown `group` is before them."""
    found, keys = how_often(events, scope, asked), ["group", "least"] if asked.by else ["least"]
    least = ibis.cases(*((found.times >= each, each) for each in reversed(BUCKETS)), else_=0).cast("int64")
    found = found.mutate(least=least)
    counted = found.group_by(keys).aggregate(users=found.count(), times=found.times.sum().cast("int64"))
    return counted.order_by(keys)
