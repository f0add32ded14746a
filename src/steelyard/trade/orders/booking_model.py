"""What is booked in a presale: a purchase of one line that is paid in two parts, and how far it is."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.money.payments.model import Payment
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId


class NewBooking(msgspec.Struct, frozen=True, kw_only=True):
    """What a presale says of a purchase, frozen when it is placed. `deposit` is what is paid first of it, in minor units (none:
    it is paid whole, and only sent later), `counts_for` what the deposit is worth when the balance is paid."""

    session_id: UUID
    quantity: int
    deposit: int
    counts_for: int
    deposit_until: datetime
    balance_from: datetime
    balance_until: datetime
    ships_by: datetime
    forfeits: bool


class Outcome(StrEnum):
    """How a booking ended without being bought: nothing was paid, the deposit was given up, or it went back."""

    DROPPED = "dropped"
    FORFEITED = "forfeited"
    RETURNED = "returned"


class BookingState(StrEnum):
    DEPOSIT_DUE = "deposit_due"
    DEPOSIT_PAID = "deposit_paid"
    BALANCE_DUE = "balance_due"
    TO_SEND = "to_send"
    LATE = "late"
    SENT = "sent"
    CANCELLED = "cancelled"
    CALLED_OFF = "called_off"
    DROPPED = "dropped"
    FORFEITED = "forfeited"
    RETURNED = "returned"


OrderStanding = Literal["placed", "held", "paid", "partly_shipped", "shipped", "completed", "cancelled"]


class Booking(NewBooking, frozen=True, kw_only=True):
    """A booking as it stands, with what its order says: the code, the total in its currency, and how far it is."""

    merchant_id: MerchantId
    order_id: UUID
    purchase_id: UUID
    buyer_id: BuyerId
    created_at: datetime
    deposit_payment: UUID | None
    deposit_paid_at: datetime | None
    called_off_at: datetime | None
    reason: str
    ended_at: datetime | None
    outcome: Outcome | None
    code: str
    currency: str
    total: int
    standing: OrderStanding

    @property
    def balance(self) -> int:
        """What is left to be paid when the deposit is."""
        return self.total - self.deposit

    @property
    def waits_for_deposit(self) -> bool:
        return self.deposit_paid_at is None and self.called_off_at is None

    def due(self, at: datetime) -> int | None:
        """What can be paid at this moment; none: nothing, or not yet."""
        if self.standing != "placed" or self.called_off_at is not None:
            return None
        if not self.deposit:
            return self.total
        if self.deposit_paid_at is None:
            return self.deposit
        return self.balance if self.balance_from <= at else None

    def of_this_part(self, tries: Sequence[Payment]) -> list[Payment]:
        """Those tries to pay that are for what is due now: for the deposit until it is paid, afterwards for the balance."""
        return [each for each in tries if self.deposit_paid_at is None or self.is_balance(each)]

    def is_balance(self, payment: Payment) -> bool:
        """Whether this payment is for the balance: asked for after the deposit was paid."""
        return (
            self.deposit_paid_at is not None
            and payment.created_at > self.deposit_paid_at
            and payment.amount == self.balance
        )

    def state(self, at: datetime) -> BookingState:
        match self.standing:
            case "placed" if self.called_off_at is not None:
                return BookingState.CALLED_OFF
            case "placed" if self.deposit_paid_at is None:
                return BookingState.DEPOSIT_DUE
            case "placed":
                return BookingState.BALANCE_DUE if self.balance_from <= at else BookingState.DEPOSIT_PAID
            case "held" | "paid" | "partly_shipped":
                return BookingState.LATE if self.ships_by <= at else BookingState.TO_SEND
            case "shipped" | "completed":
                return BookingState.SENT
            case "cancelled":
                return BookingState(self.outcome) if self.outcome is not None else BookingState.CANCELLED
