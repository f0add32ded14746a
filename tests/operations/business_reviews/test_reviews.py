"""A review is written once of what is over, adds up, stays as it was, and its suggestions become tasks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import catalog
from steelyard.kernel import days, ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.operations import analytics, business_reviews
from steelyard.operations.analytics import MARKETPLACE, PastTraffic
from steelyard.operations.business_reviews import Facts, NotOverYet, Period, Span, gathering, service
from steelyard.operations.business_reviews.advising import Known, advise
from steelyard.operations.business_reviews.expecting import Expected
from steelyard.operations.business_reviews.jobs import write_next
from steelyard.operations.business_reviews.model import (
    WISHES_MAX,
    Breakdown,
    Comparison,
    Day,
    Factor,
    Figures,
    People,
    Row,
)
from steelyard.operations.business_reviews.service import due
from steelyard.trade.orders.model import OrderId
from tests.support import deal
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

WEEK = Period(span=Span.WEEK, first=days.today() - timedelta(days=days.today().weekday() + 14))


async def traded(db: Database, world: World) -> None:
    """Two orders of last week, one of the week before; so many looked each day."""
    lines = [(world.items["green"].sku_id, 1)]
    for buyer, back in ((world.buyer, 0), (world.other_buyer, 0), (world.buyer, 7)):
        placed = await deal.paid(db, lines, buyer.buyer_id)
        at = WEEK.begins_at + timedelta(days=2 - back, hours=10)
        await db.transact(_moved, placed[0].order_id, at)
    past = [
        PastTraffic(
            merchant_id=place, day=WEEK.first + timedelta(days=2 - back), channel="direct", device="desk",
            counts=(3 * seen, seen, seen // 2, seen // 4, seen // 5),
        )
        for place in (world.tea.merchant_id, MARKETPLACE) for back, seen in ((0, 100), (7, 80))
    ]  # fmt: skip
    await db.transact(analytics.bulk_traffic, past)
    await db.transact(analytics.mark_history)


async def _moved(tx: Tx, order_id: OrderId, at: datetime) -> None:
    """The order was placed and paid then."""
    await tx.execute("UPDATE orders SET placed_at = $2, paid_at = $2 WHERE order_id = $1", order_id, at)


def adds_up(facts: Facts) -> None:
    for against in (facts.before, facts.year):
        if against is None:
            continue
        change = facts.figures.paid - against.figures.paid
        if against.factors:
            assert sum(each.part for each in against.factors) == change
        for table in (against.customers, against.categories):
            assert sum(row.paid for row in table.rows) == facts.figures.paid
            assert sum(row.change for row in table.rows) == change
        for table in (against.customers, against.categories, against.channels):
            if table.volume is not None:
                assert table.volume + table.mix + table.rate + table.other == change
    assert sum(each.paid for each in facts.days) == facts.figures.paid


async def test_the_review_of_a_week_that_has_ended_is_written_by_itself_and_adds_up(db: Database, world: World) -> None:
    await traded(db, world)
    now = days.ends(WEEK.last) + timedelta(hours=3)

    assert await db.transact(due, now, 10) > 0
    assert await db.transact(due, now, 10) == 0
    while await write_next(db):
        pass

    [brief] = (await db.ask(business_reviews.reviews, world.tea.merchant_id, Span.WEEK)).items
    facts = (await db.ask(business_reviews.review, world.tea.merchant_id, brief.review_id)).facts
    assert (facts.figures.orders, facts.before.figures.orders) == (2, 1)
    assert (facts.figures.new.people, facts.figures.returning.people) == (1, 1)
    assert [each.name for each in facts.before.factors] == ["visitors", "conversion", "basket"]
    assert brief.paid == facts.figures.paid == 2 * facts.before.figures.paid
    adds_up(facts)
    [house] = (await db.ask(business_reviews.reviews, None, Span.WEEK)).items
    whole = (await db.ask(business_reviews.review, None, house.review_id)).facts
    assert whole.figures.paid >= facts.figures.paid
    adds_up(whole)


async def test_a_review_stays_as_it_was_and_what_was_given_back_later_stands_beside_it(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await traded(db, world)
    shop = world.tea.merchant_id
    assert await db.transact(business_reviews.want, shop, WEEK, "staff:a") is None
    assert await db.transact(business_reviews.want, shop, WEEK, "staff:a") is None
    assert len(await db.ask(business_reviews.wishes, shop)) == 1
    assert await write_next(db) == 1
    assert await db.ask(business_reviews.wishes, shop) == []
    review_id = await db.transact(business_reviews.want, shop, WEEK, "staff:a")
    assert review_id is not None
    was = await db.ask(business_reviews.review, shop, review_id)

    facts = msgspec.structs.replace(was.facts, given_back=was.facts.given_back + 100)
    await db.transact(business_reviews.write, shop, WEEK, facts, "staff:b")

    now = await db.ask(business_reviews.review, shop, review_id)
    assert (now.facts, now.made_by) == (was.facts, "staff:a")
    assert await db.ask(business_reviews.given_back_since, now) == 0
    for period in (business_reviews.of_day(Span.DAY, days.today()), business_reviews.of_day(Span.MONTH, days.today())):
        with pytest.raises(NotOverYet):
            await db.transact(business_reviews.want, shop, period, "staff:a")
    with pytest.raises(Invalid):
        await db.transact(business_reviews.want, shop, Period(span=Span.DAY, first=date(1999, 1, 1)), "staff:a")
    note = ids.mint()
    monkeypatch.setattr(service, "NOTES_MAX", 1)
    for _ in range(2):
        await db.transact(business_reviews.add_note, shop, review_id, note, "Rain", "staff:a")
    with pytest.raises(Invalid):
        await db.transact(business_reviews.add_note, shop, review_id, ids.mint(), "Snow", "staff:a")
    found = await db.ask(business_reviews.reviews, shop, None, "rain")
    assert [each.notes for each in found.items] == [1]


@pytest.mark.parametrize("day", [WEEK.last, WEEK.year_ago.first], ids=["of it", "of last year"])
async def test_a_review_waits_while_another_worker_counts_a_day_that_it_looks_at(
    db: Database, world: World, day: date
) -> None:
    await traded(db, world)
    shop = world.tea.merchant_id
    while await db.transact(analytics.roll_up):
        pass
    await db.transact(_stale, shop, day)
    await db.transact(business_reviews.want, shop, WEEK, "staff:a")

    async def counting(tx: Tx) -> int:
        await tx.execute("SELECT FROM stale_days FOR UPDATE")
        return await write_next(db)

    assert await db.transact(counting) == 0
    assert [each.period for each in await db.ask(business_reviews.wishes, shop)] == [WEEK]
    assert await write_next(db) == 1
    [brief] = (await db.ask(business_reviews.reviews, shop)).items
    assert brief.paid > 0


async def _stale(tx: Tx, merchant_id: UUID, day: date) -> None:
    await tx.execute("INSERT INTO stale_days (merchant_id, day) VALUES ($1, $2)", merchant_id, day)


async def test_a_shop_can_wait_for_so_many_reviews_and_no_more(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    days_before = [Period(span=Span.DAY, first=WEEK.first - timedelta(days=back)) for back in range(WISHES_MAX + 1)]
    for day in days_before[:-1]:
        await db.transact(business_reviews.want, shop, day, "staff:a")

    await db.transact(business_reviews.want, shop, days_before[0], "staff:a")
    with pytest.raises(Invalid) as refused:
        await db.transact(business_reviews.want, shop, days_before[-1], "staff:a")

    assert set(refused.value.fields) == {"day"}
    assert len(await db.ask(business_reviews.wishes, shop)) == WISHES_MAX


async def test_what_is_off_the_shelf_is_not_said_to_be_sold_out(db: Database, world: World) -> None:
    here, gone, shop = world.items["green"], world.items["black"], world.tea.merchant_id
    keys = [str(each.product_id) for each in (here, gone)]
    assert set(await db.ask(gathering.free_pieces, shop, keys)) == set(keys)

    await db.transact(catalog.take_off_shelf, shop, [gone.product_id], "staff:a")

    assert set(await db.ask(gathering.free_pieces, shop, keys)) == {str(here.product_id)}


def test_periods_are_weeks_from_monday_and_whole_months_beside_those_of_last_year() -> None:
    leap = business_reviews.of_day(Span.MONTH, date(2028, 2, 29))
    assert (leap.last, leap.before.first, leap.year_ago.last) == (
        date(2028, 2, 29),
        date(2028, 1, 1),
        date(2027, 2, 28),
    )
    week = business_reviews.of_day(Span.WEEK, date(2026, 11, 29))
    assert (week.first, week.last, week.year_ago.first.isoweekday()) == (date(2026, 11, 23), date(2026, 11, 29), 1)
    assert business_reviews.period_ended(Span.MONTH, date(2026, 11, 29)).first == date(2026, 10, 1)
    assert business_reviews.period_ended(Span.WEEK, date(2026, 11, 29)).first == date(2026, 11, 23)
    assert not business_reviews.is_over(week, datetime(2026, 11, 29, 17, tzinfo=UTC))
    assert business_reviews.is_over(week, datetime(2026, 11, 29, 18, tzinfo=UTC))


def known(
    now: Figures, before: Figures, channels: Sequence[Row] = (), goods: Sequence[Row] = (), parts: Sequence[Factor] = ()
) -> Known:
    nothing = Breakdown(rows=())
    against = Comparison(
        first=WEEK.before.first, last=WEEK.before.last, figures=before, factors=parts, customers=nothing,
        categories=nothing, channels=Breakdown(rows=channels), goods=Breakdown(rows=goods),
    )  # fmt: skip
    return Known(figures=now, before=against, days=(), stages=(), tried=(), free={"a": 0, "b": 5})


def test_rules_speak_of_what_is_large_and_hardly_chance_and_of_nothing_else() -> None:
    before = Figures(paid=1_000_000, orders=400, new=People(people=200, paid=500_000))
    fell = Row(
        key="search",
        paid=400_000,
        paid_before=600_000,
        units=6_000,
        units_before=6_000,
        orders=160,
        orders_before=240,
        rate=-200_000,
    )
    sold_out = Row(key="a", paid=10_000, paid_before=60_000, units=10, units_before=60)
    rising = Row(key="b", paid=90_000, paid_before=30_000, units=90, units_before=30)

    said = advise(
        known(
            Figures(paid=700_000, orders=280, new=People(people=120, paid=300_000)), before, [fell], [sold_out, rising]
        )
    )
    assert [(each.code, each.key) for each in said] == [
        ("nothing_tried", ""), ("channel_conversion", "search"), ("new_customers", ""), ("running_out", "b"), ("sold_out", "a"),
    ]  # fmt: skip
    chance = msgspec.structs.replace(fell, orders=225, paid=560_000, rate=-40_000)
    assert advise(known(Figures(paid=990_000, orders=395, new=before.new), before, [chance])) == []
    # Of the marketplace's shops it is not the page that is to be looked at.
    house = msgspec.structs.replace(known(before, before, goods=[sold_out]), of_shops=True, free={})
    assert [each.code for each in advise(house)] == ["shop_falling"]


def test_little_is_no_ground_for_advice() -> None:
    before, now = Figures(paid=40_000, orders=4), Figures(paid=10_000, orders=2)
    once = Row(key="b", paid=5_000, units=1)
    smaller = [Factor(name="basket", before=10_000, now=5_000, part=-15_000)]
    assert advise(known(now, before, goods=[once], parts=smaller)) == []
    # A day that stands out by little; nobody plans because of yesterday.
    day = Day(day=WEEK.first, paid=10_000, expected=Expected(expected=11_000, low=10_500, high=11_500))
    great = Figures(paid=400_000, orders=400)
    of_a_day = msgspec.structs.replace(known(Figures(paid=10_000, orders=10), great), days=[day])
    assert advise(of_a_day) == []


def test_a_step_of_the_funnel_is_told_in_people_and_never_in_more_than_there_were() -> None:
    before = Figures(
        paid=1_000_000, orders=60, visitors=900, product_visitors=500, cart_visitors=100, checkout_visitors=50
    )
    now = msgspec.structs.replace(before, paid=500_000, orders=20)

    said, _ = advise(known(now, before, parts=[Factor(name="conversion", before=0.07, now=0.02, part=-500_000)]))

    assert (said.code, said.key) == ("funnel", "paid")
    assert said.evidence == {"hits": 20, "of": 50, "hits_before": 50, "of_before": 50}
