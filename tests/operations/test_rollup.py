"""A day's trade is counted anew when something of it changes, and comes to what the orders say."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from steelyard.goods import catalog
from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import analytics
from steelyard.operations.analytics import MARKETPLACE, Step, View, remembering
from steelyard.operations.analytics.jobs import SWEEPS, forget_visits
from steelyard.operations.analytics.subscribers import SUBSCRIBER
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.settlement import settlement_day
from tests.support import deal
from tests.support.plans import Listening
from tests.support.world import CURRENCY, World, seeded

TODAY = settlement_day(datetime.now(UTC))


async def rolled_up(db: Database) -> None:
    await events.drain(db, [SUBSCRIBER])
    await sweep_once(db, [sweep for sweep in SWEEPS if sweep.name == "analytics.roll_up"])


async def as_the_orders_say(read: Read) -> tuple[int, int, int, int]:
    row = await read.row(
        """
        SELECT count(*) AS orders, sum(total)::bigint AS gmv, count(paid_at) AS paid_orders
             , coalesce(sum(total) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint AS paid FROM orders
        """
    )
    assert row is not None
    return row["orders"], row["gmv"] or 0, row["paid_orders"], row["paid"]


async def busy(db: Database) -> World:
    """A day with two buyers: one buys twice, one is still to pay; a piece comes back, an order is called off."""
    world = await seeded(db)
    green, hammer = world.items["green"].sku_id, world.items["hammer"].sku_id
    [order] = await deal.paid(db, [(green, 2)], world.buyer.buyer_id)
    await deal.paid(db, [(green, 1), (hammer, 1)], world.buyer.buyer_id)
    await deal.placed(db, [(hammer, 1)])
    await deal.refunded(db, order, Returned(1, 1))
    await rolled_up(db)
    return world


async def test_the_day_comes_to_what_the_orders_say(db: Database) -> None:
    world = await busy(db)

    found = await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY)

    assert (found.orders, found.gmv, found.paid_orders, found.paid) == await db.ask(as_the_orders_say)
    assert found.refunded_orders == 1
    assert found.refunds == world.items["green"].amount
    assert found.average * found.paid_orders == pytest.approx(found.paid, abs=found.paid_orders)


async def test_somebody_who_buys_twice_is_one_buyer_and_one_newcomer_of_each_merchant(db: Database) -> None:
    world = await busy(db)

    tea = await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY, world.tea.merchant_id)
    people = await db.ask(analytics.figures.customers, world.tea.merchant_id, TODAY, TODAY)

    assert (tea.paid_orders, tea.buyers, tea.newcomers) == (2, 1, 1)
    assert (people.people, people.newcomers, people.repeaters) == (1, 1, 1)
    assert people.repeat_rate == 1.0


async def test_people_and_regions_of_several_days_are_those_of_the_orders(db: Database) -> None:
    world = await busy(db)
    merchant_id, yesterday = world.tea.merchant_id, TODAY - timedelta(days=1)

    async def a_day_earlier(tx: Tx) -> None:
        await tx.execute(
            """
            UPDATE orders SET paid_at = paid_at - interval '1 day' WHERE merchant_id = $1 AND order_id = (
                SELECT order_id FROM orders WHERE merchant_id = $1 AND paid_at IS NOT NULL ORDER BY order_id LIMIT 1)
            """,
            merchant_id,
        )

    await db.transact(a_day_earlier)
    await db.transact(analytics.mark_history)
    await rolled_up(db)

    both = await db.ask(analytics.figures.customers, merchant_id, yesterday, TODAY)
    last = await db.ask(analytics.figures.customers, merchant_id, TODAY, TODAY)
    regions = await db.ask(analytics.figures.regions, merchant_id, yesterday, TODAY, CURRENCY)
    whole = await db.ask(analytics.figures.trade, yesterday, TODAY, CURRENCY, merchant_id)
    assert (both.people, both.newcomers, both.repeaters) == (1, 1, 1)
    assert (last.people, last.newcomers, last.repeaters) == (1, 0, 0), "who came yesterday is not new today"
    assert sum(each.orders for each in regions) == whole.paid_orders == 2
    assert sum(each.paid for each in regions) == whole.paid > 0
    assert all(each.country for each in regions)


async def test_a_day_that_changes_later_is_counted_again(db: Database) -> None:
    world = await busy(db)
    before = await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY)

    await deal.paid(db, [(world.items["green"].sku_id, 1)], world.buyer.buyer_id)
    assert await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY) == before
    await rolled_up(db)

    after = await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY)
    assert after.paid_orders == before.paid_orders + 1
    assert after.buyers == before.buyers, "the same person on the same day"


async def test_history_that_told_nobody_of_itself_is_rolled_up_when_asked(db: Database) -> None:
    await busy(db)
    told = await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY)
    await db.transact(lambda tx: tx.execute("DELETE FROM sales_days"))

    assert await db.transact(analytics.mark_history) > 0
    await sweep_once(db, [sweep for sweep in SWEEPS if sweep.name == "analytics.roll_up"])

    assert await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY) == told


async def test_the_parts_come_to_the_whole(db: Database) -> None:
    world = await busy(db)
    since = TODAY - timedelta(days=6)

    whole = await db.ask(analytics.figures.trade, since, TODAY, CURRENCY)
    by_day = await db.ask(analytics.figures.trade_by_day, since, TODAY, CURRENCY)
    by_channel = await db.ask(analytics.figures.trade_by_channel, since, TODAY, CURRENCY)
    by_merchant = await db.ask(analytics.figures.trade_by_merchant, since, TODAY, CURRENCY)
    by_category = await db.ask(analytics.figures.trade_by_category, since, TODAY, CURRENCY)
    by_product = await db.ask(analytics.figures.trade_by_product, since, TODAY, CURRENCY)

    assert [each.day for each in by_day] == [since + timedelta(days=n) for n in range(7)]
    for parts in (by_day, by_channel, by_merchant):
        assert sum(each.paid for each in parts) == whole.paid
    assert {each.key for each in by_merchant} == {str(world.tea.merchant_id), str(world.tools.merchant_id)}
    assert sum(each.paid for each in by_category) == sum(each.paid for each in by_product)
    assert sum(each.pieces for each in by_product) == 4


async def test_the_categories_of_a_day_are_those_of_its_products_and_go_along_when_merged(db: Database) -> None:
    world = await busy(db)
    food, home = world.categories["food"], world.categories["home"]

    async def by_category() -> dict[UUID, tuple[int, int]]:
        found = await db.ask(analytics.figures.trade_by_category, TODAY, TODAY, CURRENCY)
        return {each.category_id: (each.pieces, each.paid) for each in found}

    before = await by_category()
    by_product = await db.ask(analytics.figures.trade_by_product, TODAY, TODAY, CURRENCY)
    tea = [each for each in by_product if each.merchant_id == world.tea.merchant_id]
    within = await db.ask(analytics.figures.trade_by_category, TODAY, TODAY, CURRENCY, None, food)
    assert set(before) == {food, home}
    assert before[food] == (sum(each.pieces for each in tea), sum(each.paid for each in tea))
    assert [each.category_id for each in within] == [world.categories["tea"]]

    await db.transact(catalog.merge_category, world.categories["tea"], world.categories["snacks"])
    assert await by_category() == before
    await db.transact(catalog.merge_category, world.categories["snacks"], world.categories["hand-tools"])
    after = await by_category()
    assert after == {home: (before[food][0] + before[home][0], before[food][1] + before[home][1])}


async def test_by_category_is_told_without_looking_at_products(db: Database) -> None:
    await busy(db)
    of_a_year = (TODAY - timedelta(days=364), TODAY, CURRENCY)

    async def listen(tx: Tx) -> list[str]:
        await tx.execute(
            """
            INSERT INTO category_days (merchant_id, day, category_id, currency, orders, pieces, paid)
            SELECT gen_random_uuid(), d.day - n, d.category_id, d.currency, 1, 1, 1
            FROM category_days d CROSS JOIN generate_series(1, 3000) AS s (n)
            """
        )
        await tx.execute("ANALYZE category_days")
        heard = Listening(tx, {"category_days", "product_days", "products"})
        await analytics.figures.trade_by_category(heard, TODAY - timedelta(days=29), TODAY, CURRENCY)
        scans, heard.large, heard.scans = heard.scans, {"product_days", "products"}, []
        await analytics.figures.trade_by_category(heard, *of_a_year)
        await tx.execute("DELETE FROM category_days WHERE paid = 1")
        return scans + heard.scans

    assert await db.transact(listen) == []


async def test_products_that_sold_come_first_and_then_those_that_were_looked_at(db: Database) -> None:
    world = await busy(db)
    shop, looked_at = world.tea.merchant_id, [world.items[name].product_id for name in ("rare", "black", "nuts")]
    views = [
        seen(ids.mint(), Step.PRODUCT, shop, product)
        for count, product in enumerate(looked_at)
        for _ in range(3 - count)
    ]
    sold = world.items["green"].product_id
    await db.transact(analytics.record, [*views, seen(ids.mint(), Step.PRODUCT, shop, sold)])

    def of(limit: int, currency: str = CURRENCY):
        return db.ask(analytics.figures.trade_by_product, TODAY, TODAY, currency, shop, limit)

    found = await of(10)
    assert [each.product_id for each in found] == [sold, *looked_at]
    assert [(each.pieces, each.views, each.visitors) for each in found] == [(3, 1, 1), (0, 3, 3), (0, 2, 2), (0, 1, 1)]
    assert found[0].paid == 3 * world.items["green"].amount
    for limit in range(1, 4):
        assert await of(limit) == found[:limit]
    assert [each.product_id for each in await of(2, "EUR")] == looked_at[:2], "who looks does so in no currency"


async def test_a_merchant_sees_figures_of_its_own_alone(db: Database) -> None:
    world = await busy(db)
    tools = db.as_merchant(world.tools.merchant_id)

    seen = await tools.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY)
    of_tea = await tools.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY, world.tea.merchant_id)
    products = await tools.ask(analytics.figures.trade_by_product, TODAY, TODAY, CURRENCY)

    assert seen == await db.ask(analytics.figures.trade, TODAY, TODAY, CURRENCY, world.tools.merchant_id)
    assert of_tea == analytics.Trade()
    assert {each.merchant_id for each in products} == {world.tools.merchant_id}


def seen(visitor: UUID, step: Step = Step.LOOKED, merchant: UUID | None = None, product: UUID | None = None) -> View:
    return View(visitor_id=visitor, at=datetime.now(UTC), step=step, merchant_id=merchant, product_id=product)


async def test_a_visitor_counts_once_a_day_and_as_far_as_they_came(db: Database) -> None:
    world = await seeded(db)
    visitor, shop, product = ids.mint(), world.tea.merchant_id, world.items["green"].product_id
    look = seen(visitor, Step.PRODUCT, shop, product)

    await db.transact(analytics.record, [seen(visitor), look])
    await db.transact(analytics.record, [seen(visitor), look, seen(visitor, Step.CART, shop)])
    await db.transact(analytics.record, [seen(ids.mint())])

    site = await db.ask(analytics.figures.traffic, TODAY, TODAY)
    tea = await db.ask(analytics.figures.traffic, TODAY, TODAY, shop)
    assert site == analytics.Traffic(views=3, visitors=2, product_visitors=1, cart_visitors=1)
    assert tea == analytics.Traffic(views=3, visitors=1, product_visitors=1, cart_visitors=1)
    [sold] = await db.ask(analytics.figures.trade_by_product, TODAY, TODAY, CURRENCY)
    assert (sold.product_id, sold.views, sold.visitors) == (product, 2, 1)


async def test_processes_that_count_at_the_same_time_count_nobody_twice(db: Database) -> None:
    world = await seeded(db)
    chance = Random(7)
    visitors = [ids.mint() for _ in range(8)]
    shops = [world.tea.merchant_id, world.tools.merchant_id]
    batches = [
        [seen(chance.choice(visitors), Step(chance.randrange(4)), chance.choice(shops)) for _ in range(40)]
        for _ in range(12)
    ]

    await asyncio.gather(*(db.transact(analytics.record, batch) for batch in batches))

    views = [view for batch in batches for view in batch]
    site = await db.ask(analytics.figures.traffic, TODAY, TODAY)
    assert (site.views, site.visitors) == (0, len({view.visitor_id for view in views}))
    for shop in shops:
        found = await db.ask(analytics.figures.traffic, TODAY, TODAY, shop)
        assert found == counted([view for view in views if view.merchant_id == shop])


def counted(views: Sequence[View]) -> analytics.Traffic:
    furthest: dict[UUID, int] = {}
    for view in views:
        furthest[view.visitor_id] = max(furthest.get(view.visitor_id, 0), view.step)
    came = [sum(far >= step for far in furthest.values()) for step in Step]
    return analytics.Traffic(
        views=len(views), visitors=came[0], product_visitors=came[1], cart_visitors=came[2], checkout_visitors=came[3]
    )


async def test_who_looked_is_forgotten_and_how_many_is_kept(db: Database) -> None:
    world = await seeded(db)
    await db.transact(analytics.record, [seen(ids.mint(), Step.CART, world.tea.merchant_id)])
    kept = await db.ask(analytics.figures.traffic, TODAY, TODAY)

    assert await db.transact(forget_visits, TODAY) == 0, "of today nothing is forgotten"
    assert await db.transact(forget_visits, TODAY + timedelta(days=1)) == 2

    assert await db.ask(lambda read: read.value("SELECT count(*) FROM visits")) == 0
    assert await db.ask(analytics.figures.traffic, TODAY, TODAY) == kept
    assert kept.visitors == 1
    assert await db.ask(analytics.figures.traffic, TODAY, TODAY, MARKETPLACE) == kept


async def test_a_large_marketplace_is_not_summed_for_each_look(db: Database, monkeypatch: pytest.MonkeyPatch):
    counted: list[str] = []

    async def look(read: Read, who: str) -> int:
        async def count() -> int:
            counted.append(who)
            return len(counted)

        return await analytics.remembered(read, who, count)

    small = [await db.ask(look, "one") for _ in range(2)]
    monkeypatch.setattr(remembering, "LARGE_FROM_PRODUCT_DAYS", -2)
    large = [await db.ask(look, who) for who in ("one", "one", "other", "one")]
    monkeypatch.setattr(remembering, "REMEMBERED_SECONDS", 0.0)

    assert small == [1, 2]
    assert large == [3, 3, 4, 3]
    assert await db.ask(look, "one") == 5
