"""What discipline announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class ViolationRecorded(Event, frozen=True, kw_only=True):
    """A shop broke a rule, by the word of the operator's staff."""

    KIND = "discipline.violation_recorded"

    merchant_id: UUID
    violation_id: UUID


class ViolationDecided(Event, frozen=True, kw_only=True):
    """A shop's appeal was decided: the violation stands, or is revoked."""

    KIND = "discipline.violation_decided"

    merchant_id: UUID
    violation_id: UUID
    outcome: str


class DebtClaimed(Event, frozen=True, kw_only=True):
    """A shop is asked, or reminded, to pay what it owes; after `holds_on` nothing new goes onto its shelf."""

    KIND = "discipline.debt_claimed"

    merchant_id: UUID
    amount: int
    currency: str
    holds_on: str
    overdue: bool


class DepositDemanded(Event, frozen=True, kw_only=True):
    """A shop's deposit is to be topped up by a day, or that day has passed."""

    KIND = "discipline.deposit_demanded"

    merchant_id: UUID
    missing: int
    currency: str
    due_on: str
    overdue: bool
