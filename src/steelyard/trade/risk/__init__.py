"""Risk: paid orders that look like fraud are held before they are sent, with the reasons, until staff release them or call them
off, or time decides. Rules are data of the operator and can be tried on the past; how they did is counted. What is kept of whom,
and how long: docs/algorithms/risk.md.

- `model`: the rules, and how a purchase is judged by them
- `scoring`: what is known of a purchase, and what the rules would have done to those of the last days
- `service`: held, released, called off; rules and lists
"""

from steelyard.trade.risk.events import OrderCleared, OrderQuestioned
from steelyard.trade.risk.model import (
    COUNTING,
    Check,
    CheckState,
    DryRun,
    Entry,
    EntryKind,
    Features,
    Listing,
    NotHeld,
    Rule,
    RuleFigures,
    RuleName,
    Tripped,
    judged,
)
from steelyard.trade.risk.queries import (
    check_of,
    checks_page,
    entries_page,
    figures,
    held_count,
    held_of,
    held_page,
    released_by_staff,
)
from steelyard.trade.risk.scoring import dry_run, rules
from steelyard.trade.risk.service import (
    call_off,
    decide_due,
    enter,
    forget,
    look_at,
    note_chargeback,
    overtaken,
    release,
    set_rule,
    strike,
)

__all__ = [
    "COUNTING",
    "Check",
    "CheckState",
    "DryRun",
    "Entry",
    "EntryKind",
    "Features",
    "Listing",
    "NotHeld",
    "OrderCleared",
    "OrderQuestioned",
    "Rule",
    "RuleFigures",
    "RuleName",
    "Tripped",
    "call_off",
    "check_of",
    "checks_page",
    "decide_due",
    "dry_run",
    "enter",
    "entries_page",
    "figures",
    "forget",
    "held_count",
    "held_of",
    "held_page",
    "judged",
    "look_at",
    "note_chargeback",
    "overtaken",
    "release",
    "released_by_staff",
    "rules",
    "set_rule",
    "strike",
]
