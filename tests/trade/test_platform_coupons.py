"""Coupons of the platform: for people and not browsers, for who is new anywhere here, given to whom it likes; and never more of
them, nor of their budget, than there are."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    CouponGift,
    GiftAudience,
    Offer,
    PromotionId,
    Step,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.events import drain
from steelyard.kernel.text import text
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.trade import aftersales, checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import PurchaseId
from steelyard.worker import subscribers
from tests.support import deal
from tests.support.seeded import SeededServer
from tests.support.world import CONTACT, World

OFF = 500
RIVALS = 8


def coupon(**more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=PLATFORM,
        promotion_id=PromotionId(ids.mint()),
        name=text("平台券", "Platform coupon"),
        rule=AmountOff(steps=(Step(1_000, OFF),)),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=True,
        per_buyer=1,
        platform_millionths=1_000_000,
    )
    return msgspec.structs.replace(told, **more)


async def opened(
    db: Database, world: World, email: str, *codes: str, buyer_id: BuyerId | None = None, both: bool = False
) -> CheckoutId:
    checkout_id = CheckoutId(ids.mint())
    wanted = [(world.items["nuts"].sku_id, 1)] + ([(world.items["hammer"].sku_id, 1)] if both else [])
    draft = msgspec.structs.replace(deal.draft(wanted, contact=Contact(name="N", email=email)), codes=codes)
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft, client=SHOP)
    return checkout_id


async def off(db: Database, checkout_id: CheckoutId) -> int:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote.discount


async def place(db: Database, checkout_id: CheckoutId, total: int | None = None) -> PurchaseId | Refusal:
    try:
        return await db.transact(checkout.place, checkout_id, expected_total=total, by="buyer")
    except Refusal as refusal:
        return refusal


async def left(db: Database, offer: Offer) -> tuple[int, int, int]:
    """How many are claimed, what is spent, and how many places are noted for people."""
    kept = await db.ask(promotions.get, PLATFORM, offer.promotion_id)
    assert kept is not None
    return kept.claimed, kept.spent, await db.ask(noted)


async def noted(read: Read) -> int:
    return await read.value("SELECT count(*)::integer FROM coupon_people")


async def test_a_code_of_the_platform_counts_once_for_who_can_be_reached_there(shop: Database, world: World) -> None:
    told = coupon(code="HERE", copies=9)
    await shop.transact(promotions.save, told)
    first = await opened(shop, world, "na@example.com", "HERE")
    assert await off(shop, first) == OFF
    assert isinstance(await place(shop, first), UUID)

    assert await off(shop, await opened(shop, world, "NA+again@example.com", "HERE")) == 0
    assert await off(shop, await opened(shop, world, "other@example.com", "HERE")) == OFF
    await deal.at_rest(shop)


async def test_a_person_stays_noted_until_the_last_order_of_a_purchase_is_called_off(
    shop: Database, world: World
) -> None:
    told = coupon(code="BOTH", copies=9)
    await shop.transact(promotions.save, told)
    buyer = BuyerId(ids.mint())
    purchase_id = await place(shop, await opened(shop, world, "na@example.com", "BOTH", buyer_id=buyer, both=True))
    assert not isinstance(purchase_id, Refusal)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))

    seen: list[int] = []
    for order in await deal.orders_of(shop, purchase_id):
        await shop.as_merchant(order.merchant_id).transact(
            aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "no", "staff:1"
        )
        await drain(shop, subscribers())
        seen.append(await off(shop, await opened(shop, world, "na@example.com", "BOTH")))

    assert seen == [0, OFF]
    assert (await shop.ask(noted)) == 0
    await deal.channel_refunds(shop)


async def test_a_copy_that_was_claimed_with_an_unpaid_purchase_is_given_back(shop: Database, world: World) -> None:
    """Whether of the platform or of a shop: an agent's buyer is another one each time, and would keep it for ever."""
    for told in (
        coupon(code="ONE", copies=1),
        coupon(code="TWO", copies=1, merchant_id=world.tea.merchant_id, platform_millionths=0),
    ):
        await shop.transact(promotions.save, told)
        first = await opened(shop, world, "a@example.com", told.code or "")
        assert isinstance(await place(shop, first), UUID)
        assert await off(shop, await opened(shop, world, "b@example.com", told.code or "")) == 0

        await shop.transact(checkout.cancel, first, "buyer")
        await deal.at_rest(shop)

        found = await shop.ask(promotions.get, told.merchant_id, told.promotion_id)
        assert found is not None and found.claimed == 0
        second = await opened(shop, world, "b@example.com", told.code or "")
        assert await off(shop, second) == OFF
        assert isinstance(await place(shop, second), UUID)
        await deal.at_rest(shop)


