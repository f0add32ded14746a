"""Which channel brought the orders."""

import ibis

from steelyard.operations.reports.model import Attribution, Scope
from steelyard.operations.reports.scoping import Table, is_step, moment, of_whom, scoped


def attribution(events: Table, scope: Scope, asked: Attribution) -> Table:
    """`channel, touches, orders, amount`: the credit of each value of column `by`, orders and amounts (minor units) in
    fractions where it is shared. Orders that nothing led to are of the channel with the empty name."""
    touched = credited(events, scope, asked)
    credit = touched.group_by("channel").aggregate(
        orders=touched.share.sum(), amount=(touched.share * touched.amount).sum()
    )
    touches = _touches_within(events, scope, asked).group_by("channel").aggregate(touches=ibis._.count())
    together = credit.outer_join(touches, "channel")
    return together.select(
        channel=together.channel.fill_null(together.channel_right),
        touches=together.touches.fill_null(0),
        orders=together.orders.fill_null(0.0).round(6),
        amount=together.amount.fill_null(0.0).round(2),
    ).order_by([ibis.desc("amount"), ibis.desc("touches"), "channel"])


def credited(events: Table, scope: Scope, asked: Attribution) -> Table:
    """`user, channel, share, amount`: each order, and the share of it that each of its touches has."""
    paid = scoped(events, scope)
    paid = paid.filter(is_step(paid, asked.conversion))
    if scope.currency:
        paid = paid.filter((paid.currency == scope.currency) | (paid.currency == ""))
    # The lines of an order are one order; what has no order's number is one by itself.
    key = ibis.ifelse(paid.order_id == "", paid.at.cast("string"), paid.order_id)
    paid = paid.mutate(order=key)
    orders = paid.group_by(["user", "order"]).aggregate(paid_at=paid.at.min(), amount=paid.amount.sum().fill_null(0))
    orders = orders.mutate(amount=orders.amount.cast("int64"))
    return _credited(_touches(events, scope, asked), orders, asked)


def _touches(events: Table, scope: Scope, asked: Attribution) -> Table:
    """`user, at, channel`: what may have led to an order, one a moment."""
    of_all = of_whom(events, scope)
    end = moment(scope, (scope.until - scope.since).days + 1)
    earliest = moment(scope, -asked.window_days)
    of_all = of_all.filter((of_all.at < ibis.literal(end)) & (of_all.at >= ibis.literal(earliest)))
    of_all = of_all.filter(is_step(of_all, asked.touch))
    return of_all.group_by(["user", "at"]).aggregate(channel=of_all[asked.by].min())


def _touches_within(events: Table, scope: Scope, asked: Attribution) -> Table:
    touches = _touches(events, scope, asked)
    return touches.filter(touches.at >= ibis.literal(moment(scope)))


def _credited(touches: Table, orders: Table, asked: Attribution) -> Table:
    """`user, channel, share, amount`: each order with its touches, and the share of it that each has; one that nothing led
    to is of the channel with the empty name."""
    wide = ibis.interval(days=asked.window_days)
    on = [
        orders.user == touches.user,
        touches.at <= orders.paid_at,
        touches.at >= orders.paid_at - wide,
    ]
    near = orders.left_join(touches, on).select("user", "order", "amount", "at", "channel")
    of_order = ["user", "order"]
    if asked.model == "linear":
        near = near.mutate(share=1.0 / near.count().over(ibis.window(group_by=of_order)))
        return near.mutate(channel=near.channel.fill_null("")).select("user", "channel", "share", "amount")
    chosen = near.channel.argmin(near.at) if asked.model == "first" else near.channel.argmax(near.at)
    credited = near.group_by(of_order).aggregate(channel=chosen.fill_null(""), amount=near.amount.max())
    return credited.select("user", "channel", "amount", share=ibis.literal(1.0))
