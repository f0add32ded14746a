"""Chargebacks: the payer's bank takes the money back, the merchant may answer, and the bank decides.

Opened and decided at the channel's desk. The money leaves the merchant's balance when a dispute is opened, with a fee that is
kept however it ends, and comes back when the merchant wins.
"""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta

from steelyard.simulators.payments.book import PaymentBook
from steelyard.simulators.payments.statement import DISPUTE_FEE
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.requests import language
from steelyard.simulators.store import Read, Tx
from steelyard.simulators.web import Foundation

DUE_SECONDS = 7 * 24 * 3600
SEE_OTHER = 303

AnyRequest = Request[object, object, State]
Reason = Literal["fraudulent", "not_received", "not_as_described", "duplicate", "credit_not_processed", "cancelled"]


class DisputeStatus(StrEnum):
    NEEDS_ANSWER = "needs_answer"
    ANSWERED = "answered"
    WON = "won"
    LOST = "lost"


OPEN = (DisputeStatus.NEEDS_ANSWER, DisputeStatus.ANSWERED)


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as the query API and the webhooks show it; `reference` is the merchant's of the payment. `amount` and `fee` are
    in minor units."""

    id: str
    payment: str
    reference: str
    status: DisputeStatus
    amount: int
    currency: str
    fee: int
    reason: Reason
    evidence: str
    due_at: datetime
    created_at: datetime
    decided_at: datetime | None


class EvidenceRequest(msgspec.Struct, frozen=True, kw_only=True):
    evidence: Annotated[str, Meta(min_length=1, max_length=20_000)]


class OpenForm(msgspec.Struct, frozen=True):
    reason: Reason


class DecideForm(msgspec.Struct, frozen=True):
    do: Literal["win", "lose"]


class DisputeBook:
    """Opens, answers and decides disputes. Every command is one transaction."""

    def __init__(self, payments: PaymentBook) -> None:
        self._payments = payments
        self._store, self._clock, self._outbox = payments.store, payments.clock, payments.outbox

    def open(self, payment_id: str, reason: Reason) -> Dispute:
        """Take back what is left of a payment. Refuses (409) one of which nothing is left, or that is disputed already."""
        with self._store.write() as tx:
            payment = self._payments.row(payment_id, tx)
            left = payment.captured - payment.refunded - payment.refunding
            if left <= 0 or any(each.status in OPEN for each in self.of(payment_id, tx)):
                raise Refused(409, "payment_not_disputable", "There is nothing to take back.")
            now = self._clock.now()
            row = tx.row(
                Dispute,
                """INSERT INTO disputes (id, payment, reference, amount, currency, fee, reason, created_at, due_at)
                   VALUES (:id, :payment, :reference, :amount, :currency, :fee, :reason, :now, :due) RETURNING *""",
                {
                    "id": "dsp_" + secrets.token_hex(12),
                    "payment": payment.id,
                    "reference": payment.reference,
                    "amount": left,
                    "currency": payment.currency,
                    "fee": DISPUTE_FEE,
                    "reason": reason,
                    "now": now,
                    "due": now + DUE_SECONDS,
                },
            )
            assert row is not None
            self._tell(tx, row, "opened")
            return row

    def answer(self, name: str, evidence: str) -> Dispute:
        """Take evidence in, once; the same again is answered the same. Refuses (409) when there is nothing to answer any more."""
        with self._store.write() as tx:
            found = self.one(name, tx)
            if found.evidence == evidence:
                return found
            if found.status is not DisputeStatus.NEEDS_ANSWER or found.due_at <= _moment(self._clock.now()):
                raise Refused(409, "dispute_not_answerable", f"The dispute is {found.status}.")
            return self._move(tx, found, DisputeStatus.ANSWERED, evidence=evidence)

    def decide(self, name: str, to: Literal[DisputeStatus.WON, DisputeStatus.LOST]) -> Dispute:
        """Say how it ends; what has ended stays so."""
        with self._store.write() as tx:
            found = self.one(name, tx)
            return self._move(tx, found, to) if found.status in OPEN else found

    async def lapse_due(self) -> float | None:
        """What nobody answered in time is lost; returns when the next one is due."""
        with self._store.write() as tx:
            late = tx.rows(
                Dispute,
                "SELECT * FROM disputes WHERE status = 'needs_answer' AND due_at <= :now ORDER BY due_at, id",
                {"now": self._clock.now()},
            )
            for each in late:
                self._move(tx, each, DisputeStatus.LOST)
        return self._store.number("SELECT min(due_at) FROM disputes WHERE status = 'needs_answer'")

    def _move(self, tx: Tx, found: Dispute, to: DisputeStatus, evidence: str = "") -> Dispute:
        row = tx.row(
            Dispute,
            """UPDATE disputes SET status = :to, evidence = CASE :evidence WHEN '' THEN evidence ELSE :evidence END
                                 , decided_at = CASE WHEN :to IN ('won', 'lost') THEN :now END
               WHERE id = :id RETURNING *""",
            {"id": found.id, "to": to, "evidence": evidence, "now": self._clock.now()},
        )
        assert row is not None
        self._tell(tx, row, str(to))
        return row

    def _tell(self, tx: Tx, row: Dispute, what: str) -> None:
        self._outbox.publish(tx, f"dispute.{what}", row.id, self._payments.row(row.payment, tx).webhook_url, row)

    def one(self, name: str, read: Read | None = None) -> Dispute:
        found = (read or self._store).row(Dispute, "SELECT * FROM disputes WHERE id = :id", {"id": name})
        if found is None:
            raise not_found("dispute")
        return found

    def of(self, payment_id: str, read: Read | None = None) -> list[Dispute]:
        return (read or self._store).rows(
            Dispute, "SELECT * FROM disputes WHERE payment = :id ORDER BY created_at, id", {"id": payment_id}
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@get("/v1/disputes/{dispute:str}")
async def show_dispute(dispute: FromPath[str], disputes: NamedDependency[DisputeBook]) -> Dispute:
    return disputes.one(dispute)


@post("/v1/disputes/{dispute:str}/evidence", status_code=200)
async def hand_in(
    dispute: FromPath[str],
    data: JSONBody[EvidenceRequest],
    disputes: NamedDependency[DisputeBook],
    ground: NamedDependency[Foundation],
) -> Dispute:
    row = disputes.answer(dispute, data.evidence)
    ground.pump.wake()
    return row


@post("/v1/disputes/{dispute:str}/accept", status_code=200)
async def accept(
    dispute: FromPath[str], disputes: NamedDependency[DisputeBook], ground: NamedDependency[Foundation]
) -> Dispute:
    row = disputes.decide(dispute, DisputeStatus.LOST)
    ground.pump.wake()
    return row


@post("/payments/{payment:str}/dispute")
async def open_dispute(
    request: AnyRequest,
    payment: FromPath[str],
    data: URLEncodedBody[OpenForm],
    disputes: NamedDependency[DisputeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    disputes.open(payment, data.reason)
    ground.pump.wake()
    return Redirect(f"/payments/{payment}?lang={language(request)}", status_code=SEE_OTHER)


@post("/disputes/{dispute:str}/decide")
async def decide_dispute(
    request: AnyRequest,
    dispute: FromPath[str],
    data: URLEncodedBody[DecideForm],
    disputes: NamedDependency[DisputeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    row = disputes.decide(dispute, DisputeStatus.WON if data.do == "win" else DisputeStatus.LOST)
    ground.pump.wake()
    return Redirect(f"/payments/{row.payment}?lang={language(request)}", status_code=SEE_OTHER)


API = [show_dispute, hand_in, accept]
DESK = [open_dispute, decide_dispute]