async def test_a_coupon_that_was_claimed_before_stays_its_buyers(shop: Database, world: World) -> None:
    told = coupon(copies=1)
    buyer = BuyerId(ids.mint())
    await shop.transact(promotions.save, told)
    await shop.transact(promotions.claim, buyer, PLATFORM, told.promotion_id)
    placed = await opened(shop, world, "a@example.com", buyer_id=buyer)
    await place(shop, placed)

    await shop.transact(checkout.cancel, placed, "buyer")

    assert await off(shop, await opened(shop, world, "a@example.com", buyer_id=buyer)) == OFF
    assert (await left(shop, told))[0] == 1


async def test_a_copy_that_was_paid_with_once_stays_its_buyers_when_a_later_purchase_lapses(
    shop: Database, world: World
) -> None:
    told = coupon(code="KEEP", copies=1)
    buyer = BuyerId(ids.mint())
    await shop.transact(promotions.save, told)
    purchase_id = await place(shop, await opened(shop, world, "a@example.com", "KEEP", buyer_id=buyer))
    assert not isinstance(purchase_id, Refusal)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    [order] = await deal.orders_of(shop, purchase_id)
    await shop.as_merchant(order.merchant_id).transact(
        aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "no", "staff:1"
    )
    await drain(shop, subscribers())
    again = await opened(shop, world, "a@example.com", buyer_id=buyer)
    assert isinstance(await place(shop, again), UUID)

    await shop.transact(checkout.cancel, again, "buyer")
    await deal.at_rest(shop)

    assert await off(shop, await opened(shop, world, "a@example.com", buyer_id=buyer)) == OFF
    assert (await left(shop, told))[0] == 1
    await deal.channel_refunds(shop)


async def test_numbers_of_claims_are_not_given_out_twice(shop: Database, world: World) -> None:
    told = coupon(code="MORE", copies=9, per_buyer=3)
    buyer = BuyerId(ids.mint())
    await shop.transact(promotions.save, told)
    first = await opened(shop, world, "a@example.com", "MORE", buyer_id=buyer)
    await place(shop, first)
    await shop.transact(promotions.claim, buyer, PLATFORM, told.promotion_id)
    await shop.transact(checkout.cancel, first, "buyer")

    await shop.transact(promotions.claim, buyer, PLATFORM, told.promotion_id)

    assert (await left(shop, told))[0] == 2
    await deal.at_rest(shop)


async def test_new_is_who_has_bought_nowhere_here(shop: Database, world: World) -> None:
    told = coupon(new_buyers=True, per_buyer=2)
    await shop.transact(promotions.save, told)
    new, regular, guest = (BuyerId(ids.mint()) for _ in range(3))
    await deal.paid(shop, [(world.items["hammer"].sku_id, 1)], regular)
    for each in (new, new, regular, guest):
        await shop.transact(promotions.claim, each, PLATFORM, told.promotion_id)

    assert await off(shop, await opened(shop, world, "r@example.com", buyer_id=regular)) == 0
    # Bought as somebody else, with the address that is typed here.
    assert await off(shop, await opened(shop, world, CONTACT.email.upper(), buyer_id=guest)) == 0
    first, second = [await opened(shop, world, "new@example.com", buyer_id=new) for _ in range(2)]
    assert (await off(shop, first), await off(shop, second)) == (OFF, OFF)
    assert isinstance(await place(shop, first), UUID)
    assert await off(shop, second) == 0
    await deal.at_rest(shop)


async def test_it_is_given_to_chosen_accounts_and_again_to_those_who_have_none(shop: Database, world: World) -> None:
    told = coupon(given=True)
    await shop.transact(promotions.save, told)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)

    async def given(audience: GiftAudience, **more: object) -> int | None:
        wish = CouponGift(merchant_id=PLATFORM, gift_id=ids.mint(), promotion_id=told.promotion_id, audience=audience)
        wish = msgspec.structs.replace(wish, **more)
        await shop.transact(promotions.ask_gift, wish, "staff")
        await deal.at_rest(shop)
        return next(
            each.given
            for each in await shop.ask(promotions.gifts_of, PLATFORM, told.promotion_id)
            if each.gift_id == wish.gift_id
        )

    assert await given(GiftAudience.BOUGHT, days=30) == 1
    assert await given(GiftAudience.BOUGHT, days=30) == 0
    assert await given(GiftAudience.NEVER) == 1
    assert await given(GiftAudience.NAMED, emails=[world.buyer.email, "nobody@example.com"]) == 0
    held = await shop.ask(holders, told.promotion_id)
    assert held == {world.buyer.buyer_id, world.other_buyer.buyer_id}
    assert await off(shop, await opened(shop, world, "b@example.com", buyer_id=world.buyer.buyer_id)) == OFF


