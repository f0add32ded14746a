"""Groups of a shop's customers: who comes in by hand or by what they have bought, for how long, and what they alone pay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    Group,
    GroupId,
    Joining,
    MemberSource,
    Offer,
    PromotionId,
    Rule,
    SpecialPrice,
    Step,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.database import Settled
from tests.support.world import World

NUTS = 3_990
TENTH = SpecialPrice(millionths=100_000)


async def made(db: Database, world: World, **more: object) -> Group:
    group = Group(merchant_id=world.tea.merchant_id, group_id=GroupId(ids.mint()), name=text("老客", "Regulars"))
    group = msgspec.structs.replace(group, **more)
    await db.transact(promotions.set_group, group)
    return group


async def offered(db: Database, world: World, group: Group | None, rule: Rule = TENTH, **more: object) -> Offer:
    now = datetime.now(UTC)
    offer = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("会员价", "For regulars"),
        rule=rule,
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        group_id=group.group_id if group else None,
    )
    offer = msgspec.structs.replace(offer, **more)
    await db.transact(promotions.save, offer)
    return offer


async def joined(db: Database, group: Group, buyer_id: BuyerId, source: MemberSource = MemberSource.HAND) -> int:
    return await db.transact(promotions.join, [Joining(group.merchant_id, group.group_id, buyer_id)], source)


async def off(db: Database, world: World, buyer_id: BuyerId | None) -> int:
    wanted = [(world.items["nuts"].sku_id, 1)]
    view = await db.ask(checkout.view, await deal.opened(db, wanted, buyer_id))
    assert view is not None
    return view.quote.discount


async def is_in(db: Database, group: Group) -> list[tuple[object, MemberSource, bool]]:
    found = await db.ask(promotions.members, group.merchant_id, group.group_id)
    return [(each.buyer_id, each.source, each.until is None) for each in found]


async def bought(db: Database, world: World, buyer_id: BuyerId) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)


async def test_a_member_pays_less_than_everybody_else_and_gets_that_back(
    shop: Database, world: World, settled: Settled
) -> None:
    member, stranger = BuyerId(ids.mint()), BuyerId(ids.mint())
    group = await made(shop, world)
    offer = await offered(shop, world, group)
    await joined(shop, group, member)
    assert [await off(shop, world, each) for each in (member, stranger)] == [399, 0]

    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 3)], member)

    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert (line.discount, [each.promotion_id for each in line.offers]) == (3 * 399, [offer.promotion_id])
    await deal.shipped(shop, order)
    await deal.refunded(shop, order, Returned(1, 3))
    assert (await deal.again(shop, order)).refunded == 3 * (NUTS - 399)
    await deal.channel_refunds(shop)
    await settled()


async def test_who_has_left_or_whose_time_is_over_pays_the_usual_price(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    group, dated = await made(shop, world), await made(shop, world, days=1)
    await offered(shop, world, group)
    await offered(shop, world, dated, SpecialPrice(millionths=200_000))
    for each in (group, dated):
        await joined(shop, each, buyer_id)
    assert await off(shop, world, buyer_id) == 798

    async def a_day_later(tx: Tx) -> None:
        await tx.execute("UPDATE customer_group_members SET until = now() WHERE until IS NOT NULL")

    await shop.transact(a_day_later)
    assert await off(shop, world, buyer_id) == 399
    await shop.transact(promotions.leave, group.merchant_id, group.group_id, [buyer_id])
    assert await off(shop, world, buyer_id) == 0
    await joined(shop, dated, buyer_id)
    assert await off(shop, world, buyer_id) == 798, "who comes in once more stays as long again"
    await shop.transact(promotions.close_group, dated.merchant_id, dated.group_id)
    assert await off(shop, world, buyer_id) == 0


async def test_who_has_bought_often_enough_comes_in_and_stays_longer(shop: Database, world: World) -> None:
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    group = await made(shop, world, orders=2, days=30)
    by_hand = await made(shop, world)

    await bought(shop, world, buyer_id)
    assert await is_in(shop, group) == []
    await bought(shop, world, buyer_id)
    assert await is_in(shop, group) == [(buyer_id, MemberSource.ORDERS, False)]
    assert await is_in(shop, by_hand) == []

    late = await made(shop, world, orders=1)
    await deal.at_rest(shop)
    assert await is_in(shop, late) == [(buyer_id, MemberSource.ORDERS, True)], "what was bought before counts"


async def test_coming_in_twice_changes_nothing_and_never_shortens(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    group = await made(shop, world)
    assert [await joined(shop, group, buyer_id) for _ in range(2)] == [1, 0]

    await shop.transact(promotions.set_group, msgspec.structs.replace(group, days=3))
    assert await joined(shop, group, buyer_id, MemberSource.ORDERS) == 0
    assert await is_in(shop, group) == [(buyer_id, MemberSource.HAND, True)]


async def test_an_offer_for_a_group_is_of_the_shop_that_has_it(shop: Database, world: World) -> None:
    group = await made(shop, world)
    elsewhere = await made(shop, world, merchant_id=world.tools.merchant_id)
    closed = await made(shop, world)
    await shop.transact(promotions.close_group, closed.merchant_id, closed.group_id)
    wrong: list[tuple[Group | None, dict[str, Any]]] = [
        (None, {}),
        (elsewhere, {}),
        (closed, {}),
        (group, {"merchant_id": PLATFORM, "rule": AmountOff(steps=(Step(100, 1),))}),
        (group, {"coupon": True, "per_buyer": 1}),
    ]
    for whose, more in wrong:
        with pytest.raises(Invalid) as refused:
            await offered(shop, world, whose, **more)
        assert list(refused.value.fields) == ["group"]
    with pytest.raises(NotFound):
        await shop.transact(promotions.set_group, closed)
    for orders_, days in ((0, None), (None, 0)):
        with pytest.raises(Invalid):
            await made(shop, world, orders=orders_, days=days)


async def test_a_group_can_have_an_offer_of_any_kind(shop: Database, world: World) -> None:
    member = BuyerId(ids.mint())
    group = await made(shop, world)
    await offered(shop, world, group, AmountOff(steps=(Step(1_000, 500),)))
    await joined(shop, group, member)

    assert [await off(shop, world, each) for each in (member, BuyerId(ids.mint()))] == [500, 0]


async def test_who_leaves_the_house_leaves_the_groups(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    group = await made(shop, world)
    await joined(shop, group, buyer_id)

    await shop.transact(promotions.forget, [buyer_id])

    assert await is_in(shop, group) == []
