"""Payments and refunds: what we asked a channel for, and how far it has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.dispute_model import DisputeNews
from steelyard.money.payments.door_model import DOOR_MACHINE
from steelyard.money.payments.refund_model import (
    REFUND_MACHINE,
    AnsweredRefundState,
    DueRefund,
    PaymentId,
    Refund,
    RefundAnswer,
    RefundId,
    RefundRecording,
    RefundRoute,
    RefundState,
    refund_reference,
)
from steelyard.money.payments.state_model import (
    CAPTURE_MACHINE,
    PAYMENT_MACHINE,
    REST_MACHINE,
    AnsweredState,
    PaymentState,
    RestState,
)
from steelyard.money.payments.terms import Device, Handover
from steelyard.money.wallets.model import HELD, Purse
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

# States, and money given back, stand in files of their own, and are found here.
__all__ = [
    "CAPTURE_MACHINE",
    "MACHINES",
    "PAYMENT_MACHINE",
    "REFUND_MACHINE",
    "REST_MACHINE",
    "AnsweredRefundState",
    "AnsweredState",
    "DueRefund",
    "PaymentId",
    "PaymentState",
    "Refund",
    "RefundAnswer",
    "RefundId",
    "RefundRecording",
    "RefundRoute",
    "RefundState",
    "RestState",
    "refund_reference",
]


MACHINES = (PAYMENT_MACHINE, CAPTURE_MACHINE, REFUND_MACHINE, REST_MACHINE, DOOR_MACHINE)
SPLITS_PER_PAYMENT_MAX = 200
BY_TRANSFER = "bank_transfer"


def is_purse(channel: str) -> bool:
    """Whether this channel is a purse of the buyer's, in this house."""
    return channel in set(Purse)


def cash_of(channel: str) -> AccountKind:
    """Where a captured payment's money was before: with the channel, kept out of a purse, or received by transfer."""
    return {**HELD, BY_TRANSFER: AccountKind.TRANSFERS_RECEIVED}.get(channel, AccountKind.CHANNEL_CASH)


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a payment that is for one order, in minor units of the payment's currency."""

    merchant_id: UUID
    order_id: UUID
    amount: int


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """Collect `amount` for a purchase. `token` is a means of payment that the buyer has given already.

    `device` and `payer_address` (of the network) say where the page is shown, `payer` who the buyer is to the app there (openid).
    `later`: it is only authorised now; `instalments`: in how many months the payer pays it to the channel, 0 for at once;
    `seller_millionths`: what the channel keeps of it for that, beside its usual fee.
    """

    payment_id: PaymentId
    purchase_id: UUID
    buyer_id: UUID
    channel: str
    amount: int
    currency: str
    splits: Sequence[Split]
    expires_at: datetime
    return_url: str
    token: str | None = None
    description: str = ""
    device: Device = Device.DESK
    payer_address: str = ""
    payer: str = ""
    later: bool = False
    instalments: int = 0
    seller_millionths: int = 0


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a channel is asked about; `reference` is the channel's own name of it, where we know it."""

    payment_id: PaymentId
    channel: str
    reference: str | None
    amount: int
    currency: str
    created_at: datetime
    expires_at: datetime


class ChannelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says about a payment. `reference` is its own name of it, `action_url` where the payer must go on.
    `amount` and `currency` are what it says it collects, where it says so: they must be what we asked for. `handed` is
    what the payer gets on our own page, where there is no other to go on to. `authorised_until`: how long it keeps back what it
    has authorised, where it says so.
    """

    reference: str | None
    state: AnsweredState
    cashier_url: str | None = None
    action_url: str | None = None
    failure: str | None = None
    amount: int | None = None
    currency: str | None = None
    handed: Handover | None = None
    authorised_until: datetime | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """The call gave no answer (time-out, 5xx): it may have been done or not. Ask again until it is known. `refused`: the channel
    did answer, readably; what became of the payment is asked for all the same, but nothing is the matter with the channel."""

    why: str
    refused: bool = False


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as we know it."""

    buyer_id: BuyerId
    payment_id: PaymentId
    purchase_id: UUID
    channel: str
    amount: int
    currency: str
    state: PaymentState
    channel_reference: str | None
    cashier_url: str | None
    failure: str | None
    surplus: bool
    created_at: datetime
    expires_at: datetime
    captured_at: datetime | None
    handed: Handover | None = None
    later: bool = False
    authorised_until: datetime | None = None
    instalments: int = 0

    @property
    def sought(self) -> Sought:
        return Sought(
            payment_id=self.payment_id,
            channel=self.channel,
            reference=self.channel_reference,
            amount=self.amount,
            currency=self.currency,
            created_at=self.created_at,
            expires_at=self.expires_at,
        )


class PaymentSplit(msgspec.Struct, frozen=True, kw_only=True):
    """A split as it stands: `authorised` is kept back or taken, `capturing` being taken, `released` let go without being taken;
    of what was `captured`, `refunding` is on its way back to the buyer, `refunded` has arrived, `disputed` was taken back by the
    channel and is argued about."""

    merchant_id: MerchantId
    order_id: UUID
    payment_id: PaymentId
    buyer_id: BuyerId
    channel: str
    amount: int
    currency: str
    captured: int
    refunding: int
    refunded: int
    disputed: int = 0
    authorised: int = 0
    capturing: int = 0
    released: int = 0

    @property
    def uncaptured(self) -> int:
        """What is authorised, and neither taken, being taken, nor let go."""
        return self.authorised - self.capturing - self.captured - self.released

    @property
    def refundable(self) -> int:
        return self.captured - self.refunding - self.refunded - self.disputed


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of state, from its history."""

    from_state: str
    to_state: str
    at: datetime
    by: str


Became = Literal["authorised", "captured", "declined", "cancelled", "pending", "nothing"]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's answer about one payment, and who brought it (`channel`, `system`)."""

    payment_id: UUID
    answer: ChannelAnswer
    by: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer changed. `nothing`: it was known already, or came too late to matter."""

    payment: Payment
    became: Became


class DueQuery(Sought, frozen=True, kw_only=True):
    """A payment whose outcome is to be asked for now. If the channel does not know it either, one that is `overdue` may be
    given up, and one that is `lost` (it should have arrived long since) once the channel was told not to take it any more."""

    overdue: bool
    lost: bool


class PaymentNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that tells of a payment."""

    event_id: str
    payment_id: PaymentId
    answer: ChannelAnswer

    @property
    def document(self) -> UUID | None:
        return self.payment_id


class RefundNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that tells of a refund's `attempt`."""

    event_id: str
    refund_id: RefundId
    attempt: int
    answer: RefundAnswer

    @property
    def document(self) -> UUID | None:
        return self.refund_id


class OtherNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that tells of something we know nothing about: kept, and nothing follows."""

    event_id: str

    @property
    def document(self) -> UUID | None:
        return None


News = PaymentNews | RefundNews | DisputeNews | OtherNews


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A stored webhook that has not been applied yet."""

    channel: str
    event_id: str
    body: dict[str, Any]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel told about a payment or refund (`document`), and whether that had its effect."""

    channel: str
    event_id: str
    type: str | None
    document: UUID
    received_at: datetime
    applied_at: datetime | None
    error: str | None
