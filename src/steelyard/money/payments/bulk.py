"""History taken over: payments that were captured and refunds that arrived elsewhere, thousands a call."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import PaymentId, RefundId, Split
from steelyard.money.payments.outcomes import allotted, captured
from steelyard.money.payments.refund_outcomes import refunded_by_merchant, refunded_to_buyer
from steelyard.money.payments.refunds import OutOf, refund_due


class RecordedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was captured `at`, through a `channel` that is only a name here."""

    payment_id: PaymentId
    purchase_id: UUID
    buyer_id: UUID
    channel: str
    amount: int
    currency: str
    splits: Sequence[Split]
    at: datetime


class RecordedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that arrived `at`, of a payment recorded in this call or before."""

    refund_id: RefundId
    merchant_id: UUID
    order_id: UUID
    payment_id: PaymentId
    buyer_id: UUID
    channel: str
    amount: int
    currency: str
    reason: str
    out_of: OutOf
    at: datetime


async def bulk_record(tx: Tx, payments: Sequence[RecordedPayment], refunds: Sequence[RecordedRefund] = ()) -> None:
    """What `instruct`, `record`, `refund` and `record_refund` leave behind, by COPY and without events.

    For ids that are known to be new (the importer claims its documents in the same transaction); one that is there
    already raises `UniqueViolation`, and a refund beyond what was captured `CheckViolation`.
    """
    await _copy_payments(tx, payments)
    if refunds:
        await _copy_refunds(tx, refunds)
    await ledger.bulk_post(tx, [*_postings_of_payments(payments), *_postings_of_refunds(refunds)])


async def _copy_payments(tx: Tx, payments: Sequence[RecordedPayment]) -> None:
    for payment in payments:
        assert sum(split.amount for split in payment.splits) == payment.amount, "the splits are the payment"
    await tx.copy(
        "payments",
        (
            "buyer_id",
            "payment_id",
            "purchase_id",
            "channel",
            "amount",
            "currency",
            "state",
            "created_at",
            "expires_at",
            "captured_at",
        ),
        [
            (p.buyer_id, p.payment_id, p.purchase_id, p.channel, p.amount, p.currency, "captured", p.at, p.at, p.at)
            for p in payments
        ],
    )
    await tx.copy(
        "payment_history",
        ("buyer_id", "payment_id", "step", "from_state", "to_state", "at", "by"),
        [(p.buyer_id, p.payment_id, 1, "nowhere", "captured", p.at, "import") for p in payments],
    )
    await tx.copy(
        "payment_splits",
        (
            "merchant_id",
            "order_id",
            "payment_id",
            "buyer_id",
            "channel",
            "amount",
            "currency",
            "authorised",
            "captured",
        ),
        [
            (s.merchant_id, s.order_id, p.payment_id, p.buyer_id, p.channel, s.amount, p.currency, s.amount, s.amount)
            for p in payments
            for s in p.splits
        ],
    )


async def _copy_refunds(tx: Tx, refunds: Sequence[RecordedRefund]) -> None:
    back: Counter[tuple[UUID, UUID, UUID]] = Counter()
    for r in refunds:
        back[r.merchant_id, r.order_id, r.payment_id] += r.amount
    splits = sorted(back)
    known = await tx.execute(
        """
        UPDATE payment_splits s SET refunded = s.refunded + b.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS b (merchant_id, order_id, payment_id, amount)
        WHERE (s.merchant_id, s.order_id, s.payment_id) = (b.merchant_id, b.order_id, b.payment_id)
        """,
        [key[0] for key in splits],
        [key[1] for key in splits],
        [key[2] for key in splits],
        [back[key] for key in splits],
    )
    assert known == len(splits), "a refund is of a payment that was recorded"
    await tx.copy(
        "refunds",
        (
            "merchant_id",
            "refund_id",
            "order_id",
            "payment_id",
            "buyer_id",
            "amount",
            "currency",
            "reason",
            "state",
            "channel",
            "created_at",
            "succeeded_at",
        ),
        [
            (
                r.merchant_id,
                r.refund_id,
                r.order_id,
                r.payment_id,
                r.buyer_id,
                r.amount,
                r.currency,
                r.reason,
                "succeeded",
                r.channel,
                r.at,
                r.at,
            )
            for r in refunds
        ],
    )
    await tx.copy(
        "refund_history",
        ("merchant_id", "refund_id", "step", "from_state", "to_state", "at", "by"),
        [(r.merchant_id, r.refund_id, 1, "nowhere", "succeeded", r.at, "import") for r in refunds],
    )


def _postings_of_payments(payments: Sequence[RecordedPayment]) -> list[DatedTransfer]:
    postings: list[DatedTransfer] = []
    for p in payments:
        postings.append(DatedTransfer.of(captured(p.buyer_id, p.payment_id, p.amount, p.currency, p.channel), p.at))
        by_merchant: Counter[UUID] = Counter()
        for split in p.splits:
            by_merchant[split.merchant_id] += split.amount
        postings += [
            DatedTransfer.of(allotted(merchant_id, p.payment_id, amount, p.currency), p.at)
            for merchant_id, amount in by_merchant.items()
            if amount > 0
        ]
    return postings


def _postings_of_refunds(refunds: Sequence[RecordedRefund]) -> list[DatedTransfer]:
    postings: list[DatedTransfer] = []
    for r in refunds:
        postings += [
            DatedTransfer.of(refund_due(r.merchant_id, r.refund_id, r.amount, r.currency, AccountKind(r.out_of)), r.at),
            DatedTransfer.of(refunded_by_merchant(r.merchant_id, r.refund_id, r.amount, r.currency), r.at),
            DatedTransfer.of(refunded_to_buyer(r.buyer_id, r.refund_id, r.amount, r.currency), r.at),
        ]
    return postings
