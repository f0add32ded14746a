"""Commission and fees: what of a sale is the platform's.

`charging` has the sums: which rule counts, what a line comes to; see docs/algorithms/fees.md.
"""

from steelyard.trade.commission.charging import Charged, Sold, charge, stack
from steelyard.trade.commission.queries import (
    RulesWanted,
    any_rule,
    fees,
    line_of_rule,
    planned_for_merchant,
    product_titles,
    rule,
    rules,
    rules_for,
    rules_of_merchant,
    taxes_of,
)
from steelyard.trade.commission.service import (
    Wish,
    change_fee,
    end_rule,
    keep_rule,
    open_fee,
    set_rate,
    set_rule,
    set_tax,
    withdraw_tax,
)

__all__ = [
    "Charged",
    "RulesWanted",
    "Sold",
    "Wish",
    "any_rule",
    "change_fee",
    "charge",
    "end_rule",
    "fees",
    "keep_rule",
    "line_of_rule",
    "open_fee",
    "planned_for_merchant",
    "product_titles",
    "rule",
    "rules",
    "rules_for",
    "rules_of_merchant",
    "set_rate",
    "set_rule",
    "set_tax",
    "stack",
    "taxes_of",
    "withdraw_tax",
]
