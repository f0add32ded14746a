"""The channel's book of payments: every rule about what may happen to them."""

import secrets
from datetime import UTC, datetime

import msgspec

from steelyard.simulators.clock import Clock
from steelyard.simulators.idempotency import Answer, once
from steelyard.simulators.payments.model import (
    AUTHORISED_DAYS,
    FOUND_ROWS_MAX,
    PAGE_ROWS,
    PAYMENT_WINDOW_HOURS_DEFAULT,
    THREE_D_CODE,
    THREE_D_TRIES_MAX,
    TRANSITIONS,
    Actor,
    Capture,
    CaptureRequest,
    ChargeRequest,
    Failure,
    HistoryLine,
    Payment,
    PaymentStatus,
    Token,
)
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.store import Read, Store, Tx
from steelyard.simulators.webhooks import Outbox

_EVENT_OF = {
    PaymentStatus.AUTHORISED: "payment.authorised",
    PaymentStatus.CAPTURED: "payment.captured",
    PaymentStatus.DECLINED: "payment.declined",
    PaymentStatus.CANCELLED: "payment.cancelled",
    # The wire knows no event of its own for a lapsed payment: it is cancelled, and its data says `expired`.
    PaymentStatus.EXPIRED: "payment.cancelled",
}


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the book holds it; `three_d` says that the payer still owes the 3-D step."""

    id: str
    reference: str
    status: PaymentStatus
    amount: int
    currency: str
    description: str
    refunded: int
    refunding: int
    return_url: str | None
    webhook_url: str | None
    failure: Failure | None
    three_d: bool
    three_d_tries: int
    created_at: datetime
    expires_at: datetime
    captured_at: datetime | None
    captured: int
    later: bool
    authorised_until: datetime | None
    months: int

    @property
    def is_open(self) -> bool:
        """Whether the payer has still to decide."""
        return self.status in (PaymentStatus.PENDING, PaymentStatus.PROCESSING)


class PaymentBook:
    """Charges, moves and finds payments. Every command is one transaction; what is already so stays so."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, public_url: str) -> None:
        self.store = store
        self.clock = clock
        self.outbox = outbox
        self._public_url = public_url

    def charge(self, request: ChargeRequest, key: str) -> Answer:
        """Open a payment; with a token, take it as far as the token says. The same key answers the same."""

        def work(tx: Tx) -> Payment:
            now = self.clock.now()
            given_up = "SELECT at FROM references_given_up WHERE reference = :reference"
            if tx.number(given_up, {"reference": request.reference}) is not None:
                raise Refused(409, "reference_given_up", "This reference was cancelled before it was asked for.")
            row = tx.row(
                PaymentRow,
                """INSERT INTO payments (id, reference, amount, currency, description, return_url, webhook_url,
                                         three_d, created_at, expires_at, later, months)
                   VALUES (:id, :reference, :amount, :currency, :description, :return_url, :webhook_url,
                           :three_d, :now, :expires_at, :later, :months) RETURNING *""",
                {
                    "id": "pay_" + secrets.token_hex(12),
                    "reference": request.reference,
                    "amount": request.amount,
                    "currency": request.currency,
                    "description": request.description,
                    "return_url": request.return_url,
                    "webhook_url": request.webhook_url,
                    "three_d": request.token == "tok_3ds",  # noqa: S105 - a magic token
                    "now": now,
                    "later": request.capture == "later",
                    "months": request.months,
                    "expires_at": request.expires_at.timestamp()
                    if request.expires_at
                    else now + PAYMENT_WINDOW_HOURS_DEFAULT * 3600,
                },
            )
            assert row is not None
            _write_history(tx, row.id, None, PaymentStatus.PENDING, actor="api", now=now)
            return self.shown(self._charge_token(tx, row, request.token))

        return once(self.store, self.clock, operation="charge", key=key, request=request, status=201, work=work)

    def _charge_token(self, tx: Tx, row: PaymentRow, token: Token | None) -> PaymentRow:
        match token:
            case "tok_approve" | "tok_timeout":
                moved = self._move(tx, row.id, PaymentStatus.CAPTURED, "token")
            case "tok_decline":
                moved = self._move(tx, row.id, PaymentStatus.DECLINED, "token", "card_declined")
            case "tok_hang":
                moved = self._move(tx, row.id, PaymentStatus.PROCESSING, "token")
            case "tok_3ds" | None:
                moved = row
        assert moved is not None
        return moved

    def move(
        self, payment: str, to: PaymentStatus, actor: Actor, failure: Failure | None = None
    ) -> tuple[PaymentRow, bool]:
        """Move a payment when it may go there; returns it and whether it moved. A second click moves nothing."""
        with self.store.write() as tx:
            self._expire_late(tx, payment)
            moved = self._move(tx, payment, to, actor, failure)
            return moved or self.row(payment, tx), moved is not None

    def cancel(self, payment: str) -> PaymentRow:
        """Make sure that a payment will not be captured. Refuses when it is, or when nobody can know yet."""
        row, _ = self.move(payment, PaymentStatus.CANCELLED, "api")
        if row.status is PaymentStatus.CAPTURED:
            raise Refused(409, "payment_captured", "A captured payment is not cancelled but refunded.")
        if row.status is PaymentStatus.PROCESSING:
            raise Refused(409, "payment_processing", "The payment is being processed; its outcome is not known yet.")
        return row

    def cancel_reference(self, reference: str) -> list[Payment]:
        """Cancel what is open under a reference. When there is nothing, nothing will ever be taken under it."""
        with self.store.write() as tx:
            found = tx.rows(
                PaymentRow,
                "SELECT * FROM payments WHERE reference = :reference ORDER BY created_at, id LIMIT :most",
                {"reference": reference, "most": FOUND_ROWS_MAX},
            )
            for row in found:
                self._expire_late(tx, row.id)
                self._move(tx, row.id, PaymentStatus.CANCELLED, "api")
            if not found:
                tx.execute(
                    "INSERT INTO references_given_up VALUES (:reference, :now) ON CONFLICT DO NOTHING",
                    {"reference": reference, "now": self.clock.now()},
                )
            return [self.shown(self.row(row.id, tx)) for row in found]

    def capture(self, request: CaptureRequest, key: str) -> Answer:
        """Take a part of what is authorised. The same key answers the same. Refuses (409) what is not authorised any more, and
        more than is left of it."""

        def work(tx: Tx) -> Capture:
            self._expire_late(tx, request.payment)
            now = self.clock.now()
            row = tx.row(
                PaymentRow,
                """UPDATE payments SET captured = captured + :amount
                   WHERE id = :id AND status = 'authorised' AND captured + :amount <= amount RETURNING *""",
                {"id": request.payment, "amount": request.amount},
            )
            if row is None:
                found = self.row(request.payment, tx)
                code = "capture_too_large" if found.status is PaymentStatus.AUTHORISED else "not_authorised"
                raise Refused(409, code, f"The payment is {found.status}.", available=found.amount - found.captured)
            name = "cap_" + secrets.token_hex(12)
            tx.execute(
                "INSERT INTO captures VALUES (:id, :payment, :reference, :amount, :now)",
                {"id": name, "payment": row.id, "reference": request.reference, "amount": request.amount, "now": now},
            )
            if request.final or row.captured == row.amount:
                self._move(tx, row.id, PaymentStatus.CAPTURED, "api")
            return Capture(
                id=name,
                payment=row.id,
                reference=request.reference,
                amount=request.amount,
                created_at=datetime.fromtimestamp(now, UTC),
            )

        return once(self.store, self.clock, operation="capture", key=key, request=request, status=201, work=work)

    def resolve(self, payment: str, to: PaymentStatus, actor: Actor) -> PaymentRow:
        """Say how an open payment ended. Refuses when it has ended otherwise."""
        failure: Failure | None = "card_declined" if to is PaymentStatus.DECLINED else None
        row, _ = self.move(payment, to, actor, failure)
        if row.status not in (to, PaymentStatus.AUTHORISED if to is PaymentStatus.CAPTURED else to):
            raise Refused(409, "payment_ended", f"The payment is {row.status} already.", status_is=row.status)
        return row

    def pass_three_d(self, payment: str, code: str) -> PaymentRow:
        """Capture when the code is right; decline after the third wrong one."""
        if code.strip() == THREE_D_CODE:
            return self.move(payment, PaymentStatus.CAPTURED, "cashier")[0]
        with self.store.write() as tx:
            self._expire_late(tx, payment)
            tx.execute(
                """UPDATE payments SET three_d_tries = three_d_tries + 1
                   WHERE id = :id AND status IN ('pending', 'processing')""",
                {"id": payment},
            )
            row = self.row(payment, tx)
            if row.three_d_tries >= THREE_D_TRIES_MAX:
                row = self._move(tx, payment, PaymentStatus.DECLINED, "cashier", "three_d_failed") or row
        return row

    async def expire_due(self) -> float | None:
        """Let payments lapse whose time is over; returns when the next one is."""
        with self.store.write() as tx:
            self._expire_late(tx, None)
        return self.store.number("SELECT min(expires_at) FROM payments WHERE status = 'pending'")

    def _expire_late(self, tx: Tx, payment: str | None) -> None:
        late = tx.rows(
            PaymentRow,
            """SELECT * FROM payments
               WHERE id = coalesce(:id, id) AND ((status = 'pending' AND expires_at <= :now)
                                                 OR (status = 'authorised' AND authorised_until <= :now)) ORDER BY id""",
            {"now": self.clock.now(), "id": payment},
        )
        for row in late:
            self._move(tx, row.id, PaymentStatus.CAPTURED if row.captured else PaymentStatus.EXPIRED, "clock")

    def _move(
        self, tx: Tx, payment: str, to: PaymentStatus, actor: Actor, failure: Failure | None = None
    ) -> PaymentRow | None:
        """One step, its history line and its event; None when the payment may not go there from where it is."""
        before = self.row(payment, tx)
        if to is PaymentStatus.CAPTURED and before.later and before.is_open:
            to = PaymentStatus.AUTHORISED
        if to is PaymentStatus.CANCELLED and before.status is PaymentStatus.AUTHORISED and before.captured:
            to = PaymentStatus.CAPTURED  # what was taken stays, and the rest is let go
        if to not in TRANSITIONS[before.status]:
            return None
        now = self.clock.now()
        row = tx.row(
            PaymentRow,
            """UPDATE payments SET status = :to, failure = :failure,
                      captured_at = CASE WHEN :to = 'captured' THEN :now END,
                      captured = CASE WHEN :to = 'captured' AND later = 0 THEN amount ELSE captured END,
                      authorised_until = CASE WHEN :to = 'authorised' THEN :until ELSE authorised_until END
               WHERE id = :id RETURNING *""",
            {"id": payment, "to": to, "failure": failure, "now": now, "until": now + AUTHORISED_DAYS * 86_400},
        )
        assert row is not None
        _write_history(tx, payment, before.status, to, actor=actor, now=now)
        if to in _EVENT_OF:
            self.outbox.publish(tx, _EVENT_OF[to], payment, row.webhook_url, self.shown(row))
        return row

    def row(self, payment: str, read: Read | None = None) -> PaymentRow:
        """Raises Refused 404 when there is none."""
        found = (read or self.store).row(PaymentRow, "SELECT * FROM payments WHERE id = :id", {"id": payment})
        if found is None:
            raise not_found("payment")
        return found

    def by_reference(self, reference: str) -> list[Payment]:
        rows = self.store.rows(
            PaymentRow,
            "SELECT * FROM payments WHERE reference = :reference ORDER BY created_at, id LIMIT :most",
            {"reference": reference, "most": FOUND_ROWS_MAX},
        )
        return [self.shown(row) for row in rows]

    def latest(self, before: str | None) -> list[PaymentRow]:
        """A page of payments, newest first, that starts after `before`."""
        return self.store.rows(
            PaymentRow,
            """SELECT * FROM payments
               WHERE :before IS NULL OR (created_at, id) < (SELECT created_at, id FROM payments WHERE id = :before)
               ORDER BY created_at DESC, id DESC LIMIT :most""",
            {"before": before, "most": PAGE_ROWS},
        )

    def history(self, payment: str) -> list[HistoryLine]:
        return self.store.rows(
            HistoryLine,
            "SELECT at, from_status, to_status, actor FROM payment_history WHERE payment = :id ORDER BY rowid",
            {"id": payment},
        )

    def shown(self, row: PaymentRow) -> Payment:
        cashier_url = f"{self._public_url}/cashier/{row.id}"
        return Payment(
            id=row.id,
            reference=row.reference,
            status=row.status,
            amount=row.amount,
            currency=row.currency,
            description=row.description,
            refunded=row.refunded,
            refunding=row.refunding,
            cashier_url=cashier_url,
            action_url=f"{cashier_url}/3d" if row.three_d and row.is_open else None,
            return_url=row.return_url,
            failure=row.failure,
            created_at=row.created_at,
            expires_at=row.expires_at,
            captured_at=row.captured_at,
            captured=row.captured,
            authorised_until=row.authorised_until,
            months=row.months,
        )


def _write_history(
    tx: Tx, payment: str, before: PaymentStatus | None, to: PaymentStatus, *, actor: Actor, now: float
) -> None:
    tx.execute(
        "INSERT INTO payment_history VALUES (:payment, :now, :before, :to, :actor)",
        {"payment": payment, "now": now, "before": before, "to": to, "actor": actor},
    )
