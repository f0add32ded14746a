"""Lifecycle: what is known of each customer, in which stage of their life as a customer they are, what they are worth.

`counting` makes the facts from the orders, `stages` says what they mean (pure), `moving` moves people on and notes it,
`ruling` holds where the stages begin at each shop, `following` reads from what people do who is about, `timeline` tells all
of one. `scoring` (RFM), `purchasing` (BG/NBD and what stands in for it), `spending`
(gamma-gamma) and `foretelling` are the sums, without any I/O; `valuing` does them with the customers of a shop that waits for it
(`wanting`). `judging` does them at any moment of the past: `frames` with an Arrow table of events from anywhere, `pasts` with a
shop's own orders.
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
    TierCount,
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
    orders_of_nobody,
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
        Payments,
        bought,
        clv,
        first_payment,
        last_moment,
        rfm,
    )
    from steelyard.operations.lifecycle.judging import Bought, ClvReport, RfmReport, SegmentCount, clv_of, rfm_of
    from steelyard.operations.lifecycle.pasts import TooManyOrders, bought_by
    from steelyard.operations.lifecycle.valuing import value
else:
    __getattr__ = late.face(
        __name__,
        frames=("Payments", "bought", "clv", "first_payment", "last_moment", "rfm"),
        judging=("Bought", "ClvReport", "RfmReport", "SegmentCount", "clv_of", "rfm_of"),
        pasts=("TooManyOrders", "bought_by"),
        valuing=("value",),
    )

__all__ = [
    "DEFAULT_RULE",
    "HORIZON_DAYS",
    "MARKETPLACE",
    "PAYING",
    "BadRule",
    "Bought",
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
    "TierCount",
    "TooManyOrders",
    "Value",
    "ValueFacts",
    "ValueRun",
    "ValuesCounted",
    "apply_rules",
    "ask_for_recount",
    "bought",
    "bought_by",
    "by_worth",
    "clv",
    "clv_of",
    "count",
    "facts_of",
    "first_payment",
    "flows",
    "forget",
    "in_stage",
    "last_moment",
    "move_due",
    "moves_of",
    "orders_of_nobody",
    "recount_of",
    "recount_some",
    "rfm",
    "rfm_of",
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
