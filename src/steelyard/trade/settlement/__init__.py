"""What merchants are paid: entries, statements, payouts.

An order's money is the merchant's once receipt is confirmed. The release makes entries (sale, commission), a refund
after it makes negative ones; T+N days later a run puts all that is due on one statement per merchant and currency,
sets its payout aside in the ledger, and the bank is instructed and asked until the outcome is known. With a worked
example: docs/algorithms/settlement.md.

- `earnings`: what is earned, entry by entry
- `runs`: from entries to statements; `gathering`: the entries of a statement that has very many of them
- `payouts`: from statements to the merchant's bank account; `moving`: a statement goes from one state to the next
- `batches`: payouts in bank files, made by one person and approved by another, from an account of `payers`;
  `bankfiles`: pain.001, pain.002 and CSV; `answers`: what the bank says of them
- `reserving`: what is kept back for a time; `checking` and `disputing`: what merchants say of statements and their lines
- `terms`: the cycle, minimum, reserve and checking time agreed with each shop, from a day on
- `expecting`: what will be paid out when; `ageing`: how long money has been held, of all shops
- `charges`: what of a statement was which fee; `simulating`: what a merchant would have paid by other rules of fees
- `bulk`: history that was paid elsewhere
"""

from steelyard.trade.settlement.ageing import BANDS, Aged, Ahead, ahead, count_held, held_by_age
from steelyard.trade.settlement.answers import Heard, answer_by_hand, hear
from steelyard.trade.settlement.bankfiles import Report, bank_csv, is_iban, pain001, read_report
from steelyard.trade.settlement.batches import (
    Batch,
    BatchState,
    PayoutOrder,
    SamePerson,
    ToBatch,
    approve_batch,
    batch,
    batches,
    drop_batch,
    fetch_batch,
    make_batch,
    mark_sent,
    orders_of_batch,
    to_batch,
    waiting_for_file,
)
from steelyard.trade.settlement.bulk import bulk_settled
from steelyard.trade.settlement.charges import FeeSum, OrderFee, fees_by_order, fees_of_statement
from steelyard.trade.settlement.checking import check_statement, checks_of, objected, silently_checked, unchecked
from steelyard.trade.settlement.disputing import Dispute, answer_dispute, dispute, disputes_of, open_disputes
from steelyard.trade.settlement.earnings import bulk_enter, enter
from steelyard.trade.settlement.events import PayoutFailed, StatementIssued, StatementPaid
from steelyard.trade.settlement.expecting import awaited, due_by, expected, held, paid_out, payouts_of
from steelyard.trade.settlement.gateways import Bank, bank
from steelyard.trade.settlement.jobs import receive_webhook, run_today, send_payouts, settle
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
    OrderPayout,
    PayoutNews,
    Statement,
    StatementId,
    StatementState,
    Step,
    Waiting,
    Way,
    due_on,
    is_complete,
    settlement_day,
)
from steelyard.trade.settlement.payers import NoPayerAccount, Payer, PayerAccount, payer_accounts, set_payer
from steelyard.trade.settlement.payouts import pay_again, record_payout, take_back, to_pay
from steelyard.trade.settlement.queries import (
    by_kind,
    entries,
    entries_about,
    entry,
    sought,
    statement,
    statement_csv,
    statements_named,
    statements_page,
    timeline,
    waiting,
)
from steelyard.trade.settlement.reserving import Reserve, release_reserve, release_reserves, reserves_of
from steelyard.trade.settlement.runs import BEGINNING, RunStep, run, step, withdraw
from steelyard.trade.settlement.simulating import Outcome, Trial, simulate
from steelyard.trade.settlement.terms import Agreed, Cycle, Terms, agree, agreed, call_off

__all__ = [
    "BANDS",
    "BEGINNING",
    "Aged",
    "Agreed",
    "Ahead",
    "AwaitedOrder",
    "Bank",
    "BankAnswer",
    "Batch",
    "BatchState",
    "Check",
    "Cycle",
    "Dispute",
    "DuePayout",
    "Entry",
    "EntryKind",
    "Expected",
    "FeeSum",
    "Heard",
    "Held",
    "NewEntry",
    "NoPayerAccount",
    "NoPayoutAccount",
    "Objected",
    "OrderFee",
    "OrderPayout",
    "Outcome",
    "Payer",
    "PayerAccount",
    "PayoutFailed",
    "PayoutNews",
    "PayoutOrder",
    "Report",
    "Reserve",
    "RunStep",
    "SamePerson",
    "Statement",
    "StatementId",
    "StatementIssued",
    "StatementPaid",
    "StatementState",
    "Step",
    "Terms",
    "ToBatch",
    "Trial",
    "Waiting",
    "Way",
    "agree",
    "agreed",
    "ahead",
    "answer_by_hand",
    "answer_dispute",
    "approve_batch",
    "awaited",
    "bank",
    "bank_csv",
    "batch",
    "batches",
    "bulk_enter",
    "bulk_settled",
    "by_kind",
    "call_off",
    "check_statement",
    "checks_of",
    "count_held",
    "dispute",
    "disputes_of",
    "drop_batch",
    "due_by",
    "due_on",
    "enter",
    "entries",
    "entries_about",
    "entry",
    "expected",
    "fees_by_order",
    "fees_of_statement",
    "fetch_batch",
    "hear",
    "held",
    "held_by_age",
    "is_complete",
    "is_iban",
    "make_batch",
    "mark_sent",
    "objected",
    "open_disputes",
    "orders_of_batch",
    "paid_out",
    "pain001",
    "pay_again",
    "payer_accounts",
    "payouts_of",
    "read_report",
    "receive_webhook",
    "record_payout",
    "release_reserve",
    "release_reserves",
    "reserves_of",
    "run",
    "run_today",
    "send_payouts",
    "set_payer",
    "settle",
    "settlement_day",
    "silently_checked",
    "simulate",
    "sought",
    "statement",
    "statement_csv",
    "statements_named",
    "statements_page",
    "step",
    "take_back",
    "timeline",
    "to_batch",
    "to_pay",
    "unchecked",
    "waiting",
    "waiting_for_file",
    "withdraw",
]
