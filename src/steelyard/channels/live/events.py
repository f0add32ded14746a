"""What live sessions announce."""

from uuid import UUID

from steelyard.kernel.events import Event


class SessionChanged(Event, frozen=True, kw_only=True):
    """A live session was planned, became ready, went on air, ended, was cancelled or taken down, or came back."""

    KIND = "live.session_changed"

    merchant_id: UUID
    session_id: UUID
    room_id: UUID
    from_state: str
    to_state: str


class ExplanationChanged(Event, frozen=True, kw_only=True):
    """Where these products are explained has changed: one was pinned or unpinned, a session ended, its replay was shown, hidden
    or taken down."""

    KIND = "live.explanation_changed"

    merchant_id: UUID
    session_id: UUID
    product_ids: list[UUID]
