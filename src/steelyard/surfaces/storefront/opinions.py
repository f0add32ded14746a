"""What others say of a product: its reviews and questions, with votes, reports, questions and answers of one's own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties.access.model import Account
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import Typed, uuid_of
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.guards import SignInFirst
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.reasons import REASONS
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import reviews
from steelyard.trade.reviews.model import (
    Answer,
    AnswerId,
    Kind,
    MayNotAnswer,
    Only,
    Question,
    QuestionId,
    Rating,
    ReportReason,
    Review,
    ReviewId,
    Sort,
)

REVIEWS_ON_PAGE = 3
QUESTIONS_ON_PAGE = 3
ANSWERS_ON_PAGE = 2
REVIEWS_PER_PAGE = 10
QUESTIONS_PER_PAGE = 15
FILTERS = (
    (Only.ALL, N_("All reviews")),
    (Only.PICTURES, N_("With pictures")),
    (Only.FOLLOWED_UP, N_("Followed up")),
    (Only.GOOD, N_("Good")),
    (Only.MIDDLING, N_("Middling")),
    (Only.BAD, N_("Bad")),
)
LOOKED_AT_FIRST = N_("Thank you. Our staff look at its words first; then everybody reads it.")
SORTS = ((Sort.USEFUL, N_("Most useful")), (Sort.NEWEST, N_("Newest")))


class Opinions(msgspec.Struct, frozen=True, kw_only=True):
    """What the product page shows of reviews and questions. `voted` are the reviews that the visitor found helpful."""

    rating: Rating
    reviews: Sequence[Review]
    voted: set[UUID]
    questions: Sequence[Question]
    answers: Mapping[QuestionId, list[Answer]]
    more_questions: bool


class ReviewsPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    product: ProductView
    rating: Rating
    page: Page[Review]
    voted: set[UUID]
    only: Only
    sort: Sort

    @property
    def path(self) -> str:
        return f"/products/{self.product.product_id}/reviews"

    def address(self, **changes: str) -> str:
        """The same list with something changed, from its beginning."""
        asked = {"only": self.only, "sort": self.sort} | changes
        said = "&".join(f"{name}={value}" for name, value in asked.items() if value and value != Sort.USEFUL)
        return self.path + (f"?{said}" if said else "")


class QuestionsPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    product: ProductView
    page: Page[Question]
    answers: Mapping[QuestionId, list[Answer]]
    may_answer: bool


class QuestionForm(Typed, frozen=True, kw_only=True):
    question: str = ""
    question_id: str = ""


class AnswerForm(Typed, frozen=True, kw_only=True):
    answer: str = ""
    answer_id: str = ""


class ReportForm(Typed, frozen=True, kw_only=True):
    kind: str = ""
    subject_id: str = ""
    reason: str = ""
    note: str = ""
    return_to: str = ""


async def opinions(read: Read, buyer_id: BuyerId | None, product_id: UUID) -> Opinions:
    rating = await reviews.rating(read, product_id)
    shown = (await reviews.of_product(read, product_id, limit=REVIEWS_ON_PAGE)).items if rating.count else []
    asked = await reviews.questions_of_product(read, product_id, limit=QUESTIONS_ON_PAGE)
    question_ids = [question.question_id for question in asked.items]
    return Opinions(
        rating=rating,
        reviews=[review for review in shown if not review.automatic],
        voted=await reviews.voted(read, buyer_id, shown) if buyer_id else set(),
        questions=asked.items,
        answers=await reviews.answers_of(read, question_ids, ANSWERS_ON_PAGE),
        more_questions=asked.next is not None,
    )


async def _shown(read: Read, product_id: UUID) -> ProductView:
    product = await catalog.product(read, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    return product


async def reviews_page(
    read: Read, buyer_id: BuyerId, product_id: UUID, only: Only, sort: Sort, after: str | None
) -> ReviewsPage:
    """Raises `NotFound`."""
    product = await _shown(read, product_id)
    page = await reviews.of_product(read, product_id, sort=sort, only=only, cursor=after, limit=REVIEWS_PER_PAGE)
    return ReviewsPage(
        shell=await shell(read, buyer_id),
        product=product,
        rating=await reviews.rating(read, product_id),
        page=page,
        voted=await reviews.voted(read, buyer_id, page.items),
        only=only,
        sort=sort,
    )


async def questions_page(
    read: Read, buyer_id: BuyerId, buyers: Sequence[BuyerId], product_id: UUID, after: str | None
) -> QuestionsPage:
    """Raises `NotFound`."""
    product = await _shown(read, product_id)
    page = await reviews.questions_of_product(read, product_id, after, QUESTIONS_PER_PAGE)
    return QuestionsPage(
        shell=await shell(read, buyer_id),
        product=product,
        page=page,
        answers=await reviews.answers_of(read, [question.question_id for question in page.items], reader=buyer_id),
        may_answer=await reviews.has_bought(read, buyers, product.merchant_id, product_id),
    )


@get("/products/{product_id:uuid}/reviews")
async def all_reviews(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[str]:
    """The reviews of a product, filtered and sorted."""
    given = visit.connection.query_params
    only = Only(given["only"]) if given.get("only") in set(Only) else Only.ALL
    sort = Sort(given["sort"]) if given.get("sort") in set(Sort) else Sort.USEFUL
    after = given.get("after")
    view = await visit.db.ask(reviews_page, visit.buyer_id, product_id, only, sort, after)
    return await show(
        visit,
        "product_reviews.html",
        view.shell,
        crumbs=_crumbs(visit, view.product, N_("Reviews")),
        view=view,
        filters=FILTERS,
        sorts=SORTS,
        after=after,
    )


def _crumbs(visit: Visit, product: ProductView, here: str) -> list[Crumb]:
    title = product.title.in_language(visit.locale)
    return [Crumb(title, f"/products/{product.product_id}"), Crumb(visit.say(here))]


@get("/products/{product_id:uuid}/questions")
async def all_questions(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[str]:
    """The questions about a product, with their answers."""
    return await _questions(visit, product_id)


async def _questions(
    visit: Visit,
    product_id: UUID,
    form: QuestionForm | None = None,
    refusal: Refusal | None = None,
    *,
    at: UUID | None = None,
    answered: str = "",
) -> Response[str]:
    after = visit.connection.query_params.get("after")
    view = await visit.db.ask(questions_page, visit.buyer_id, visit.buyer_ids, product_id, after)
    errors = refusals.fields_of(refusal, visit.locale) if refusal else {}
    return await show(
        visit,
        "product_questions.html",
        view.shell,
        crumbs=_crumbs(visit, view.product, N_("Questions")),
        status=refusal.status if refusal else 200,
        view=view,
        form=form or QuestionForm(),
        errors=errors or ({"answer" if at else "question": visit.refused(refusal)} if refusal else {}),
        at=at,
        answered=answered,
        question_id=ids.mint(),
        mint=ids.mint,
        after=after,
    )


def signed_in(visit: Visit) -> tuple[Account, BuyerId]:
    """The buyer who is signed in. Raises `SignInFirst`; staff say nothing in public, and raise `NotFound`."""
    if visit.account is None:
        raise SignInFirst()
    if visit.account.buyer_id is None:
        raise NotFound()
    return visit.account, BuyerId(visit.account.buyer_id)


@post("/products/{product_id:uuid}/questions")
async def ask(
    visit: NamedDependency[Visit], product_id: FromPath[UUID], data: URLEncodedBody[QuestionForm]
) -> Response[str] | Redirect:
    """Ask something about a product."""
    account, buyer_id = signed_in(visit)
    question_id = QuestionId(uuid_of(data.question_id) or ids.mint())
    try:
        at_once = await visit.db.transact(
            reviews.ask, question_id, product_id, buyer_id, account.name, data.question, visit.locale
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _questions(visit, product_id, data, refusal)
    said = N_("Your question is asked. We write to you when somebody answers.") if at_once else LOOKED_AT_FIRST
    return redirect(visit, f"/products/{product_id}/questions", (visit.say(said), "good"))


@post("/questions/{question_id:uuid}/answers")
async def answer(
    visit: NamedDependency[Visit], question_id: FromPath[UUID], data: URLEncodedBody[AnswerForm]
) -> Response[str] | Redirect:
    """Answer as somebody who has bought it."""
    account, buyer_id = signed_in(visit)
    question = await visit.db.ask(reviews.get, QuestionId(question_id))
    if question is None:
        raise NotFound()
    back = f"/products/{question.product_id}/questions"
    answer_id = AnswerId(uuid_of(data.answer_id) or ids.mint())
    buyers = [buyer_id, *(each for each in visit.buyer_ids if each != buyer_id)]
    try:
        at_once = await visit.db.transact(
            reviews.answer_as_buyer, question.question_id, answer_id, buyers, account.name, data.answer
        )
    except (NotFound, MayNotAnswer):
        raise
    except Refusal as refusal:
        return await _questions(
            visit, question.product_id, refusal=refusal, at=question.question_id, answered=data.answer
        )
    said = N_("Thank you for answering.") if at_once else LOOKED_AT_FIRST
    return redirect(visit, back, (visit.say(said), "good"))


@post("/reviews/{review_id:uuid}/helpful")
async def helpful(
    visit: NamedDependency[Visit], review_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Say that a review helped, or take it back."""
    _, buyer_id = signed_in(visit)
    review = await visit.db.ask(reviews.review, ReviewId(review_id))
    if review is None:
        raise NotFound()
    back = local_path(str(data.get("return_to", "")), f"/products/{review.product_id}/reviews")
    try:
        await visit.db.transact(
            reviews.vote, review.merchant_id, review.review_id, buyer_id, helpful=data.get("helpful") != "no"
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, back, (visit.refused(refusal), "bad"))
    return redirect(visit, f"{back}#r-{review_id}")


