"""What of blocks and sorts can be tried by whom, and one at a time."""

from uuid import UUID

import msgspec
import pytest

from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.operations import experiments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.experiments.model import NothingToShip, PageIsTaken
from steelyard.operations.merchandising.model import Block
from tests.support.experiments import BY, banner, banner_tried, drafted, published, sorts_tried
from tests.support.world import World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


@pytest.mark.parametrize(
    ("whose", "goods_list", "sorts", "field"),
    [
        ("tea", GoodsList.SEARCH, [Sort.RELEVANCE, Sort.SALES], "list"),
        ("tea", GoodsList.CATEGORIES, [Sort.SALES, Sort.NEWEST], "list"),
        ("house", GoodsList.SHOP, [Sort.SALES, Sort.NEWEST], "list"),
        ("tea", GoodsList.SHOP, [Sort.SALES, Sort.SALES], "variants"),
        ("tea", GoodsList.SHOP, [Sort.SALES, Sort.RELEVANCE_NEWEST], "variants"),
        ("tea", GoodsList.SHOP, [Sort.SALES], "variants"),
    ],
)
async def test_a_list_is_tried_by_whose_it_is_in_sorts_that_it_has(
    db: Database, world: World, whose: str, goods_list: GoodsList, sorts: list[Sort], field: str
) -> None:
    owner_id = MARKETPLACE if whose == "house" else world.tea.merchant_id
    with pytest.raises(Invalid) as refused:
        await sorts_tried(db, owner_id, goods_list, *sorts)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    "tried",
    [
        banner("Usual banner"),
        msgspec.structs.replace(banner("Other"), block_id=UUID(int=7)),
        banner("Other", segment_id=UUID(int=8)),
    ],
)
async def test_a_block_is_tried_as_another_version_of_itself_for_the_same_people(
    db: Database, world: World, tried: Block
) -> None:
    with pytest.raises(Invalid) as refused:
        await banner_tried(db, world.tea.merchant_id, tried)
    assert list(refused.value.fields) == ["variants"]


async def test_another_shops_block_is_no_control(db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Other"), start=False)
    await published(db, world.tools.merchant_id, banner("Theirs"))
    with pytest.raises(Invalid) as refused:
        await db.transact(experiments.draw_up, msgspec.structs.replace(new, merchant_id=world.tools.merchant_id), BY)
    assert list(refused.value.fields) == ["block"]


async def test_the_only_block_of_a_page_is_not_left_out(db: Database, world: World) -> None:
    new = await banner_tried(db, world.tea.merchant_id, banner("Other"), None, start=False)
    assert len(new.variants) == 3
    await published(db, world.tools.merchant_id, banner("Usual banner"))
    with pytest.raises(Invalid, match="variants"):
        await db.transact(experiments.draw_up, msgspec.structs.replace(new, merchant_id=world.tools.merchant_id), BY)


async def test_a_page_and_its_blocks_are_tried_one_at_a_time_and_its_list_beside_them(
    db: Database, world: World
) -> None:
    mine = world.tea.merchant_id
    whole = await drafted(db, mine)
    running = await banner_tried(db, mine, banner("Other"))
    await sorts_tried(db, mine, GoodsList.SHOP, Sort.SALES, Sort.NEWEST)
    with pytest.raises(PageIsTaken):
        await db.transact(experiments.start, mine, whole.experiment_id, BY)
    again = await sorts_tried(db, mine, GoodsList.SHOP, Sort.SALES, Sort.RATING, start=False)
    with pytest.raises(PageIsTaken):
        await db.transact(experiments.start, mine, again.experiment_id, BY)
    with pytest.raises(NothingToShip):
        await db.transact(experiments.ship, mine, running.experiment_id, 5, BY)
