"""What groups announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class GroupChanged(Event, frozen=True, kw_only=True):
    """A group price of this product was offered, changed or stopped, or a team of it was opened, has another member, or
    has ended."""

    KIND = "groups.changed"

    merchant_id: UUID
    product_id: UUID


class TeamEnded(Event, frozen=True, kw_only=True):
    """A team is whole, or has succeeded with what it has; or it came to nothing."""

    KIND = "groups.team_ended"

    merchant_id: UUID
    team_id: UUID
    succeeded: bool


class MemberTooLate(Event, frozen=True, kw_only=True):
    """An order was paid whose team has ended before: its money goes back."""

    KIND = "groups.member_too_late"

    merchant_id: UUID
    team_id: UUID
    order_id: UUID
