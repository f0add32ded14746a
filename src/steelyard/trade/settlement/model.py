"""Statements, the entries they are made of, and the payouts that pay them."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.parties.merchants.model import MerchantId, Payout

StatementId = NewType("StatementId", UUID)

# The platform's settlement days begin and end in this zone, whatever the merchant's or the reader's is.
SETTLEMENT_ZONE = ZoneInfo("Asia/Shanghai")

# Entries of history taken over wait under this day for `bulk_settled`, so that no run pays out what was paid elsewhere.
PAID_ELSEWHERE = date(9999, 12, 31)


class StatementState(StrEnum):
    """`issued`: the merchant's money is set aside. `checked`: the merchant has agreed, by word or by silence. `batched`: it is
    in a bank file that nobody has fetched. `paying`: the bank is instructed. `failed`: it said no, or sent it back."""

    ISSUED = "issued"
    CHECKED = "checked"
    BATCHED = "batched"
    PAYING = "paying"
    HELD = "held"
    PAID = "paid"
    FAILED = "failed"


STATEMENT_MACHINE = Machine(
    "statement",
    {StatementState.ISSUED, StatementState.PAID},
    {
        StatementState.ISSUED: {
            StatementState.CHECKED,
            StatementState.PAYING,
            StatementState.BATCHED,
            StatementState.HELD,
        },
        StatementState.CHECKED: {StatementState.PAYING, StatementState.BATCHED, StatementState.HELD},
        StatementState.BATCHED: {StatementState.CHECKED, StatementState.PAYING},
        StatementState.PAYING: {StatementState.PAID, StatementState.FAILED, StatementState.HELD},
        StatementState.HELD: {StatementState.PAYING, StatementState.BATCHED},
        StatementState.FAILED: {StatementState.PAYING, StatementState.BATCHED},
        StatementState.PAID: {StatementState.FAILED},
    },
)

MACHINES = (STATEMENT_MACHINE,)


class EntryKind(StrEnum):
    """What an entry is; commission, refunds, subsidies taken back, what goes into the deposit or the reserve, fines,
    compensation and corrections that take are negative."""

    SALE = "sale"
    SUBSIDY = "subsidy"
    COMMISSION = "commission"
    REFUND = "refund"
    COMMISSION_RETURNED = "commission_returned"
    SUBSIDY_RETURNED = "subsidy_returned"
    GOODWILL = "goodwill"
    DEPOSIT = "deposit"
    DEPOSIT_RETURNED = "deposit_returned"
    FINE = "fine"
    FINE_RETURNED = "fine_returned"
    DEPOSIT_FORFEITED = "deposit_forfeited"
    COMPENSATION = "compensation"
    DEBT_PAID = "debt_paid"
    COMPENSATION_RETURNED = "compensation_returned"
    DISPUTED = "disputed"
    DISPUTE_RETURNED = "dispute_returned"
    CHARGEBACK_FEE = "chargeback_fee"
    CHARGEBACK_BORNE = "chargeback_borne"
    CASH_KEPT = "cash_kept"
    RESERVE = "reserve"
    RESERVE_RELEASED = "reserve_released"
    CORRECTION = "correction"
    CORRECTION_TAKEN = "correction_taken"
    TAKEN_BACK = "taken_back"
    HOST_COMMISSION = "host_commission"
    HOST_COMMISSION_RETURNED = "host_commission_returned"
    SLOT_FEE = "slot_fee"


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant has earned (or owes, negative) by its `document`: an order, a refund, or what is about no order."""

    merchant_id: MerchantId
    order_id: UUID | None
    document: UUID
    kind: EntryKind
    amount: int
    currency: str
    earned_at: datetime


class Entry(NewEntry, frozen=True, kw_only=True):
    """An entry as it stands: on a statement, or waiting for the first run on or after `due_on`."""

    entry_id: UUID
    due_on: date
    statement_id: StatementId | None


class Way(StrEnum):
    """How a payout reaches the merchant: through the bank that is connected, in a file that people take there, or to its account
    at Stripe, which pays it on."""

    DIRECT = "direct"
    FILE = "file"
    STRIPE = "stripe"


