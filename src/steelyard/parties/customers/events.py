"""What customers announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class VisitorMerged(Event, frozen=True, kw_only=True):
    """A visitor has signed in: what they did is this buyer's from now on."""

    KIND = "customers.visitor_merged"

    visitor_id: UUID
    buyer_id: UUID


class ProfileChanged(Event, frozen=True, kw_only=True):
    """A buyer says something else of themselves: the language, an account, whether they want mails about coupons."""

    KIND = "customers.profile_changed"

    buyer_id: UUID
