"""Cohorts by the period of the first time: who comes back, and what they are worth in the end."""

import ibis

from steelyard.operations.reports.model import Every, Lifetime, Retention, Scope
from steelyard.operations.reports.scoping import (
    Column,
    Table,
    group_of_users,
    is_step,
    local,
    moment,
    period,
    periods_between,
    scoped,
)

_UNITS = {"day": "D", "week": "W", "month": "M"}


def cohorts(events: Table, scope: Scope, first: str, every: Every, by: str | None = None) -> Table:
    """`user, cohort`: the period in which somebody did `first` for the first time ever, where that is in the scope. With a
    breakdown `group`, too: what it was that first time."""
    history = scoped(events, scope, history=True)
    history = history.filter(is_step(history, first))
    began = history.group_by("user").aggregate(at=ibis._.at.min())
    began = began.filter(began.at >= ibis.literal(moment(scope)))
    members = began.select("user", cohort=local(began, scope).truncate(_UNITS[every]).cast("date"))
    if by is None:
        return members
    return members.inner_join(group_of_users(history.semi_join(members, "user"), by), "user")


def _keys(by: str | None) -> list[str]:
    return ["group", "cohort"] if by else ["cohort"]


def returned(events: Table, scope: Scope, asked: Retention) -> Table:
    """`user, cohort, index`: in which later periods somebody of a cohort did `again`; index 0 is the cohort's own. With a
    breakdown `group`, too."""
    members = cohorts(events, scope, asked.first, asked.every, asked.by)
    chosen = scoped(events, scope)
    chosen = chosen.filter(is_step(chosen, asked.again))
    active = chosen.select("user", period=period(chosen, scope, asked.every)).distinct()
    joined = active.inner_join(members, "user")
    index: Column = periods_between(joined.cohort, joined.period, asked.every)
    found = joined.select("user", *_keys(asked.by), index=index)
    return found.filter((found.index >= 0) & (found.index <= asked.periods))


def retention(events: Table, scope: Scope, asked: Retention) -> Table:
    """`cohort, size, index, users`: of `size` people whose first time was in the cohort, `users` came again `index` periods
    later. Indexes without anybody have no row; a cohort that nobody came back from has its index 0 with no users. With a
    breakdown `group` is before them: what it was at their first time."""
    members, keys = cohorts(events, scope, asked.first, asked.every, asked.by), _keys(asked.by)
    sizes = members.group_by(keys).aggregate(size=members.user.count())
    back = returned(events, scope, asked)
    counted = back.group_by([*keys, "index"]).aggregate(users=back.user.count())
    joined = sizes.left_join(counted, keys)
    return joined.select(
        *keys,
        "size",
        index=joined.index.fill_null(0),
        users=joined.users.fill_null(0),
    ).order_by([*keys, "index"])


def spent(events: Table, scope: Scope, asked: Lifetime) -> Table:
    """`user, cohort, index, signed`: what somebody of a cohort paid or was given back (less than nothing), and how much later."""
    members = cohorts(events, scope, "pay", asked.every, asked.by)
    money = scoped(events, scope)
    money = money.filter(money.kind.isin(["pay", "refund"]))
    if scope.currency:
        money = money.filter(money.currency == scope.currency)
    amount = money.amount.fill_null(0)
    signed = ibis.ifelse(money.kind == "refund", -amount, amount)
    money = money.select("user", signed=signed, period=period(money, scope, asked.every))
    joined = money.inner_join(members, "user")
    joined = joined.mutate(index=periods_between(joined.cohort, joined.period, asked.every))
    return joined.filter((joined.index >= 0) & (joined.index <= asked.periods))


def lifetime(events: Table, scope: Scope, asked: Lifetime) -> Table:
    """`cohort, index, size, amount, total`: what a cohort paid (less refunds) in each period, and up to then; minor units. With
    a breakdown `group` is before them: what it was at their first payment."""
    members, keys = cohorts(events, scope, "pay", asked.every, asked.by), _keys(asked.by)
    sizes = members.group_by(keys).aggregate(size=members.user.count())
    paid = spent(events, scope, asked)
    summed = paid.group_by([*keys, "index"]).aggregate(amount=paid.signed.sum().cast("int64"))
    running = ibis.window(group_by=keys, order_by="index", preceding=(None, 0))
    summed = summed.mutate(total=summed.amount.sum().over(running).cast("int64"))
    together = sizes.inner_join(summed, keys)
    return together.select(*keys, "size", "index", "amount", "total").order_by([*keys, "index"])
