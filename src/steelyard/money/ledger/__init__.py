"""The books: double entry, append-only, per currency.

A transfer names its debit and its credit account, one amount and one currency, so a book out of balance cannot be
written. Accounts are (owner, kind, currency), the owner being a merchant or a buyer; the platform's own accounts are
sub-accounts of theirs, summed for reports. A transfer stays with one owner: money that crosses owners is two transfers
of one document that meet in the clearing accounts.

    await ledger.post(tx, [Transfer(...), ...])     a document moves money once: said twice, it is written once

`counterparties` are channels and banks with accounts of their own.
Months are closed by two people (`periods`); what stood on every account at their end is written down, and the books of any day
are that and the tail since (`snapshots`). What people write by hand two of them write (`vouchers`).
`drilling` is the way down from a figure to its transfers; `summing` sums up all accounts, from time to time when they are many.
"""

from steelyard.money.ledger.beancount import account_names, begun, ended, written
from steelyard.money.ledger.bulk import DatedTransfer, bulk_post
from steelyard.money.ledger.counterparties import counterparties, counterparty, counterparty_id
from steelyard.money.ledger.days import Stood, stood_daily, sum_days
from steelyard.money.ledger.drilling import (
    SUMMED_MAX,
    Sum,
    Which,
    balance_before,
    grows_on,
    reasons,
    sums,
    transfers,
    trial_balance_at,
)
from steelyard.money.ledger.journal import journal
from steelyard.money.ledger.model import (
    AccountKind,
    Balance,
    ChartLine,
    Class,
    Entry,
    OwnedBalance,
    Period,
    PeriodState,
    PostedTransfer,
    Transfer,
    TransferId,
    TrialLine,
    Voucher,
    VoucherId,
    VoucherState,
)
from steelyard.money.ledger.periods import (
    ask_to_reopen,
    confirm_closing,
    leave_closed,
    period,
    periods,
    propose_closing,
    reopen,
    withdraw_closing,
)
from steelyard.money.ledger.queries import accounts_of_kind, balances, entries, transfers_of, trial_balance
from steelyard.money.ledger.service import lock_accounts, post
from steelyard.money.ledger.snapshots import (
    Held,
    Opening,
    PeriodStep,
    chart,
    closed_until,
    held_against_cash,
    moved_between,
    period_history,
    standing,
    trial_at,
)
from steelyard.money.ledger.summing import Summed, sum_up, summed
from steelyard.money.ledger.vouchers import (
    Entry as VoucherEntry,
)
from steelyard.money.ledger.vouchers import (
    agree_voucher,
    correctable,
    decline_voucher,
    kinds_by_hand,
    posted,
    propose_voucher,
    voucher,
    vouchers,
    vouchers_waiting,
)

__all__ = [
    "SUMMED_MAX",
    "AccountKind",
    "Balance",
    "ChartLine",
    "Class",
    "DatedTransfer",
    "Entry",
    "Held",
    "Opening",
    "OwnedBalance",
    "Period",
    "PeriodState",
    "PeriodStep",
    "PostedTransfer",
    "Stood",
    "Sum",
    "Summed",
    "Transfer",
    "TransferId",
    "TrialLine",
    "Voucher",
    "VoucherEntry",
    "VoucherId",
    "VoucherState",
    "Which",
    "account_names",
    "accounts_of_kind",
    "agree_voucher",
    "ask_to_reopen",
    "balance_before",
    "balances",
    "begun",
    "bulk_post",
    "chart",
    "closed_until",
    "confirm_closing",
    "correctable",
    "counterparties",
    "counterparty",
    "counterparty_id",
    "decline_voucher",
    "ended",
    "entries",
    "grows_on",
    "held_against_cash",
    "journal",
    "kinds_by_hand",
    "leave_closed",
    "lock_accounts",
    "moved_between",
    "period",
    "period_history",
    "periods",
    "post",
    "posted",
    "propose_closing",
    "propose_voucher",
    "reasons",
    "reopen",
    "standing",
    "stood_daily",
    "sum_days",
    "sum_up",
    "summed",
    "sums",
    "transfers",
    "transfers_of",
    "trial_at",
    "trial_balance",
    "trial_balance_at",
    "voucher",
    "vouchers",
    "vouchers_waiting",
    "withdraw_closing",
    "written",
]
