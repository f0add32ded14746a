"""Whom a coupon is for: a code counts for a person and not for a browser, and who is new to a shop is so once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Offer, OfferGone, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, TotalMoved
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.world import World

OFF = 500
NUTS = 3_990


def coupon(world: World, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("新人券", "For new buyers"),
        rule=AmountOff(steps=(Step(1_000, OFF),)),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=True,
        per_buyer=1,
    )
    return msgspec.structs.replace(told, **more)


async def opened(
    db: Database, world: World, email: str, phone: str, *codes: str, buyer_id: BuyerId | None = None
) -> CheckoutId:
    """A checkout of somebody who can be reached there."""
    checkout_id = CheckoutId(ids.mint())
    draft = deal.draft([(world.items["nuts"].sku_id, 1)], contact=Contact(name="N", email=email, phone=phone))
    draft = msgspec.structs.replace(draft, codes=codes)
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft, client=SHOP)
    return checkout_id


async def off(db: Database, checkout_id: CheckoutId) -> int:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote.discount


async def place(db: Database, checkout_id: CheckoutId) -> UUID | Refusal:
    return await place_for(db, checkout_id, await shown(db, checkout_id))


async def shown(db: Database, checkout_id: CheckoutId) -> int:
    """The total that the buyer is shown."""
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote.total


async def place_for(db: Database, checkout_id: CheckoutId, total: int) -> UUID | Refusal:
    try:
        return await db.transact(checkout.place, checkout_id, expected_total=total, by="buyer")
    except Refusal as refusal:
        return refusal


@pytest.mark.parametrize(
    ("email", "phone", "again"),
    [
        ("NA@example.com", "13900000000", 0),
        ("na+2@example.com", "13900000000", 0),
        ("other@example.com", "+86 138 0000 1111", 0),
        ("other@example.com", "13900000000", OFF),
    ],
)
async def test_a_code_counts_once_for_who_can_be_reached_there(
    shop: Database, world: World, email: str, phone: str, again: int
) -> None:
    await shop.transact(promotions.save, coupon(world, code="ONCE"))
    first = await opened(shop, world, "na@example.com", "13800001111", "once".upper())
    assert await off(shop, first) == OFF
    assert not isinstance(await place(shop, first), Refusal)

    second = await opened(shop, world, email, phone, "ONCE")

    assert await off(shop, second) == again
    await deal.at_rest(shop)


async def test_a_code_counts_again_when_its_order_is_dropped(shop: Database, world: World) -> None:
    await shop.transact(promotions.save, coupon(world, code="BACK"))
    first = await opened(shop, world, "na@example.com", "", "BACK")
    purchase_id = await place(shop, first)
    assert isinstance(purchase_id, UUID)
    await shop.transact(checkout.cancel, first, "buyer")

    assert await off(shop, await opened(shop, world, "na@example.com", "", "BACK")) == OFF
    assert await shop.ask(noted) == 0
    await deal.at_rest(shop)


async def noted(read: Read) -> int:
    return await read.value("SELECT count(*)::integer FROM coupon_people")


async def test_of_two_who_can_be_reached_at_one_address_one_has_it(shop: Database, world: World) -> None:
    await shop.transact(promotions.save, coupon(world, code="BOTH"))
    there = [await opened(shop, world, "na@example.com", f"1380000000{n}", "BOTH") for n in range(5)]
    # All of them have seen the reduced total before anybody places.
    totals = [await shown(shop, each) for each in there]

    found = await asyncio.gather(*(place_for(shop, each, total) for each, total in zip(there, totals, strict=True)))

    assert totals == [totals[0]] * 5
    assert sum(isinstance(each, Refusal) for each in found) == 4
    assert {type(each) for each in found if isinstance(each, Refusal)} <= {OfferGone, TotalMoved}
    await deal.at_rest(shop)


async def test_a_coupon_for_new_buyers_counts_for_the_first_order_only(shop: Database, world: World) -> None:
    told = coupon(world, new_buyers=True, per_buyer=3)
    await shop.transact(promotions.save, told)
    buyer, regular = BuyerId(ids.mint()), BuyerId(ids.mint())
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], regular)
    for each in (buyer, buyer, regular):
        await shop.transact(promotions.claim, each, told.merchant_id, told.promotion_id)
    assert await off(shop, await opened(shop, world, "r@example.com", "", buyer_id=regular)) == 0

    first = await opened(shop, world, "new@example.com", "", buyer_id=buyer)
    second = await opened(shop, world, "new@example.com", "", buyer_id=buyer)
    assert (await off(shop, first), await off(shop, second)) == (OFF, OFF)
    purchase_id = await place(shop, first)

    assert not isinstance(purchase_id, Refusal)
    assert await off(shop, second) == 0
    await deal.at_rest(shop)


async def test_who_has_two_coupons_for_new_buyers_uses_one_however_fast_they_are(shop: Database, world: World) -> None:
    buyer = BuyerId(ids.mint())
    for _ in range(2):
        told = coupon(world, new_buyers=True)
        await shop.transact(promotions.save, told)
        await shop.transact(promotions.claim, buyer, told.merchant_id, told.promotion_id)
    there = [await opened(shop, world, "new@example.com", "", buyer_id=buyer) for _ in range(4)]

    found = await asyncio.gather(*(place(shop, each) for each in there))

    won = [each for each in found if isinstance(each, UUID)]
    totals = [order.discount for each in won for order in await shop.ask(discounts, each)]
    assert sum(totals) <= OFF
    assert len(won) >= 1
    await deal.at_rest(shop)


class Discounted(msgspec.Struct, frozen=True):
    discount: int


async def discounts(read: Read, purchase_id: UUID) -> list[Discounted]:
    parts = await orders.orders_of_purchase(read, PurchaseId(purchase_id))
    lines = await orders.lines_of(read, [part.order_id for part in parts])
    return [Discounted(line.discount) for of_one in lines.values() for line in of_one]


async def test_whoever_leaves_is_not_known_again(shop: Database, world: World) -> None:
    await shop.transact(promotions.save, coupon(world, code="GONE"))
    buyer = BuyerId(ids.mint())
    await place(shop, await opened(shop, world, "na@example.com", "13800001111", "GONE", buyer_id=buyer))
    assert await shop.ask(noted) == 3

    await shop.transact(promotions.forget, [buyer])

    assert await shop.ask(noted) == 0
