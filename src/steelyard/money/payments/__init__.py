"""Instructions to payment channels, what they answered, and money given back.

A payment collects a purchase's money at once and is split over its orders. The intent is written first, the channel is
called with no transaction open, and what it answers goes through `record`, which is the only way a payment's state
moves; answers may come twice, late, out of order, or have to be asked for. Refunds never exceed what was captured.

    payment = await db.transact(payments.instruct, Instruction(...))           # transaction 1: the intent
    answer = await channel.collect(instruction, webhook_url)                   # no transaction open
    outcome = await db.transact(payments.record, payment_id, answer, "channel")  # transaction 2: the result

The states live in `payments.model`, the ways to the outside in `payments.gateways`.
"""

from steelyard.money.payments.bulk import RecordedPayment, RecordedRefund, bulk_record
from steelyard.money.payments.events import Refunded
from steelyard.money.payments.gateways import Channel, Verifier, channel, channels, verifier
from steelyard.money.payments.instructions import instruct, instruct_all, query_soon, to_query
from steelyard.money.payments.jobs import send_refunds
from steelyard.money.payments.known import record_known
from steelyard.money.payments.model import (
    BadWebhook,
    ChannelAnswer,
    DueQuery,
    Instruction,
    Message,
    News,
    NothingCaptured,
    OtherNews,
    Outcome,
    Payment,
    PaymentId,
    PaymentNews,
    PaymentSplit,
    PaymentState,
    Receipt,
    Recording,
    Refund,
    RefundAnswer,
    RefundId,
    RefundNews,
    RefundState,
    RefundTooLarge,
    Split,
    Step,
    Unknown,
    UnknownChannel,
    is_purse,
)
from steelyard.money.payments.outcomes import give_up, record, record_all
from steelyard.money.payments.purses import Tendered, keep, kept_of, let_go, take
from steelyard.money.payments.queries import (
    Means,
    by_reference,
    get,
    get_all,
    latest_of,
    means_of,
    messages_about,
    of_purchase,
    page,
    refund_of,
    refunds_of_order,
    refunds_of_payment,
    refunds_page,
    splits_of,
    splits_of_order,
    timeline,
    timelines,
)
from steelyard.money.payments.refunds import record_refund, refund, refund_surplus, retry_refund, to_refund
from steelyard.money.payments.signatures import verify as verify_signature
from steelyard.money.payments.webhooks import applied, not_applied, receive, to_apply, webhook_url

__all__ = [
    "BadWebhook",
    "Channel",
    "ChannelAnswer",
    "DueQuery",
    "Instruction",
    "Means",
    "Message",
    "News",
    "NothingCaptured",
    "OtherNews",
    "Outcome",
    "Payment",
    "PaymentId",
    "PaymentNews",
    "PaymentSplit",
    "PaymentState",
    "Receipt",
    "RecordedPayment",
    "RecordedRefund",
    "Recording",
    "Refund",
    "RefundAnswer",
    "RefundId",
    "RefundNews",
    "RefundState",
    "RefundTooLarge",
    "Refunded",
    "Split",
    "Step",
    "Tendered",
    "Unknown",
    "UnknownChannel",
    "Verifier",
    "applied",
    "bulk_record",
    "by_reference",
    "channel",
    "channels",
    "get",
    "get_all",
    "give_up",
    "instruct",
    "instruct_all",
    "is_purse",
    "keep",
    "kept_of",
    "latest_of",
    "let_go",
    "means_of",
    "messages_about",
    "not_applied",
    "of_purchase",
    "page",
    "query_soon",
    "receive",
    "record",
    "record_all",
    "record_known",
    "record_refund",
    "refund",
    "refund_of",
    "refund_surplus",
    "refunds_of_order",
    "refunds_of_payment",
    "refunds_page",
    "retry_refund",
    "send_refunds",
    "splits_of",
    "splits_of_order",
    "take",
    "timeline",
    "timelines",
    "to_apply",
    "to_query",
    "to_refund",
    "verifier",
    "verify_signature",
    "webhook_url",
]
