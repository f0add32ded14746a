"""Questions about a product: anybody signed in asks, the shop and past buyers answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.goods import catalog
from steelyard.kernel import events, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TooMany
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import screening
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.screening.model import Area, Said
from steelyard.trade.reviews.events import OpinionsChanged, QuestionAnswered, QuestionAsked
from steelyard.trade.reviews.holding import held_back
from steelyard.trade.reviews.model import (
    ANSWER_CHARACTERS_MAX,
    ANSWERS_PER_QUESTION_MAX,
    QUESTION_CHARACTERS_MAX,
    QUESTIONS_A_DAY_MAX,
    Answer,
    AnswerId,
    Kind,
    MayNotAnswer,
    Question,
    QuestionId,
    masked,
)

SECONDS_A_DAY = 86_400
_QUESTION: LiteralString = """
SELECT q.merchant_id, q.question_id, q.product_id, q.buyer_id, q.author, q.locale, q.text, q.asked_at, q.answers
     , q.shop_at, q.hidden_at, q.hidden_reason, q.hidden_ground
FROM questions q
"""
_LAST = UUID(int=2**128 - 1)


async def ask(
    tx: Tx, question_id: QuestionId, product_id: UUID, buyer_id: BuyerId, author: str, text: str, locale: str
) -> bool:
    """Ask something about a product on the shelf; false when staff look at its words first. Said twice with the same id, it
    is asked once.

    Raises `NotFound`, `Invalid`, and `TooMany` for who has asked a lot today.
    """
    product = await catalog.product(tx, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    text = " ".join(text.split())
    if not text:
        raise Invalid({"question": N_("Please write a few words")})
    if len(text) > QUESTION_CHARACTERS_MAX:
        raise Invalid({"question": N_("This text is too long")})
    today = await tx.value(
        "SELECT count(*) FROM questions WHERE buyer_id = $1 AND asked_at > now() - interval '1 day'", buyer_id
    )
    if today >= QUESTIONS_A_DAY_MAX:
        raise TooMany(retry_after=SECONDS_A_DAY)
    screened = await screening.screen(tx, [Said(field="question", area=Area.QUESTION, text=text)], can_wait=True)
    waits = screened.why() or None
    if await tx.execute(
        """
        INSERT INTO questions (merchant_id, question_id, product_id, buyer_id, author, locale, text, hidden_at
                             , hidden_ground, hidden_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8::text IS NOT NULL THEN now() END
              , CASE WHEN $8 IS NOT NULL THEN 'held' END, $8) ON CONFLICT (merchant_id, question_id) DO NOTHING
        """,
        product.merchant_id,
        question_id,
        product_id,
        buyer_id,
        masked(author),
        locale,
        screened.texts[0],
        waits,
    ):
        if waits:
            await held_back(tx, product.merchant_id, Kind.QUESTION, {question_id: waits})
            return False
        await events.publish(
            tx,
            QuestionAsked(merchant_id=product.merchant_id, question_id=question_id),
            OpinionsChanged(merchant_id=product.merchant_id, product_ids=[product_id]),
        )
    return waits is None


async def answer_as_shop(
    tx: Tx, merchant_id: MerchantId, question_id: QuestionId, answer_id: AnswerId, account_id: UUID, text: str
) -> bool:
    """The shop answers; false when staff look at its words first. Said twice with the same id, it is answered once. Raises
    `NotFound`, `Invalid`."""
    return await _answer(tx, merchant_id, question_id, answer_id, account_id, "", text, by_shop=True)


async def answer_as_buyer(
    tx: Tx, question_id: QuestionId, answer_id: AnswerId, buyers: Sequence[BuyerId], author: str, text: str
) -> bool:
    """Somebody who has bought the product answers; false when staff look at the words first. Raises `NotFound`,
    `MayNotAnswer`, `Invalid`."""
    question = await get(tx, question_id)
    if question is None or question.hidden_at is not None:
        raise NotFound()
    if not await has_bought(tx, buyers, question.merchant_id, question.product_id):
        raise MayNotAnswer()
    return await _answer(
        tx, question.merchant_id, question_id, answer_id, buyers[0], masked(author), text, by_shop=False
    )  # fmt: skip


async def _answer(
    tx: Tx,
    merchant_id: MerchantId,
    question_id: QuestionId,
    answer_id: AnswerId,
    writer_id: UUID,
    author: str,
    text: str,
    *,
    by_shop: bool,
) -> bool:
    question = await tx.row(
        """
        SELECT answers, product_id FROM questions WHERE merchant_id = $1 AND question_id = $2 AND hidden_at IS NULL
        FOR NO KEY UPDATE
        """,
        merchant_id,
        question_id,
    )
    if question is None:
        raise NotFound()
    if question["answers"] >= ANSWERS_PER_QUESTION_MAX:
        raise Invalid({"answer": N_("This question has enough answers")})
    text, waits = await _screened_answer(tx, text)
    if not await tx.execute(
        """
        INSERT INTO answers (merchant_id, answer_id, question_id, by_shop, writer_id, author, text, hidden_at
                           , hidden_ground, hidden_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8::text IS NOT NULL THEN now() END
              , CASE WHEN $8 IS NOT NULL THEN 'held' END, $8) ON CONFLICT (merchant_id, answer_id) DO NOTHING
        """,
        merchant_id,
        answer_id,
        question_id,
        by_shop,
        writer_id,
        author,
        text,
        waits,
    ):
        return waits is None
    await tx.execute(
        """
        UPDATE questions SET answers = answers + $4, shop_at = CASE WHEN $3 THEN coalesce(shop_at, now()) ELSE shop_at END
        WHERE merchant_id = $1 AND question_id = $2
        """,
        merchant_id,
        question_id,
        by_shop,
        0 if waits else 1,
    )
    if waits:
        await held_back(tx, merchant_id, Kind.ANSWER, {answer_id: waits})
        return False
    await events.publish(
        tx,
        QuestionAnswered(merchant_id=merchant_id, question_id=question_id, answer_id=answer_id),
        OpinionsChanged(merchant_id=merchant_id, product_ids=[question["product_id"]]),
    )
    return True


async def _screened_answer(tx: Tx, text: str) -> tuple[str, str | None]:
    """An answer as it may be written, and the words for which it waits. Raises `Invalid`."""
    text = text.strip()
    if not text:
        raise Invalid({"answer": N_("Please write a few words")})
    if len(text) > ANSWER_CHARACTERS_MAX:
        raise Invalid({"answer": N_("This text is too long")})
    screened = await screening.screen(tx, [Said(field="answer", area=Area.ANSWER, text=text)], can_wait=True)
    return screened.texts[0], screened.why() or None


async def get(read: Read, question_id: QuestionId) -> Question | None:
    return await read.one(Question, _QUESTION + "WHERE q.question_id = $1", question_id)


async def has_bought(read: Read, buyers: Sequence[BuyerId], merchant_id: MerchantId, product_id: UUID) -> bool:
    """Whether one of these buyers has paid for this product, among their latest purchases."""
    return await read.value(
        """
        SELECT EXISTS (
            SELECT FROM (
                SELECT purchase_id FROM purchases WHERE buyer_id = ANY($1) ORDER BY placed_at DESC LIMIT 500
            ) p
            JOIN orders o ON o.purchase_id = p.purchase_id AND o.merchant_id = $2
            JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.product_id = $3
            WHERE o.state IN ('paid', 'partly_shipped', 'shipped', 'completed'))
        """,
        list(buyers),
        merchant_id,
        product_id,
    )


async def questions_of_product(
    read: Read, product_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[Question]:
    """The shown questions about a product, the newest first."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Question,
        _QUESTION
        + """
        WHERE q.product_id = $1 AND q.hidden_at IS NULL
          AND (q.asked_at, q.question_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY q.asked_at DESC, q.question_id DESC LIMIT $4
        """,
        product_id,
        moment,
        last,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.asked_at, each.question_id))