@post("/answers/{answer_id:uuid}/helpful")
async def answer_helpful(
    visit: NamedDependency[Visit], answer_id: FromPath[UUID], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Say that an answer helped, or take it back."""
    _, buyer_id = signed_in(visit)
    try:
        product_id = await visit.db.transact(
            reviews.vote_for_answer, AnswerId(answer_id), buyer_id, helpful=data.get("helpful") != "no"
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, local_path(str(data.get("return_to", "")), "/"), (visit.refused(refusal), "bad"))
    back = local_path(str(data.get("return_to", "")), f"/products/{product_id}/questions")
    return redirect(visit, f"{back}#a-{answer_id}")


@get("/report")
async def report_page(visit: NamedDependency[Visit]) -> Response[str]:
    """What is wrong with a review, a question or an answer."""
    signed_in(visit)
    given = visit.connection.query_params
    form = ReportForm(
        kind=given.get("kind", ""),
        subject_id=given.get("id", ""),
        return_to=local_path(given.get("return_to"), "/"),
    )
    return await _report_form(visit, form)


async def _report_form(visit: Visit, form: ReportForm, refusal: Refusal | None = None) -> Response[str]:
    if form.kind not in set(Kind) or uuid_of(form.subject_id) is None:
        raise NotFound()
    around = await visit.db.ask(shell, visit.buyer_id)
    return await show(
        visit,
        "report.html",
        around,
        crumbs=[Crumb(visit.say(N_("Report")))],
        status=refusal.status if refusal else 200,
        form=form,
        errors=refusals.fields_of(refusal, visit.locale) if refusal else {},
        reasons=REASONS,
    )


@post("/report")
async def report(visit: NamedDependency[Visit], data: URLEncodedBody[ReportForm]) -> Response[str] | Redirect:
    """Tell the operator that something should not stand there."""
    _, buyer_id = signed_in(visit)
    subject_id = uuid_of(data.subject_id)
    if data.kind not in set(Kind) or subject_id is None:
        raise NotFound()
    reason = ReportReason(data.reason) if data.reason in REASONS else ReportReason.OTHER
    try:
        await visit.db.transact(reviews.report, Kind(data.kind), subject_id, buyer_id, reason, data.note)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _report_form(visit, data, refusal)
    said = visit.say(N_("Thank you. Our staff will look at it."))
    return redirect(visit, local_path(data.return_to, "/"), (said, "good"))


HANDLERS = [all_reviews, all_questions, ask, answer, helpful, answer_helpful, report_page, report]
