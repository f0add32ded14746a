"""What growth announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class LevelChanged(Event, frozen=True, kw_only=True):
    """A member stands on another level of a shop's membership, or of the platform's (an id of zeros), than before."""

    KIND = "growth.level_changed"

    merchant_id: UUID
    buyer_id: UUID
    from_rank: int
    to_rank: int
