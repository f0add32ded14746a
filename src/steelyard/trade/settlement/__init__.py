"""What merchants are paid: entries, statements, payouts.

An order's money is the merchant's once receipt is confirmed. The release makes entries (sale, commission), a refund
after it makes negative ones; T+N days later a run puts all that is due on one statement per merchant and currency,
sets its payout aside in the ledger, and the bank is instructed and asked until the outcome is known. With a worked
example: docs/algorithms/settlement.md.

- `earnings`: what is earned, entry by entry
- `runs`: from entries to statements
- `payouts`: from statements to the merchant's bank account
- `expecting`: what will be paid out when, and what merchants say of their statements
- `charges`: what of a statement was which fee
- `simulating`: what a merchant would have paid by other rules of fees
- `bulk`: history that was paid elsewhere
"""

from steelyard.trade.settlement.bulk import bulk_settled
from steelyard.trade.settlement.charges import FeeSum, OrderFee, fees_by_order, fees_of_statement
from steelyard.trade.settlement.earnings import bulk_enter, enter
from steelyard.trade.settlement.events import PayoutFailed, StatementIssued, StatementPaid
from steelyard.trade.settlement.expecting import (
    awaited,
    check_statement,
    checks_of,
    expected,
    held,
    objected,
    paid_out,
    unchecked,
)
from steelyard.trade.settlement.gateways import Bank, bank
from steelyard.trade.settlement.jobs import receive_webhook, run_today, send_payouts
from steelyard.trade.settlement.model import (
    AwaitedOrder,
    BankAnswer,
    Check,
    DuePayout,
    Entry,
    EntryKind,
    Expected,
    Held,
    NewEntry,
    NoPayoutAccount,
    Objected,
    PayoutNews,
    Statement,
    StatementId,
    StatementState,
    Step,
    Waiting,
    due_on,
    is_complete,
    settlement_day,
)
from steelyard.trade.settlement.payouts import pay_again, record_payout, to_pay
from steelyard.trade.settlement.queries import (
    entries,
    entries_about,
    sought,
    statement,
    statement_csv,
    statements_named,
    statements_page,
    timeline,
    waiting,
)
from steelyard.trade.settlement.runs import run
from steelyard.trade.settlement.simulating import Outcome, Trial, simulate

__all__ = [
    "AwaitedOrder",
    "Bank",
    "BankAnswer",
    "Check",
    "DuePayout",
    "Entry",
    "EntryKind",
    "Expected",
    "FeeSum",
    "Held",
    "NewEntry",
    "NoPayoutAccount",
    "Objected",
    "OrderFee",
    "Outcome",
    "PayoutFailed",
    "PayoutNews",
    "Statement",
    "StatementId",
    "StatementIssued",
    "StatementPaid",
    "StatementState",
    "Step",
    "Trial",
    "Waiting",
    "awaited",
    "bank",
    "bulk_enter",
    "bulk_settled",
    "check_statement",
    "checks_of",
    "due_on",
    "enter",
    "entries",
    "entries_about",
    "expected",
    "fees_by_order",
    "fees_of_statement",
    "held",
    "is_complete",
    "objected",
    "paid_out",
    "pay_again",
    "receive_webhook",
    "record_payout",
    "run",
    "run_today",
    "send_payouts",
    "settlement_day",
    "simulate",
    "sought",
    "statement",
    "statement_csv",
    "statements_named",
    "statements_page",
    "timeline",
    "to_pay",
    "unchecked",
    "waiting",
]
