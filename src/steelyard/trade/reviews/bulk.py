"""The bulk path for reviews, questions and answers that were made elsewhere, or made up: one COPY a table, and the
counts afterwards from what stands there."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import search
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.trade.reviews.model import VOTE_WORTH, average, masked, worth_of


class PastReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it was. `voters` are the buyers who found it helpful."""

    merchant_id: UUID
    review_id: UUID
    product_id: UUID
    sku_id: UUID
    order_id: UUID
    line: int
    buyer_id: UUID
    author: str
    locale: str
    options: Sequence[tuple[Text, Text]]
    stars: int
    written_at: datetime
    text: str = ""
    pictures: Sequence[str] = ()
    follow_up: str | None = None
    follow_up_pictures: Sequence[str] = ()
    followed_up_at: datetime | None = None
    reply: str | None = None
    replied_at: datetime | None = None
    voters: Sequence[UUID] = ()


class PastScore(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    order_id: UUID
    service: int
    logistics: int
    at: datetime


class PastAnswer(msgspec.Struct, frozen=True, kw_only=True):
    answer_id: UUID
    by_shop: bool
    writer_id: UUID
    author: str
    text: str
    answered_at: datetime


class PastQuestion(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    question_id: UUID
    product_id: UUID
    buyer_id: UUID
    author: str
    locale: str
    text: str
    asked_at: datetime
    answers: Sequence[PastAnswer] = ()


REVIEW_COLUMNS = tuple(
    "merchant_id review_id product_id sku_id order_id line buyer_id author locale options stars text pictures".split()  # noqa: SIM905  # as one reads them
) + tuple(
    "written_at follow_up follow_up_pictures followed_up_at reply replied_at helpful worth".split()  # noqa: SIM905  # as one reads them
)
QUESTION_COLUMNS = "merchant_id question_id product_id buyer_id author locale text asked_at answers shop_at".split()  # noqa: SIM905  # as one reads them
ANSWER_COLUMNS = "merchant_id answer_id question_id by_shop writer_id author text answered_at".split()  # noqa: SIM905  # as one reads them


async def bulk_reviews(tx: Tx, reviews: Sequence[PastReview], scores: Iterable[PastScore]) -> None:
    """Write reviews of lines that have none, with their votes and the scores of their orders; ratings follow."""
    await tx.copy("reviews", REVIEW_COLUMNS, [_row(each) for each in reviews])
    await tx.copy(
        "review_votes",
        ("merchant_id", "review_id", "buyer_id"),
        [(each.merchant_id, each.review_id, voter) for each in reviews for voter in each.voters],
    )
    await tx.copy(
        "order_scores",
        ("merchant_id", "order_id", "service", "logistics", "at"),
        [(each.merchant_id, each.order_id, each.service, each.logistics, each.at) for each in scores],
    )
    await rate_anew(tx, sorted({each.product_id for each in reviews}))


async def rate_anew(tx: Tx, product_ids: Sequence[UUID]) -> None:
    """Count the shown reviews of these products, and tell search."""
    rows = await tx.fetch(
        """
        INSERT INTO product_ratings AS p (merchant_id, product_id, stars_1, stars_2, stars_3, stars_4, stars_5, texts
                                        , pictured, followed_up, silent)
        SELECT merchant_id, product_id, count(*) FILTER (WHERE stars = 1 AND NOT automatic)
             , count(*) FILTER (WHERE stars = 2 AND NOT automatic), count(*) FILTER (WHERE stars = 3 AND NOT automatic)
             , count(*) FILTER (WHERE stars = 4 AND NOT automatic), count(*) FILTER (WHERE stars = 5 AND NOT automatic)
             , count(*) FILTER (WHERE text <> '')
             , count(*) FILTER (WHERE pictures <> '{}' OR follow_up_pictures <> '{}')
             , count(*) FILTER (WHERE follow_up IS NOT NULL), count(*) FILTER (WHERE automatic)
        FROM reviews WHERE product_id = ANY($1) AND hidden_at IS NULL
        GROUP BY merchant_id, product_id
        ON CONFLICT (merchant_id, product_id) DO UPDATE
        SET stars_1 = excluded.stars_1, stars_2 = excluded.stars_2, stars_3 = excluded.stars_3
          , stars_4 = excluded.stars_4, stars_5 = excluded.stars_5, texts = excluded.texts
          , pictured = excluded.pictured, followed_up = excluded.followed_up, silent = excluded.silent
        RETURNING p.merchant_id, p.product_id, p.stars_1 + p.stars_2 + p.stars_3 + p.stars_4 + p.stars_5 AS count
                , p.stars_1 + 2 * p.stars_2 + 3 * p.stars_3 + 4 * p.stars_4 + 5 * p.stars_5 AS total
        """,
        list(product_ids),
    )
    await search.record_ratings(
        tx, [(row["merchant_id"], row["product_id"], average(row["total"], row["count"])) for row in rows]
    )


async def bulk_questions(tx: Tx, questions: Sequence[PastQuestion]) -> None:
    """Write questions with their answers."""
    await tx.copy("questions", QUESTION_COLUMNS, [_question_row(each) for each in questions])
    await tx.copy(
        "answers",
        ANSWER_COLUMNS,
        [
            (
                each.merchant_id, one.answer_id, each.question_id, one.by_shop, one.writer_id
              , "" if one.by_shop else masked(one.author), one.text, one.answered_at
            )
            for each in questions
            for one in each.answers
        ],
    )  # fmt: skip


def _row(review: PastReview) -> tuple[object, ...]:
    pictures = len(review.pictures) + len(review.follow_up_pictures)
    return (
        review.merchant_id, review.review_id, review.product_id, review.sku_id, review.order_id, review.line
      , review.buyer_id, masked(review.author), review.locale, list(review.options), review.stars, review.text
      , list(review.pictures), review.written_at, review.follow_up, list(review.follow_up_pictures)
      , review.followed_up_at, review.reply, review.replied_at, len(review.voters)
      , worth_of(review.text, pictures, review.follow_up) + VOTE_WORTH * len(review.voters)
    )  # fmt: skip


def _question_row(question: PastQuestion) -> tuple[object, ...]:
    shop_at = min((one.answered_at for one in question.answers if one.by_shop), default=None)
    return (
        question.merchant_id, question.question_id, question.product_id, question.buyer_id, masked(question.author)
      , question.locale, question.text, question.asked_at, len(question.answers), shop_at
    )  # fmt: skip
