"""History taken over: what was given back of completed orders elsewhere, thousands a call."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money import ledger, payments
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import PaymentId, RecordedRefund, RefundId
from steelyard.trade import orders
from steelyard.trade.aftersales.model import Reason
from steelyard.trade.orders import PastRefund

_COLUMNS = (
    "merchant_id",
    "refund_id",
    "order_id",
    "goods",
    "freight",
    "commission",
    "fees",
    "fee_tax",
    "currency",
    "reason",
    "note",
    "by",
    "released",
    "at",
)


class RecordedReturn(PastRefund, frozen=True, kw_only=True):
    """A refund that reached the buyer `at`, through the channel that the order was paid by; `released` when the order was
    completed before, and its money the merchant's."""

    refund_id: RefundId
    payment_id: PaymentId
    buyer_id: UUID
    channel: str
    currency: str
    note: str
    at: datetime
    reason: Reason = Reason.IMPORTED
    released: bool = True


async def bulk_refund(tx: Tx, refunds: Sequence[RecordedReturn], by: str = "import") -> None:
    """What `refund` or `cancel` and the channel's answer leave behind, by COPY and without events.

    For ids that are known to be new; each gives back some money. More than was paid raises `CheckViolation`.
    """
    if not refunds:
        return
    await tx.copy(
        "order_refunds",
        _COLUMNS,
        [
            (r.merchant_id, r.refund_id, r.order_id, r.amount, r.freight, r.commission, r.fees, r.fee_tax, r.currency,
             r.reason, r.note, by, r.released, r.at)
            for r in refunds
        ],
    )  # fmt: skip
    await tx.copy(
        "order_refund_lines",
        ("merchant_id", "refund_id", "order_id", "line", "quantity", "amount"),
        [(r.merchant_id, r.refund_id, r.order_id, *line) for r in refunds for line in r.lines],
    )
    await orders.bulk_refunded(tx, refunds)
    await payments.bulk_record(tx, [], [_recorded(r) for r in refunds])
    await ledger.bulk_post(tx, [move for r in refunds if r.released for move in _fees_returned(r)])


def _recorded(r: RecordedReturn) -> RecordedRefund:
    return RecordedRefund(
        refund_id=r.refund_id,
        merchant_id=r.merchant_id,
        order_id=r.order_id,
        payment_id=r.payment_id,
        buyer_id=r.buyer_id,
        channel=r.channel,
        amount=r.whole,
        currency=r.currency,
        reason=r.reason,
        out_of=AccountKind.PAYABLE if r.released else AccountKind.HELD,
        at=r.at,
    )


def _fees_returned(r: RecordedReturn) -> list[DatedTransfer]:
    moves = (
        (AccountKind.FEE_TAX, AccountKind.COMMISSION, r.fee_tax, "fee_tax_returned"),
        (AccountKind.COMMISSION, AccountKind.PAYABLE, r.commission, "commission_returned"),
    )
    return [
        DatedTransfer.of(
            Transfer(
                owner_id=r.merchant_id,
                debit=debit,
                credit=credit,
                amount=amount,
                currency=r.currency,
                reason=reason,
                document=r.refund_id,
            ),
            r.at,
        )
        for debit, credit, amount, reason in moves
        if amount
    ]
