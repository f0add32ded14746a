"""Reviewing what has arrived: the form of an order, following up, and what one has written."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import merchants, policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import ShopCard
from steelyard.parties.policies.model import POINTS_REVIEW
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.owning import own_order
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web import refusals
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.photographs import PHOTOGRAPHS_BYTES_MAX, photographs
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders, reviews
from steelyard.trade.orders.model import Order, OrderLine
from steelyard.trade.reviews.model import (
    TEXT_CHARACTERS_MAX,
    NewReview,
    OrderReview,
    Review,
    ReviewId,
    Rules,
    ToReview,
)

MINE = "/account/reviews"
REVIEW_BYTES_MAX = PHOTOGRAPHS_BYTES_MAX
STAR_WORDS = {1: N_("Very bad"), 2: N_("Bad"), 3: N_("Middling"), 4: N_("Good"), 5: N_("Very good")}


class ReviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """An order's lines, each with the review it has or wants, and the points for each."""

    shell: Shell
    order: Order
    shop: ShopCard
    lines: Sequence[OrderLine]
    written: Mapping[int, Review]
    rules: Rules
    received: bool
    points: int

    @property
    def open_lines(self) -> list[OrderLine]:
        """What can be reviewed and is not yet."""
        return [line for line in self.lines if line.line not in self.written and reviews.reviewable(line)]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A form below one of one's reviews that has to be mended."""

    review_id: ReviewId
    form: Entries
    errors: Mapping[str, str]


class MyReviewsPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    waiting: Sequence[ToReview]
    page: Page[Review]
    products: Mapping[UUID, ProductView]
    appeals: Mapping[ReviewId, reviews.Appeal]

    def may_appeal(self, review: Review) -> bool:
        """It was hidden lately, and since then nobody has appealed."""
        before = self.appeals.get(review.review_id)
        since = review.hidden_at
        return reviews.appealable(review) and (before is None or since is None or before.appealed_at < since)


async def review_page(read: Read, buyer_id: BuyerId, order: Order) -> ReviewPage:
    known = await reviews.of_orders(read, [order.order_id])
    return ReviewPage(
        shell=await shell(read, buyer_id),
        order=order,
        shop=(await merchants.cards(read, [order.merchant_id]))[order.merchant_id],
        lines=(await orders.lines_of(read, [order.order_id]))[order.order_id],
        written={line: review for (_, line), review in known.items()},
        rules=await reviews.rules(read),
        received=reviews.received_at(order) is not None,
        points=await policies.number(read, POINTS_REVIEW),
    )


async def my_reviews_page(read: Read, buyer_id: BuyerId, buyers: Sequence[BuyerId], after: str | None) -> MyReviewsPage:
    page = await reviews.of_buyers(read, buyers, after)
    return MyReviewsPage(
        shell=await shell(read, buyer_id),
        waiting=[] if after else await reviews.to_review(read, buyers),
        page=page,
        products={**await catalog.products(read, {each.product_id for each in page.items})},
        appeals=await reviews.appeals_of(read, page.items),
    )


@get("/orders/{code:str}/review")
async def review_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """The form for an order that has arrived; what was written already stands beside it."""
    return await _form(visit, await _order(visit, code))


async def _order(visit: Visit, code: str) -> Order:
    """The visitor's order by its code or its id. Raises `NotFound`."""
    try:
        order_id = UUID(code)
    except ValueError:
        return await own_order(visit, code)
    known = await visit.db.ask(orders.code_of, order_id)
    if known is None:
        raise NotFound()
    return await own_order(visit, known)


async def _form(
    visit: Visit, order: Order, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[str]:
    view = await visit.db.ask(review_page, visit.buyer_id, order)
    errors = refusals.fields_of(refusal, visit.locale) if refusal else {}
    return await show(
        visit,
        "review.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My orders")), "/orders"), Crumb(visit.say(N_("Review")))],
        status=refusal.status if refusal else 200,
        points=view.points if visit.account is not None else 0,
        view=view,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
        review_ids={line.line: ids.mint() for line in view.lines},
        STAR_WORDS={stars: visit.say(word) for stars, word in STAR_WORDS.items()},
        text_max=TEXT_CHARACTERS_MAX,
        mint=ids.mint,
    )


