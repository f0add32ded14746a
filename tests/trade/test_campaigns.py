"""Campaigns: the platform asks, shops sign up, the platform chooses, and what is chosen is sold at its price for that time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import inventory, pricing, promotions
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import (
    Article,
    CampaignBegun,
    CampaignState,
    Entry,
    EntryState,
    Lack,
    Rules,
    SignUpClosed,
    lacks,
)
from tests.support import deal
from tests.support.campaigns import PRICE, begun, campaign, entry, opened
from tests.support.world import STOCK, World

BY = "staff:platform"


async def waiting(db: Database, world: World, campaign_id: UUID, **more: int) -> Entry:
    """The tea shop's nuts are signed up."""
    assert await db.transact(campaigns.sign_up, [entry(world, campaign_id, **more)], "staff:tea") == {}  # pyright: ignore[reportArgumentType]  # by name
    return await found(db, campaign_id)


async def found(db: Database, campaign_id: UUID) -> Entry:
    [only] = await db.ask(campaigns.entries, campaign_id)
    return only


async def free(db: Database, world: World) -> int:
    sku_id = world.items["nuts"].sku_id
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def test_what_is_approved_is_sold_at_its_price_for_that_time_and_no_longer(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    mine = await waiting(shop, world, wanted.campaign_id)
    assert (mine.state, await free(shop, world)) == (EntryState.WAITING, STOCK)

    assert await shop.transact(campaigns.approve, mine.merchant_id, mine.entry_id, BY)
    assert not await shop.transact(campaigns.approve, mine.merchant_id, mine.entry_id, BY)
    assert ((await found(shop, wanted.campaign_id)).state, await free(shop, world)) == (EntryState.APPROVED, STOCK - 5)
    [before] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])

    await shop.transact(begun, wanted.campaign_id)
    [during] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    assert (before.goods, during.goods) == (world.items["nuts"].amount, PRICE)
    [sold] = await shop.ask(promotions.planned, [(mine.merchant_id, mine.entry_id)])
    assert (sold.taken, sold.left) == (1, 4)


async def test_each_rule_is_said_with_what_an_article_lacks() -> None:
    category = ids.mint()
    article = Article(
        sku_id=ids.mint(), product_id=ids.mint(), categories=[category], on_shelf=True, price=10_000, lowest=9_000,
        free=20, stars=450,
    )  # fmt: skip
    strict = Rules(categories=frozenset([category]), off=100_000, lowest=True, pieces=5, rating=400)

    assert lacks(strict, article, 9_000, 5) == []
    assert lacks(strict, article, 9_001, 5) == [Lack.NOT_CHEAP_ENOUGH, Lack.ABOVE_LOWEST]
    assert lacks(strict, article, 10_000, 5) == [Lack.NOT_CHEAPER, Lack.ABOVE_LOWEST]
    assert lacks(strict, article, 9_000, 4) == [Lack.TOO_FEW]
    assert lacks(strict, article, 9_000, 21) == [Lack.NOT_SO_MANY]
    other = msgspec.structs.replace(article, categories=[ids.mint()], stars=399, on_shelf=False)
    assert lacks(strict, other, 9_000, 5) == [Lack.NOT_ON_SHELF, Lack.CATEGORY, Lack.RATING]
    assert lacks(strict, msgspec.structs.replace(article, stars=None), 9_000, 5) == []


async def test_what_does_not_keep_to_the_rules_is_not_signed_up(shop: Database, world: World) -> None:
    wanted = await opened(shop, Rules(off=200_000, pieces=3))
    nuts = world.items["nuts"].sku_id

    lacking = await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id, price=3_900, pieces=1)], "tea")
    strange = await shop.transact(
        campaigns.sign_up,
        [msgspec.structs.replace(entry(world, wanted.campaign_id), sku_id=world.items["hammer"].sku_id)],
        "tea",
    )

    assert lacking == {nuts: [Lack.NOT_CHEAP_ENOUGH, Lack.TOO_FEW]}
    assert strange == {world.items["hammer"].sku_id: [Lack.NOT_ON_SHELF]}
    assert await shop.ask(campaigns.entries, wanted.campaign_id) == []


async def test_a_price_below_a_dearer_past_is_measured_by_the_lowest_of_thirty_days(
    shop: Database, world: World
) -> None:
    """The nuts cost 35.00 for a moment: 36.00 is cheaper than now, and dearer than then."""
    nuts = world.items["nuts"]
    for amount in (3_500, nuts.amount):
        await shop.transact(
            pricing.set_prices, world.tea.merchant_id, [NewPrice(sku_id=nuts.sku_id, currency="CNY", amount=amount)]
        )
    wanted = await opened(shop, Rules(lowest=True))

    assert await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id, price=3_600)], "tea") == {
        nuts.sku_id: [Lack.ABOVE_LOWEST]
    }
    assert await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id, price=3_500)], "tea") == {}


