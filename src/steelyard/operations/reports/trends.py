"""How often something happens, by period, with a breakdown."""

from typing import Any

import ibis

from steelyard.operations.reports.model import Scope, Trend
from steelyard.operations.reports.scoping import Table, grouped, is_step, period, scoped


def happened(events: Table, scope: Scope, asked: Trend) -> Table:
    """The events of the kinds that are asked for, with their `period`, and `group` where broken down."""
    chosen = scoped(events, scope)
    if asked.kinds:
        chosen = chosen.filter(ibis.or_(*(is_step(chosen, kind) for kind in asked.kinds)))
    if "amount" in asked.measures and scope.currency:
        chosen = chosen.filter((chosen.currency == scope.currency) | (chosen.currency == ""))
    if asked.by:
        chosen = grouped(chosen, asked.by)
    return chosen.mutate(period=period(chosen, scope, asked.every))


def trend(events: Table, scope: Scope, asked: Trend) -> Table:
    """`period`, `group` where broken down, and a column for each measure. Periods without events have no row."""
    chosen, keys = happened(events, scope, asked), ["period", *(["group"] if asked.by else [])]
    return chosen.group_by(keys).aggregate(**_measures(chosen, asked)).order_by(keys)


def _measures(chosen: Table, asked: Trend) -> dict[str, Any]:
    how = {
        "events": chosen.count(),
        "users": chosen.user.nunique(),
        "orders": chosen.order_id.nunique(where=chosen.order_id != ""),
        "amount": chosen.amount.sum().fill_null(0).cast("int64"),
    }
    return {measure: how[measure] for measure in asked.measures}
