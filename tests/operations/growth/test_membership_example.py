"""The example of docs/algorithms/membership.md."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel import days, ids
from steelyard.kernel.db import Database
from steelyard.operations import behaviour, growth
from steelyard.operations.behaviour import Behaviour, Kind
from steelyard.operations.growth import NoProgramme, Span, Standing, Task, TaskNotDone, TaskTerms, standing
from steelyard.operations.growth.model import PROFILE_PARTS
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import favourites
from tests.operations.growth.conftest import opened
from tests.support.received import reviewed
from tests.support.world import World

FIRST = Span(620, date(2026, 1, 10), date(2027, 1, 10))
SECOND = Span(450, date(2026, 3, 1), date(2027, 3, 1))
BACK = Span(-150, date(2026, 3, 1), date(2027, 3, 1))
FALLS = date(2027, 4, 10)


def stands(today: date, *spans: Span) -> Standing:
    return standing(spans, today, [500, 1_000], 90, 15)


def test_the_example_of_the_documentation_stands_where_it_says() -> None:
    whole = (FIRST, SECOND, BACK)
    for today, spans, earned, rank, falls_on in (
        (date(2026, 1, 10), (FIRST,), 620, 1, FALLS),
        (date(2026, 3, 1), (FIRST, SECOND), 1_070, 2, FALLS),
        (date(2026, 3, 6), whole, 920, 1, FALLS),
        (date(2027, 1, 10), whole, 300, 1, FALLS),
        (date(2027, 3, 1), whole, 0, 1, FALLS),
        (date(2027, 4, 9), whole, 0, 1, FALLS),
        (date(2027, 4, 10), whole, 0, 0, None),
    ):
        found = stands(today, *spans)
        assert (found.growth, found.rank, found.falls_on) == (earned, rank, falls_on), today
    assert stands(date(2027, 3, 1), *whole).check_on == date(2027, 3, 26)
    assert stands(date(2027, 3, 26), *whole).check_on == FALLS
    assert stands(date(2026, 1, 9)) == Standing(growth=0, rank=0, falls_on=None, check_on=None)


async def test_the_example_of_watching_live_brings_its_growth_once(db: Database, world: World) -> None:
    shop, buyer = world.tea.merchant_id, world.buyer.buyer_id
    assert buyer is not None
    terms = (
        TaskTerms(task=Task.PROFILE, amount=20, target=PROFILE_PARTS),
        TaskTerms(task=Task.FOLLOW, amount=5),
        TaskTerms(task=Task.SHARE, amount=7),
        TaskTerms(task=Task.WATCH, amount=15, target=5),
        TaskTerms(task=Task.REVIEW, amount=9),
    )
    await opened(db, shop, tasks=terms)
    today, eight = days.today(), datetime.now(UTC) + timedelta(hours=1)
    visitor = BuyerId(ids.mint())
    await db.transact(customers.merge_visitor, visitor, buyer)

    async def watched(until: timedelta, seconds: int, who: UUID | None = None) -> None:
        left = Behaviour(
            kind=Kind.LIVE_LEAVE, visitor_id=visitor, buyer_id=who, merchant_id=shop, at=eight + until,
            properties={"seconds": seconds},
        )  # fmt: skip
        await db.transact(behaviour.record, [left])

    async def stands() -> dict[Task, tuple[int, bool]]:
        return {each.task: (each.done, each.had) for each in await db.ask(growth.tasks_of, shop, buyer, today)}

    await watched(timedelta(minutes=3), 180, buyer)
    await watched(timedelta(minutes=4), 120, buyer)
    await watched(timedelta(minutes=10), 59)
    assert (await stands())[Task.WATCH] == (4, False)
    with pytest.raises(TaskNotDone):
        await db.transact(growth.have_task, shop, buyer, Task.WATCH, today)
    await watched(timedelta(minutes=20), 30, buyer)
    assert [await db.transact(growth.have_task, shop, buyer, Task.WATCH, today) for _ in range(2)] == [15, 0]
    assert (await stands())[Task.WATCH] == (5, True)
    assert (await db.ask(growth.member, shop, buyer)).growth == 15

    elsewhere = Behaviour(kind=Kind.SHARE, visitor_id=buyer, buyer_id=buyer, merchant_id=world.tools.merchant_id)
    await db.transact(behaviour.record, [elsewhere])
    before = await stands()
    assert (before[Task.SHARE], before[Task.FOLLOW], before[Task.REVIEW]) == ((0, False), (0, False), (0, False))
    await db.transact(behaviour.record, [msgspec.structs.replace(elsewhere, event_id=ids.mint(), merchant_id=shop)])
    await db.transact(favourites.keep_shop, buyer, shop)
    await reviewed(db, [(world.items["nuts"].sku_id, 1)], buyer, 5)
    both = await asyncio.gather(
        *(
            db.transact(growth.have_task, shop, buyer, task, today)
            for task in (Task.SHARE, Task.FOLLOW, Task.REVIEW) * 2
        )
    )
    assert sorted(both) == [0, 0, 0, 5, 7, 9]
    with pytest.raises(NoProgramme):
        await db.transact(growth.have_task, PLATFORM, buyer, Task.SHARE, today)
