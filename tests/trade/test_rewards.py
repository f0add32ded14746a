"""Points: earned on what was paid with money and received, taken back in proportion, borne by the platform."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.money.wallets import Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_EARNED
from steelyard.trade import rewards
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.purses import filled, left, placed
from tests.support.world import World


async def points(db: Database, buyer_id: BuyerId) -> int:
    return await left(db, buyer_id, Purse.POINTS)


@pytest.fixture
async def buyer_id(shop: Database, world: World) -> BuyerId:
    await shop.transact(policies.settle, POINTS_EARNED, 5, None)
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def received(shop: Database, world: World, buyer_id: BuyerId, pieces: int = 4) -> Order:
    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, pieces)], buyer_id)
    await deal.shipped(shop, order)
    assert await points(shop, buyer_id) == 0, "nothing before receipt"
    await deal.received(shop, order)
    await deal.at_rest(shop)
    return order


async def test_points_are_earned_on_receipt_once(shop: Database, world: World, buyer_id: BuyerId):
    order = await received(shop, world, buyer_id)

    await shop.transact(rewards.reward, [(order.merchant_id, order.order_id)])

    assert await points(shop, buyer_id) == (order.total * 5 + 50) // 100
    books = {each.kind: each.balance for each in await shop.ask(ledger.balances, buyer_id)}
    assert books[AccountKind.POINTS] == books[AccountKind.MARKETING_COST] == await points(shop, buyer_id)


async def test_a_guest_and_a_house_without_points_earn_none(shop: Database, world: World, buyer_id: BuyerId):
    guest = BuyerId(ids.mint())
    await received(shop, world, guest)
    assert await points(shop, guest) == 0

    await shop.transact(policies.settle, POINTS_EARNED, 0, None)
    await received(shop, world, buyer_id)
    assert await points(shop, buyer_id) == 0


async def test_what_points_paid_earns_none(shop: Database, world: World, buyer_id: BuyerId):
    await filled(shop, 300, Purse.POINTS, buyer_id)
    purchase_id = await placed(shop, [(world.items["nuts"].sku_id, 4)], buyer_id, (Purse.POINTS,))
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    (order,) = await deal.orders_of(shop, purchase_id)
    await deal.shipped(shop, order)
    await deal.received(shop, order)
    await deal.at_rest(shop)

    assert await points(shop, buyer_id) == ((order.total - 300) * 5 + 50) // 100


async def test_a_refund_takes_back_what_would_not_have_been_earned(shop: Database, world: World, buyer_id: BuyerId):
    order = await received(shop, world, buyer_id)

    for _ in range(4):
        await deal.refunded(shop, order, Returned(1, 1))
        await deal.at_rest(shop)
        kept = (await deal.again(shop, order)).kept
        assert await points(shop, buyer_id) == (kept * 5 + 50) // 100


async def test_what_is_spent_already_is_not_taken_back(shop: Database, world: World, buyer_id: BuyerId):
    order = await received(shop, world, buyer_id)
    earned = await points(shop, buyer_id)
    await placed(shop, [(world.items["nuts"].sku_id, 4)], buyer_id, (Purse.POINTS,))
    assert await points(shop, buyer_id) < earned

    await deal.refunded(shop, order, Returned(1, 4))
    await deal.at_rest(shop)

    assert await points(shop, buyer_id) == 0
