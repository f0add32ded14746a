"""One banner of a page is tried: all else of the page is alike for everybody, and only who would be shown it takes part."""

from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments.jobs import SWEEPS
from steelyard.operations.experiments.model import ControlHasChanged, NewExperiment, NothingToShip
from steelyard.operations.merchandising.model import SHOP
from steelyard.surfaces.web.footfall import Footfall
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.experiments import ABOUT, BANNER, BY, banner, banner_tried, published
from tests.support.world import World
from tests.surfaces.merchant.test_audiences import a_list
from tests.surfaces.storefront.test_capture import DESK

PAGE = "/shops/tea"
# Of so many visitors it is everybody's turn.
MANY = 200


def variant(page: str) -> int:
    """Which of three is on the page."""
    return 0 if "Usual banner" in page else 1 if "Tried banner" in page else 2


async def visiting(app: Litestar, **headers: str) -> Browser:
    visitor = Browser(app)
    visitor.http.headers.update({"user-agent": DESK} | headers)
    return visitor


async def units(app: Litestar, db: Database, new: NewExperiment) -> list[int]:
    await app.state.footfall.count()
    await db.transact(experiments.measure_soon, new.merchant_id, new.experiment_id)
    await sweep_once(db, SWEEPS)
    return list((await db.ask(experiments.results, new.merchant_id, new.experiment_id))[2].units)


@pytest.fixture(autouse=True)
def counting(app: Litestar, db: Database) -> None:
    app.state.footfall = Footfall(db)


async def test_each_visitor_sees_one_banner_and_the_same_page_around_it(
    app: Litestar, db: Database, world: World
) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Tried banner"), None)
    seen: list[int] = []
    while set(seen) != {0, 1, 2} and len(seen) < MANY:
        visitor = await visiting(app)
        first, again = words(await visitor.get(PAGE)), words(await visitor.get(PAGE))
        assert variant(first) == variant(again)
        assert "About us" in first
        seen.append(variant(first))
        await visitor.close()

    assert len(seen) < MANY
    assert await units(app, db, new) == [seen.count(each) for each in range(3)]


async def test_programs_staff_and_other_shops_see_what_there_is(app: Litestar, db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Tried banner"))
    await published(db, world.tools.merchant_id, banner("Usual banner"))
    staff = await signed_in(app, world.tea.owner)
    staff.http.headers["user-agent"] = DESK
    others = [(staff, PAGE)]
    others += [(await visiting(app, **{"user-agent": "Googlebot/2.1"}), PAGE) for _ in range(6)]
    others += [(await visiting(app), "/shops/tools") for _ in range(6)]
    for visitor, page in others:
        assert "Usual banner" in words(await visitor.get(page))
        await visitor.close()
    assert await units(app, db, new) == [0, 0]


async def test_who_would_not_be_shown_the_banner_takes_no_part(app: Litestar, db: Database, world: World) -> None:
    merchant_id = world.tea.merchant_id
    segment_id = (await a_list(db, world, merchant_id)).segment_id
    tried = banner("Tried banner", segment_id)
    new = await banner_tried(db, merchant_id, tried, segment_id=segment_id)
    for _ in range(6):
        guest = await visiting(app)
        assert variant(words(await guest.get(PAGE))) == 2
        await guest.close()
    assert await units(app, db, new) == [0, 0]

    member = await signed_in(app, world.buyer)
    member.http.headers["user-agent"] = DESK
    assert variant(words(await member.get(PAGE))) in (0, 1)
    await member.close()
    assert sum(await units(app, db, new)) == 1


async def test_a_banner_that_has_left_the_page_is_tried_on_nobody(app: Litestar, db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Tried banner"))
    await db.transact(merchandising.remove_block, world.tea.merchant_id, SHOP, BANNER, BY)
    await published(db, world.tea.merchant_id, ABOUT)
    for _ in range(6):
        visitor = await visiting(app)
        assert variant(words(await visitor.get(PAGE))) == 2
        await visitor.close()
    assert await units(app, db, new) == [0, 0]
    with pytest.raises(NothingToShip):
        await db.transact(experiments.ship, new.merchant_id, new.experiment_id, 1, BY)


async def test_the_better_banner_is_published_and_nothing_else_of_the_draft(
    app: Litestar, db: Database, world: World
) -> None:
    mine = world.tea.merchant_id
    new = await banner_tried(db, mine, banner("Tried banner"))
    half_done = msgspec.structs.replace(ABOUT, block_id=UUID(int=9), title={"en": "Half done"})
    await db.transact(merchandising.save_block, mine, SHOP, half_done, BY)

    for _ in range(2):
        await db.transact(experiments.ship, mine, new.experiment_id, 1, BY)

    visitor = await visiting(app)
    said = words(await visitor.get(PAGE))
    await visitor.close()
    assert variant(said) == 1 and "About us" in said and "Half done" not in said
    draft = await db.ask(merchandising.draft, mine, SHOP)
    assert [each.block_id for each in draft.blocks] == [ABOUT.block_id, BANNER, half_done.block_id]
    assert draft.blocks[1] == banner("Tried banner")
    assert len(await db.ask(merchandising.versions, mine, SHOP)) == 2
    assert (await db.ask(experiments.experiment, mine, new.experiment_id))[0].shipped == 1


async def test_without_it_the_page_is_published_without_it(app: Litestar, db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, None)
    await db.transact(experiments.ship, new.merchant_id, new.experiment_id, 1, BY)
    shown = await db.ask(merchandising.shown, new.merchant_id, SHOP)
    assert shown is not None
    assert shown.blocks == [ABOUT]


async def test_it_does_not_begin_once_the_banner_is_another(db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Tried banner"), start=False)
    await published(db, world.tea.merchant_id, banner("Newer banner"))
    with pytest.raises(ControlHasChanged):
        await db.transact(experiments.start, new.merchant_id, new.experiment_id, BY)
