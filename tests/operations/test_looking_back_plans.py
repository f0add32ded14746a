"""What the board of tasks and the periodic reviews ask, of thousands of tasks and of years of trade: each goes by an index."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from steelyard.kernel import days, ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.operations import business_reviews, workboard
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.business_reviews import Period, Span, jobs
from steelyard.operations.business_reviews.service import due
from steelyard.operations.workboard import Filter, State, Whose
from steelyard.operations.workboard.model import WAITING
from tests.operations.test_reaching_plans import scans
from tests.support import deal
from tests.support.plans import copying
from tests.support.seeded import SeededServer
from tests.support.world import World

ROWS = 12_000
WEEK = Period(span=Span.WEEK, first=days.today() - timedelta(days=days.today().weekday() + 14))


def crowding(shop: UUID) -> str:
    """Tasks and reviews of twenty shops, this one among them, two years of their orders, and what ten years' days came to."""
    owner = f"CASE WHEN n % 20 = 0 THEN '{shop}' ELSE md5((n % 20)::text)::uuid END"
    at, day = "now() - n * interval '90 minutes'", "current_date - n / 16"
    sold = "current_date - n / 3"
    numbered = f"generate_series(1, {ROWS}) AS n"
    return f"""
        INSERT INTO tasks (merchant_id, task_id, state, title, role, account_id, due_at, source, source_id, opened_by, closed_at)
        SELECT {owner}, md5('task' || n)::uuid, CASE n / 20 % 4 WHEN 0 THEN 'open' WHEN 1 THEN 'doing' ELSE 'done' END
             , '{{"en": "Look"}}', 'r' || n / 20 % 9, CASE WHEN n / 20 % 5 = 0 THEN md5('person' || n / 20 % 31)::uuid END
             , {at}, 'journeys', md5('source' || n / 20)::uuid, 'li', CASE WHEN n / 20 % 4 > 1 THEN {at} END FROM {numbered};
        INSERT INTO task_history (merchant_id, task_id, step, from_state, to_state, by)
        SELECT merchant_id, task_id, 1, 'nowhere', 'open', 'li' FROM tasks;
        INSERT INTO task_comments (merchant_id, task_id, comment_id, by, words)
        SELECT merchant_id, task_id, task_id, 'li', 'Yes' FROM tasks;

        INSERT INTO business_reviews (merchant_id, review_id, span, first, made_by, currency, paid, paid_before, orders, facts)
        SELECT {owner}, md5('review' || n)::uuid, 'day', {day}, 'system', 'CNY', 1, 1, 1, '{{}}' FROM {numbered};
        INSERT INTO business_review_notes (merchant_id, review_id, note_id, by, words)
        SELECT merchant_id, review_id, review_id, 'li', 'Rain' FROM business_reviews;
        INSERT INTO business_review_wishes (merchant_id, span, first, wanted_at, wanted_by)
        SELECT md5('shop' || n)::uuid, 'day', {day}, {at}, 'li' FROM {numbered};

        UPDATE orders o SET merchant_id = {owner}, paid_at = {at}, refunded = CASE WHEN n % 10 = 0 THEN 100 ELSE 0 END
                          , buyer_id = md5('buyer' || n % 900)::uuid
        FROM (SELECT order_id, row_number() OVER (ORDER BY order_id) AS n FROM orders) AS w WHERE w.order_id = o.order_id;
        INSERT INTO buyers (buyer_id, locale, guest) SELECT DISTINCT buyer_id, 'en', true FROM orders;
        INSERT INTO buyers (buyer_id, locale, guest) SELECT md5('other' || n)::uuid, 'en', true FROM {numbered};
        INSERT INTO order_refunds (merchant_id, refund_id, order_id, goods, freight, commission, currency, reason, by, released
                                 , at)
        SELECT merchant_id, order_id, order_id, 100, 0, 0, 'CNY', 'goodwill', 'li', true, paid_at FROM orders;
        INSERT INTO behaviour_events (merchant_id, event_id, at, kind, visitor_id, order_id, surface, channel)
        SELECT merchant_id, order_id, paid_at, 'pay', buyer_id, order_id, 'storefront', 'direct' FROM orders;
        INSERT INTO stage_moves (merchant_id, buyer_id, step, from_stage, to_stage, at)
        SELECT merchant_id, order_id, 1, 'nowhere', 'new', paid_at FROM orders;

        INSERT INTO sales_days (merchant_id, day, currency, channel, orders, paid_orders, paid)
        SELECT DISTINCT {owner}, {sold}, 'CNY', 'shop', 1, 1, 100 FROM {numbered};
        INSERT INTO product_days (merchant_id, day, product_id, currency, orders, pieces, paid)
        SELECT DISTINCT {owner}, {sold}, md5('product' || n % 70)::uuid, 'CNY', 1, 1, 100 FROM {numbered};
        INSERT INTO category_days (merchant_id, day, category_id, currency, orders, pieces, paid)
        SELECT s.merchant_id, s.day, c.category_id, 'CNY', 1, 1, 100 FROM sales_days s CROSS JOIN
            (SELECT category_id FROM categories LIMIT 1) AS c;
        INSERT INTO traffic_days (merchant_id, day, channel, device, views, visitors)
        SELECT merchant_id, day, 'direct', 'desk', 9, 9 FROM sales_days
        UNION ALL SELECT DISTINCT '{MARKETPLACE}'::uuid, day, 'direct', 'desk', 9, 9 FROM sales_days;
        ANALYZE
    """


