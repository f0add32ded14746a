"""A segment that something goes by is not put away, wherever that is; and nothing begins to go by one that is not the shop's."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.operations import growth, journeys, research, segments
from steelyard.operations.journeys.model import Branch, On, Trigger, Wait
from steelyard.operations.research.model import DefinitionRefused, Quota
from steelyard.operations.segments.model import Inside, Kind, Measure, Number, Segment, SegmentId
from tests.operations.growth.test_targeted_coupons import drawn_up
from tests.operations.journeys.conftest import PLAIN, go, happens, line, people, started
from tests.support.browser import Browser, words
from tests.support.surveys import BOUGHT, LAST, LIKELY, asking, opened
from tests.support.world import World

ALL = Number(measure=Measure.ORDERS, at_least=0)


async def regulars(db: Database, world: World, merchant_id: UUID | None = None) -> Segment:
    segment = Segment(
        merchant_id=merchant_id or world.tea.merchant_id, segment_id=SegmentId(ids.mint()), kind=Kind.RULES,
        name=text("熟客", "Regulars"), owner="Li Na", tree=ALL,
    )  # fmt: skip
    await db.transact(segments.define, segment, "test")
    return segment


async def a_survey_of_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, LAST, in_page=True, segment_id=segment.segment_id))
    return lambda: db.transact(research.close, world.tea.merchant_id, survey.survey_id, "test")


async def a_quota_of_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    quotas = (Quota(key="k1", most=5, segment_id=segment.segment_id),)
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, BOUGHT, quotas=quotas))
    return lambda: db.transact(research.close, world.tea.merchant_id, survey.survey_id, "test")


async def a_journey_into_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    graph = line(Trigger(on=On.SEGMENT, segment_id=segment.segment_id))
    journey_id = await started(db, world.tea.merchant_id, graph)
    await db.transact(journeys.pause, world.tea.merchant_id, journey_id, "test")
    return lambda: db.transact(journeys.end, world.tea.merchant_id, journey_id, "test")


async def a_journey_that_asks_for_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    graph = line(Branch(tree=Inside(segment_id=segment.segment_id)))
    journey_id = await started(db, world.tea.merchant_id, graph)
    return lambda: db.transact(journeys.end, world.tea.merchant_id, journey_id, "test")


async def a_journey_that_ends_with_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    settings = msgspec.structs.replace(PLAIN, leaving=segment.segment_id)
    journey_id = await started(db, world.tea.merchant_id, line(settings=settings))
    return lambda: db.transact(journeys.end, world.tea.merchant_id, journey_id, "test")


async def a_journey_as_it_was(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    """It asks for the segment no more, but who is inside still goes by what it said when they came in."""
    shop = world.tea.merchant_id
    journey_id = await started(db, shop, line(Wait(minutes=60), Branch(tree=Inside(segment_id=segment.segment_id))))
    await happens(db, shop, "order_paid", await people(db, shop, 2))
    await go(db, shop, journey_id)
    await db.transact(journeys.change, shop, journey_id, text("旅程", "Journey"), line(Wait()), 1, "test")
    await db.transact(journeys.start, shop, journey_id, 2, "test")

    async def they_go_on() -> None:
        assert await go(db, shop, journey_id, timedelta(hours=2)) == 2

    return they_go_on


async def a_coupon_for_it(db: Database, world: World, segment: Segment) -> Callable[[], Awaitable[None]]:
    new = await drawn_up(db, world, segment)
    return lambda: db.transact(growth.drop_targeted, new.merchant_id, new.targeted_id, "test")


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (a_survey_of_it, "Your order"),
        (a_quota_of_it, "Your order"),
        (a_journey_into_it, "Journey"),
        (a_journey_that_asks_for_it, "Journey"),
        (a_journey_that_ends_with_it, "Journey"),
        (a_journey_as_it_was, "Journey"),
        (a_coupon_for_it, "Wake them"),
    ],
)
async def test_what_goes_by_a_segment_keeps_it_from_the_archive(
    db: Database, world: World, owner: Browser, use: Callable[..., Awaitable[Callable[[], Awaitable[None]]]], name: str
) -> None:
    segment = await regulars(db, world)
    ends = await use(db, world, segment)
    here = f"/merchant/segments/{segment.segment_id}"

    assert f"What goes by it {name}" in words(await owner.get(here))
    assert f"It is used by: {name}" in words(await owner.follow(await owner.post(f"{here}/archive")))
    assert (await db.ask(segments.segment, segment.merchant_id, segment.segment_id)).archived_at is None

    await ends()
    assert "What goes by it" not in words(await owner.get(here))
    await owner.post(f"{here}/archive")
    assert (await db.ask(segments.segment, segment.merchant_id, segment.segment_id)).archived_at is not None


async def test_a_survey_is_not_opened_for_a_segment_that_is_not_kept_here(db: Database, world: World) -> None:
    others, away = await regulars(db, world, world.tools.merchant_id), await regulars(db, world)
    await db.transact(segments.archive, away.merchant_id, away.segment_id)
    for wrong in (others, away):
        with pytest.raises(DefinitionRefused) as refused:
            await opened(db, world.tea.merchant_id, asking(LIKELY, in_page=True, segment_id=wrong.segment_id))
        assert [each.field for each in refused.value.wrong] == ["segment_id"]
        quotas = (Quota(key="k1", most=5, segment_id=wrong.segment_id),)
        with pytest.raises(DefinitionRefused) as refused:
            await opened(db, world.tea.merchant_id, asking(LIKELY, quotas=quotas))
        assert [each.field for each in refused.value.wrong] == ["quota-k1"]


async def test_a_survey_that_was_closed_is_not_asked_again_when_its_segment_was_put_away(
    db: Database, world: World, owner: Browser
) -> None:
    segment = await regulars(db, world)
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, in_page=True, segment_id=segment.segment_id))
    await db.transact(research.close, world.tea.merchant_id, survey.survey_id, "test")
    await db.transact(segments.archive, segment.merchant_id, segment.segment_id)

    answer = await owner.post(f"/merchant/surveys/{survey.survey_id}/open")

    assert answer.headers["location"].endswith("/edit?check=1")
    assert "Please choose a segment" in words(await owner.follow(answer))
