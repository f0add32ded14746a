"""What buyers say of a shop and ask it: reviews that want a reply, questions that want an answer; both in place."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, opinion_sheets
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done, errors_of
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.reasons import REASONS
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import reviews
from steelyard.trade.reviews.model import (
    ANSWER_CHARACTERS_MAX,
    REPLY_CHARACTERS_MAX,
    Answer,
    AnswerId,
    Kind,
    Question,
    QuestionId,
    ReportReason,
    Review,
    ReviewId,
    ShopScore,
    Waiting,
)

REVIEW_TABS = {
    "unanswered": N_("Without reply"),
    "low": N_("Few stars, without reply"),
    "all": N_("All"),
}
QUESTION_TABS = {"unanswered": N_("Unanswered"), "all": N_("All")}
ANSWERS_SHOWN = 10


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Review]
    products: Mapping[UUID, ProductView]
    waiting: Waiting
    score: ShopScore | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Question]
    answers: Mapping[QuestionId, list[Answer]]
    products: Mapping[UUID, ProductView]
    waiting: Waiting


async def reviewed(read: Read, merchant_id: MerchantId, tab: str, cursor: str | None) -> Reviewed:
    page = await reviews.of_merchant(
        read, merchant_id, unanswered=tab == "unanswered", low=tab == "low", cursor=cursor, limit=ROWS_PER_PAGE
    )
    return Reviewed(
        page=page,
        products=await _products(read, [each.product_id for each in page.items]),
        waiting=await reviews.waiting_for_shop(read, merchant_id),
        score=(await reviews.scores(read, [merchant_id])).get(merchant_id),
    )


async def asked(read: Read, merchant_id: MerchantId, tab: str, cursor: str | None) -> Asked:
    page = await reviews.questions_of_merchant(
        read, merchant_id, unanswered=tab == "unanswered", cursor=cursor, limit=ROWS_PER_PAGE
    )
    return Asked(
        page=page,
        answers=await reviews.answers_of(read, [each.question_id for each in page.items], ANSWERS_SHOWN),
        products=await _products(read, [each.product_id for each in page.items]),
        waiting=await reviews.waiting_for_shop(read, merchant_id),
    )


async def _products(read: Read, product_ids: Sequence[UUID]) -> dict[UUID, ProductView]:
    return {**await catalog.products(read, set(product_ids))}


@get("/reviews", opt={"permission": "reviews.answer"})
async def review_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Reviews, those without a reply first."""
    tab = wanted if wanted in REVIEW_TABS else "unanswered"
    if exports.wanted(visit):
        return await opinion_sheets.review_file(visit, tab)
    return await _reviews(visit, tab, cursor)