async def crowd(url: str, world: World) -> None:
    db = await Database.connect(url, size=2)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    await db.close()
    async with administer(url) as connection:
        await connection.execute("SET session_replication_role = 'replica'")
        await connection.execute(
            copying("orders", ["order_id", "purchase_id", "buyer_id"], ["code"], ROWS, moved="placed_at")
        )
        await connection.execute(crowding(world.tea.merchant_id))


@pytest.fixture(scope="module")
def crowded(seeded_server: SeededServer) -> Iterator[str]:
    with seeded_server.database() as url:
        asyncio.run(crowd(url, seeded_server.world))
        yield url


@pytest.fixture
def world(seeded_server: SeededServer) -> World:
    return seeded_server.world


@pytest.fixture
async def db(crowded: str):
    database = await Database.connect(crowded, size=2)
    yield database
    await database.close()


async def test_the_board_of_tasks_goes_by_an_index(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    listed = {state: await db.ask(workboard.page, shop, state, Filter(), limit=20) for state in State}
    one = listed[State.OPEN].items[0]
    source_id = one.source_id
    assert source_id is not None
    asked: dict[str, Callable[..., Awaitable[Any]]] = {
        f"the board, {whose}": partial(
            workboard.board, merchant_id=shop, which=Filter(whose=whose, account_id=one.account_id, roles=["r1"])
        )
        for whose in Whose
    }
    for state, page in listed.items():
        asked |= {
            f"{state}, next page": partial(
                workboard.page, merchant_id=shop, state=state, which=Filter(), cursor=page.next
            )
        }
    asked |= {
        "a task": partial(workboard.task, merchant_id=shop, task_id=one.task_id),
        "its steps": partial(workboard.history, merchant_id=shop, task_id=one.task_id),
        "what was said": partial(workboard.comments, merchant_id=shop, task_id=one.task_id),
        "what waits for somebody": partial(workboard.counts, merchant_id=shop, account_id=ids.mint(), roles=["r1", "r2"]),
        "what a journey has opened": partial(workboard.of_source, merchant_id=shop, source="journeys", source_id=source_id),
        "done": partial(workboard.move, merchant_id=shop, task_id=one.task_id, to=State.DONE, by="li"),
    }  # fmt: skip
    assert all(page.next for state, page in listed.items() if state in (*WAITING, State.DONE))

    found = {name: await scans(db, ask) for name, ask in asked.items()}

    assert not {name: heard for name, heard in found.items() if heard}


@pytest.mark.parametrize("of_shop", [True, False], ids=["a shop's", "the marketplace's"])
async def test_reviews_are_written_and_read_by_an_index(db: Database, world: World, *, of_shop: bool) -> None:
    whose = world.tea.merchant_id if of_shop else None
    first = (await db.ask(business_reviews.reviews, world.tea.merchant_id)).next
    review_id = ids.mint()

    async def written(tx: Tx) -> None:
        facts = await business_reviews.facts_of(tx, whose, WEEK)
        assert facts.figures.orders and facts.before.figures.orders and facts.year
        await business_reviews.write(tx, whose, WEEK, facts, "li")

    asked: dict[str, Callable[..., Awaitable[Any]]] = {
        "written": written,
        "wished for by the clock": partial(due, now=datetime.now(UTC), shops_at_once=5),
        "what waits longest": jobs._take,  # pyright: ignore[reportPrivateUsage]  # what the worker asks every two seconds
        "wished for": partial(business_reviews.want, merchant_id=whose, period=WEEK, by="li"),
        "waited for": partial(business_reviews.wishes, merchant_id=whose),
        "the list": partial(business_reviews.reviews, merchant_id=whose),
        "the list, next page": partial(business_reviews.reviews, merchant_id=whose, cursor=first),
        "of days": partial(business_reviews.reviews, merchant_id=whose, span=Span.DAY),
        "the notes": partial(business_reviews.notes, merchant_id=whose, review_id=review_id),
        "of a period": partial(business_reviews.of_period, merchant_id=whose, period=WEEK),
    }

    found = {name: await scans(db, ask) for name, ask in asked.items()}

    assert not {name: heard for name, heard in found.items() if heard}
