"""Buyers' rights as dated rules: for how long, where, with which exceptions, by which law, and since when.

A rule is drafted, tried on past orders (by who knows orders), and switched on from a day to come. What is in force is never
changed, only superseded by its next version, so that each decision can name the version that made it.
"""

from steelyard.trade.rights.model import (
    OF_FAMILY,
    PROMISES,
    CountedFrom,
    Family,
    NewRule,
    Rule,
    RuleId,
    RuleKind,
    Rules,
    ends,
    zone_of,
)
from steelyard.trade.rights.queries import rule, rules, versions
from steelyard.trade.rights.service import draft, drop, switch_on

__all__ = [
    "OF_FAMILY",
    "PROMISES",
    "CountedFrom",
    "Family",
    "NewRule",
    "Rule",
    "RuleId",
    "RuleKind",
    "Rules",
    "draft",
    "drop",
    "ends",
    "rule",
    "rules",
    "switch_on",
    "versions",
    "zone_of",
]
