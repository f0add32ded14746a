"""What channels cost beside what they brought: numbers of an answer that is there already."""

from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.operations.reports.model import Answer


def with_costs(found: Answer, costs: Mapping[str, int]) -> Answer:
    """An attribution with what each channel cost (minor units of its currency), and what came back of it. A channel that cost
    something and brought nobody is told, too. Without any cost it is the same as before."""
    if not costs:
        return found
    nothing = {"touches": 0, "orders": 0.0, "amount": 0.0}
    silent = sorted(costs.keys() - {row["channel"] for row in found.rows})
    rows = [*found.rows, *({"channel": channel, **nothing} for channel in silent)]
    columns = [*found.columns, "cost", "roi"]
    return msgspec.structs.replace(found, columns=columns, rows=[_with_cost(row, costs) for row in rows])


def _with_cost(row: Mapping[str, Any], costs: Mapping[str, int]) -> dict[str, Any]:
    cost = costs.get(row["channel"], 0)
    return {**row, "cost": cost, "roi": (row["amount"] - cost) / cost if cost else None}
