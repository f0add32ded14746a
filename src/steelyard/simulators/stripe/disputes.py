"""Chargebacks, as Stripe tells of them: "The Dispute object" of its API reference.

As in its test mode, the words `winning_evidence` and `losing_evidence` in what is handed in decide at once; all else waits for
somebody to press a button on the page.
"""

from typing import Any

from steelyard.simulators.store import Tx
from steelyard.simulators.stripe.book import StripeBook, Thing, disputed
from steelyard.simulators.stripe.words import StripeRefused, integer

DUE_SECONDS = 9 * 24 * 3600
FEE = 1_500
REASONS = (
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "credit_not_processed",
    "general",
)
# What waits for an answer, and what it becomes when there is one.
ANSWERED = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}


class Disputes:
    """Every command is one transaction of the book's."""

    def __init__(self, book: StripeBook) -> None:
        self._book = book

    def whole(self, name: str, *, expand: bool) -> Thing:
        """A dispute; `expand` with its payment intent."""
        found = self._book.get("dispute", name)
        if expand:
            found["payment_intent"] = self._book.get("payment_intent", found["payment_intent"])
        return found

    def open(self, tx: Tx, intent_id: str, amount: int, reason: str, now: float, *, inquiry: bool) -> Thing:
        """The payer's bank asks, or takes the money back."""
        intent = self._book.get("payment_intent", intent_id, tx)
        if intent["status"] != "succeeded" or not 0 < amount <= intent["amount_received"] or disputed(tx, intent_id):
            raise StripeRefused("This charge cannot be disputed.", param="payment_intent")
        dispute = self._book.new(
            "dispute",
            amount=amount, currency=intent["currency"], charge=intent["latest_charge"], payment_intent=intent_id,
            reason=reason, status="warning_needs_response" if inquiry else "needs_response", metadata={}, evidence={},
            balance_transactions=[], is_charge_refundable=inquiry,
            evidence_details={"due_by": int(now) + DUE_SECONDS, "has_evidence": False, "past_due": False, "submission_count": 0},
        )  # fmt: skip
        self._write(tx, dispute, "created")
        return dispute if inquiry else self._withdraw(tx, dispute)

    def _withdraw(self, tx: Tx, dispute: Thing) -> Thing:
        name = self._book.moved(tx, "dispute", dispute, -dispute["amount"], FEE)
        dispute["balance_transactions"].append(_moved(name, -dispute["amount"], FEE))
        dispute["is_charge_refundable"] = False
        return self._write(tx, dispute, "funds_withdrawn")

    def update(self, tx: Tx, name: str, given: dict[str, Any]) -> Thing:
        """Keep evidence, and with `submit` (which is the rule) hand it in, once."""
        dispute = self._book.get("dispute", name, tx)
        if dispute["status"] not in ANSWERED:
            raise StripeRefused("This dispute is already closed or under review.", code="dispute_not_updatable")
        dispute["evidence"] |= given.get("evidence") or {}
        details = dispute["evidence_details"]
        details["has_evidence"] = bool(dispute["evidence"])
        if given.get("submit", "true") == "true":
            dispute["status"] = ANSWERED[dispute["status"]]
            details["submission_count"] = integer(details, "submission_count", least=0) + 1
        self._write(tx, dispute, "updated")
        words = str(dispute["evidence"].get("uncategorized_text", ""))
        if dispute["status"] == "under_review" and "winning_evidence" in words:
            return self._close(tx, dispute, "won")
        if dispute["status"] == "under_review" and "losing_evidence" in words:
            return self._close(tx, dispute, "lost")
        return dispute

    def accept(self, tx: Tx, name: str) -> Thing:
        """The shop does not contest it."""
        dispute = self._book.get("dispute", name, tx)
        if dispute["status"] != "needs_response":
            raise StripeRefused("This dispute is already closed.", code="dispute_not_updatable")
        return self._close(tx, dispute, "lost")

    def decide(self, tx: Tx, name: str, do: str) -> Thing:
        """What the bank decides on the page: `escalate` an inquiry or `close` it, let the shop `win` or `lose`."""
        dispute = self._book.get("dispute", name, tx)
        asked, open_ = dispute["status"].startswith("warning_"), dispute["status"] in ("needs_response", "under_review")
        if do == "escalate" and asked and dispute["status"] != "warning_closed":
            dispute["status"] = "needs_response"
            return self._withdraw(tx, self._write(tx, dispute, "updated"))
        if do == "close" and asked:
            dispute["status"] = "warning_closed"
            return self._write(tx, dispute, "closed")
        if do in ("win", "lose") and open_:
            return self._close(tx, dispute, "won" if do == "win" else "lost")
        return dispute

    def _close(self, tx: Tx, dispute: Thing, status: str) -> Thing:
        dispute["status"] = status
        if status == "won":
            name = self._book.moved(tx, "dispute_reversal", dispute, dispute["amount"], 0)
            dispute["balance_transactions"].append(_moved(name, dispute["amount"], 0))
            self._write(tx, dispute, "funds_reinstated")
        return self._write(tx, dispute, "closed")

    def _write(self, tx: Tx, dispute: Thing, what: str) -> Thing:
        self._book.write(tx, dispute, parent=dispute["payment_intent"])
        self._book.say(tx, f"charge.dispute.{what}", dispute)
        return dispute


def _moved(name: str, amount: int, fee: int) -> Thing:
    facts = {"id": name, "object": "balance_transaction", "amount": amount, "fee": fee}
    return {**facts, "net": amount - fee, "type": "adjustment", "reporting_category": "dispute"}
