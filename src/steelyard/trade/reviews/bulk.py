"""The bulk path for reviews, questions and answers that were made elsewhere, or made up: one COPY a table, and the
counts afterwards from what stands there. Nobody can be asked to write otherwise: what the dictionary stars is starred, and
what it refuses or holds waits, off the pages, until staff have looked at it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import search
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.parties import screening
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.screening.model import Area, Said
from steelyard.trade.reviews.holding import held_back
from steelyard.trade.reviews.model import VOTE_WORTH, Ground, Kind, average, masked, worth_of


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
OFF_COLUMNS = ("hidden_at", "hidden_ground", "hidden_reason")
QUESTION_COLUMNS = "merchant_id question_id product_id buyer_id author locale text asked_at answers shop_at".split()  # noqa: SIM905  # as one reads them
ANSWER_COLUMNS = "merchant_id answer_id question_id by_shop writer_id author text answered_at".split()  # noqa: SIM905  # as one reads them


async def bulk_reviews(tx: Tx, reviews: Sequence[PastReview], scores: Iterable[PastScore]) -> None:
    """Write reviews of lines that have none, with their votes and the scores of their orders; ratings follow."""
    reviews, waits = await _screened_reviews(tx, reviews)
    now = await tx.value("SELECT now()")
    await tx.copy(
        "reviews", REVIEW_COLUMNS + OFF_COLUMNS, [_row(each) + _off(waits, each.review_id, now) for each in reviews]
    )
    await _hold(tx, Kind.REVIEW, waits, {each.review_id: each.merchant_id for each in reviews})
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
    questions, asked, answered = await _screened_questions(tx, questions)
    now = await tx.value("SELECT now()")
    await tx.copy(
        "questions",
        [*QUESTION_COLUMNS, *OFF_COLUMNS],
        [_question_row(each, answered) + _off(asked, each.question_id, now) for each in questions],
    )
    await tx.copy(
        "answers",
        [*ANSWER_COLUMNS, *OFF_COLUMNS],
        [
            (
                each.merchant_id, one.answer_id, each.question_id, one.by_shop, one.writer_id
              , "" if one.by_shop else masked(one.author), one.text, one.answered_at, *_off(answered, one.answer_id, now)
            )
            for each in questions
            for one in each.answers
        ],
    )  # fmt: skip
    await _hold(tx, Kind.QUESTION, asked, {each.question_id: each.merchant_id for each in questions})
    of = {one.answer_id: each.merchant_id for each in questions for one in each.answers}
    await _hold(tx, Kind.ANSWER, answered, of)


async def _screened_reviews(tx: Tx, reviews: Sequence[PastReview]) -> tuple[list[PastReview], dict[UUID, str]]:
    """The reviews as they may be written, and for which words some wait: a follow-up or a reply holds back the whole."""
    said = [
        Said(field=name, area=area, text=getattr(each, name) or "")
        for each in reviews
        for name, area in (("text", Area.REVIEW), ("follow_up", Area.REVIEW), ("reply", Area.REPLY))
    ]
    screened = await screening.screen_quietly(tx, said)
    waits: dict[UUID, str] = {}
    written: list[PastReview] = []
    for place, each in enumerate(reviews):
        text, follow_up, reply = screened.texts[place * 3 : place * 3 + 3]
        written.append(
            msgspec.structs.replace(
                each,
                text=text,
                follow_up=None if each.follow_up is None else follow_up,
                reply=None if each.reply is None else reply,
            )
        )
        if words := ", ".join(filter(None, map(screened.why, range(place * 3, place * 3 + 3)))):
            waits[each.review_id] = words
    return written, waits


async def _screened_questions(
    tx: Tx, questions: Sequence[PastQuestion]
) -> tuple[list[PastQuestion], dict[UUID, str], dict[UUID, str]]:
    """The questions as they may be written, for which words some wait, and for which some of the answers."""
    said = [Said(field="", area=Area.QUESTION, text=each.text) for each in questions]
    heard = [Said(field="", area=Area.ANSWER, text=one.text) for each in questions for one in each.answers]
    asked, told = await screening.screen_quietly(tx, said), await screening.screen_quietly(tx, heard)
    words, why = iter(told.texts), map(told.why, range(len(heard)))
    answered: dict[UUID, str] = {}
    written: list[PastQuestion] = []
    for each, text in zip(questions, asked.texts, strict=True):
        answers = [msgspec.structs.replace(one, text=next(words)) for one in each.answers]
        answered |= {one.answer_id: waits for one in answers if (waits := next(why))}
        written.append(msgspec.structs.replace(each, text=text, answers=answers))
    waiting = {each.question_id: waits for place, each in enumerate(questions) if (waits := asked.why(place))}
    return written, waiting, answered


def _off(waits: Mapping[UUID, str], subject_id: UUID, now: datetime) -> tuple[datetime | None, str | None, str | None]:
    return (now, Ground.HELD.value, waits[subject_id]) if subject_id in waits else (None, None, None)


async def _hold(tx: Tx, kind: Kind, waits: Mapping[UUID, str], merchants: Mapping[UUID, UUID]) -> None:
    by_merchant: defaultdict[UUID, dict[UUID, str]] = defaultdict(dict)
    for subject_id, words in waits.items():
        by_merchant[merchants[subject_id]][subject_id] = words
    for merchant_id, held in by_merchant.items():
        await held_back(tx, MerchantId(merchant_id), kind, held)


def _row(review: PastReview) -> tuple[object, ...]:
    pictures = len(review.pictures) + len(review.follow_up_pictures)
    return (
        review.merchant_id, review.review_id, review.product_id, review.sku_id, review.order_id, review.line
      , review.buyer_id, masked(review.author), review.locale, list(review.options), review.stars, review.text
      , list(review.pictures), review.written_at, review.follow_up, list(review.follow_up_pictures)
      , review.followed_up_at, review.reply, review.replied_at, len(review.voters)
      , worth_of(review.text, pictures, review.follow_up) + VOTE_WORTH * len(review.voters)
    )  # fmt: skip


def _question_row(question: PastQuestion, waits: Mapping[UUID, str]) -> tuple[object, ...]:
    shown = sum(1 for one in question.answers if one.answer_id not in waits)
    shop_at = min((one.answered_at for one in question.answers if one.by_shop), default=None)
    return (
        question.merchant_id, question.question_id, question.product_id, question.buyer_id, masked(question.author)
      , question.locale, question.text, question.asked_at, shown, shop_at
    )  # fmt: skip
