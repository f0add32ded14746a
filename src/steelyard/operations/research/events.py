"""What research announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class SurveyAnswered(Event, frozen=True, kw_only=True):
    """Somebody has answered all of a survey. `buyer_id`: none where nobody knows who it was, or may."""

    KIND = "research.answered"

    merchant_id: UUID
    survey_id: UUID
    response_id: UUID
    buyer_id: UUID | None
