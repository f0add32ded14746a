"""The payment channel “simpay”: the payment simulator's API."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.kernel.i18n import N_
from steelyard.money.payments.capture_model import CaptureAnswer, DueCapture, DueVoid
from steelyard.money.payments.dispute_model import (
    Dispute,
    DisputeNews,
    DisputeReason,
    DisputeUnknown,
    Evidence,
    Standing,
)
from steelyard.money.payments.model import (
    AnsweredRefundState,
    AnsweredState,
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    OtherNews,
    PaymentId,
    PaymentNews,
    PaymentState,
    RefundAnswer,
    RefundId,
    RefundNews,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.signatures import verify
from steelyard.money.payments.state_model import CaptureState
from steelyard.money.payments.terms import Bearer, Fee, Plan, Terms

S = TypeVar("S")
T = TypeVar("T")

EVIDENCE_CHARACTERS_MAX = 20_000

_PAYMENT_STATES: dict[str, AnsweredState] = {
    "pending": PaymentState.PENDING,
    "processing": PaymentState.PENDING,
    "authorised": PaymentState.AUTHORISED,
    "captured": PaymentState.CAPTURED,
    "declined": PaymentState.DECLINED,
    "cancelled": PaymentState.CANCELLED,
    "expired": PaymentState.CANCELLED,
}
_REFUND_STATES: dict[str, AnsweredRefundState] = {
    "pending": RefundState.SENT,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
}


# The simulator's own fee (`simulators/payments/statement.py`): 6 per mille, which it keeps when money goes back.
# Its plans (`simulators/payments/model.py`): three months at the shop's cost, longer ones at the buyer's.
SMALLEST = {"CNY": 10_000, "EUR": 5_000, "USD": 5_000, "GBP": 5_000}
PLANS = (
    Plan(months=3, bearer=Bearer.MERCHANT, seller_millionths=18_000, smallest=SMALLEST),
    Plan(months=6, bearer=Bearer.BUYER, buyer_millionths=45_000, smallest=SMALLEST),
    Plan(months=12, bearer=Bearer.BUYER, buyer_millionths=75_000, smallest=SMALLEST),
)
TERMS = Terms(
    name=N_("SimPay"),
    note=N_("Payment simulator: no real money is moved"),
    fee=Fee(millionths=6_000),
    statement="simpay",
    authorises=True,
    captures_parts=True,
    instalments=PLANS,
)


class _Payment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    reference: str
    status: str
    amount: int
    currency: str
    cashier_url: str | None = None
    action_url: str | None = None
    failure: str | None = None
    created_at: datetime | None = None
    captured: int | None = None
    authorised_until: datetime | None = None


class _Capture(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    amount: int


class _Payments(msgspec.Struct, frozen=True):
    payments: list[_Payment]


class _Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    reference: str
    status: str
    failure: str | None = None


class _Refunds(msgspec.Struct, frozen=True):
    refunds: list[_Refund]


class _Dispute(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    reference: str
    status: Literal["needs_answer", "answered", "won", "lost"]
    amount: int
    currency: str
    fee: int
    reason: str
    due_at: datetime


class _Problem(msgspec.Struct, frozen=True):
    code: str = "refused"


class _Event(msgspec.Struct, frozen=True):
    type: str
    data: msgspec.Raw


class Simpay:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    name = "simpay"

    def __init__(self, url: str, key: str, secret: str, *, client: httpx.AsyncClient | None = None) -> None:
        self.terms = msgspec.structs.replace(TERMS, cashiers=(outside.origin(url),) if url else ())
        self._secret = secret
        self._client = client or outside.client(url, key)

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        body = {
            "reference": str(instruction.payment_id),
            "amount": instruction.amount,
            "currency": instruction.currency,
            "description": instruction.description,
            "return_url": instruction.return_url,
            "webhook_url": webhook_url,
            "expires_at": instruction.expires_at,
            "token": instruction.token,
            **({"capture": "later"} if instruction.later else {}),
            **({"months": instruction.instalments} if instruction.instalments else {}),
        }
        answer = await self._post("/v1/payments", body, key=str(instruction.payment_id))
        if isinstance(answer, Unknown):
            return answer
        if answer.status_code in (400, 422):
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure=_problem(answer))
        if answer.status_code == 409 and _problem(answer) == "reference_given_up":
            return ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
        return _known(answer, _Payment, _payment_answer)

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        found = await self._find(sought.payment_id)
        return _payment_answer(found) if isinstance(found, _Payment) else found

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        answer = await self._post("/v1/payments/cancel", {"reference": str(sought.payment_id)}, key=None)
        found = answer if isinstance(answer, Unknown) else _known(answer, _Payments, _truth)
        return _payment_answer(found) if isinstance(found, _Payment) else found

    async def capture(self, due: DueCapture) -> CaptureAnswer | Unknown:
        body = {"payment": due.reference, "reference": str(due.capture_id), "amount": due.take, "final": due.final}
        answer = await self._post("/v1/captures", body, key=str(due.capture_id))
        if isinstance(answer, Unknown):
            return answer
        if answer.status_code in (400, 404, 409, 422) and _problem(answer) != "idempotency_conflict":
            return CaptureAnswer(state=CaptureState.FAILED, failure=_problem(answer))
        return _known(answer, _Capture, lambda taken: _capture_answer(taken, due))

    async def void(self, due: DueVoid) -> ChannelAnswer | Unknown | None:
        return await self.cancel(due)

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        if due.channel_payment is None:
            return Unknown(why="the channel's name of the payment is not known yet")
        body = {
            "payment": due.channel_payment,
            "reference": due.reference,
            "amount": due.amount,
            "webhook_url": webhook_url,
        }
        answer = await self._post("/v1/refunds", body, key=due.reference)
        if isinstance(answer, Unknown):
            return answer
        if answer.status_code in (400, 404, 409, 422) and _problem(answer) != "idempotency_conflict":
            return RefundAnswer(reference=None, state=RefundState.FAILED, failure=_problem(answer))
        return _known(answer, _Refund, _refund_answer)

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        answer = await self._get("/v1/refunds", reference=due.reference)
        if isinstance(answer, Unknown):
            return answer
        found = _known(answer, _Refunds, lambda refunds: refunds)
        if isinstance(found, Unknown):
            return found
        return _refund_answer(found.refunds[-1]) if found.refunds else None

    async def dispute(self, reference: str) -> Dispute | DisputeUnknown:
        return _disputed(await self._get(f"/v1/disputes/{reference}"))

    async def answer_dispute(self, reference: str, evidence: Evidence) -> Dispute | DisputeUnknown:
        facts = [f"{name}: {value}" for name, value in evidence.facts.items()]
        body = {"evidence": "\n".join([*facts, evidence.words])[:EVIDENCE_CHARACTERS_MAX]}
        return _disputed(await self._post(f"/v1/disputes/{reference}/evidence", body, key=None))

    async def accept_dispute(self, reference: str) -> Dispute | DisputeUnknown:
        return _disputed(await self._post(f"/v1/disputes/{reference}/accept", None, key=None))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        return self._news(verify(self._secret, headers, body, now), body)

    def unpack(self, body: bytes) -> Mapping[str, object]:
        return msgspec.json.decode(body, type=dict[str, object])

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        return self._news(event_id, msgspec.json.encode(body))

    def _news(self, event_id: str, body: bytes) -> News:
        try:
            event = msgspec.json.decode(body, type=_Event)
            kind, _, _ = event.type.partition(".")
            if kind == "payment":
                payment = msgspec.json.decode(event.data, type=_Payment)
                return PaymentNews(
                    event_id=event_id,
                    payment_id=PaymentId(UUID(payment.reference)),
                    answer=_payment_answer(payment),
                )
            if kind == "refund":
                refund = msgspec.json.decode(event.data, type=_Refund)
                refund_id, _, attempt = refund.reference.partition(".")
                return RefundNews(
                    event_id=event_id,
                    refund_id=RefundId(UUID(refund_id)),
                    attempt=int(attempt or 1),
                    answer=_refund_answer(refund),
                )
            if kind == "dispute":
                return DisputeNews(event_id=event_id, reference=msgspec.json.decode(event.data, type=_Dispute).id)
        except (msgspec.DecodeError, ValueError, KeyError) as error:
            raise BadWebhook(why="unreadable") from error
        return OtherNews(event_id=event_id)

    async def close(self) -> None:
        await self._client.aclose()

    async def _find(self, payment_id: PaymentId) -> _Payment | Unknown | None:
        answer = await self._get("/v1/payments", reference=str(payment_id))
        return answer if isinstance(answer, Unknown) else _known(answer, _Payments, _truth)

    async def _post(self, path: str, body: object, *, key: str | None) -> httpx.Response | Unknown:
        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        try:
            return await self._client.post(path, content=msgspec.json.encode(body) if body else b"", headers=headers)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)

    async def _get(self, path: str, **query: str) -> httpx.Response | Unknown:
        try:
            return await self._client.get(path, params=query)
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)


def _known(answer: httpx.Response, shape: type[S], read: Callable[[S], T]) -> T | Unknown:
    """What an answer says; whatever is not a success in the promised shape leaves us not knowing."""
    if not answer.is_success:
        return Unknown(why=f"{answer.status_code} {_problem(answer)}")
    try:
        return read(msgspec.json.decode(answer.content, type=shape))
    except (msgspec.DecodeError, KeyError) as error:
        return Unknown(why=f"unreadable: {error}")


def _truth(found: _Payments) -> _Payment | None:
    """The channel may hold several of one reference only if something went wrong: a captured one is the truth."""
    return max(found.payments, key=lambda payment: payment.status == "captured", default=None)


def _problem(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Problem).code
    except msgspec.DecodeError:
        return "refused"


def _payment_answer(payment: _Payment) -> ChannelAnswer:
    state = _PAYMENT_STATES[payment.status]
    return ChannelAnswer(
        reference=payment.id,
        state=state,
        authorised_until=payment.authorised_until,
        cashier_url=payment.cashier_url,
        action_url=payment.action_url,
        failure=payment.failure,
        amount=_collected(payment) if state is PaymentState.CAPTURED else payment.amount,
        currency=payment.currency,
    )


def _collected(payment: _Payment) -> int:
    """What was captured of it: less than its amount where the rest was let go."""
    return payment.amount if payment.captured is None else min(payment.captured, payment.amount)


def _capture_answer(taken: _Capture, due: DueCapture) -> CaptureAnswer:
    if taken.amount != due.take:
        raise KeyError("another amount")
    return CaptureAnswer(state=CaptureState.SUCCEEDED)


def _refund_answer(refund: _Refund) -> RefundAnswer:
    return RefundAnswer(reference=refund.id, state=_REFUND_STATES[refund.status], failure=refund.failure)


def _disputed(answer: httpx.Response | Unknown) -> Dispute | DisputeUnknown:
    """How far it is; what is refused readably is not asked again."""
    if isinstance(answer, Unknown):
        return DisputeUnknown(why=answer.why)
    if answer.status_code in (404, 409, 422):
        return DisputeUnknown(why=_problem(answer), refused=True)
    found = _known(answer, _Dispute, _dispute)
    return DisputeUnknown(why=found.why) if isinstance(found, Unknown) else found


def _dispute(told: _Dispute) -> Dispute:
    return Dispute(
        reference=told.id,
        payment_id=UUID(told.reference),
        amount=told.amount,
        currency=told.currency,
        fee=told.fee,
        standing=Standing(told.status),
        reason=DisputeReason(told.reason),
        due_at=told.due_at,
    )
