"""What reviews announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class ReviewsWritten(Event, frozen=True, kw_only=True):
    """A buyer reviewed lines of an order."""

    KIND = "reviews.written"

    merchant_id: UUID
    order_id: UUID
    review_ids: list[UUID]


class OpinionsChanged(Event, frozen=True, kw_only=True):
    """What people say of these products, or what they are told, reads otherwise than before."""

    KIND = "reviews.opinions_changed"

    merchant_id: UUID
    product_ids: list[UUID]


class QuestionAsked(Event, frozen=True, kw_only=True):
    """Somebody wants to know something about a product."""

    KIND = "reviews.question_asked"

    merchant_id: UUID
    question_id: UUID


class QuestionAnswered(Event, frozen=True, kw_only=True):
    """The shop, or somebody who bought the product, answered a question."""

    KIND = "reviews.question_answered"

    merchant_id: UUID
    question_id: UUID
    answer_id: UUID
