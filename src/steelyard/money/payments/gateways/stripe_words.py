"""What Stripe is asked, and what it says: forms, objects and events, in its words and in ours."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from steelyard.money.payments.capture_model import CaptureAnswer
from steelyard.money.payments.dispute_model import DisputeNews
from steelyard.money.payments.model import (
    AnsweredRefundState,
    AnsweredState,
    ChannelAnswer,
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
    Unknown,
)
from steelyard.money.payments.state_model import CaptureState

# A page of theirs is open for 30 minutes at least; ours is told to end when its time is over.
PAGE_OPEN = timedelta(minutes=40)
_REFUND_STATES: dict[str, AnsweredRefundState] = {
    "pending": RefundState.SENT,
    "requires_action": RefundState.SENT,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_OF_CHARGES: dict[str, AnsweredState] = {
    "requires_capture": PaymentState.AUTHORISED,
    "succeeded": PaymentState.CAPTURED,
    "canceled": PaymentState.CANCELLED,
}
KEY_USED = "idempotency_error"


class Refused(msgspec.Struct, frozen=True):
    """They will not, and say why; asked again they say the same."""

    why: str
    status: int | None = None


def declined(refused: Refused) -> ChannelAnswer | Unknown:
    """A key that was used for something else, and a page whose time has become too short, say nothing about the payment."""
    if refused.why in (KEY_USED, "expires_at"):
        return Unknown(why=refused.why)
    return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure=refused.why)


def facts(instruction: Instruction) -> dict[str, str]:
    return {"payment_id": str(instruction.payment_id), "purchase": instruction.description}


def session_form(instruction: Instruction) -> dict[str, Any]:
    """The same each time that it is said: what is computed comes from the instruction."""
    begun = instruction.payment_id.int >> 80  # milliseconds since 1970: RFC 9562, version 7
    ends = max(int(instruction.expires_at.timestamp()), begun // 1000 + int(PAGE_OPEN.total_seconds()))
    price = {
        "currency": instruction.currency.lower(),
        "unit_amount": instruction.amount,
        "product_data": {"name": instruction.description or str(instruction.payment_id)},
    }
    return {
        "mode": "payment",
        "client_reference_id": str(instruction.payment_id),
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": instruction.return_url,
        "cancel_url": instruction.return_url,
        "expires_at": ends,
        "metadata": facts(instruction),
        "payment_intent_data": {
            "description": instruction.description,
            "metadata": {**facts(instruction), "on_page": "yes"},
            **({"capture_method": "manual"} if instruction.later else {}),
            "transfer_group": str(instruction.purchase_id),
        },
    }


def intent_form(instruction: Instruction, capture: str) -> dict[str, Any]:
    return {
        "amount": instruction.amount,
        "currency": instruction.currency.lower(),
        "payment_method": instruction.token,
        "confirm": True,
        "capture_method": capture,
        "description": instruction.description,
        "return_url": instruction.return_url,
        "metadata": facts(instruction),
        "transfer_group": str(instruction.purchase_id),
        "automatic_payment_methods": {"enabled": True},
    }


def answer_of(told: dict[str, Any] | Unknown) -> ChannelAnswer | Unknown:
    if isinstance(told, Unknown):
        return told
    try:
        return of_session(told) if told["object"] == "checkout.session" else of_intent(told)
    except (KeyError, TypeError) as error:
        return Unknown(why=f"unreadable: {error}")


def of_session(told: dict[str, Any], failed: bool = False) -> ChannelAnswer:
    intent = told["payment_intent"] if isinstance(told["payment_intent"], dict) else {}
    state, failure = PaymentState.PENDING, None
    if told["status"] == "expired":
        state = PaymentState.CANCELLED
    elif told["status"] == "complete" and told["payment_status"] == "paid":
        state = PaymentState.CAPTURED
    elif told["status"] == "complete" and intent.get("status") in _OF_CHARGES:
        # Of what is captured later the page stays "unpaid": its charge says how far it is.
        state = _OF_CHARGES[intent["status"]]
    elif failed or (told["status"] == "complete" and intent.get("status") == "requires_payment_method"):
        state, failure = PaymentState.DECLINED, (intent.get("last_payment_error") or {}).get("code") or "failed"
    return ChannelAnswer(
        reference=told["id"],
        state=state,
        cashier_url=told["url"],
        failure=failure,
        amount=told["amount_total"],
        currency=told["currency"].upper(),
    )


def of_intent(told: dict[str, Any]) -> ChannelAnswer:
    action = (told.get("next_action") or {}).get("redirect_to_url") or {}
    error = told.get("last_payment_error") or {}
    state, failure = PaymentState.PENDING, None
    match told["status"]:
        case "succeeded":
            state = PaymentState.CAPTURED
        case "canceled":
            state = PaymentState.CANCELLED
        case "requires_capture":
            state = PaymentState.AUTHORISED
        case "requires_payment_method" if error:  # without one, nothing was tried yet: so it is told of as it is made
            state, failure = PaymentState.DECLINED, error.get("decline_code") or error.get("code") or "declined"
        case _:
            pass
    taken = told["amount_received"] if state is PaymentState.CAPTURED else told["amount"]
    return ChannelAnswer(
        reference=told["id"],
        state=state,
        cashier_url=action.get("url"),
        action_url=action.get("url"),
        failure=failure,
        amount=taken,
        currency=told["currency"].upper(),
    )


def capture_of(told: dict[str, Any], take: int, why: str) -> CaptureAnswer | Unknown:
    """What a charge says about a capture of so much: done, refused, or another amount than was asked for."""
    match told.get("status"):
        case "succeeded" if told["amount_received"] == take:
            return CaptureAnswer(state=CaptureState.SUCCEEDED)
        case "succeeded":
            return Unknown(why=f"another amount was captured: {told['amount_received']}")
        case "canceled":
            return CaptureAnswer(state=CaptureState.FAILED, failure=told.get("cancellation_reason") or "canceled")
        case "requires_capture":
            return CaptureAnswer(state=CaptureState.FAILED, failure=why)
        case status:
            return Unknown(why=f"unreadable: {status}")


def refund_of(told: dict[str, Any] | Unknown) -> RefundAnswer | Unknown:
    if isinstance(told, Unknown):
        return told
    failure = told.get("failure_reason")
    return RefundAnswer(reference=told["id"], state=_REFUND_STATES[told["status"]], failure=failure)


def news_of(event: dict[str, Any]) -> News:
    """What an event says of a payment or refund of ours. A failed try on their page is none: another card may follow."""
    kind, about, event_id = str(event["type"]), event["data"]["object"], str(event["id"])
    facts = about.get("metadata") or {}
    if kind.startswith("checkout.session.") and "payment_id" in facts:
        answer = of_session(about, failed=kind.endswith("async_payment_failed"))
        return PaymentNews(event_id=event_id, payment_id=PaymentId(UUID(facts["payment_id"])), answer=answer)
    if kind.startswith("payment_intent.") and "payment_id" in facts:
        answer = of_intent(about)
        lapsed = about.get("capture_method") == "manual" and answer.state is PaymentState.CANCELLED
        if "on_page" not in facts or lapsed or answer.state in (PaymentState.CAPTURED, PaymentState.AUTHORISED):
            return PaymentNews(event_id=event_id, payment_id=PaymentId(UUID(facts["payment_id"])), answer=answer)
    if kind.startswith("charge.dispute.") and about.get("object") == "dispute":
        return DisputeNews(event_id=event_id, reference=str(about["id"]))
    if about.get("object") == "refund" and "reference" in facts:
        refund_id, _, attempt = str(facts["reference"]).partition(".")
        answer = refund_of(about)
        assert isinstance(answer, RefundAnswer)
        return RefundNews(
            event_id=event_id, refund_id=RefundId(UUID(refund_id)), attempt=int(attempt or 1), answer=answer
        )
    return OtherNews(event_id=event_id)
