"""Points for what buyers do beside buying: each once, borne by the platform, none where the platform gives none."""

import asyncio

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.money.wallets import Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_CHECK_IN, POINTS_REVIEW, POINTS_WELCOME, Policy
from steelyard.trade import reviews, rewards
from tests.support.purses import left
from tests.support.received import received, said
from tests.support.world import World


@pytest.fixture
def buyer_id(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def given(db: Database, policy: Policy, points: int) -> None:
    await db.transact(policies.settle, policy, points, None)


async def points(db: Database, buyer_id: BuyerId) -> int:
    return await left(db, buyer_id, Purse.POINTS)


async def test_an_account_is_welcomed_once(shop: Database, buyer_id: BuyerId):
    await given(shop, POINTS_WELCOME, 50)

    assert await shop.transact(rewards.welcome, buyer_id) == 50
    assert await shop.transact(rewards.welcome, buyer_id) == 0

    assert await points(shop, buyer_id) == 50
    books = {each.kind: each.balance for each in await shop.ask(ledger.balances, buyer_id)}
    assert books[AccountKind.POINTS] == books[AccountKind.MARKETING_COST] == 50


async def test_a_day_is_checked_in_once_by_however_many_clicks(shop: Database, buyer_id: BuyerId):
    await given(shop, POINTS_CHECK_IN, 5)
    before = await shop.ask(rewards.to_check_in, buyer_id)

    found = await asyncio.gather(*[shop.transact(rewards.check_in, buyer_id) for _ in range(8)])

    after = await shop.ask(rewards.to_check_in, buyer_id)
    assert sorted(found) == [0] * 7 + [5]
    assert await points(shop, buyer_id) == 5
    assert before is not None and not before.done
    assert after is not None and after.done


async def test_each_reviewed_article_counts_once_however_many_stars(shop: Database, world: World, buyer_id: BuyerId):
    await given(shop, POINTS_REVIEW, 20)
    order = await received(shop, [(world.items["nuts"].sku_id, 2), (world.items["green"].sku_id, 1)], buyer_id)
    review = said(order, 1, 5)

    await shop.transact(reviews.write, review, [buyer_id])
    await shop.transact(reviews.write, review, [buyer_id])

    assert await points(shop, buyer_id) == 2 * 20


async def test_who_has_no_account_gets_none(shop: Database, world: World):
    await given(shop, POINTS_REVIEW, 20)
    guest = BuyerId(ids.mint())
    order = await received(shop, [(world.items["nuts"].sku_id, 1)], guest)

    await shop.transact(reviews.write, said(order, 5), [guest])

    assert await points(shop, guest) == 0


async def test_a_house_that_gives_none_has_no_button(shop: Database, buyer_id: BuyerId):
    assert await shop.ask(rewards.to_check_in, buyer_id) is None
    with pytest.raises(NotFound):
        await shop.transact(rewards.check_in, buyer_id)
    assert await shop.transact(rewards.welcome, buyer_id) == 0