async def holders(read: Read, promotion_id: PromotionId) -> set[object]:
    rows = await read.fetch("SELECT buyer_id FROM coupon_claims WHERE promotion_id = $1", promotion_id)
    return {row["buyer_id"] for row in rows}


async def test_it_runs_longer_and_with_more_and_never_shorter(shop: Database) -> None:
    told = coupon(budget=OFF)
    await shop.transact(promotions.save, told)
    seen = promotions.version_of(told)
    later = told.ends_at + timedelta(days=2)

    await shop.transact(promotions.extend, PLATFORM, told.promotion_id, ends_at=later, budget=3 * OFF, seen=seen)

    now = await shop.ask(promotions.get, PLATFORM, told.promotion_id)
    assert now is not None and (now.ends_at, now.budget) == (later, 3 * OFF)
    with pytest.raises(Invalid):
        await shop.transact(
            promotions.extend,
            PLATFORM,
            told.promotion_id,
            ends_at=told.ends_at,
            budget=OFF,
            seen=promotions.version_of(now),
        )


async def test_a_crowd_takes_no_more_than_the_budget_and_the_copies_of_the_platform(
    shop: Database, world: World
) -> None:
    """Each is somebody else, over the goods of two shops; there is money for three, and there are copies for four."""
    told = coupon(code="RUSH", copies=4, budget=3 * OFF)
    await shop.transact(promotions.save, told)
    there = [await opened(shop, world, f"n{n}@example.com", "RUSH", both=True) for n in range(RIVALS)]
    view = await shop.ask(checkout.view, there[0])
    assert view is not None and view.quote.discount == OFF

    answers = await asyncio.gather(*(place(shop, each, view.quote.total) for each in there))

    assert sum(isinstance(each, UUID) for each in answers) == 3
    assert (await left(shop, told))[:2] == (3, 3 * OFF)
    await deal.at_rest(shop)


async def test_of_many_checkouts_of_one_person_one_has_it(shop: Database, world: World) -> None:
    told = coupon(code="ME", copies=99)
    await shop.transact(promotions.save, told)
    there = [await opened(shop, world, f"me+{n}@example.com", "ME", both=True) for n in range(RIVALS)]
    view = await shop.ask(checkout.view, there[0])
    assert view is not None

    answers = await asyncio.gather(*(place(shop, each, view.quote.total) for each in there))

    assert sum(isinstance(each, UUID) for each in answers) == 1
    assert (await left(shop, told))[:1] == (1,)
    await deal.at_rest(shop)


async def test_control_by_look_then_write_and_without_guards_both_are_overdone(
    seeded_server: SeededServer, world: World
) -> None:
    """If this kept budget and limit, the two tests above would prove nothing."""
    with seeded_server.database() as url:
        async with administer(url) as owner:  # the guards are taken away behind the application's back
            await owner.execute("ALTER TABLE promotions DROP CONSTRAINT never_spend_more_than_the_budget")
            await owner.execute("ALTER TABLE coupon_people DROP CONSTRAINT coupon_people_pkey")
        db = await Database.connect(url, size=RIVALS)
        told = coupon(code="RUSH", budget=3 * OFF)
        await db.transact(promotions.save, told)
        everybody_has_looked = asyncio.Barrier(RIVALS)

        async def careless(tx: Tx) -> None:
            room = await tx.value("SELECT budget - spent FROM promotions WHERE promotion_id = $1", told.promotion_id)
            known = await tx.value("SELECT count(*) FROM coupon_people")
            await everybody_has_looked.wait()
            if room >= OFF and not known:
                await tx.execute(
                    "UPDATE promotions SET spent = spent + $1 WHERE promotion_id = $2", OFF, told.promotion_id
                )
                await tx.execute(
                    "INSERT INTO coupon_people (person, limited_by, number, used_for, buyer_id) VALUES ('me', $1, 1, $2, $2)",
                    told.promotion_id,
                    ids.mint(),
                )

        await asyncio.gather(*(db.transact(careless) for _ in range(RIVALS)))

        assert await left(db, told) == (0, RIVALS * OFF, RIVALS)
        await db.close()
