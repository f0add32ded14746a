"""The chart of accounts, and what is written in the books."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

import msgspec

TransferId = NewType("TransferId", UUID)


class AccountKind(StrEnum):
    """The chart of accounts. Which side each grows on is in the table `ledger_account_kinds`."""

    CHANNEL_CASH = "channel_cash"
    BANK_CASH = "bank_cash"
    PURCHASE_CLEARING = "purchase_clearing"
    ORDER_CLEARING = "order_clearing"
    HELD = "held"
    REFUND_DUE = "refund_due"
    PAYABLE = "payable"
    PAYOUT_IN_TRANSIT = "payout_in_transit"
    COMMISSION = "commission"
    SUBSIDY = "subsidy"
    GOODWILL = "goodwill"
    DEPOSIT = "deposit"
    FINES = "fines"
    BALANCE = "balance"
    BALANCE_HELD = "balance_held"
    POINTS = "points"
    POINTS_HELD = "points_held"
    GIFT_CARDS = "gift_cards"
    GIFT_CLEARING = "gift_clearing"
    MARKETING_COST = "marketing_cost"
    PRESALE_DEPOSITS = "presale_deposits"
    COMPENSATION_CLEARING = "compensation_clearing"
    TRANSFERS_RECEIVED = "transfers_received"
    CHANNEL_FEES = "channel_fees"
    CHARGEBACKS = "chargebacks"
    DISPUTED = "disputed"
    CHARGEBACK_LOSSES = "chargeback_losses"
    SUSPENSE = "suspense"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` minor units of `currency` out of the `credit` account's side and onto the `debit` account's.

    `document` is what caused it (a payment, an order, a refund, a statement) and `reason` says in which way; a document
    moves money for one reason between the same two accounts once.
    """

    owner_id: UUID
    debit: AccountKind
    credit: AccountKind
    amount: int
    currency: str
    reason: str
    document: UUID

    def key(self) -> tuple[UUID, UUID, str, AccountKind, AccountKind]:
        """What makes it the same transfer when it is said again."""
        return (self.owner_id, self.document, self.reason, self.debit, self.credit)


class PostedTransfer(Transfer, frozen=True, kw_only=True):
    """A transfer as it stands in the books."""

    transfer_id: TransferId
    at: datetime


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """An account of one owner. `balance` is on the side that its kind grows on, in minor units."""

    kind: AccountKind
    currency: str
    debits: int
    credits: int
    balance: int


class OwnedBalance(Balance, frozen=True, kw_only=True):
    """An account, with whose it is: a merchant's or a buyer's."""

    owner_id: UUID


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one kind and currency together. Per currency, debits and credits add up to the same."""

    kind: AccountKind
    currency: str
    debits: int
    credits: int
    balance: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as one of its two accounts sees it: on which `side`, against which other account."""

    transfer_id: TransferId
    side: Literal["debit", "credit"]
    against: AccountKind
    amount: int
    currency: str
    reason: str
    document: UUID
    at: datetime
