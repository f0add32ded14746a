"""Discipline: what shops are held to. Rules are data of the operator; a violation costs points of its calendar year and a
fine, which is taken from the shop's deposit and, where that is not enough, out of what the shop is owed. Points lead to
measures, and an appeal that is upheld undoes all of it exactly. With a worked example: docs/algorithms/discipline.md.

- `ruling`: what is forbidden, and what it costs
- `violations`: recorded, appealed against, decided; what points lead to is `measures`
- `deposits`: asked for, paid in, returned; `demanding`: what categories ask for; `charging`: what a shop owes a buyer is
  taken out of them where it has to be; `netting`: set off against what a shop has owed for long; `debts`: what is left of that
- `closing`: which shops are proposed to people to be closed
"""

from steelyard.trade.discipline.charging import charge
from steelyard.trade.discipline.closing import Proposed, to_close
from steelyard.trade.discipline.debts import Debt, DebtPayment, debt_payments, debts, follow_debts, pay_debt
from steelyard.trade.discipline.demanding import (
    category_deposit,
    category_deposits,
    follow_categories,
    set_category_deposit,
)
from steelyard.trade.discipline.deposits import (
    balance_of,
    deposit_of,
    lock,
    movements,
    note_overdue,
    pay_from_balance,
    record_transfer,
    return_deposit,
    set_terms,
)
from steelyard.trade.discipline.events import DebtClaimed, DepositDemanded, ViolationDecided, ViolationRecorded
from steelyard.trade.discipline.measures import CLOSE_AT, RESTRICT_AT, SUSPEND_AT, end_measures, measure, year_of
from steelyard.trade.discipline.model import (
    Category,
    Deposit,
    Movement,
    MovementKind,
    NewViolation,
    Outcome,
    Rule,
    Subject,
    Violation,
    ViolationId,
)
from steelyard.trade.discipline.netting import net
from steelyard.trade.discipline.queries import (
    appealed_count,
    listed,
    points_of,
    rules,
    standing,
    violation,
    waiting_for_platform,
)
from steelyard.trade.discipline.ruling import save_rule
from steelyard.trade.discipline.violations import APPEAL_WITHIN, appeal, appealable, decide, record

__all__ = [
    "APPEAL_WITHIN",
    "CLOSE_AT",
    "RESTRICT_AT",
    "SUSPEND_AT",
    "Category",
    "Debt",
    "DebtClaimed",
    "DebtPayment",
    "Deposit",
    "DepositDemanded",
    "Movement",
    "MovementKind",
    "NewViolation",
    "Outcome",
    "Proposed",
    "Rule",
    "Subject",
    "Violation",
    "ViolationDecided",
    "ViolationId",
    "ViolationRecorded",
    "appeal",
    "appealable",
    "appealed_count",
    "balance_of",
    "category_deposit",
    "category_deposits",
    "charge",
    "debt_payments",
    "debts",
    "decide",
    "deposit_of",
    "end_measures",
    "follow_categories",
    "follow_debts",
    "listed",
    "lock",
    "measure",
    "movements",
    "net",
    "note_overdue",
    "pay_debt",
    "pay_from_balance",
    "points_of",
    "record",
    "record_transfer",
    "return_deposit",
    "rules",
    "save_rule",
    "set_category_deposit",
    "set_terms",
    "standing",
    "to_close",
    "violation",
    "waiting_for_platform",
    "year_of",
]
