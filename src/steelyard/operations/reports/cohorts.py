"""Cohorts by the period of the first time: who comes back, and what they are worth in the end."""

import ibis

from steelyard.operations.reports.model import Every, Lifetime, Retention, Scope
from steelyard.operations.reports.scoping import Table, is_step, local, moment, period, periods_between, scoped

_UNITS = {"day": "D", "week": "W", "month": "M"}


def cohorts(events: Table, scope: Scope, first: str, every: Every) -> Table:
    """`user, cohort`: the period in which somebody did `first` for the first time ever, where that is in the scope."""
    history = scoped(events, scope, history=True)
    began = history.filter(is_step(history, first)).group_by("user").aggregate(at=ibis._.at.min())
    began = began.filter(began.at >= ibis.literal(moment(scope)))
    return began.select("user", cohort=local(began, scope).truncate(_UNITS[every]).cast("date"))


def returned(events: Table, scope: Scope, asked: Retention) -> Table:
    """`user, cohort, index`: in which later periods somebody of a cohort did `again`; index 0 is the cohort's own."""
    members = cohorts(events, scope, asked.first, asked.every)
    chosen = scoped(events, scope)
    chosen = chosen.filter(is_step(chosen, asked.again))
    active = chosen.select("user", period=period(chosen, scope, asked.every)).distinct()
    joined = active.inner_join(members, "user")
    found = joined.select("user", "cohort", index=periods_between(joined.cohort, joined.period, asked.every))
    return found.filter((found.index >= 0) & (found.index <= asked.periods))


def retention(events: Table, scope: Scope, asked: Retention) -> Table:
    """`cohort, size, index, users`: of `size` people whose first time was in the cohort, `users` came again `index` periods
    later. Indexes without anybody have no row; a cohort that nobody came back from has its index 0 with no users."""
    members = cohorts(events, scope, asked.first, asked.every)
    sizes = members.group_by("cohort").aggregate(size=ibis._.user.count())
    back = returned(events, scope, asked)
    counted = back.group_by(["cohort", "index"]).aggregate(users=back.user.count())
    joined = sizes.left_join(counted, "cohort")
    return joined.select(
        "cohort",
        "size",
        index=joined.index.fill_null(0),
        users=joined.users.fill_null(0),
    ).order_by(["cohort", "index"])


def lifetime(events: Table, scope: Scope, asked: Lifetime) -> Table:
    """`cohort, index, size, amount, total`: what a cohort paid (less refunds) in each period, and up to then; minor units."""
    members = cohorts(events, scope, "pay", asked.every)
    sizes = members.group_by("cohort").aggregate(size=ibis._.user.count())
    money = scoped(events, scope)
    money = money.filter(money.kind.isin(["pay", "refund"]))
    if scope.currency:
        money = money.filter(money.currency == scope.currency)
    amount = money.amount.fill_null(0)
    signed = ibis.ifelse(money.kind == "refund", -amount, amount)
    money = money.select("user", signed=signed, period=period(money, scope, asked.every))
    joined = money.inner_join(members, "user")
    joined = joined.mutate(index=periods_between(joined.cohort, joined.period, asked.every))
    joined = joined.filter((joined.index >= 0) & (joined.index <= asked.periods))
    summed = joined.group_by(["cohort", "index"]).aggregate(amount=joined.signed.sum().cast("int64"))
    running = ibis.window(group_by="cohort", order_by="index", preceding=(None, 0))
    summed = summed.mutate(total=summed.amount.sum().over(running).cast("int64"))
    together = sizes.inner_join(summed, "cohort")
    return together.select("cohort", "size", "index", "amount", "total").order_by(["cohort", "index"])
