"""What settlement announces. Amounts are minor units of `currency`."""

from datetime import date
from uuid import UUID

from steelyard.kernel.events import Event


class StatementIssued(Event, frozen=True, kw_only=True):
    """A statement is made up and its payout set aside."""

    KIND = "settlement.issued"

    merchant_id: UUID
    statement_id: UUID
    day: date
    payout: int
    currency: str


class StatementPaid(Event, frozen=True, kw_only=True):
    """The bank has paid a statement out."""

    KIND = "settlement.paid"

    merchant_id: UUID
    statement_id: UUID
    payout: int
    currency: str


class PayoutFailed(Event, frozen=True, kw_only=True):
    """The bank will not pay a statement out; the merchant's account must be looked at."""

    KIND = "settlement.payout_failed"

    merchant_id: UUID
    statement_id: UUID
    payout: int
    currency: str
    failure: str


class WayChosen(Event, frozen=True, kw_only=True):
    """A shop has chosen to be paid elsewhere from today on. `account_id` is its account at Stripe; none: to its bank."""

    KIND = "settlement.way_chosen"

    merchant_id: UUID
    account_id: str | None


class AccountRestricted(Event, frozen=True, kw_only=True):
    """Stripe does not pay a shop: something is missing by `due_on`, or it will not at all (`refused`)."""

    KIND = "settlement.account_restricted"

    merchant_id: UUID
    refused: bool
    due_on: date | None
