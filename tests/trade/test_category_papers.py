"""Papers that categories need: goods go onto the shelf with them, and off it when they have ended."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog.jobs import freeze_without_papers
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.parties import merchants
from steelyard.parties.merchants.jobs import look_at_papers
from steelyard.parties.merchants.model import MerchantId, NewPaper, RenewalState, StaleRenewal
from steelyard.trade.settlement import settlement_day
from tests.support.world import World

KIND = "food_business"
TODAY = settlement_day(datetime.now(UTC))
A_DAY = timedelta(days=1)


def new(until: date | None, kind: str = KIND) -> NewPaper:
    return NewPaper(
        paper_id=ids.mint(), kind=kind, number="JY1", good_until=until, file="scan.pdf", name="scan.pdf", bytes=1
    )


async def handed_in(db: Database, shop: MerchantId, until: date | None, today: date = TODAY) -> NewPaper:
    paper = new(until)
    for _ in range(2):
        await db.transact(merchants.hand_in_paper, shop, paper, "staff:shop", today)
    return paper


async def decided(db: Database, shop: MerchantId, paper: NewPaper, *, accepted: bool, reason: str = "") -> None:
    async def decide(tx: Tx) -> None:
        await merchants.decide_paper(
            tx, shop, paper.paper_id, accepted=accepted, file=paper.file, reason=reason, by="staff:reviewer"
        )

    await db.transact(decide)


async def accepted(db: Database, shop: MerchantId, until: date | None, today: date = TODAY) -> NewPaper:
    paper = await handed_in(db, shop, until, today)
    await decided(db, shop, paper, accepted=True)
    return paper


async def state(db: Database, product_id: UUID) -> ProductState:
    product = await db.ask(catalog.product, product_id)
    assert product is not None
    return product.state


@pytest.fixture
async def tea(shop: Database, world: World) -> MerchantId:
    """The tea shop, in a marketplace where all food needs a licence."""
    await shop.transact(merchants.set_papers_needed, world.categories["food"], [KIND])
    return MerchantId(world.tea.merchant_id)


async def off_shelf(db: Database, world: World, tea: MerchantId) -> UUID:
    green = world.items["green"].product_id
    await db.transact(catalog.take_off_shelf, tea, [green], "test")
    return green


async def test_goods_of_a_category_wait_for_its_papers(shop: Database, world: World, tea: MerchantId) -> None:
    green = await off_shelf(shop, world, tea)
    for paper in (None, await handed_in(shop, tea, TODAY)):
        found = await shop.transact(catalog.publish, tea, [green], "staff:shop")
        assert (found.on_shelf, found.held) == ([], [green])
        if paper is not None:
            await decided(shop, tea, paper, accepted=True)
    found = await shop.transact(catalog.publish, tea, [green], "staff:shop")
    assert (found.on_shelf, found.held) == ([green], [])


async def test_a_paper_of_another_shop_or_one_that_was_sent_back_is_none(
    shop: Database, world: World, tea: MerchantId
) -> None:
    green = await off_shelf(shop, world, tea)
    await accepted(shop, MerchantId(world.tools.merchant_id), None)
    paper = await handed_in(shop, tea, None)
    with pytest.raises(Invalid):
        await decided(shop, tea, paper, accepted=False)
    await decided(shop, tea, paper, accepted=False, reason="Not to be read")
    with pytest.raises(StaleRenewal):
        await decided(shop, tea, paper, accepted=True)
    assert await shop.ask(catalog.without_papers, tea, [green]) == [green]
    [kept] = await shop.ask(merchants.papers_of, tea)
    assert (kept.state, kept.reason) == (RenewalState.SENT_BACK, "Not to be read")
    with pytest.raises(NotFound):
        await shop.ask(merchants.paper, MerchantId(world.tools.merchant_id), paper.paper_id)
    confined = shop.as_merchant(world.tools.merchant_id)
    with pytest.raises(NotFound):
        await confined.ask(merchants.paper, tea, paper.paper_id)


async def test_what_has_ended_takes_its_goods_off_the_shelf_and_no_others(
    shop: Database, world: World, tea: MerchantId
) -> None:
    green, hammer = world.items["green"].product_id, world.items["hammer"].product_id
    await accepted(shop, tea, TODAY)
    await shop.transact(freeze_without_papers, TODAY)
    assert await state(shop, green) is ProductState.ON_SHELF, "on its last day it is good"
    await shop.transact(freeze_without_papers, TODAY + A_DAY)
    assert await state(shop, green) is ProductState.OFF_SHELF
    assert await state(shop, hammer) is ProductState.ON_SHELF


async def test_they_come_back_with_the_next_paper_but_not_what_the_shop_wants_off_the_shelf(
    shop: Database, world: World, tea: MerchantId
) -> None:
    green, black = world.items["green"].product_id, world.items["black"].product_id
    nuts = world.items["nuts"].product_id
    await accepted(shop, tea, TODAY - A_DAY, TODAY - A_DAY)
    assert nuts in await shop.ask(catalog.without_papers, tea, [nuts])
    await shop.transact(catalog.take_off_shelf, tea, [nuts], "staff:shop")  # before the paper did
    await shop.transact(freeze_without_papers, TODAY)
    frozen = await shop.ask(catalog.frozen_count, tea)
    assert frozen >= 2
    await shop.transact(catalog.take_off_shelf, tea, [black], "staff:shop")  # and after it
    paper = await handed_in(shop, tea, TODAY)
    for _ in range(2):
        assert await shop.transact(catalog.thaw, TODAY) == [], "it waits still"

    await decided(shop, tea, paper, accepted=True)

    assert await shop.transact(catalog.thaw, TODAY + A_DAY) == [], "on the day after its last it is none"
    assert await shop.transact(catalog.thaw, TODAY, MerchantId(world.tools.merchant_id)) == []
    back = await shop.transact(catalog.thaw, TODAY, tea)
    assert green in back and len(back) == frozen - 1
    assert await state(shop, green) is ProductState.ON_SHELF
    assert [await state(shop, each) for each in (black, nuts)] == [ProductState.OFF_SHELF] * 2
    assert await shop.ask(catalog.frozen_count, tea) == 0


async def test_what_went_into_the_bin_meanwhile_stays_there(shop: Database, world: World, tea: MerchantId) -> None:
    green = world.items["green"].product_id
    await accepted(shop, tea, TODAY - A_DAY, TODAY - A_DAY)
    await shop.transact(freeze_without_papers, TODAY)
    await shop.transact(catalog.bin, tea, [green], "staff:shop")
    await shop.transact(catalog.restore, tea, [green], "staff:shop")
    await accepted(shop, tea, None)
    assert green not in await shop.transact(catalog.thaw, TODAY)
    assert await state(shop, green) is ProductState.OFF_SHELF


async def test_a_new_paper_in_time_keeps_them_there(shop: Database, world: World, tea: MerchantId) -> None:
    await accepted(shop, tea, TODAY)
    await accepted(shop, tea, TODAY + 365 * A_DAY)
    await shop.transact(freeze_without_papers, TODAY + A_DAY)
    assert await state(shop, world.items["green"].product_id) is ProductState.ON_SHELF


async def test_owners_are_reminded_30_7_and_1_days_before_and_once_after(
    shop: Database, world: World, tea: MerchantId
) -> None:
    last = TODAY + 40 * A_DAY
    await accepted(shop, tea, last)
    told = [days for days in range(40, -4, -1) if await shop.transact(look_at_papers, last - days * A_DAY)]
    assert told == [30, 7, 1, -1]


async def test_what_is_handed_in_is_looked_at_first(shop: Database, tea: MerchantId) -> None:
    for paper in (new(TODAY - A_DAY), new(None, "poetry")):
        with pytest.raises(Invalid):
            await shop.transact(merchants.hand_in_paper, tea, paper, "staff:shop", TODAY)
    first, second = await handed_in(shop, tea, None), await handed_in(shop, tea, TODAY)
    [waiting] = await shop.ask(merchants.papers_waiting)
    assert (waiting.paper_id, waiting.good_until) == (first.paper_id, second.good_until), "one of a kind waits"