@post("/orders/{code:str}/review", request_max_body_size=REVIEW_BYTES_MAX)
async def review_written(
    visit: NamedDependency[Visit], request: WebRequest, code: FromPath[str]
) -> Response[str] | Redirect:
    """Write the reviews of an order. Photographs that were sent are kept when something else has to be mended."""
    order = await _order(visit, code)
    form = await entries_of(request)
    try:
        said = await _said(visit, order, form)
        written = await visit.db.transact(reviews.write, said, visit.buyer_ids)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _form(visit, order, form, refusal)
    message = N_("Thank you for your review.") if written else N_("Your review is there already.")
    return redirect(visit, MINE if visit.account else f"/orders/{order.code}/review", (visit.say(message), "good"))


async def _said(visit: Visit, order: Order, form: Entries) -> OrderReview:
    lines = (await visit.db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    wanted: list[NewReview] = []
    wrong: dict[str, str] = {}
    for line in lines:
        if not form.names(f"id-{line.line}"):
            continue
        stars = form.number(f"stars-{line.line}", otherwise=0, most=5)
        text = form.text(f"text-{line.line}", most=TEXT_CHARACTERS_MAX * 2)
        pictures, trouble = await photographs(visit, form, f"photos-{line.line}")
        if trouble:
            wrong[f"photos-{line.line}"] = trouble
        if stars or text or pictures:
            wanted.append(
                NewReview(
                    review_id=ReviewId(form.uuid(f"id-{line.line}")),
                    line=line.line,
                    stars=stars,
                    text=text,
                    pictures=pictures,
                )
            )
    if wrong:
        raise Invalid(wrong)
    name = visit.account.name if visit.account else order.contact.name
    return OrderReview(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        lines=wanted,
        service=form.number("service", otherwise=0, most=5),
        logistics=form.number("logistics", otherwise=0, most=5),
        author=name,
        anonymous=form.flag("anonymous"),
        locale=visit.locale,
    )


@post("/reviews/{review_id:uuid}/follow-up", request_max_body_size=REVIEW_BYTES_MAX)
async def followed_up(
    visit: NamedDependency[Visit], request: WebRequest, review_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Say after some time how it holds up."""
    review = await visit.db.ask(reviews.review, ReviewId(review_id))
    if review is None or review.buyer_id not in visit.buyer_ids:
        raise NotFound()
    form = await entries_of(request)
    pictures, trouble = await photographs(visit, form, "photos")
    if trouble:
        return await _mine(visit, Tried(review_id=review.review_id, form=form, errors={"photos": visit.say(trouble)}))
    try:
        await visit.db.transact(
            reviews.follow_up, review.merchant_id, review.review_id, visit.buyer_ids, form.text("text"), pictures
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _mine(visit, _tried(visit, review.review_id, form, refusal, "text"))
    return redirect(visit, f"{MINE}#r-{review_id}", (visit.say(N_("Thank you for following up.")), "good"))


def _tried(visit: Visit, review_id: ReviewId, form: Entries, refusal: Refusal, field: str) -> Tried:
    errors = refusals.fields_of(refusal, visit.locale) or {field: visit.refused(refusal)}
    return Tried(review_id=review_id, form=form, errors=errors)


@post("/reviews/{review_id:uuid}/appeal")
async def appealed(
    visit: NamedDependency[Visit], request: WebRequest, review_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Say why a review that was hidden should stand."""
    form, ours = await entries_of(request), ReviewId(review_id)
    try:
        await visit.db.transact(reviews.appeal, ours, visit.buyer_ids, form.text("appeal"))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _mine(visit, _tried(visit, ours, form, refusal, "appeal"))
    said = visit.say(N_("Our staff will look at it once more, and answer here."))
    return redirect(visit, f"{MINE}#r-{review_id}", (said, "good"))


@get(MINE)
async def my_reviews(visit: NamedDependency[Visit]) -> Response[str]:
    """What waits for a review, and what was written."""
    return await _mine(visit)


async def _mine(visit: Visit, tried: Tried | None = None) -> Response[str]:
    after = visit.connection.query_params.get("after")
    view = await visit.db.ask(my_reviews_page, visit.buyer_id, visit.buyer_ids, after)
    return await show(
        visit,
        "my_reviews.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), "/account"), Crumb(visit.say(N_("My reviews")))],
        status=422 if tried else 200,
        view=view,
        after=after,
        tried=tried,
        appeal_max=reviews.APPEAL_CHARACTERS_MAX,
    )


HANDLERS = [review_shown, review_written, followed_up, appealed, my_reviews]