async def _reviews(
    visit: Visit,
    tab: str,
    cursor: str | None = None,
    *,
    at: UUID | None = None,
    typed: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response[Any]:
    shown = await visit.merchant_db.ask(reviewed, visit.merchant_id, tab, cursor)
    counts = {"unanswered": shown.waiting.reviews, "low": shown.waiting.low_reviews}
    return await frame.show(
        visit,
        "reviews.html",
        frame.REVIEWS,
        status=422 if errors else 200,
        tab=tab,
        tabs=_tabs(visit, frame.REVIEWS, REVIEW_TABS, tab, counts),
        shown=shown,
        at=at,
        typed=typed,
        errors=errors or {},
        reply_max=REPLY_CHARACTERS_MAX,
        next_href=address(frame.REVIEWS, state=tab, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.REVIEWS, state=tab) if cursor else "",
    )


def _tabs(
    visit: Visit, path: str, words: Mapping[str, str], current: str, counts: Mapping[str, int]
) -> list[dict[str, object]]:
    return [
        {
            "label": visit.say(word),
            "href": address(path, state=tab),
            "current": tab == current,
            "count": counts.get(tab, 0),
        }
        for tab, word in words.items()
    ]


async def reply(tx: Tx, actor: Actor, merchant_id: MerchantId, review_id: ReviewId, text: str) -> None:
    before = await reviews.reply(tx, merchant_id, review_id, text)
    if before != text.strip():
        facts = {"before": before, "after": text.strip()}
        await access.audit(tx, actor, "reviews.reply", str(review_id), facts, merchant_id=merchant_id)


@post("/reviews/{review_id:uuid}/reply", opt={"permission": "reviews.answer"})
async def reply_to(
    visit: NamedDependency[Visit], request: WebRequest, review_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Reply to a review, or correct the reply."""
    form = await entries_of(request)
    text, tab = form.text("reply", most=REPLY_CHARACTERS_MAX * 2), form.text("tab")
    tab = tab if tab in REVIEW_TABS else "all"
    try:
        return await done_or_raise(
            visit,
            address(frame.REVIEWS, state=tab),
            N_("Your reply stands below the review."),
            lambda: visit.merchant_db.transact(
                reply, visit.actor, visit.merchant_id, ReviewId(review_id), text
            ),
        )  # fmt: skip
    except Invalid as refusal:
        return await _reviews(visit, tab, at=review_id, typed=text, errors=errors_of(visit, refusal.fields))


async def done_or_raise(visit: Visit, back: str, message: str, command: Any) -> Redirect:
    """`done`, but what is wrong with a field is raised, to be told beside it."""
    trouble: list[Invalid] = []

    async def tried() -> None:
        try:
            await command()
        except Invalid as refusal:
            trouble.append(refusal)

    answer = await done(visit, back, message, tried)
    if trouble:
        raise trouble[0]
    return answer


@post("/reviews/{review_id:uuid}/report", opt={"permission": "reviews.answer"})
async def report(visit: NamedDependency[Visit], request: WebRequest, review_id: FromPath[UUID]) -> Redirect:
    """Tell the operator that a review breaks the rules. It stays until the operator has decided."""
    form = await entries_of(request)
    said, tab = form.text("reason"), form.text("tab")
    reason = ReportReason(said) if said in REASONS else ReportReason.OTHER
    account = visit.actor.account
    assert account is not None
    return await done(
        visit,
        address(frame.REVIEWS, state=tab if tab in REVIEW_TABS else "all"),
        N_("The platform's staff will look at it."),
        lambda: visit.merchant_db.transact(
            reviews.report, Kind.REVIEW, review_id, account.account_id, reason, form.text("note", most=300)
        ),
    )


@get("/questions", opt={"permission": "reviews.answer"})
async def question_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Questions, the unanswered first."""
    tab = wanted if wanted in QUESTION_TABS else "unanswered"
    if exports.wanted(visit):
        return await opinion_sheets.question_file(visit, tab)
    return await _questions(visit, tab, cursor)


async def _questions(
    visit: Visit,
    tab: str,
    cursor: str | None = None,
    *,
    at: UUID | None = None,
    typed: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response[Any]:
    shown = await visit.merchant_db.ask(asked, visit.merchant_id, tab, cursor)
    return await frame.show(
        visit,
        "questions.html",
        frame.QUESTIONS,
        status=422 if errors else 200,
        tab=tab,
        tabs=_tabs(visit, frame.QUESTIONS, QUESTION_TABS, tab, {"unanswered": shown.waiting.questions}),
        shown=shown,
        at=at,
        typed=typed,
        errors=errors or {},
        mint=ids.mint,
        answer_max=ANSWER_CHARACTERS_MAX,
        next_href=address(frame.QUESTIONS, state=tab, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.QUESTIONS, state=tab) if cursor else "",
    )


async def answer(
    tx: Tx, actor: Actor, merchant_id: MerchantId, question_id: QuestionId, answer_id: AnswerId, text: str
) -> None:
    assert actor.account is not None
    await reviews.answer_as_shop(tx, merchant_id, question_id, answer_id, actor.account.account_id, text)
    facts = {"before": None, "after": text.strip()}
    await access.audit(tx, actor, "reviews.answer", str(question_id), facts, merchant_id=merchant_id)


@post("/questions/{question_id:uuid}/answer", opt={"permission": "reviews.answer"})
async def answer_to(
    visit: NamedDependency[Visit], request: WebRequest, question_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Answer a question."""
    form = await entries_of(request)
    text, tab = form.text("answer", most=ANSWER_CHARACTERS_MAX * 2), form.text("tab")
    tab = tab if tab in QUESTION_TABS else "all"
    answer_id = AnswerId(form.uuid("answer_id"))
    try:
        return await done_or_raise(
            visit,
            address(frame.QUESTIONS, state=tab),
            N_("Your answer stands below the question, and who asked is told by mail."),
            lambda: visit.merchant_db.transact(
                answer, visit.actor, visit.merchant_id, QuestionId(question_id), answer_id, text
            ),
        )
    except Invalid as refusal:
        return await _questions(visit, tab, at=question_id, typed=text, errors=errors_of(visit, refusal.fields))


HANDLERS = [review_list, reply_to, report, question_list, answer_to]
