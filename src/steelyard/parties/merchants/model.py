"""Merchants and their shops."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

MerchantId = NewType("MerchantId", UUID)
RenewalId = NewType("RenewalId", UUID)


class MerchantState(StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


# Closing is for good, and only out of suspension: then no new order can come in while the last ones are finished.
MACHINE = Machine(
    "merchant",
    {MerchantState.OPEN, MerchantState.SUSPENDED, MerchantState.CLOSED},
    {
        MerchantState.OPEN: {MerchantState.SUSPENDED},
        MerchantState.SUSPENDED: {MerchantState.OPEN, MerchantState.CLOSED},
        MerchantState.CLOSED: set(),
    },
)
# After the first reminder (a policy) the owners are reminded again this many days before their licence ends.
REMIND_DAYS = (7, 1)
# Why the house itself suspended a shop, in its history.
LICENCE_ENDED = "licence_ended"
POINTS = "points"
PAUSE_DAYS_MAX = 90


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """The account that a merchant's money goes to."""

    name: str = ""
    bank: str = ""
    account: str = ""


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` is what its prices are in; `settlement_days` is N of T+N; `receipt_days` run from delivery;
    `time_zone` is where the days of its reports begin and end."""

    merchant_id: MerchantId
    code: str
    legal_name: str
    country: str
    currency: str
    credit_code: str = ""
    state: MerchantState = MerchantState.OPEN
    self_operated: bool = False
    settlement_days: int = 1
    receipt_days: int = 7
    time_zone: str = "Asia/Shanghai"
    payout: Payout = Payout()
    source: str | None = None
    licence_until: date | None = None
    verify_by: date | None = None
    created_at: datetime | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which shops the operator looks for. `words` are part of a name, the legal name or the address, or the number; `sort` is
    oldest, newest or address; `licence_before` a day that the licence of a shop that is not closed does not reach; `renewed`
    those whose new licence waits to be looked over;
    `verify_before` those to be looked at anew before a day; `without_rules` those that have not
    agreed to this version of the rules."""

    words: str = ""
    state: MerchantState | None = None
    sort: str = "oldest"
    licence_before: date | None = None
    renewed: bool = False
    verify_before: date | None = None
    without_rules: str | None = None


class RulesNotAgreed(Refusal):
    """Who has not agreed to new rules in time sells on what is on sale, and puts nothing new on the shelf."""

    code = "rules_not_agreed"
    title = N_("The new rules have not been agreed to")
    detail = N_("New products go onto the shelf once whoever leads the shop has agreed to the new rules for merchants.")


class PublishingRestricted(Refusal):
    """A shop with too many points, or without its deposit, sells on what is on sale, and puts nothing new on the shelf."""

    code = "publishing_restricted"
    title = N_("Nothing new goes onto the shelf for now")
    detail = N_(
        "Points, a missing deposit or an overdue look at the licence stand against it. "
        "What is on sale stays; see the page Compliance."
    )


class PapersMissing(Refusal):
    """Goods of a category that needs papers go onto the shelf with all of them, accepted and not ended."""

    code = "papers_missing"
    title = N_("The category needs a paper")
    detail = N_("A paper that this category needs is not accepted, or has ended. Hand it in on the page Compliance.")


class MerchantStep(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: `by` is `system` or `staff:<account_id>`."""

    step: int
    from_state: str
    to_state: MerchantState
    at: datetime
    by: str
    reason: str


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    slug: str
    name: Text
    notice: Text = msgspec.field(default_factory=Text)
    logo: str | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A shop is away `begins_at`–`ends_at`. Unless it `sells` meanwhile, its goods are seen and cannot be bought; if it
    does, what was ordered meanwhile is due as if it had been paid on the day of the return."""

    begins_at: datetime
    ends_at: datetime
    notice: Text = msgspec.field(default_factory=Text)
    sells: bool = False

    def covers(self, at: datetime) -> bool:
        return self.begins_at <= at < self.ends_at

    def due(self, paid_at: datetime, within: timedelta) -> datetime:
        """Until when what was paid then is to leave the house."""
        return (self.ends_at if self.sells and self.covers(paid_at) else paid_at) + within

    def paid_before(self, now: datetime, within: timedelta) -> datetime:
        """What was paid up to this moment should have left the house by `now`: the other side of `due`."""
        if not self.sells or now >= self.ends_at + within:
            return now - within
        return min(now - within, self.begins_at - timedelta(microseconds=1))


class ShopCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a shop wherever its goods are shown."""

    merchant_id: MerchantId
    slug: str
    name: Text
    notice: Text
    logo: str | None
    self_operated: bool
    country: str
    currency: str
    state: MerchantState
    pause: Pause | None = None
    time_zone: str = "Asia/Shanghai"

    @property
    def away(self) -> Pause | None:
        """The pause that the shop is in right now."""
        return self.pause if self.pause is not None and self.pause.covers(datetime.now(UTC)) else None

    @property
    def resting(self) -> bool:
        """Nothing can be bought here right now, however open the shop is otherwise."""
        return self.away is not None and not self.away.sells


class RenewalState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    SENT_BACK = "sent_back"


class NewLicence(msgspec.Struct, frozen=True, kw_only=True):
    """A licence as it is handed in: its last day (none: without end), and its scan in the private file store."""

    renewal_id: RenewalId
    good_until: date | None
    file: str
    name: str
    bytes: int


class LicenceRenewal(NewLicence, frozen=True, kw_only=True):
    """A licence that was handed in, and what came of it."""

    merchant_id: MerchantId
    state: RenewalState
    reason: str
    handed_in_at: datetime
    handed_in_by: str
    decided_at: datetime | None
    decided_by: str | None


class PaperKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of paper that a category may need."""

    kind: str
    name: Text


class NewPaper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper as it is handed in: its number, its last day (none: without end), its scan in the private file store."""

    paper_id: UUID
    kind: str
    number: str
    good_until: date | None
    file: str
    name: str
    bytes: int


class Paper(NewPaper, frozen=True, kw_only=True):
    """A paper that was handed in, and what came of it."""

    merchant_id: MerchantId
    kind_name: Text
    state: RenewalState
    reason: str
    handed_in_at: datetime


class StaleRenewal(Refusal):
    """A licence is decided about once, by who has looked at its scan."""

    code = "stale_renewal"
    status = 409
    title = N_("Somebody else was quicker")
    detail = N_("This licence was decided about, or another one was handed in meanwhile. Please look at it again.")


class ShopNameTaken(Refusal):
    """Two shops never have the same address."""

    code = "shop_name_taken"
    title = N_("This shop address is taken")
    detail = N_("Another shop is already called “{slug}”. Please choose another address.")


class CategoryNotAllowed(Refusal):
    """A merchant sells in the categories it was admitted for, and in those below them."""

    code = "category_not_allowed"
    status = 422
    title = N_("The shop is not admitted for this category")
    detail = N_("Please choose another category, or ask the platform to admit the shop for this one.")
