"""What may happen to a charge, and when Stripe says no to it."""

import secrets
from typing import Any

from steelyard.simulators.stripe.words import StripeRefused

OPEN = ("requires_payment_method", "requires_action", "requires_capture", "requires_confirmation")
SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "hkd": 400, "jpy": 50}
Thing = dict[str, Any]


def charge(intent: Thing, *, paid: bool) -> None:
    intent["status"] = "succeeded" if paid else "processing"
    intent["amount_received"] = intent["amount"] if paid else 0
    intent["latest_charge"] = intent["latest_charge"] or "ch_" + secrets.token_hex(12)
    intent["last_payment_error"] = None


def decline(intent: Thing, decline_code: str | None, code: str = "card_declined") -> None:
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = {"type": "card_error", "code": code, "decline_code": decline_code}


def large_enough(amount: int, currency: str) -> None:
    if amount < SMALLEST.get(currency, 1):
        raise StripeRefused(
            "The amount is less than the minimum charge amount allowed.", code="amount_too_small", param="amount"
        )


def unexpected(intent: Thing, verb: str) -> StripeRefused:
    return StripeRefused(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
    )