async def questions_of_merchant(
    read: Read,
    merchant_id: MerchantId,
    *,
    unanswered: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Question]:
    """What people asked a shop, the newest first; on request only what it has not answered."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    where: LiteralString = "WHERE q.merchant_id = $1 "
    if unanswered:
        where += "AND q.shop_at IS NULL AND q.hidden_at IS NULL "
    found = await read.all(
        Question,
        _QUESTION
        + where
        + """
        AND (q.asked_at, q.question_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY q.asked_at DESC, q.question_id DESC LIMIT $4
        """,
        merchant_id,
        moment,
        last,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda each: (each.asked_at, each.question_id))


async def answers_of(
    read: Read,
    question_ids: Sequence[QuestionId],
    each_most: int = ANSWERS_PER_QUESTION_MAX,
    reader: BuyerId | None = None,
) -> Mapping[QuestionId, list[Answer]]:
    """The shown answers to these questions, the shop's first, then those that helped most; of each question at most so
    many. `reader` is told which of them they found helpful."""
    found: dict[QuestionId, list[Answer]] = {question_id: [] for question_id in question_ids}
    if not found:
        return found
    for one in await read.all(
        Answer,
        """
        SELECT a.answer_id, a.question_id, a.by_shop, a.author, a.text, a.answered_at, a.hidden_at, a.helpful
             , EXISTS (SELECT FROM answer_votes v WHERE v.merchant_id = a.merchant_id AND v.answer_id = a.answer_id
                                                    AND v.buyer_id = $3) AS voted
        FROM unnest($1::uuid[]) AS q (question_id) CROSS JOIN LATERAL (
            SELECT * FROM answers WHERE question_id = q.question_id AND hidden_at IS NULL
            ORDER BY by_shop DESC, helpful DESC, answered_at LIMIT $2) a
        ORDER BY a.question_id, a.by_shop DESC, a.helpful DESC, a.answered_at
        """,
        list(question_ids),
        each_most,
        reader,
    ):
        found[one.question_id].append(one)
    return found
