"""Which states of payments, captures and resting channels follow each other."""

from enum import StrEnum
from typing import Literal

from steelyard.kernel.states import Machine


class PaymentState(StrEnum):
    """`instructed`: we have asked, or are about to. `pending`: the channel knows of it and waits for the payer. `authorised`: it
    keeps the money back, and what is sent of it is captured; once all of it is captured or let go it has ended."""

    INSTRUCTED = "instructed"
    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"


# What a channel says late is true all the same: captured wins over everything, and nothing comes after it.
PAYMENT_MACHINE = Machine(
    "payment",
    {PaymentState.INSTRUCTED, PaymentState.CAPTURED},
    {
        PaymentState.INSTRUCTED: {
            PaymentState.PENDING,
            PaymentState.AUTHORISED,
            PaymentState.CAPTURED,
            PaymentState.DECLINED,
            PaymentState.CANCELLED,
        },
        PaymentState.PENDING: {
            PaymentState.AUTHORISED,
            PaymentState.CAPTURED,
            PaymentState.DECLINED,
            PaymentState.CANCELLED,
        },
        PaymentState.AUTHORISED: {PaymentState.CAPTURED, PaymentState.CANCELLED},
        PaymentState.DECLINED: {PaymentState.AUTHORISED, PaymentState.CAPTURED},
        PaymentState.CANCELLED: {PaymentState.AUTHORISED, PaymentState.CAPTURED},
        PaymentState.CAPTURED: set(),
    },
)
AnsweredState = Literal[
    PaymentState.PENDING,
    PaymentState.AUTHORISED,
    PaymentState.CAPTURED,
    PaymentState.DECLINED,
    PaymentState.CANCELLED,
]


class CaptureState(StrEnum):
    """`instructed`: the channel was asked to take it, or is about to be. `failed`: it will not."""

    INSTRUCTED = "instructed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


CAPTURE_MACHINE = Machine(
    "capture",
    {CaptureState.INSTRUCTED},
    {
        CaptureState.INSTRUCTED: {CaptureState.SUCCEEDED, CaptureState.FAILED},
        CaptureState.SUCCEEDED: set(),
        CaptureState.FAILED: set(),
    },
)


class RestState(StrEnum):
    """Of a channel that once did not answer; see `health`."""

    WORKING = "working"
    RESTING = "resting"


REST_MACHINE = Machine(
    "channel_rest",
    {RestState.RESTING},
    {RestState.RESTING: {RestState.RESTING, RestState.WORKING}, RestState.WORKING: {RestState.RESTING}},
)
