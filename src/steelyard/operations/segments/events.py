"""What segments announce."""

from uuid import UUID

from steelyard.kernel.events import Event


class SegmentEntered(Event, frozen=True, kw_only=True):
    """These customers are in a segment from now on. `counted`: because it says something else now, or was counted anew, and not
    because anything became of them."""

    KIND = "segments.entered"

    merchant_id: UUID
    segment_id: UUID
    buyer_ids: list[UUID]
    counted: bool = False


class SegmentLeft(Event, frozen=True, kw_only=True):
    """These customers are in a segment no more; `counted` as above."""

    KIND = "segments.left"

    merchant_id: UUID
    segment_id: UUID
    buyer_ids: list[UUID]
    counted: bool = False


class SegmentDefined(Event, frozen=True, kw_only=True):
    """A segment says something else from now on."""

    KIND = "segments.defined"

    merchant_id: UUID
    segment_id: UUID
    version: int
