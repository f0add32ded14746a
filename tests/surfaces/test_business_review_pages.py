"""Periodic reviews as people read them: asked for, read in both languages, taken away as files, made into tasks."""

from datetime import timedelta

import msgspec

from steelyard.kernel.db import Database
from steelyard.operations import analytics, business_reviews, workboard
from steelyard.operations.business_reviews import Advice, Period, Span
from steelyard.operations.business_reviews.jobs import write_next
from steelyard.operations.business_reviews.model import REVIEWS_SHOWN
from steelyard.surfaces.web.business_review_words import Words
from tests.operations.business_reviews.test_reviews import WEEK, traded
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.forms import form_in
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "signed_in", "world"]
HERE = "/merchant/business-reviews"


async def test_a_review_is_asked_for_read_noted_and_its_suggestion_becomes_a_task(
    db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    await traded(db, world)
    await db.transact(analytics.roll_up)
    shop = world.tea.merchant_id
    form = form_in(await owner.get(HERE), HERE, "day")
    wrong = await owner.post(HERE, form.filled(day="soon"))
    early = await owner.post(HERE, form.filled(span="month", day="2199-01-01"))
    assert (wrong.status_code, early.status_code) == (422, 422)
    assert "This is not over yet" in words(early)
    asked = await owner.follow(await owner.post(HERE, form.filled(span="week", day=WEEK.last.isoformat())))
    assert "is being written" in words(asked)
    facts = await db.ask(business_reviews.facts_of, shop, WEEK)
    single = msgspec.structs.replace(facts.figures, orders=1, refunds=500, refunded_orders=1)
    english, chinese = (
        Words(locale, msgspec.structs.replace(facts, figures=single)).sentences() for locale in ("en", "zh-Hans")
    )
    assert "came in for 1 order; the period before" in english[0] and english[-1].endswith(" of 1 order.")
    assert "共 1 单；" in chinese[0] and chinese[-1].endswith("涉及 1 单。")
    advice = [
        Advice(code="basket", evidence={"part": -500}),
        Advice(code="below", key=WEEK.first.isoformat(), evidence={"paid": 1, "expected": 900}),
    ]
    await db.transact(business_reviews.write, shop, WEEK, msgspec.structs.replace(facts, advice=advice), "staff:a")

    [brief] = (await db.ask(business_reviews.reviews, shop)).items
    one = f"{HERE}/{brief.review_id}"
    page = await owner.get(one)
    assert "came in for 2 orders" in words(page)
    assert "The parts add up to the change" in words(page)
    for _ in range(2):
        await owner.follow(await owner.post(f"{one}/tasks/0"))
    [task] = await db.ask(workboard.of_source, shop, business_reviews.SOURCE, brief.review_id)
    assert set(task.title) == {"zh-Hans", "en"}
    assert "on the board" in words(await owner.get(one))
    assert (await owner.post(f"{one}/tasks/7")).status_code == 404
    assert (await owner.post(f"{one}/notes", {"words": ""})).status_code == 422
    assert "It rained" in words(await owner.follow(await owner.post(f"{one}/notes", {"words": "It rained"})))

    assert (await owner.get(f"{one}/review.pdf")).content.startswith(b"%PDF")
    assert "By its share (mix)" in (await owner.get(f"{one}?format=csv")).text
    for back in range(REVIEWS_SHOWN + 1):
        day = Period(span=Span.DAY, first=WEEK.first - timedelta(days=back))
        await db.transact(business_reviews.write, shop, day, facts, "staff:a")
    every = (await owner.get(f"{HERE}?format=csv")).text
    assert day.first.isoformat() in every
    assert len(every.splitlines()) == 1 + REVIEWS_SHOWN + 1 + 1, "of the days, of the week, and the heading"
    beside = await owner.get(f"{HERE}/compare?one={brief.review_id}&other={brief.review_id}")
    assert words(beside).count("came in for 2 orders") == 2
    assert "It rained" not in words(await owner.get(f"{HERE}?q=snow"))
    assert (await chief.get(f"/operator/business-reviews/{brief.review_id}")).status_code == 404


async def test_the_marketplaces_review_is_read_by_its_operator_in_chinese(
    db: Database, world: World, chief: Browser
) -> None:
    await traded(db, world)
    await db.transact(business_reviews.want, None, WEEK, "staff:a")
    assert await write_next(db) == 1
    [brief] = (await db.ask(business_reviews.reviews, None, Span.WEEK)).items

    chief.http.headers["accept-language"] = "zh-CN"
    page = await chief.get(f"/operator/business-reviews/{brief.review_id}")

    assert "本期实收" in words(page)
    assert (await chief.get(f"/operator/business-reviews/{brief.review_id}/review.pdf")).content.startswith(b"%PDF")
