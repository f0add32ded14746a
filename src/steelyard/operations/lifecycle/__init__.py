"""Lifecycle: what is known of each customer, in which stage of their life as a customer they are, what they are worth.

`counting` makes the facts from the orders, `stages` says what they mean (pure), `moving` moves people on and notes it,
`ruling` holds where the stages begin at each shop, `following` reads from what people do who is about, `timeline` tells all
of one. `scoring` (RFM), `purchasing` (BG/NBD and what stands in for it), `spending`
(gamma-gamma) and `foretelling` are the sums, without any I/O; `valuing` does them with the customers of a shop that waits for it
(`wanting`), `frames` with an Arrow table of events from anywhere.
"""

from typing import TYPE_CHECKING

from steelyard.kernel import late
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle.counting import count, seen
from steelyard.operations.lifecycle.events import CustomerMoved, FactsChanged, ValuesCounted
from steelyard.operations.lifecycle.model import (
    DEFAULT_RULE,
    HORIZON_DAYS,
    PAYING,
    BadRule,
    Facts,
    Flow,
    Holdout,
    Move,
    Rule,
    Segment,
    Sight,
    Spend,
    Stage,
    StageCount,
    ValueFacts,
    rule_of,
)
from steelyard.operations.lifecycle.moving import apply_rules, move_due
from steelyard.operations.lifecycle.queries import (
    Recount,
    SegmentSum,
    Value,
    ValueRun,
    by_worth,
    facts_of,
    flows,
    in_stage,
    moves_of,
    recount_of,
    segment_sums,
    spend_of,
    stages,
    value_of,
    value_run,
)
from steelyard.operations.lifecycle.ruling import rule_by_interval, rules_in_force, rules_of, set_rule
from steelyard.operations.lifecycle.service import ask_for_recount, forget, recount_some, start_over
from steelyard.operations.lifecycle.timeline import Happening, timeline
from steelyard.operations.lifecycle.wanting import value_next, want_all_values, want_values

if TYPE_CHECKING:
    from steelyard.operations.lifecycle.frames import (
        ClvReport,
        Payments,
        RfmReport,
        SegmentCount,
        clv,
        last_moment,
        rfm,
    )
    from steelyard.operations.lifecycle.valuing import value
else:
    __getattr__ = late.face(
        __name__,
        frames=("ClvReport", "RfmReport", "SegmentCount", "clv", "last_moment", "Payments", "rfm"),
        valuing=("value",),
    )

__all__ = [
    "DEFAULT_RULE",
    "HORIZON_DAYS",
    "MARKETPLACE",
    "PAYING",
    "BadRule",
    "ClvReport",
    "CustomerMoved",
    "Facts",
    "FactsChanged",
    "Flow",
    "Happening",
    "Holdout",
    "Move",
    "Payments",
    "Recount",
    "RfmReport",
    "Rule",
    "Segment",
    "SegmentCount",
    "SegmentSum",
    "Sight",
    "Spend",
    "Stage",
    "StageCount",
    "Value",
    "ValueFacts",
    "ValueRun",
    "ValuesCounted",
    "apply_rules",
    "ask_for_recount",
    "by_worth",
    "clv",
    "count",
    "facts_of",
    "flows",
    "forget",
    "in_stage",
    "last_moment",
    "move_due",
    "moves_of",
    "recount_of",
    "recount_some",
    "rfm",
    "rule_by_interval",
    "rule_of",
    "rules_in_force",
    "rules_of",
    "seen",
    "segment_sums",
    "set_rule",
    "spend_of",
    "stages",
    "start_over",
    "timeline",
    "value",
    "value_next",
    "value_of",
    "value_run",
    "want_all_values",
    "want_values",
]
