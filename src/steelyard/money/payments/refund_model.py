"""Refunds: how far money is on its way back to the buyer, by which way it goes, and what a channel says of it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.states import Machine
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

PaymentId = NewType("PaymentId", UUID)
RefundId = NewType("RefundId", UUID)


class RefundRoute(StrEnum):
    """`origin`: the way the money came. `balance`: into the buyer's balance. `by_hand`: staff transfer it from the house's bank
    account, since the way it came is closed."""

    ORIGIN = "origin"
    BALANCE = "balance"
    BY_HAND = "by_hand"


class RefundState(StrEnum):
    """`instructed`: promised to the buyer. `sent`: the channel has it. `failed`: staff must look, and send it again or
    another way; a channel may say so even after it had succeeded, when the buyer's bank has sent the money back."""

    INSTRUCTED = "instructed"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND_MACHINE = Machine(
    "refund",
    {RefundState.INSTRUCTED, RefundState.SUCCEEDED},
    {
        RefundState.INSTRUCTED: {RefundState.SENT, RefundState.SUCCEEDED, RefundState.FAILED},
        RefundState.SENT: {RefundState.SUCCEEDED, RefundState.FAILED},
        RefundState.FAILED: {RefundState.INSTRUCTED},
        RefundState.SUCCEEDED: {RefundState.FAILED},
    },
)

AnsweredRefundState = Literal[RefundState.SENT, RefundState.SUCCEEDED, RefundState.FAILED]


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says about a refund."""

    reference: str | None
    state: AnsweredRefundState
    failure: str | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back to the buyer, or there. `twice_at`: when a channel said that it had paid, too, what had gone back
    another way by then."""

    merchant_id: MerchantId
    refund_id: RefundId
    order_id: UUID
    payment_id: PaymentId
    buyer_id: BuyerId
    amount: int
    currency: str
    reason: str
    state: RefundState
    channel: str
    channel_reference: str | None
    failure: str | None
    created_at: datetime
    succeeded_at: datetime | None
    part_of: RefundId | None = None
    route: RefundRoute = RefundRoute.ORIGIN
    twice_at: datetime | None = None


class DueRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that is to be sent, or asked for, now. `attempt` 1 is the first instruction, each retry by staff the
    next: it is part of the channel's idempotency key. `of_amount` is the whole payment's."""

    merchant_id: MerchantId
    refund_id: RefundId
    payment_id: PaymentId
    amount: int
    of_amount: int
    currency: str
    state: RefundState
    channel: str
    channel_payment: str | None
    attempt: int
    asked_before: bool
    route: RefundRoute = RefundRoute.ORIGIN

    @property
    def reference(self) -> str:
        return refund_reference(self.refund_id, self.attempt)


def refund_reference(refund_id: UUID, attempt: int) -> str:
    """The name we give a refund at the channel: the id, and from the second instruction on its number."""
    return str(refund_id) if attempt == 1 else f"{refund_id}.{attempt}"


class RefundRecording(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a refund's `attempt`, and who brought it (`channel`, `system`, `staff`)."""

    refund_id: UUID
    attempt: int
    answer: RefundAnswer
    by: str
