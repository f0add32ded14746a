"""What lifecycle announces; `merchant_id` of zeros is the marketplace as a whole."""

from uuid import UUID

from steelyard.kernel.events import Event


class CustomerMoved(Event, frozen=True, kw_only=True):
    """A customer went from one stage to another; from `nowhere` when they were seen first."""

    KIND = "lifecycle.moved"

    merchant_id: UUID
    buyer_id: UUID
    from_stage: str
    to_stage: str


class FactsChanged(Event, frozen=True, kw_only=True):
    """Something that is known of these customers is otherwise than before; or nothing is known of them any more."""

    KIND = "lifecycle.facts_changed"

    merchant_id: UUID
    buyer_ids: list[UUID]


class ValuesCounted(Event, frozen=True, kw_only=True):
    """Scores and predictions of a merchant's customers have been counted anew."""

    KIND = "lifecycle.values_counted"

    merchant_id: UUID
