"""The chart of accounts, and what is written in the books."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

TransferId = NewType("TransferId", UUID)
VoucherId = NewType("VoucherId", UUID)

# Months of the books begin at midnight here. (SQL says the same where it counts months.)
BOOKS_ZONE = ZoneInfo("Asia/Shanghai")
MONTHS_A_YEAR = 12
WORDS_MAX = 500


class AccountKind(StrEnum):
    """The chart of accounts. Which side each grows on is in the table `ledger_account_kinds`."""

    CHANNEL_CASH = "channel_cash"
    BANK_CASH = "bank_cash"
    PURCHASE_CLEARING = "purchase_clearing"
    ORDER_CLEARING = "order_clearing"
    HELD = "held"
    REFUND_DUE = "refund_due"
    PAYABLE = "payable"
    RESERVE = "reserve"
    PAYOUT_IN_TRANSIT = "payout_in_transit"
    COMMISSION = "commission"
    FEE_TAX = "fee_tax"
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
    DOOR_CLAIMS = "door_claims"
    CARRIER_CASH = "carrier_cash"
    EXCHANGE_CLEARING = "exchange_clearing"
    EXCHANGE_DIFFERENCES = "exchange_differences"
    OWN_FUNDS = "own_funds"
    OTHER_COSTS = "other_costs"
    HOST_PAYABLE = "host_payable"
    HOST_CLEARING = "host_clearing"


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


class Class(StrEnum):
    """What an account is on a balance sheet or in an income statement."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class ChartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of account. `normal`: the side that it grows on; `money`: `cash`, or whose money it is that we hold, `buyers` or
    `merchants`; `by_hand`: staff may write entries on it."""

    kind: AccountKind
    normal: Literal["debit", "credit"]
    class_: Class = msgspec.field(name="class")
    money: Literal["cash", "buyers", "merchants"] | None
    by_hand: bool
    purpose: Text


class PeriodState(StrEnum):
    """`open` is also a month that nobody has ever wanted to close. `proposed`: one person has, another confirms."""

    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


PERIOD_MACHINE = Machine(
    "ledger_period",
    {PeriodState.PROPOSED},
    {
        PeriodState.OPEN: {PeriodState.PROPOSED},
        PeriodState.PROPOSED: {PeriodState.OPEN, PeriodState.CLOSED},
        PeriodState.CLOSED: {PeriodState.OPEN},
    },
)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A month of the books: `period` is its first day, `ends` the first moment that is not within it. `reopening_by`: who wants
    it opened again once it is closed."""

    period: date
    begins: datetime
    ends: datetime
    state: PeriodState = PeriodState.OPEN
    proposed_by: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    reopening_by: str | None = None
    reopening_words: str = ""

    @classmethod
    def of(cls, day: date) -> "Period":
        """The month of a day, open."""
        first = day.replace(day=1)
        following = month_after(first)
        return cls(
            period=first,
            begins=datetime.combine(first, time(), BOOKS_ZONE),
            ends=datetime.combine(following, time(), BOOKS_ZONE),
        )


def month_after(first: date) -> date:
    """The first day of the next month."""
    return date(first.year + first.month // MONTHS_A_YEAR, first.month % MONTHS_A_YEAR + 1, 1)


def month_of(at: datetime) -> date:
    """The month of the books in which a moment lies."""
    return at.astimezone(BOOKS_ZONE).date().replace(day=1)


def month_number(first: date) -> int:
    """Months, counted through: what those who post and those who close lock."""
    return first.year * MONTHS_A_YEAR + first.month


class VoucherState(StrEnum):
    """An entry by hand: one person proposes it, another agrees and it is posted, or it is declined."""

    PROPOSED = "proposed"
    POSTED = "posted"
    DECLINED = "declined"


VOUCHER_MACHINE = Machine(
    "ledger_voucher",
    {VoucherState.PROPOSED},
    {
        VoucherState.PROPOSED: {VoucherState.POSTED, VoucherState.DECLINED},
        VoucherState.POSTED: set(),
        VoucherState.DECLINED: set(),
    },
)
MACHINES = (PERIOD_MACHINE, VOUCHER_MACHINE)


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """An entry by hand of one owner: `reverses` a transfer, posts `amount` onto `debit` and out of `credit`, or both."""

    owner_id: UUID
    voucher_id: VoucherId
    state: VoucherState
    reverses: TransferId | None
    currency: str
    debit: AccountKind | None
    credit: AccountKind | None
    amount: int | None
    words: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class PeriodClosed(Refusal):
    """Nothing is posted into a month that is closed: a correction is a new entry of today that names what it reverses."""

    code = "period_closed"
    title = N_("This month of the books is closed")
    detail = N_("The books are closed up to {until}. Write a correcting entry today, or have the month opened again.")


class PeriodNotOver(Refusal):
    """A month is closed when it is over."""

    code = "period_not_over"
    title = N_("This month is not over")
    detail = N_("A month of the books is closed when its last day is over.")


class PeriodInUse(Refusal):
    """A month is closed when all that was posted in it is written down."""

    code = "period_in_use"
    title = N_("Somebody is still posting into this month")
    detail = N_("What is being posted is written down in some seconds. Please try again then.")


class NotTheLastClosed(Refusal):
    """Months are opened again in the opposite order: the last closed one first."""

    code = "not_the_last_closed"
    title = N_("A later month is closed")
    detail = N_("Only the last closed month can be opened again.")


class SecondPerson(Refusal):
    """What counts for good in the books is decided by two people."""

    code = "second_person"
    status = 403
    title = N_("Another person must confirm")
    detail = N_("You proposed this yourself. Another person who may do it confirms.")


class NotByHand(Refusal):
    """Accounts that other parts of the house count on, transfer by transfer, are corrected where the transfer came from."""

    code = "entry_not_by_hand"
    title = N_("This is not corrected by hand")
    detail = N_("Undo it where it came from: the order, refund, statement or difference.")


class AlreadyReversed(Refusal):
    """A transfer is reversed once."""

    code = "already_reversed"
    title = N_("This transfer is reversed already")
    detail = N_("There is an entry by hand that reverses it, or proposes to.")


class WouldOverdraw(Refusal):
    """Money that is held for somebody cannot be booked away below zero."""

    code = "would_overdraw"
    title = N_("There is not so much on the account")
    detail = N_("The entry would take more from an account than stands there.")