class Due(msgspec.Struct, frozen=True):
    """A shop that is to be paid in a currency, with what was agreed for the day. `statement_id`: under which its entries are
    being gathered already."""

    merchant_id: UUID
    currency: str
    reserve_rate: int
    reserve_days: int
    check_days: int
    way: Way
    statement_id: UUID | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant is paid for one settlement day: payout = sales + subsidy − commission − refunds + commission returned
    − subsidy returned + adjustments (goodwill of the platform, deposit, fines, compensation, reserve, corrections).

    `check_by` is until when the payout waits for the merchant to check it; none: it does not wait. `held_for`: what it waits for
    at Stripe, the shop's account or the platform's balance."""

    merchant_id: MerchantId
    statement_id: StatementId
    code: str
    day: date
    currency: str
    sales: int
    commission: int
    refunds: int
    commission_returned: int
    adjustments: int = 0
    payout: int
    state: StatementState
    issued_at: datetime
    paid_at: datetime | None
    failure: str | None
    bank_reference: str | None
    subsidy: int = 0
    subsidy_returned: int = 0
    way: Way = Way.DIRECT
    check_by: datetime | None = None
    held_for: Literal["account", "balance"] | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What has been earned and is on no statement yet; `next_due_on` is the first day that may take some of it."""

    currency: str
    amount: int
    entries: int
    next_due_on: date


class Objected(Statement, frozen=True, kw_only=True):
    """A statement that its merchant objects to, with what was said last."""

    objected_at: datetime
    objection: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a statement's state, from its history."""

    from_state: str
    to_state: str
    at: datetime
    by: str


class DuePayout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout that is to be instructed, or asked for, now. `attempt` 1 is the first instruction, each retry by staff
    the next: it is part of the bank's idempotency key."""

    merchant_id: MerchantId
    statement_id: StatementId
    code: str
    amount: int
    currency: str
    payee: Payout
    attempt: int
    asked_before: bool

    @property
    def reference(self) -> str:
        return payout_reference(self.statement_id, self.attempt)


def payout_reference(statement_id: UUID, attempt: int) -> str:
    """The name we give a payout at the bank: the statement's id, and from the second instruction on its number."""
    return str(statement_id) if attempt == 1 else f"{statement_id}.{attempt}"


def is_complete(payee: Payout) -> bool:
    """Whether money can be sent there at all."""
    return all((payee.name.strip(), payee.bank.strip(), payee.account.strip()))


class BankAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says about a payout."""

    state: Literal["accepted", "paid", "rejected"]
    failure: str | None = None


class PayoutNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook of the bank about a statement's `attempt`."""

    event_id: str
    statement_id: StatementId
    attempt: int
    answer: BankAnswer


class NoPayoutAccount(Refusal):
    """A payout needs an account to go to."""

    code = "no_payout_account"
    title = N_("No bank account")
    detail = N_("The merchant has no complete bank account to pay to. Please enter it first.")


def settlement_day(at: datetime) -> date:
    """The settlement day that a moment belongs to: its date in `SETTLEMENT_ZONE`."""
    return at.astimezone(SETTLEMENT_ZONE).date()


def due_on(earned_at: datetime, settlement_days: int) -> date:
    """T+N: money released on day T may be paid out on the N-th day after it, weekends included."""
    return settlement_day(earned_at) + timedelta(days=settlement_days)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement of `day` may pay at the earliest: `earned` by orders that are received, `awaited` of orders whose
    receipt counts as confirmed by then."""

    day: date
    currency: str
    earned: int
    awaited: int
    orders: int


class Less(msgspec.Struct, frozen=True, kw_only=True):
    """What of orders that are paid and not complete will be another's when they are: of those that were sent, by the day on which
    their receipt counts as confirmed; of those that are still to be sent no day is known."""

    day: date | None
    currency: str
    amount: int


class AwaitedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was sent and is not received: until when its buyer has time, and what it will pay."""

    order_id: UUID
    code: str
    currency: str
    income: int
    receive_by: datetime
    delivered_at: datetime | None


class OrderPayout(msgspec.Struct, frozen=True, kw_only=True):
    """When an order is paid out. `awaited`: at the latest from `day` on, if the buyer does not confirm earlier; `earned`: from
    `day` on; `issued`: it is on the statement of `day`; `paid`: it was paid on `day`."""

    day: date
    stands: Literal["awaited", "earned", "issued", "paid"]
    statement_id: UUID | None
    statement: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What buyers have paid for orders that have not all been sent."""

    currency: str
    income: int
    orders: int


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant says of a statement."""

    agreed: bool
    words: str
    by: str
    at: datetime
