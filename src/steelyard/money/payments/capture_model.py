"""What is asked of a channel about an authorised payment: to take a part of it, or to let the rest go."""

from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import Sought
from steelyard.money.payments.state_model import CaptureState

CaptureId = NewType("CaptureId", UUID)

# When a shop has the buyer's money taken, where the channel can authorise first (`merchants.captures`).
Moment = Literal["packing", "sending"]


class DueCapture(Sought, frozen=True, kw_only=True):
    """`take` minor units of an authorised payment are to be captured now, or it is to be asked whether they were; `final`:
    nothing more follows. `capture_id` is the channel's idempotency key."""

    capture_id: CaptureId
    take: int
    final: bool


class CaptureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says about a capture. It is done whole or not at all."""

    state: Literal[CaptureState.SUCCEEDED, CaptureState.FAILED]
    failure: str | None = None


class DueVoid(Sought, frozen=True, kw_only=True):
    """An authorised payment of which everything is captured or let go; `captured` minor units were, and the rest is not
    wanted."""

    captured: int


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A capture as it stands."""

    buyer_id: UUID
    capture_id: CaptureId
    payment_id: UUID
    document: UUID
    amount: int
    currency: str
    final: bool
    state: CaptureState
    failure: str | None
    created_at: datetime
    ended_at: datetime | None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What of an authorised payment was let go for an order."""

    merchant_id: UUID
    document: UUID
    order_id: UUID
    payment_id: UUID
    amount: int
    currency: str
    reason: str
    at: datetime
    by: str


class CaptureUnderWay(Refusal):
    """While a channel is asked to take an order's money nobody can know whether there is something to let go or to give back."""

    code = "capture_under_way"
    title = N_("The payment is being collected right now")
    detail = N_("In a moment it is known whether the money has come. Please try again then.")
