"""Stripe's disputes in its words and in ours: "The Dispute object" and "Dispute evidence" of its API reference."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from steelyard.money.payments.dispute_model import Dispute, DisputeReason, DisputeUnknown, Evidence, Standing

# Each text that is handed in may have 20,000 characters, all of them together 150,000.
TEXT_CHARACTERS_MAX = 20_000
_STANDINGS = {
    "warning_needs_response": Standing.INQUIRY,
    "warning_under_review": Standing.INQUIRY,
    "warning_closed": Standing.CLOSED,
    "prevented": Standing.CLOSED,
    "needs_response": Standing.NEEDS_ANSWER,
    "under_review": Standing.ANSWERED,
    "won": Standing.WON,
    "lost": Standing.LOST,
}
_REASONS = {
    "fraudulent": DisputeReason.FRAUDULENT,
    "unrecognized": DisputeReason.FRAUDULENT,
    "product_not_received": DisputeReason.NOT_RECEIVED,
    "product_unacceptable": DisputeReason.NOT_AS_DESCRIBED,
    "duplicate": DisputeReason.DUPLICATE,
    "credit_not_processed": DisputeReason.CREDIT_NOT_PROCESSED,
    "subscription_canceled": DisputeReason.CANCELLED,
}
_FACTS = {
    "customer_name": "customer_name",
    "customer_email": "customer_email_address",
    "address": "shipping_address",
    "goods": "product_description",
    "sent_on": "shipping_date",
    "carrier": "shipping_carrier",
    "tracking_number": "shipping_tracking_number",
    "refunds": "refund_refusal_explanation",
}


def dispute_of(told: dict[str, Any]) -> Dispute | DisputeUnknown:
    """A dispute with its payment intent expanded, which bears our id of the payment."""
    try:
        intent = told["payment_intent"] if isinstance(told["payment_intent"], dict) else {}
        ours = (intent.get("metadata") or {}).get("payment_id")
        due = (told.get("evidence_details") or {}).get("due_by")
        return Dispute(
            reference=told["id"],
            payment_id=UUID(ours) if ours else None,
            amount=told["amount"],
            currency=told["currency"].upper(),
            fee=sum(each["fee"] for each in told.get("balance_transactions") or []),
            standing=_STANDINGS[told["status"]],
            reason=_REASONS.get(told["reason"], DisputeReason.OTHER),
            due_at=datetime.fromtimestamp(due, UTC) if due else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        return DisputeUnknown(why=f"unreadable: {error}")


def evidence_form(evidence: Evidence) -> dict[str, Any]:
    """What is handed in, for good: `submit`."""
    facts = {_FACTS[name]: value[:TEXT_CHARACTERS_MAX] for name, value in evidence.facts.items() if value}
    return {"evidence": {**facts, "uncategorized_text": evidence.words[:TEXT_CHARACTERS_MAX]}, "submit": True}
