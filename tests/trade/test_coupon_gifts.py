"""Coupons that a shop gives: to buyers and followers of its own, once, and as many as there are."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, CouponGift, GiftAudience, Offer, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.trade import favourites
from tests.support import deal
from tests.support.world import World

OFF = 500


def coupon(world: World, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("老客回馈", "Thank you"),
        rule=AmountOff(steps=(Step(1_000, OFF),)),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=True,
        per_buyer=1,
        given=True,
    )
    return msgspec.structs.replace(told, **more)


def gift(offer: Offer, audience: GiftAudience, **more: object) -> CouponGift:
    told = CouponGift(
        merchant_id=offer.merchant_id,
        gift_id=ids.mint(),
        promotion_id=offer.promotion_id,
        audience=audience,
        days=30 if audience is GiftAudience.BOUGHT else None,
    )
    return msgspec.structs.replace(told, **more)


async def given(db: Database, wish: CouponGift) -> CouponGift:
    """What came of it, said twice."""
    for _ in range(2):
        await db.transact(promotions.ask_gift, wish, "staff")
        await deal.at_rest(db)
    found = await db.ask(promotions.gifts_of, wish.merchant_id, wish.promotion_id)
    return next(each for each in found if each.gift_id == wish.gift_id)


async def holders(read: Read, promotion_id: PromotionId) -> set[object]:
    rows = await read.fetch("SELECT buyer_id FROM coupon_claims WHERE promotion_id = $1", promotion_id)
    return {row["buyer_id"] for row in rows}


async def test_who_bought_lately_is_given_one_and_a_guest_is_not(shop: Database, world: World) -> None:
    told = coupon(world)
    await shop.transact(promotions.save, told)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await deal.paid(shop, [(world.items["hammer"].sku_id, 1)], world.other_buyer.buyer_id)

    done = await given(shop, gift(told, GiftAudience.BOUGHT))

    assert (done.given, done.left_out) == (1, 0)
    assert await shop.ask(holders, told.promotion_id) == {world.buyer.buyer_id}
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    assert order.goods == 3_990 - OFF


async def test_followers_who_never_bought_are_asked_in(shop: Database, world: World) -> None:
    told = coupon(world)
    await shop.transact(promotions.save, told)
    for each in (world.buyer, world.other_buyer):
        assert each.buyer_id is not None
        await shop.transact(favourites.keep_shop, each.buyer_id, world.tea.merchant_id)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)

    done = await given(shop, gift(told, GiftAudience.NEVER))

    assert done.given == 1
    assert await shop.ask(holders, told.promotion_id) == {world.other_buyer.buyer_id}


async def test_named_are_those_whom_the_shop_knows_and_their_addresses_are_not_kept(
    shop: Database, world: World
) -> None:
    told = coupon(world, copies=5)
    await shop.transact(promotions.save, told)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    named = [world.buyer.email.upper(), world.other_buyer.email, "nobody@example.com"]

    done = await given(shop, gift(told, GiftAudience.NAMED, emails=named))

    assert (done.given, done.left_out, list(done.emails)) == (1, 2, [])
    assert await shop.ask(holders, told.promotion_id) == {world.buyer.buyer_id}


async def test_no_more_are_given_than_there_are_and_nobody_gets_a_second(shop: Database, world: World) -> None:
    told = coupon(world, copies=1)
    await shop.transact(promotions.save, told)
    for each in (world.buyer, world.other_buyer):
        await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], each.buyer_id)

    first = await given(shop, gift(told, GiftAudience.BOUGHT))
    second = await given(shop, gift(told, GiftAudience.BOUGHT))

    assert (first.given, first.left_out, second.given) == (1, 1, 0)
    found = await shop.ask(promotions.get, told.merchant_id, told.promotion_id)
    assert found is not None and found.claimed == 1


async def test_what_is_given_is_not_claimed_and_another_shops_is_not_given(shop: Database, world: World) -> None:
    told, open_to_all = coupon(world), coupon(world, given=False)
    for each in (told, open_to_all):
        await shop.transact(promotions.save, each)

    assert [each.promotion_id for each in await shop.ask(promotions.to_claim)] == [open_to_all.promotion_id]
    with pytest.raises(NotFound):
        await shop.transact(promotions.claim, ids.mint(), told.merchant_id, told.promotion_id)
    for wish in (
        gift(told, GiftAudience.NEVER, merchant_id=world.items["hammer"].merchant_id),
        gift(open_to_all, GiftAudience.NEVER),
    ):
        with pytest.raises(NotFound):
            await shop.transact(promotions.ask_gift, wish, "staff")
    for wish, field in (
        (gift(told, GiftAudience.NAMED), "emails"),
        (gift(told, GiftAudience.NAMED, emails=["no address"]), "emails"),
        (gift(told, GiftAudience.BOUGHT, days=None), "days"),
    ):
        with pytest.raises(Invalid) as refused:
            await shop.transact(promotions.ask_gift, wish, "staff")
        assert set(refused.value.fields) == {field}
