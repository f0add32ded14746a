"""Accounts of shops at Stripe, transfers to them, and what is taken back of these."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.settlement.model import StatementId, payout_reference

# Where Stripe opens accounts for platforms ("Connect supported countries"), by ISO 3166.
COUNTRIES = (
    "AT", "AU", "BE", "BG", "CA", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HK", "HR", "HU", "IE",
    "IT", "JP", "LT", "LU", "LV", "MT", "NL", "NO", "NZ", "PL", "PT", "RO", "SE", "SG", "SI", "SK", "US",
)  # fmt: skip


class AccountState(StrEnum):
    """`opening`: Stripe has not said that it is there. `begun`: the shop has not given what it is asked for. `checking`: Stripe
    looks at it. `restricted`: something is missing. `refused`: Stripe will not. `ready`: it is paid."""

    OPENING = "opening"
    BEGUN = "begun"
    CHECKING = "checking"
    RESTRICTED = "restricted"
    REFUSED = "refused"
    READY = "ready"


_CHECKING = ("requirements.pending_verification", "under_review")
_REFUSED = ("listed", "platform_paused")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, as Stripe says: fields of "The Account object"."""

    submitted: bool
    transfers: str
    payouts: bool
    disabled_for: str | None
    due: list[str]
    past_due: list[str]
    pending: list[str]
    due_by: datetime | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be sent money that goes on to the shop's bank."""
        return self.transfers == "active" and self.payouts


class Account(Facts, frozen=True, kw_only=True):
    """A shop's account at Stripe; `account_id` is none while it is being opened."""

    merchant_id: MerchantId
    opening_id: UUID
    account_id: str | None
    country: str
    looked_at: datetime | None
    way_before: str | None

    @property
    def state(self) -> AccountState:
        if self.account_id is None:
            return AccountState.OPENING
        why = self.disabled_for or ""
        if why.startswith("rejected") or why in _REFUSED:
            return AccountState.REFUSED
        if self.ready:
            return AccountState.READY
        if why in _CHECKING or self.transfers == "pending":
            return AccountState.CHECKING
        return AccountState.RESTRICTED if self.submitted else AccountState.BEGUN

    @property
    def wanted(self) -> list[str]:
        """What Stripe wants to know, by its own names, what is overdue first."""
        return list(dict.fromkeys([*self.past_due, *self.due]))


class AccountNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that says that an account has changed. How it stands now is asked for, so that messages may come twice, late
    and in any order."""

    event_id: str
    account_id: str


class DueTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A payout that is to be sent through Stripe, or asked for, now."""

    merchant_id: MerchantId
    statement_id: StatementId
    code: str
    attempt: int
    account_id: str
    amount: int
    currency: str
    asked_before: bool

    @property
    def reference(self) -> str:
        """The idempotency key."""
        return payout_reference(self.statement_id, self.attempt)


class TransferAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What Stripe says of a transfer: it is made at once, or refused; `account` and `balance`: refused for now."""

    state: Literal["paid", "rejected", "account", "balance"]
    transfer_id: str | None = None
    failure: str | None = None


class Purpose(StrEnum):
    """`owed`: of what the shop owes. `payout`: the whole payout, which can be paid anew."""

    OWED = "owed"
    PAYOUT = "payout"


class DueReversal(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken back of a transfer, or asked for, now."""

    merchant_id: MerchantId
    reversal_id: UUID
    transfer_id: str
    amount: int
    asked_before: bool


class ReversalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What Stripe says of a reversal."""

    state: Literal["succeeded", "failed"]
    stripe_id: str | None = None
    failure: str | None = None


class PayoutTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A payout through Stripe; `reversed` with what is being taken back."""

    attempt: int
    account_id: str
    amount: int
    currency: str
    transfer_id: str | None
    reversed: int
    at: datetime


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """What was, or is being, taken back of a payout."""

    reversal_id: UUID
    purpose: Purpose
    amount: int
    currency: str
    reason: str
    state: Literal["sent", "succeeded", "failed"]
    stripe_id: str | None
    failure: str
    by: str
    at: datetime


class AccountNotReady(Refusal):
    """A payout through Stripe needs an account that Stripe has enabled."""

    code = "stripe_account_not_ready"
    title = N_("The account at Stripe is not ready")
    detail = N_("Stripe does not pay this shop yet. Its page of payouts says what is missing.")


class NothingToTakeBack(Refusal):
    """Only what was paid through Stripe, and was not taken back before, can be taken back there; of what a shop owes no more."""

    code = "nothing_to_take_back"
    title = N_("There is nothing to take back")
    detail = N_("This payout did not go through Stripe, was taken back before, or the shop owes nothing.")
