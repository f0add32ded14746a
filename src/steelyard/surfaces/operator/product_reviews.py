"""The queue of products that wait for a look: approve, or send back with reasons; and whose products wait at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog import CategoryAttribute, Difference, Policy, Reason, Review, ReviewRow, Snapshot
from steelyard.goods.catalog.model import Category, ProductView, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import moment_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.product_words import FIELD_WORDS, REASON_WORDS, reason_lines, said
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "catalog.manage"}
HERE = f"{frame.HOME}/product-reviews"
REASON_FIELDS = ("title", "description", "category_id", "pictures", "facts", "price", "")
OF_WHOM = (
    ("nobody", N_("Nobody’s")),
    ("new_merchants", N_("New merchants’")),
    ("everybody", N_("Everybody’s")),
)


_STATES = {
    "waiting": N_("Waiting for review"),
    "approved": N_("Approved"),
    "sent_back": N_("Sent back"),
    "withdrawn": N_("Withdrawn"),
}


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[ReviewRow]
    shops: dict[MerchantId, ShopCard]
    count: int
    policy: Policy
    categories: list[Category]


async def queue(read: Read, tab: str, cursor: str | None) -> Queue:
    page = await (catalog.decided if tab == "decided" else catalog.waiting)(read, cursor, ROWS_PER_PAGE)
    return Queue(
        page=page,
        shops=await merchants.cards(read, {row.merchant_id for row in page.items}),
        count=await catalog.waiting_count(read),
        policy=await catalog.policy(read),
        categories=await catalog.categories(read),
    )


@get("/product-reviews", opt=NEEDS)
async def review_queue(
    visit: NamedDependency[Visit], tab: FromQuery[str | None] = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Who has waited longest is first."""
    shown = "decided" if tab == "decided" else "waiting"
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_everything, shown))
    found = await visit.db.ask(queue, shown, cursor)
    return await frame.show(
        visit,
        "product_reviews.html",
        frame.PRODUCT_REVIEWS,
        found=found,
        tab=shown,
        tabs=[
            {
                "label": visit.say(N_("Waiting for review")),
                "href": HERE,
                "current": shown == "waiting",
                "count": found.count,
            },
            {"label": visit.say(N_("Decided")), "href": f"{HERE}?tab=decided", "current": shown == "decided"},
        ],
        names=names_of(found.categories),
        of_whom=[(key, visit.say(word)) for key, word in OF_WHOM],
        fields={name: visit.say(word) for name, word in FIELD_WORDS.items()},
        lines=lambda reasons: reason_lines(visit, reasons),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        next_href=address(HERE, tab=shown, cursor=found.page.next) if found.page.next else "",
        start_href=address(HERE, tab=shown) if cursor else "",
    )


async def _everything(read: Read, tab: str) -> Queue:
    ask = catalog.decided if tab == "decided" else catalog.waiting
    found = await exports.everything(lambda cursor: ask(read, cursor, ITEMS_PER_PAGE_MAX))
    return msgspec.structs.replace(
        await queue(read, tab, None),
        page=Page(found, None),
        shops=await merchants.cards(read, {row.merchant_id for row in found}),
    )


