"""Payments and refunds as the channel shows them, and the ways that a payment may go."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PAYMENT_WINDOW_HOURS_DEFAULT = 24
AMOUNT_MAX = 10**13
THREE_D_CODE = "123456"
THREE_D_TRIES_MAX = 3
REFUND_FAILS_ON_LAST_DIGITS = 13
PAGE_ROWS = 50
FOUND_ROWS_MAX = 100

Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
WebAddress = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s]*$", max_length=2000)]
Token = Literal["tok_approve", "tok_decline", "tok_3ds", "tok_hang", "tok_timeout"]
Failure = Literal["card_declined", "three_d_failed", "account_closed"]
Actor = Literal["token", "cashier", "desk", "api", "clock"]
AUTHORISED_DAYS = 7
# What the channel asks for payment in months, in millionths of the amount: of the merchant, and of the payer beside it.
MONTHS = {3: (18_000, 0), 6: (0, 45_000), 12: (0, 75_000)}
Months = Literal[0, 3, 6, 12]


class PaymentStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TRANSITIONS: dict[PaymentStatus, set[PaymentStatus]] = {
    PaymentStatus.PENDING: {
        PaymentStatus.PROCESSING,
        PaymentStatus.AUTHORISED,
        PaymentStatus.CAPTURED,
        PaymentStatus.DECLINED,
        PaymentStatus.CANCELLED,
        PaymentStatus.EXPIRED,
    },
    PaymentStatus.PROCESSING: {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.DECLINED},
    PaymentStatus.AUTHORISED: {PaymentStatus.CAPTURED, PaymentStatus.CANCELLED, PaymentStatus.EXPIRED},
    PaymentStatus.CAPTURED: set(),
    PaymentStatus.DECLINED: set(),
    PaymentStatus.CANCELLED: set(),
    PaymentStatus.EXPIRED: set(),
}


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for. Amounts are minor units; `expires_at` is 24 hours from now unless given. With `capture` "later"
    it is only authorised, for seven days; `months` is in how many months the payer pays."""

    reference: Reference
    amount: Amount
    currency: Currency
    description: Annotated[str, Meta(max_length=200)] = ""
    return_url: WebAddress | None = None
    webhook_url: WebAddress | None = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    token: Token | None = None
    capture: Literal["at_once", "later"] = "at_once"
    months: Months = 0


class CaptureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Take a part of an authorised payment; `final` lets the rest go."""

    payment: str
    reference: Reference
    amount: Amount
    final: bool = False


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    reference: str
    amount: int
    created_at: datetime


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A payment by the merchant's own reference, whether it has ever been asked for or not."""

    reference: Reference


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`webhook_url` is the payment's own unless given."""

    payment: str
    reference: Reference
    amount: Amount
    webhook_url: WebAddress | None = None


class ResolveRequest(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["captured", "declined"]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the query API and the webhooks show it.

    `captured` is what was taken of it. `refunded` counts what has gone back, `refunding` what is on its way. `action_url` is
    where the payer passes the 3-D step, when one is due. `failure` is a code, for declined payments alone.
    """

    id: str
    reference: str
    status: PaymentStatus
    amount: int
    currency: str
    description: str
    refunded: int
    refunding: int
    cashier_url: str
    action_url: str | None
    return_url: str | None
    failure: Failure | None
    created_at: datetime
    expires_at: datetime
    captured_at: datetime | None
    captured: int = 0
    authorised_until: datetime | None = None
    months: int = 0


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    reference: str
    status: RefundStatus
    amount: int
    currency: str
    failure: Failure | None
    created_at: datetime
    settled_at: datetime | None


class Payments(msgspec.Struct, frozen=True):
    payments: list[Payment]


class Refunds(msgspec.Struct, frozen=True):
    refunds: list[Refund]


class HistoryLine(msgspec.Struct, frozen=True):
    """One step of a payment: who moved it where, and when."""

    at: datetime
    from_status: PaymentStatus | None
    to_status: PaymentStatus
    actor: Actor