async def test_what_was_sent_back_is_signed_up_otherwise(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    mine = await waiting(shop, world, wanted.campaign_id)
    with pytest.raises(Invalid):
        await shop.transact(campaigns.send_back, mine.merchant_id, mine.entry_id, BY, " ")
    assert await shop.transact(campaigns.send_back, mine.merchant_id, mine.entry_id, BY, "too dear")
    assert not await shop.transact(campaigns.send_back, mine.merchant_id, mine.entry_id, BY, "again")
    back = await found(shop, wanted.campaign_id)
    assert (back.state, back.reason) == (EntryState.SENT_BACK, "too dear")

    again = await waiting(shop, world, wanted.campaign_id, price=2_000)

    assert (again.state, again.price, again.reason) == (EntryState.WAITING, 2_000, "")
    await shop.transact(campaigns.approve, again.merchant_id, again.entry_id, BY)
    with pytest.raises(Invalid):
        await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id, price=1_900)], "tea")


async def test_a_shop_withdraws_until_it_starts_and_can_come_back(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    mine = await waiting(shop, world, wanted.campaign_id)
    await shop.transact(campaigns.approve, mine.merchant_id, mine.entry_id, BY)
    for _ in range(2):
        await shop.transact(campaigns.withdraw, mine.merchant_id, mine.entry_id, "staff:tea")
    assert ((await found(shop, wanted.campaign_id)).state, await free(shop, world)) == (EntryState.WITHDRAWN, STOCK)

    again = await waiting(shop, world, wanted.campaign_id)
    assert await shop.transact(campaigns.approve, again.merchant_id, again.entry_id, BY)
    await shop.transact(begun, wanted.campaign_id)
    with pytest.raises(CampaignBegun):
        await shop.transact(campaigns.withdraw, again.merchant_id, again.entry_id, "staff:tea")
    for stranger in (world.tools.merchant_id, ids.mint()):
        with pytest.raises(NotFound):
            await shop.transact(campaigns.withdraw, stranger, again.entry_id, "staff:tools")
        with pytest.raises(NotFound):
            await shop.transact(campaigns.approve, stranger, again.entry_id, BY)


async def test_what_is_ended_early_sells_nothing_more_and_takes_nothing_in(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    mine = await waiting(shop, world, wanted.campaign_id)
    await shop.transact(campaigns.approve, mine.merchant_id, mine.entry_id, BY)
    await shop.transact(begun, wanted.campaign_id)
    with pytest.raises(Invalid):
        await shop.transact(campaigns.end, wanted.campaign_id, BY, "")

    assert await shop.transact(campaigns.end, wanted.campaign_id, BY, "a mistake")
    assert not await shop.transact(campaigns.end, wanted.campaign_id, BY, "again")

    [after] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    assert (after.goods, await free(shop, world)) == (world.items["nuts"].amount, STOCK - 1)
    over = await shop.ask(campaigns.campaign, wanted.campaign_id)
    assert over is not None and over.state(datetime.now(UTC)) is CampaignState.ENDED
    with pytest.raises(SignUpClosed):
        await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id)], "tea")


async def test_goods_are_signed_up_in_their_time_only(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    await shop.transact(begun, wanted.campaign_id)
    with pytest.raises(SignUpClosed):
        await shop.transact(campaigns.sign_up, [entry(world, wanted.campaign_id)], "tea")
    with pytest.raises(NotFound):
        await shop.transact(campaigns.sign_up, [entry(world, ids.mint())], "tea")


async def test_what_has_sold_out_elsewhere_meanwhile_is_not_approved(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    mine = await waiting(shop, world, wanted.campaign_id, pieces=STOCK)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])

    with pytest.raises(Invalid):
        await shop.transact(campaigns.approve, mine.merchant_id, mine.entry_id, BY)

    assert (await found(shop, wanted.campaign_id)).state is EntryState.WAITING


async def test_a_campaign_says_when_and_what_or_is_not_opened(shop: Database) -> None:
    right = campaign()
    now = datetime.now(UTC)
    wrong = [
        {"code": "Not An Address"},
        {"name": text("只有中文", "")},
        {"sign_up_until": now - timedelta(minutes=1)},
        {"starts_at": now + timedelta(minutes=1)},
        {"starts_at": now + timedelta(days=90), "ends_at": now + timedelta(days=91)},
        {"ends_at": right.starts_at + timedelta(days=32)},
        {"rules": Rules(off=1_000_000)},
        {"rules": Rules(pieces=0)},
    ]
    for each in wrong:
        with pytest.raises(Invalid):
            await shop.transact(campaigns.open_campaign, msgspec.structs.replace(right, **each))
    for _ in range(2):
        await shop.transact(campaigns.open_campaign, right)
    with pytest.raises(Invalid):
        await shop.transact(campaigns.open_campaign, campaign(code=right.code))
    assert [each.code for each in await shop.ask(campaigns.near, now)] == [right.code]


async def test_a_shop_sees_only_its_own_entries(shop: Database, world: World) -> None:
    wanted = await opened(shop)
    await waiting(shop, world, wanted.campaign_id)

    async def of(tx: Tx, merchant_id: UUID) -> int:
        return len(await campaigns.entries(tx, wanted.campaign_id, merchant_id))

    assert await shop.transact(of, world.tea.merchant_id) == 1
    assert await shop.transact(of, world.tools.merchant_id) == 0
