"""What campaigns announce."""

from uuid import UUID

from steelyard.kernel.events import Event


class EntryDecided(Event, frozen=True, kw_only=True):
    """The platform has approved an article for a campaign, or sent it back."""

    KIND = "campaigns.entry_decided"

    merchant_id: UUID
    campaign_id: UUID
    entry_id: UUID
    state: str


class LeaveAnswered(Event, frozen=True, kw_only=True):
    """The platform has let an article go that a shop asked to end while its campaign runs, or has not."""

    KIND = "campaigns.leave_answered"

    merchant_id: UUID
    campaign_id: UUID
    entry_id: UUID
    let_go: bool
