"""Periodic reviews, in both consoles: what was written, one review, two beside each other, and asking for one of a past
period."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import anyio
import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from steelyard.kernel import days, ids
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, NoSuchPage, Page
from steelyard.operations import business_reviews, workboard
from steelyard.operations.business_reviews import Brief, Comparison, Note, Review, Span, Wish
from steelyard.operations.workboard import Card
from steelyard.parties import access
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web import business_review_files, exports
from steelyard.surfaces.web.business_review_words import FACTORS, SPANS, TRIED, Words, title_of
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.console_staff import Show, organisation
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.lifecycle_words import STAGES
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit

TITLE = N_("Business reviews")
PDF = "application/pdf"


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the consoles: `here` is the address of the list, `tasks` that of the board, `links` says where what
    was tried is seen, by kind."""

    show: Show
    here: str
    tasks: str
    permission: str
    links: Mapping[str, str]
    product_href: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A review with what came after it."""

    review: Review
    notes: Sequence[Note]
    tasks: Mapping[UUID, Card]
    given_back: int
    names: Mapping[str, str]


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    reviews: Sequence[Brief]
    more: str | None
    wishes: Sequence[Wish]


async def names_of(read: Read, merchant_id: UUID | None) -> dict[str, str]:
    return {f"staff:{each.account_id}": each.name or each.email for each in await access.staff(read, merchant_id)}


async def shown(read: Read, visit: Visit, review_id: UUID) -> Shown:
    """Raises `NotFound`."""
    _, merchant_id = organisation(visit)
    found = await business_reviews.review(read, merchant_id, review_id)
    tasks = await workboard.of_source(read, merchant_id, business_reviews.SOURCE, review_id)
    return Shown(
        review=found,
        notes=await business_reviews.notes(read, merchant_id, review_id),
        tasks={each.task_id: each for each in tasks},
        given_back=await business_reviews.given_back_since(read, found),
        names=await names_of(read, merchant_id),
    )


async def _listed(read: Read, visit: Visit, span: Span | None, words: str, cursor: str | None) -> _Listed:
    _, merchant_id = organisation(visit)
    page = await business_reviews.reviews(read, merchant_id, span, words, cursor)
    return _Listed(reviews=page.items, more=page.next, wishes=await business_reviews.wishes(read, merchant_id))


def _filters(visit: Visit) -> tuple[Span | None, str]:
    """Which reviews the address asks for: those of a span, and those that words are found in."""
    query = visit.connection.query_params
    asked = query.get("span", "")
    return Span(asked) if asked in set(Span) else None, query.get("q", "").replace("\x00", "")[:100]


async def _every(read: Read, visit: Visit) -> list[Brief]:
    """All that the filters let through, for a file."""
    _, merchant_id = organisation(visit)
    span, words = _filters(visit)

    async def page_of(cursor: str | None) -> Page[Brief]:
        return await business_reviews.reviews(read, merchant_id, span, words, cursor, ITEMS_PER_PAGE_MAX)

    return await exports.everything(page_of)


def looking(console: Console) -> list[HTTPRouteHandler]:
    """The list, one review, and two."""
    sees = {"permission": console.permission}

    @get("/business-reviews", opt=sees)
    async def listed(visit: NamedDependency[Visit]) -> Response[Any]:
        if exports.wanted(visit):
            return business_review_files.list_file(visit, await visit.db.ask(_every, visit))
        return await list_page(console, visit)

    @get("/business-reviews/compare", opt=sees)
    async def compared(visit: NamedDependency[Visit]) -> Response[Any]:
        return await _compare_page(console, visit)

    @get("/business-reviews/{business_review_id:uuid}", opt=sees)
    async def one(visit: NamedDependency[Visit], business_review_id: FromPath[UUID]) -> Response[Any]:
        if exports.wanted(visit):
            found = await visit.db.ask(shown, visit, business_review_id)
            return business_review_files.as_file(visit, found.review, _against(visit, found.review))
        return await review_page(console, visit, business_review_id)

    @get("/business-reviews/{business_review_id:uuid}/review.pdf", opt=sees)
    async def paper(visit: NamedDependency[Visit], business_review_id: FromPath[UUID]) -> Response[bytes]:
        """Drawing keeps the processor busy for a while: other requests go on meanwhile."""
        found = await visit.db.ask(shown, visit, business_review_id)
        title = title_of(visit.locale, found.review.period)
        body = await anyio.to_thread.run_sync(
            business_review_files.paper, visit.locale, found.review, found.notes, found.names, found.given_back
        )
        headers = {
            "content-disposition": exports.as_file(f"{visit.say(TITLE)}-{title}.pdf"),
            "cache-control": "no-store",
        }
        return Response(body, media_type=PDF, headers=headers)

    return [listed, compared, one, paper]


async def list_page(
    console: Console, visit: Visit, typed: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    span, words = _filters(visit)
    cursor = visit.connection.query_params.get("cursor")
    try:
        found = await visit.db.ask(_listed, visit, span, words, cursor)
    except NoSuchPage:
        found = await visit.db.ask(_listed, visit, span, words, None)

    def titled(each: Brief | Wish) -> str:
        return title_of(visit.locale, each.period)

    ended = {each: business_reviews.period_ended(each, days.today()) for each in Span}
    return await console.show(
        visit,
        "web/business_reviews.html",
        console.here,
        status=422 if errors else 200,
        found=found,
        onward=address(console.here, span=span, q=words, cursor=found.more) if found.more else "",
        start=address(console.here, span=span, q=words) if cursor else "",
        span=span,
        words=words,
        spans=SPANS,
        here=console.here,
        title_of=titled,
        cents=Money,
        change=_percent,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        last_day=ended[Span.DAY].last,
        say=visit.say,
        address=address,
    )


def _percent(now: int, before: int) -> str:
    # A figure to look at, not one to reckon with.
    return f"{now / before - 1:+.1%}".replace("-", "−") if before else "–"


def _against(visit: Visit, review: Review) -> Comparison:
    """What the page holds the period against: the one before it, or (`against=year`) that of last year."""
    wants_year = visit.connection.query_params.get("against") == "year"
    return review.facts.year if wants_year and review.facts.year else review.facts.before


async def review_page(
    console: Console,
    visit: Visit,
    review_id: UUID,
    typed: Entries | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response[Any]:
    found = await visit.db.ask(shown, visit, review_id)
    review, facts = found.review, found.review.facts
    words, against = Words(visit.locale, facts), _against(visit, review)
    title = title_of(visit.locale, review.period)
    return await console.show(
        visit,
        "web/business_review.html",
        console.here,
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), console.here), (title, None)],
        title=title,
        found=found,
        review=review,
        facts=facts,
        words=words,
        against=against,
        is_year=against is facts.year,
        factors={name: visit.say(word) for name, word in FACTORS.items()},
        kinds={name: visit.say(word) for name, word in TRIED.items()},
        stages={name: visit.say(word) for name, word in STAGES.items()},
        charts=charts(visit, review, words, against),
        advice=[
            (place, *words.advice(each), found.tasks.get(business_reviews.task_of(review_id, place)))
            for place, each in enumerate(facts.advice)
        ],
        links=console.links,
        tasks_href=console.tasks,
        product_href=console.product_href,
        here=f"{console.here}/{review_id}",
        spans=SPANS,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        note_id=ids.mint(),
        may_task=visit.actor.may("tasks.work"),
        say=visit.say,
        compare_href=address(f"{console.here}/compare", one=review_id),
    )


def charts(visit: Visit, review: Review, words: Words, against: Comparison) -> dict[str, Chart]:
    """Day by day against what was expected; and what the change is made of."""
    facts, say = review.facts, visit.say
    drawn: dict[str, Chart] = {}
    if len(facts.days) > 1:
        series = [Series(say(N_("Amount paid")), [each.paid for each in facts.days])]
        expected = [each.expected for each in facts.days if each.expected is not None]
        if len(expected) == len(facts.days):
            series.append(Series(say(N_("What was expected")), [each.expected for each in expected], compared=True))
            if expected[0].low is not None:
                series.append(Series(say(N_("At least")), [each.low for each in expected], compared=True))
                series.append(Series(say(N_("At most")), [each.high for each in expected], compared=True))
        drawn["days"] = Chart(
            kind="line", title=say(N_("Day by day")), labels=[each.day for each in facts.days], series=series, unit="money",
            currency=facts.currency, note=say(N_("The pale lines hold what was to be expected of nine days in ten.")),
        )  # fmt: skip
    if against.factors:
        drawn["factors"] = Chart(
            kind="bar", title=say(N_("What the change is made of")),
            labels=[say(FACTORS[each.name]) for each in against.factors],
            series=[Series(say(N_("Contribution")), [each.part for each in against.factors])], unit="money",
            currency=facts.currency,
        )  # fmt: skip
    rows = [row for row in against.categories.rows if row.change][:12]
    if rows:
        drawn["categories"] = Chart(
            kind="bar", title=say(N_("Change by category")), labels=[words.row(row) for row in rows],
            series=[Series(say(N_("Difference to before")), [row.change for row in rows])], unit="money", currency=facts.currency,
        )  # fmt: skip
    return drawn


async def _compare_page(console: Console, visit: Visit) -> Response[Any]:
    """Two reviews side by side; the other is chosen from the list."""
    query = visit.connection.query_params
    one, other = as_uuid(query.get("one", "")), as_uuid(query.get("other", ""))
    _, merchant_id = organisation(visit)

    async def both(read: Read) -> tuple[list[Review], Sequence[Brief]]:
        found = [await business_reviews.review(read, merchant_id, each) for each in (one, other) if each]
        page = await business_reviews.reviews(read, merchant_id, found[0].span if found else None)
        return found, page.items

    found, choices = await visit.db.ask(both)
    return await console.show(
        visit,
        "web/business_review_compare.html",
        console.here,
        crumbs=[(visit.say(TITLE), console.here), (visit.say(N_("Hold beside another")), None)],
        found=found,
        words=[Words(visit.locale, each.facts) for each in found],
        rows=business_review_files.beside(visit.locale, *found) if one and other else [],
        titles=[title_of(visit.locale, each.period) for each in found],
        choices=list({str(each.review_id): title_of(visit.locale, each.period) for each in (*found, *choices)}.items()),
        one=str(one or ""),
        other=str(other or ""),
        here=console.here,
    )


def asked_period(form: Entries) -> tuple[Span | None, date | None]:
    """What a form asks a review of: a span, and a day in it."""
    span, day = form.text("span"), day_of(form.text("day", required=True, most=20))
    if span not in set(Span):
        form.refuse("span", N_("Please choose one of these"))
    if day is None:
        form.refuse("day", N_("Please enter a day."))
    return (Span(span) if span in set(Span) else None), day
