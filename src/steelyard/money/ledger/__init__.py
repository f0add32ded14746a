"""The books: double entry, append-only, per currency.

A transfer names its debit and its credit account, one amount and one currency, so a book out of balance cannot be
written. Accounts are (owner, kind, currency), the owner being a merchant or a buyer; the platform's own accounts are
sub-accounts of theirs, summed for reports. A transfer stays with one owner: money that crosses owners is two transfers
of one document that meet in the clearing accounts.

    await ledger.post(tx, [Transfer(...), ...])     a document moves money once: said twice, it is written once

`counterparties` are channels and banks with accounts of their own.
`drilling` is the way down from a figure to its transfers; `summing` sums up all accounts, from time to time when they are many.
"""

from steelyard.money.ledger.bulk import DatedTransfer, bulk_post
from steelyard.money.ledger.counterparties import counterparties, counterparty, counterparty_id
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
from steelyard.money.ledger.model import AccountKind, Balance, Entry, OwnedBalance, PostedTransfer, Transfer, TrialLine
from steelyard.money.ledger.queries import accounts_of_kind, balances, entries, transfers_of, trial_balance
from steelyard.money.ledger.service import lock_accounts, post
from steelyard.money.ledger.summing import Summed, sum_up, summed

__all__ = [
    "SUMMED_MAX",
    "AccountKind",
    "Balance",
    "DatedTransfer",
    "Entry",
    "OwnedBalance",
    "PostedTransfer",
    "Sum",
    "Summed",
    "Transfer",
    "TrialLine",
    "Which",
    "accounts_of_kind",
    "balance_before",
    "balances",
    "bulk_post",
    "counterparties",
    "counterparty",
    "counterparty_id",
    "entries",
    "grows_on",
    "lock_accounts",
    "post",
    "reasons",
    "sum_up",
    "summed",
    "sums",
    "transfers",
    "transfers_of",
    "trial_balance",
    "trial_balance_at",
]
