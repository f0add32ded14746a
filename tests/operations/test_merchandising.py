"""Pages put together of blocks: a draft changes nothing, what is published is shown, and the hour decides."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.operations import merchandising, segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.merchandising.model import (
    BLOCKS_MAX,
    DEFAULT_HOME,
    HOME,
    HOUSE,
    SHOP,
    Block,
    Kind,
    Rule,
    ShopCategoryId,
    Slide,
)
from steelyard.operations.segments.model import Kind as SegmentKind
from steelyard.operations.segments.model import Segment, SegmentId
from tests.support.world import seeded

BY = "staff:test"


def block(kind: Kind = Kind.TEXT, **facts: object) -> Block:
    return Block(block_id=uuid4(), kind=kind, **facts)  # pyright: ignore[reportArgumentType]  # as the test says


async def shown_titles(db: Database, owner_id: UUID = HOUSE) -> list[str] | None:
    version = await db.ask(merchandising.shown, owner_id, HOME)
    return None if version is None else [each.title.in_language("en") for each in version.blocks]


async def test_a_draft_is_shown_when_it_is_published(db: Database) -> None:
    one, two = block(title=text("一", "one")), block(Kind.GOODS, title=text("二", "two"), rule=Rule.NEWEST)
    for each in (one, two):
        await db.transact(merchandising.save_block, HOUSE, HOME, each, BY)
    assert await shown_titles(db) is None

    await db.transact(merchandising.publish, HOUSE, HOME, BY)
    assert await shown_titles(db) == ["one", "two"]

    await db.transact(merchandising.move_block, HOUSE, HOME, two.block_id, -1, BY)
    await db.transact(merchandising.move_block, HOUSE, HOME, two.block_id, -1, BY)
    assert await shown_titles(db) == ["one", "two"], "a draft changes nothing"
    await db.transact(merchandising.publish, HOUSE, HOME, BY)
    assert await shown_titles(db) == ["two", "one"]

    await db.transact(merchandising.order_blocks, HOUSE, HOME, [one.block_id], BY)
    await db.transact(merchandising.remove_block, HOUSE, HOME, two.block_id, BY)
    assert [each.title["en"] for each in (await db.ask(merchandising.draft, HOUSE, HOME)).blocks] == ["one"]


async def test_what_is_scheduled_waits_for_its_hour_and_what_is_withdrawn_gives_way(db: Database) -> None:
    await db.transact(merchandising.save_block, HOUSE, HOME, block(title=text("现", "now")), BY)
    await db.transact(merchandising.publish, HOUSE, HOME, BY)
    await db.transact(merchandising.save_block, HOUSE, HOME, block(title=text("晚", "later")), BY)
    later = await db.transact(merchandising.publish, HOUSE, HOME, BY, shown_from=datetime.now(UTC) + timedelta(hours=1))
    assert await shown_titles(db) == ["now"]

    third = await db.transact(merchandising.publish, HOUSE, HOME, BY)
    assert await shown_titles(db) == ["now", "later"]
    await db.transact(merchandising.withdraw, HOUSE, HOME, third)
    assert await shown_titles(db) == ["now"]

    await db.transact(merchandising.bring_back, HOUSE, HOME, 1, BY)
    assert len((await db.ask(merchandising.draft, HOUSE, HOME)).blocks) == 1
    assert [each.version for each in await db.ask(merchandising.versions, HOUSE, HOME)] == [third, later, 1]
    with pytest.raises(NotFound):
        await db.transact(merchandising.bring_back, HOUSE, HOME, 99, BY)


async def test_a_page_has_a_limited_number_of_blocks(db: Database) -> None:
    for _ in range(BLOCKS_MAX):
        await db.transact(merchandising.save_block, HOUSE, HOME, block(), BY)
    with pytest.raises(Invalid):
        await db.transact(merchandising.save_block, HOUSE, HOME, block(), BY)


async def test_blocks_come_back_as_they_were(db: Database) -> None:
    banner = block(Kind.BANNER, slides=[Slide(title=text("春", "Spring"), href="/c/tea", picture="a.webp")])
    await db.transact(merchandising.save_block, HOUSE, HOME, banner, BY)
    await db.transact(merchandising.begin, HOUSE, HOME, DEFAULT_HOME, BY)
    assert (await db.ask(merchandising.draft, HOUSE, HOME)).blocks == [banner], "what was begun stays"
    await db.transact(merchandising.begin, HOUSE, "topic:spring", DEFAULT_HOME, BY)
    assert (await db.ask(merchandising.draft, HOUSE, "topic:spring")).blocks == DEFAULT_HOME
    assert await db.ask(merchandising.topics, HOUSE) == ["spring"]


async def test_a_merchant_puts_together_their_own_page_alone(db: Database) -> None:
    world = await seeded(db)
    tea, tools = db.as_merchant(world.tea.merchant_id), db.as_merchant(world.tools.merchant_id)
    await tea.transact(merchandising.save_block, world.tea.merchant_id, SHOP, block(title=text("茶", "tea")), BY)
    await tea.transact(merchandising.publish, world.tea.merchant_id, SHOP, BY)
    assert await db.ask(merchandising.shown, world.tea.merchant_id, SHOP) is not None
    assert await tools.ask(merchandising.shown, world.tea.merchant_id, SHOP) is None

    kinds = ShopCategoryId(uuid4())
    goods = [world.items[name].product_id for name in ("rare", "green", "hammer")]
    await tea.transact(
        merchandising.save_shop_category, world.tea.merchant_id, kinds, text("好茶", "Fine teas"), 1, goods
    )
    assert await tea.ask(merchandising.products_of, world.tea.merchant_id, kinds) == goods[:2], "own goods alone"
    assert [each.products for each in await db.ask(merchandising.shop_categories, world.tea.merchant_id)] == [2]
    assert [hit.product_id for hit in await db.ask(merchandising.chosen, goods[::-1])] == goods[::-1]
    await tea.transact(merchandising.remove_shop_category, world.tea.merchant_id, kinds)
    assert await db.ask(merchandising.shop_categories, world.tea.merchant_id) == []


async def test_the_houses_page_goes_by_the_segments_of_the_marketplace(db: Database) -> None:
    one, other = SegmentId(uuid4()), SegmentId(uuid4())
    for segment_id in (one, other):
        segment = Segment(
            merchant_id=MARKETPLACE, segment_id=segment_id, kind=SegmentKind.LIST, name=text("贵宾", "Valued"), owner="Li Na"
        )  # fmt: skip
        await db.transact(segments.make_list, segment)
    slides = [Slide(title=text("全场", "All"), href="/c/tea"), Slide(title=text("贵宾", "Valued"), segment_id=one)]
    blocks = [block(Kind.BANNER, slides=slides), block(title=text("谢", "Thanks"), segment_id=other)]
    for each in blocks:
        await db.transact(merchandising.save_block, HOUSE, HOME, each, BY)
    assert merchandising.segments_of(blocks) == {one, other}
    assert [len(each.slides) for each in merchandising.meant_for(blocks, {one})] == [2]
    assert [len(each.slides) for each in merchandising.meant_for(blocks, {other})] == [1, 0]
    for who in (None, uuid4()):
        assert [len(each.slides) for each in await db.ask(merchandising.seen_by, HOUSE, blocks, who)] == [1]

    assert await db.ask(merchandising.pages_using, HOUSE, one) == [HOME], "in a draft, too"
    await db.transact(merchandising.publish, HOUSE, HOME, BY)
    for each in blocks:
        await db.transact(merchandising.remove_block, HOUSE, HOME, each.block_id, BY)
    assert await db.ask(merchandising.pages_using, HOUSE, other) == [HOME], "as it is shown"
    await db.transact(merchandising.publish, HOUSE, HOME, BY)
    assert await db.ask(merchandising.pages_using, HOUSE, one) == []
