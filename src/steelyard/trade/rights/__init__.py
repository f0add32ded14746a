"""Buyers' rights as dated rules: for how long, where, with which exceptions, by which law, and since when.

A rule is drafted, tried on past orders (by who knows orders), and switched on from a day to come. What is in force is never
changed, only superseded by its next version, so that each decision can name the version that made it.
`calendar` keeps the days on which nobody works: a last day does not fall on them, where a rule says so.
"""

from steelyard.trade.rights.calendar import forget_holiday, holiday, holidays, keep_holiday
from steelyard.trade.rights.model import (
    OF_FAMILY,
    PROMISES,
    Calendar,
    CountedFrom,
    Family,
    Holiday,
    NewRule,
    Rule,
    RuleId,
    RuleKind,
    Rules,
    zone_of,
)
from steelyard.trade.rights.queries import rule, rules, versions
from steelyard.trade.rights.service import draft, drop, switch_on

__all__ = [
    "OF_FAMILY",
    "PROMISES",
    "Calendar",
    "CountedFrom",
    "Family",
    "Holiday",
    "NewRule",
    "Rule",
    "RuleId",
    "RuleKind",
    "Rules",
    "draft",
    "drop",
    "forget_holiday",
    "holiday",
    "holidays",
    "keep_holiday",
    "rule",
    "rules",
    "switch_on",
    "versions",
    "zone_of",
]
