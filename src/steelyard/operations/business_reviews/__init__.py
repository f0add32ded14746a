"""Periodic reviews (复盘): how a day, a week or a month of a shop, or of the whole marketplace, went, and why.

The clock wishes for the reviews of what has ended (`jobs`), and people for those of earlier periods; each is written once, as
its figures stood, and kept (`service`). `gathering` asks for a period's figures, `comparing` holds two periods against each
other by the sums of `decomposing`, `expecting` says what was to be expected, `trying` what was tried meanwhile, `advising` what
could be done next. The rules with their numbers stand in docs/algorithms/reviews.md."""

from steelyard.operations.business_reviews.model import (
    Advice,
    Breakdown,
    Brief,
    Comparison,
    Facts,
    Figures,
    Note,
    NotOverYet,
    Period,
    Review,
    Row,
    Span,
    Tried,
    Wish,
    of_day,
)
from steelyard.operations.business_reviews.queries import given_back_since, notes, of_period, review, reviews, wishes
from steelyard.operations.business_reviews.service import (
    SOURCE,
    accept,
    add_note,
    facts_of,
    is_over,
    period_ended,
    task_of,
    want,
    write,
)

__all__ = [
    "SOURCE",
    "Advice",
    "Breakdown",
    "Brief",
    "Comparison",
    "Facts",
    "Figures",
    "NotOverYet",
    "Note",
    "Period",
    "Review",
    "Row",
    "Span",
    "Tried",
    "Wish",
    "accept",
    "add_note",
    "facts_of",
    "given_back_since",
    "is_over",
    "notes",
    "of_day",
    "of_period",
    "period_ended",
    "review",
    "reviews",
    "task_of",
    "want",
    "wishes",
    "write",
]
