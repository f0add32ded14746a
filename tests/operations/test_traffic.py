"""The day's counters say what a model of a few dictionaries says, whoever writes at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations import analytics
from steelyard.operations.analytics import Step, View

NOON = datetime(2026, 5, 4, 4, tzinfo=UTC)
SHOPS = [ids.derived(ids.mint(), "shop", str(number)) for number in range(2)]
# Each is a shop's.
PRODUCTS = [ids.derived(SHOPS[number % 2], "product", str(number)) for number in range(4)]


def views(seed: int, visitors: Sequence[UUID], count: int) -> list[View]:
    chance = Random(seed)  # habits, no secrets
    seen: list[View] = []
    for _ in range(count):
        who, shop, step = chance.choice(visitors), chance.choice([None, *SHOPS]), chance.choice(list(Step))
        product_id = (
            chance.choice(PRODUCTS[SHOPS.index(shop) :: 2]) if shop is not None and step is Step.PRODUCT else None
        )
        seen.append(View(visitor_id=who, at=NOON, step=step, merchant_id=shop, product_id=product_id))
    return seen


def expected(
    seen: Sequence[View],
) -> tuple[Counter[UUID | None], Counter[tuple[UUID, int]], Counter[UUID], Counter[UUID]]:
    """Views by place, visitors who came so far by place and step, views and visitors by product."""
    looked: Counter[UUID | None] = Counter(each.merchant_id for each in seen)
    furthest: dict[tuple[UUID, UUID], int] = {}
    for each in seen:
        for place in {analytics.MARKETPLACE, each.merchant_id} - {None}:
            assert place is not None
            furthest[place, each.visitor_id] = max(furthest.get((place, each.visitor_id), 0), each.step)
    came = Counter((place, step) for (place, _), most in furthest.items() for step in range(most + 1))
    of_products = [each for each in seen if each.product_id is not None]
    times = Counter(each.product_id for each in of_products if each.product_id is not None)
    people = Counter(
        product_id for product_id, _ in {(each.product_id, each.visitor_id) for each in of_products} if product_id
    )
    return looked, came, times, people


async def counted(db: Database) -> tuple[dict[UUID, list[int]], dict[UUID, tuple[int, int]]]:
    days = await db.ask(
        lambda read: read.fetch(
            """
            SELECT merchant_id, sum(views)::int, sum(visitors)::int, sum(product_visitors)::int, sum(cart_visitors)::int
                 , sum(checkout_visitors)::int FROM traffic_days GROUP BY 1
            """
        )
    )
    products = await db.ask(
        lambda read: read.fetch(
            "SELECT product_id, sum(views)::int AS views, sum(visitors)::int AS visitors FROM product_traffic_days GROUP BY 1"
        )
    )
    return (
        {row["merchant_id"]: list(row)[1:] for row in days},
        {row["product_id"]: (row["views"], row["visitors"]) for row in products},
    )


@pytest.mark.parametrize("at_once", [False, True])
async def test_the_counters_say_what_was_seen(db: Database, at_once: bool) -> None:
    visitors = [ids.mint() for _ in range(5)]
    batches = [views(seed, visitors, 12) for seed in range(8)]
    if at_once:
        await asyncio.gather(*(db.transact(analytics.record, batch) for batch in batches))
    else:
        for batch in batches:
            await db.transact(analytics.record, batch)

    days, products = await counted(db)

    looked, came, times, people = expected([view for batch in batches for view in batch])
    for place in (analytics.MARKETPLACE, *SHOPS):
        seen = looked[None if place == analytics.MARKETPLACE else place]
        assert days[place] == [seen, *(came[place, step] for step in range(4))]
    assert products == {each: (times[each], people[each]) for each in PRODUCTS}


async def test_who_does_nothing_new_is_counted_and_not_written_again(db: Database) -> None:
    visitor = ids.mint()
    view = View(visitor_id=visitor, at=NOON, step=Step.PRODUCT, merchant_id=SHOPS[0], product_id=PRODUCTS[0])
    other = View(visitor_id=visitor, at=NOON, step=Step.PRODUCT, merchant_id=SHOPS[0], product_id=PRODUCTS[2])
    versions: list[int] = []
    for each in (view, view, other):
        await db.transact(analytics.record, [each])
        versions.append(
            await db.ask(
                lambda read: read.value("SELECT xmin::text::bigint FROM visits WHERE merchant_id = $1", SHOPS[0])
            )
        )

    days, products = await counted(db)

    assert days[SHOPS[0]][:2] == [3, 1]
    assert products == {PRODUCTS[0]: (2, 1), PRODUCTS[2]: (1, 1)}
    assert versions[0] == versions[1] < versions[2]