def _as_file(visit: Visit, found: Queue) -> Response[bytes]:
    names = names_of(found.categories)
    words = (
        N_("Product"),
        N_("Shop"),
        N_("What"),
        N_("Category"),
        N_("Asked at"),
        N_("State"),
        N_("Decided at"),
        N_("Reasons"),
    )
    rows = [
        (
            row.title,
            found.shops[row.merchant_id].name if row.merchant_id in found.shops else "",
            visit.say(N_("New product") if row.kind == "publication" else N_("Change")),
            names.get(row.category_id, ""),
            row.asked_at,
            visit.say(_STATES.get(row.state, row.state)),
            row.decided_at,
            visit.say(N_("; ")).join(reason_lines(visit, row.reasons)),
        )
        for row in found.page.items
    ]
    return exports.sheet(visit, N_("Product reviews"), words, rows)


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be looked at. `differences`: to what was approved last, or of a change to what is on sale."""

    review: Review
    product: ProductView
    shop: ShopCard
    prices: dict[SkuId, Price]
    attributes: list[CategoryAttribute]
    differences: list[Difference]
    approved_before: bool
    categories: list[Category]
    earlier: list[Review]
    next_id: UUID | None
    words: list[tuple[str, Text, str]]


async def looking(read: Read, review_id: UUID) -> Looking:
    review = await catalog.review(read, review_id)
    if review is None:
        raise NotFound()
    product = await catalog.product(read, review.product_id)
    assert product is not None
    before = await catalog.last_approved(read, review.merchant_id, review.product_id)
    if review.kind == "change":
        differences = _proposed(review, product)
    else:
        differences = catalog.differences(before, _now(product)) if before else []
    following = [row.review_id for row in (await catalog.waiting(read, None, 2)).items if row.review_id != review_id]
    return Looking(
        review=review,
        product=product,
        shop=(await merchants.cards(read, [review.merchant_id]))[review.merchant_id],
        prices=await pricing.current_at_home(read, [sku.sku_id for sku in product.skus]),
        attributes=(await catalog.attributes_of(read, [product.category_id]))[product.category_id],
        differences=differences,
        approved_before=before is not None,
        categories=await catalog.categories(read),
        earlier=[
            each for each in await catalog.reviews_of(read, review.merchant_id, review.product_id) if each != review
        ],
        next_id=following[0] if following else None,
        words=await catalog.words_of(
            read, review.proposal.title or product.title, review.proposal.description or product.description
        ),
    )


def _now(product: ProductView) -> Snapshot:
    return Snapshot(
        category_id=product.category_id,
        slug=product.slug,
        title=product.title,
        description=product.description,
        options=product.options,
        attributes=product.attributes,
        facts=product.facts,
        tax_class=product.tax_class,
        pictures=product.pictures,
        skus=product.skus,
    )


def _proposed(review: Review, product: ProductView) -> list[Difference]:
    return [
        Difference(field=name, before=getattr(product, name), after=what)
        for name in review.proposal.__struct_fields__
        if (what := getattr(review.proposal, name)) is not None
    ]


async def review_page(
    visit: Visit, review_id: UUID, typed: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(looking, review_id)
    names = names_of(found.categories)
    title = found.product.title.in_language(visit.locale)
    return await frame.show(
        visit,
        "product_review.html",
        frame.PRODUCT_REVIEWS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Product reviews")), HERE), (title, None)],
        found=found,
        product=found.product,
        review=found.review,
        here=f"{HERE}/{review_id}",
        category=names.get(found.product.category_id, Text()),
        facts=[
            (each.definition.name, catalog.fact_words(each.definition, found.product.facts[each.definition.code]))
            for each in found.attributes
            if each.definition.code in found.product.facts
        ],
        missing=catalog.missing_facts(found.attributes, found.product.facts),
        said=lambda value: said(visit, dict(names), value),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        fields={name: visit.say(word) for name, word in FIELD_WORDS.items()},
        reason_fields=[(name, visit.say(FIELD_WORDS[name])) for name in REASON_FIELDS],
        reasons=[(code, visit.say(word)) for code, word in REASON_WORDS.items()],
        lines=lambda reasons: reason_lines(visit, reasons),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        typed=typed or Entries({}, {}),
        errors=errors or {},
    )


@get("/product-reviews/{review_id:uuid}", opt=NEEDS)
async def show_review(visit: NamedDependency[Visit], review_id: FromPath[UUID]) -> Response[Any]:
    return await review_page(visit, review_id)


async def approve(tx: Tx, actor: Actor, review_id: UUID, by: str, seen: datetime | None) -> None:
    found = await catalog.review(tx, review_id)
    if found is None:
        raise NotFound()
    await catalog.approve(tx, found.merchant_id, review_id, by, seen=seen)
    if found.state == "waiting":
        facts = {"before": {"state": "waiting"}, "after": {"state": "approved", "kind": found.kind}}
        await access.audit(
            tx, actor, "product_reviews.approve", str(found.product_id), facts, merchant_id=found.merchant_id
        )


async def send_back(tx: Tx, actor: Actor, review_id: UUID, reasons: Sequence[Reason], by: str) -> None:
    found = await catalog.review(tx, review_id)
    if found is None:
        raise NotFound()
    await catalog.send_back(tx, found.merchant_id, review_id, reasons, by)
    if found.state == "waiting":
        facts = {
            "before": {"state": "waiting"},
            "after": {"state": "sent_back", "kind": found.kind, "reasons": msgspec.to_builtins(reasons)},
        }
        await access.audit(
            tx, actor, "product_reviews.send_back", str(found.product_id), facts, merchant_id=found.merchant_id
        )


def reasons_of(form: Entries) -> list[Reason]:
    """A line for each field with a canned reason, words or both."""
    found: list[Reason] = []
    for field in REASON_FIELDS:
        name = field or "whole"
        reason, words = form.text(f"reason:{name}", most=40), form.text(f"words:{name}", most=500)
        if reason in REASON_WORDS or words:
            found.append(Reason(field=field, reason=reason if reason in REASON_WORDS else "", words=words))
    return found


@post("/product-reviews/{review_id:uuid}", opt=NEEDS)
async def decide(
    visit: NamedDependency[Visit], request: WebRequest, review_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """`decision` is `approve` or `send_back`; the next one that waits is shown then."""
    form = await entries_of(request)
    try:
        if form.text("decision") == "approve":
            await visit.db.transact(approve, visit.actor, review_id, visit.by, moment_of(form.text("seen")))
            message = visit.say(N_("Approved."))
        else:
            await visit.db.transact(send_back, visit.actor, review_id, reasons_of(form), visit.by)
            message = visit.say(N_("Sent back, with your reasons."))
    except Invalid as refusal:
        return await review_page(visit, review_id, form, errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return await review_page(visit, review_id, form, {"": told(visit, refusal)})
    onward = as_uuid(form.text("next"))
    return redirect(visit, f"{HERE}/{onward}" if onward else HERE, (message, "good"))


@post("/product-reviews/bulk", opt=NEEDS)
async def approve_several(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Approve the ticked ones, each in a transaction of its own."""
    form = await entries_of(request)
    chosen = form.uuids("review")[:ROWS_PER_PAGE]
    if not chosen:
        return redirect(visit, HERE, (visit.say(N_("Please tick some products first.")), "warn"))
    refused = 0
    for review_id in chosen:
        try:
            await visit.db.transact(approve, visit.actor, review_id, visit.by, None)
        except Refusal:
            refused += 1
    return redirect(visit, HERE, (visit.say(N_("{count} approved."), count=len(chosen) - refused), "good"))


async def set_policy(tx: Tx, actor: Actor, wanted: Policy) -> None:
    before = await catalog.policy(tx)
    await catalog.set_policy(tx, wanted)
    facts = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(wanted)}
    await access.audit(tx, actor, "product_reviews.policy", "review_policy", facts)


@post("/product-reviews/policy", opt=NEEDS)
async def change_policy(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Whose products are looked at before buyers see them."""
    form = await entries_of(request)
    wanted = Policy(
        of_whom=form.text("of_whom"),
        products=form.number("products", otherwise=3, most=10_000),
        changes=form.flag("changes"),
    )
    try:
        await visit.db.transact(set_policy, visit.actor, wanted)
    except Invalid as refusal:
        return redirect(visit, HERE, (next(iter(errors_of(visit, refusal.fields).values())), "bad"))
    return redirect(visit, HERE, (visit.say(SAVED), "good"))


HANDLERS = [review_queue, approve_several, change_policy, show_review, decide]
