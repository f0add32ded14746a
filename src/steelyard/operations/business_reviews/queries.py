"""Reviews as they were written, what people added, and what has changed since."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.business_reviews.gathering import refunded_since
from steelyard.operations.business_reviews.model import (
    NOTES_MAX,
    REVIEWS_SHOWN,
    WISHES_MAX,
    Brief,
    Facts,
    Note,
    Period,
    Review,
    Span,
    Wish,
)


async def review(read: Read, merchant_id: UUID | None, review_id: UUID) -> Review:
    """Raises `NotFound`."""
    found = await read.one(
        Review,
        """
        SELECT merchant_id, review_id, span, first, made_at, made_by, facts FROM business_reviews
        WHERE merchant_id = $1 AND review_id = $2
        """,
        merchant_id or MARKETPLACE,
        review_id,
    )
    if found is None:
        raise NotFound()
    return found


async def of_period(read: Read, merchant_id: UUID | None, period: Period) -> UUID | None:
    """The review of a period, if it is written."""
    return await read.value(
        "SELECT review_id FROM business_reviews WHERE merchant_id = $1 AND span = $2 AND first = $3",
        merchant_id or MARKETPLACE,
        period.span,
        period.first,
    )


async def reviews(
    read: Read,
    merchant_id: UUID | None,
    span: Span | None = None,
    words: str = "",
    cursor: str | None = None,
    limit: int = REVIEWS_SHOWN,
) -> Page[Brief]:
    """The last period first; of one span if it is named. `words` are looked for in notes and in the first day (2026-11)."""
    key = paging.read_cursor(cursor, date, UUID)
    found = await read.all(
        Brief,
        """
        SELECT r.review_id, r.span, r.first, r.made_at, r.currency, r.paid, r.paid_before, r.orders, r.expected, r.low, r.high
             , (SELECT count(*) FROM business_review_notes n
                WHERE n.merchant_id = r.merchant_id AND n.review_id = r.review_id)::integer AS notes
        FROM business_reviews r
        WHERE r.merchant_id = $1 AND ($2::text IS NULL OR r.span = $2)
          AND ($3 = '' OR strpos(r.first::text, $3) > 0
               OR EXISTS (SELECT FROM business_review_notes n
                          WHERE n.merchant_id = r.merchant_id AND n.review_id = r.review_id
                            AND strpos(lower(n.words), lower($3)) > 0))
          AND ($4::date IS NULL OR (r.first, r.review_id) < ($4, $5::uuid))
        ORDER BY r.first DESC, r.review_id DESC LIMIT $6
        """,
        merchant_id or MARKETPLACE,
        span,
        words.strip(),
        key[0] if key else None,
        key[1] if key else None,
        limit + 1,
    )
    return paging.cut(found, limit, lambda last: (last.first, last.review_id))


async def wishes(read: Read, merchant_id: UUID | None) -> list[Wish]:
    """What is asked for and not written yet."""
    return await read.all(
        Wish,
        """
        SELECT span, first, wanted_at FROM business_review_wishes WHERE merchant_id = $1 ORDER BY wanted_at LIMIT $2
        """,
        merchant_id or MARKETPLACE,
        WISHES_MAX,
    )


async def notes(read: Read, merchant_id: UUID | None, review_id: UUID) -> Sequence[Note]:
    """In the order of time."""
    return await read.all(
        Note,
        """
        SELECT note_id, at, by, words FROM business_review_notes WHERE merchant_id = $1 AND review_id = $2
        ORDER BY at, note_id LIMIT $3
        """,
        merchant_id or MARKETPLACE,
        review_id,
        NOTES_MAX,
    )


async def given_back_since(read: Read, found: Review) -> int:
    """What was given back of the period's orders after the review was written: it stands beside it, never in it."""
    facts: Facts = found.facts
    owner = None if found.merchant_id == MARKETPLACE else found.merchant_id
    return await refunded_since(read, owner, found.period, facts.currency) - facts.given_back
