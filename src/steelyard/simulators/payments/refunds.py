"""Giving money back: never more than was captured, and not at once."""

import secrets
from datetime import datetime

import msgspec

from steelyard.simulators.faults import FaultBoard
from steelyard.simulators.idempotency import Answer, once
from steelyard.simulators.payments.book import PaymentBook, PaymentRow
from steelyard.simulators.payments.model import (
    FOUND_ROWS_MAX,
    REFUND_FAILS_ON_LAST_DIGITS,
    Failure,
    Refund,
    RefundRequest,
    RefundStatus,
)
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.store import Tx

SETTLED_PER_ROUND_MAX = 500


class RefundRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    reference: str
    status: RefundStatus
    amount: int
    currency: str
    webhook_url: str | None
    failure: Failure | None
    created_at: datetime
    settled_at: datetime | None


class RefundBook:
    """Asks for, settles and finds refunds."""

    def __init__(self, payments: PaymentBook, faults: FaultBoard, seconds: float) -> None:
        self._payments = payments
        self._store = payments.store
        self._clock = payments.clock
        self._outbox = payments.outbox
        self._faults = faults
        self._seconds = seconds

    def ask(self, request: RefundRequest, key: str) -> Answer:
        """Put the amount aside and promise it. The same key answers the same.

        Refuses (409) what is not captured and what exceeds the captured amount less all that has been given back
        or is on its way.
        """

        def work(tx: Tx) -> Refund:
            payment = tx.row(
                PaymentRow,
                """UPDATE payments SET refunding = refunding + :amount
                   WHERE id = :id AND captured > 0 AND refunded + refunding + :amount <= captured
                     - coalesce((SELECT sum(d.amount) FROM disputes d WHERE d.payment = :id AND d.status <> 'won'), 0)
                   RETURNING *""",
                {"id": request.payment, "amount": request.amount},
            )
            if payment is None:
                raise self._why_not(tx, request)
            now = self._clock.now()
            row = tx.row(
                RefundRow,
                """INSERT INTO refunds (id, payment, reference, amount, currency, webhook_url, created_at, due_at)
                   VALUES (:id, :payment, :reference, :amount, :currency, :webhook_url, :now, :due) RETURNING *""",
                {
                    "id": "ref_" + secrets.token_hex(12),
                    "payment": payment.id,
                    "reference": request.reference,
                    "amount": request.amount,
                    "currency": payment.currency,
                    "webhook_url": request.webhook_url or payment.webhook_url,
                    "now": now,
                    "due": now + self._seconds,
                },
            )
            assert row is not None
            return shown(row)

        return once(self._store, self._clock, operation="refund", key=key, request=request, status=201, work=work)

    def _why_not(self, tx: Tx, request: RefundRequest) -> Refused:
        payment = self._payments.row(request.payment, tx)
        if not payment.captured:
            return Refused(409, "payment_not_captured", f"The payment is {payment.status}; there is nothing to refund.")
        left = payment.captured - payment.refunded - payment.refunding
        return Refused(
            409,
            "refund_exceeds_captured",
            "More than what is left of the payment.",
            available=left,
            asked=request.amount,
        )

    async def settle_due(self) -> float | None:
        """Give back what is due, or fail as the fault says; returns when the next refund is due."""
        with self._store.write() as tx:
            due = tx.rows(
                RefundRow,
                "SELECT * FROM refunds WHERE status = 'pending' AND due_at <= :now ORDER BY due_at, id LIMIT :most",
                {"now": self._clock.now(), "most": SETTLED_PER_ROUND_MAX},
            )
            for refund in due:
                self._settle(tx, refund)
        return self._store.number("SELECT min(due_at) FROM refunds WHERE status = 'pending'")

    def _settle(self, tx: Tx, refund: RefundRow) -> None:
        fails = self._faults.refunds() == "fail" and refund.amount % 100 == REFUND_FAILS_ON_LAST_DIGITS
        facts = {
            "id": refund.id,
            "payment": refund.payment,
            "amount": refund.amount,
            "given_back": 0 if fails else refund.amount,
            "status": "failed" if fails else "succeeded",
            "failure": "account_closed" if fails else None,
            "now": self._clock.now(),
        }
        tx.execute(
            """UPDATE payments SET refunding = refunding - :amount, refunded = refunded + :given_back
               WHERE id = :payment""",
            facts,
        )
        row = tx.row(
            RefundRow,
            """UPDATE refunds SET status = :status, failure = :failure, settled_at = :now
               WHERE id = :id AND status = 'pending' RETURNING *""",
            facts,
        )
        assert row is not None
        self._outbox.publish(tx, f"refund.{row.status}", row.id, row.webhook_url, shown(row))

    def one(self, refund: str) -> Refund:
        row = self._store.row(RefundRow, "SELECT * FROM refunds WHERE id = :id", {"id": refund})
        if row is None:
            raise not_found("refund")
        return shown(row)

    def by_reference(self, reference: str) -> list[Refund]:
        return self._found("reference = :what", reference)

    def of(self, payment: str) -> list[Refund]:
        return self._found("payment = :what", payment)

    def _found(self, condition: str, what: str) -> list[Refund]:
        rows = self._store.rows(
            RefundRow,
            f"SELECT * FROM refunds WHERE {condition} ORDER BY created_at, id LIMIT :most",  # noqa: S608 - ours
            {"what": what, "most": FOUND_ROWS_MAX},
        )
        return [shown(row) for row in rows]


def shown(row: RefundRow) -> Refund:
    return Refund(
        id=row.id,
        payment=row.payment,
        reference=row.reference,
        status=row.status,
        amount=row.amount,
        currency=row.currency,
        failure=row.failure,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
