"""A shop's staff see why a price is what it is: of an order as it was bought, of goods as they cost now; their own part of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, RateOff, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World

WHY = "/merchant/promotions/why"


def offer(world: World, name: str, off: int, over: int = 1_000, **more: Any) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text(name, name),
        rule=AmountOff(steps=(Step(over, off),)),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
    )
    return msgspec.structs.replace(told, **more)


async def offered(db: Database, world: World) -> dict[str, Offer]:
    """The shop's: one that counts, one that it beats, one out of reach, a coupon that nobody has; another shop's; and the
    platform's, of which it pays 70 %, with a coupon that only some were given."""
    coupon: dict[str, Any] = {"coupon": True, "per_buyer": 1}
    platform: dict[str, Any] = {"merchant_id": PLATFORM, "platform_millionths": 700_000}
    some = {
        each.name.in_language("en"): each
        for each in (
            offer(world, "Best", 500),
            offer(world, "Lesser", 200),
            offer(world, "Far", 5_000, over=90_000),
            offer(world, "Unclaimed", 300, **coupon),
            offer(world, "Stranger", 100, merchant_id=world.tools.merchant_id),
            offer(world, "Across", 1_000, over=7_000, **platform),
            offer(world, "Secret", 900, **platform, **coupon, given=True),
        )
    }
    for each in some.values():
        await db.transact(promotions.save, each)
    return some


async def test_an_order_says_what_counted_who_bears_it_and_why_the_rest_did_not(
    db: Database, world: World, owner: Browser
) -> None:
    await offered(db, world)
    buyer = BuyerId(ids.mint())
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)]
    orders = {order.merchant_id: order for order in await deal.paid(db, wanted, buyer)}
    order = orders[world.tea.merchant_id]
    told = await db.ask(checkout.explained, order.merchant_id, order.order_id)
    assert told is not None
    across = next(each for each in told.counted if each.name == text("Across", "Across"))

    page = words(await owner.get(f"/merchant/orders/{order.order_id}/why"))

    assert "Best CN¥5 off over CN¥10 It counts −CN¥5.00" in page
    assert f"Across The platform CN¥10 off over CN¥70 It counts −CN¥{across.amount / 100:.2f}" in page
    assert f"CN¥{across.platform / 100:.2f} CN¥{(across.merchant) / 100:.2f}" in page
    assert "Another one takes off more, and they do not count together. Instead: Best" in page
    assert "Far" in page and "more for CN¥50 off" in page
    assert "The coupon has to be claimed first." in page
    assert "Stranger" not in page and "Secret" not in page
    assert "/why" in (await owner.get(f"/merchant/orders/{order.order_id}")).text


async def test_it_is_told_of_the_moment_when_it_was_bought(db: Database, world: World, owner: Browser) -> None:
    some = await offered(db, world)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    await db.transact(promotions.stop, world.tea.merchant_id, some["Lesser"].promotion_id)
    await db.transact(promotions.save, offer(world, "Later", 900))

    page = words(await owner.get(f"/merchant/orders/{order.order_id}/why"))

    assert "Lesser" in page and "Instead: Best" in page
    assert "Later" not in page


async def test_what_had_no_money_left_is_told_so(db: Database, world: World, owner: Browser) -> None:
    short = offer(world, "Short", 700, budget=700)
    await db.transact(promotions.save, short)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])

    page = words(await owner.get(f"/merchant/orders/{order.order_id}/why"))

    assert "Short" in page and "Its budget or its pieces had run out" in page


async def test_goods_of_the_shop_are_reckoned_as_they_cost_now(db: Database, world: World, owner: Browser) -> None:
    await offered(db, world)
    new = offer(world, "Welcome", 400, coupon=True, per_buyer=1, new_buyers=True)
    await db.transact(promotions.save, new)
    asked = {"code_0": "NUTS-0", "pieces_0": "3"}

    page = words(await owner.get(WHY, **asked))
    assert "Best CN¥5 off over CN¥10 It counts −CN¥5.00" in page
    assert "Across The platform CN¥10 off over CN¥70 It counts −CN¥10.00 CN¥7.00 CN¥3.00" in page
    assert "takes off the most" in page and "Secret" not in page and "Stranger" not in page
    assert "It is for other buyers." in page
    assert "Welcome CN¥4 off over CN¥10 It counts" in words(await owner.get(WHY, **asked, who="new"))

    for field, typed in {"code_0": {"code_0": "HAMMER-0"}, "pieces_0": {"pieces_0": "none"}}.items():
        answer = await owner.get(WHY, **{**asked, **typed})
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text, field
        assert "It counts" not in words(answer)


async def test_another_shop_is_told_nothing(db: Database, world: World, app: Litestar) -> None:
    await offered(db, world)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])

    assert await db.ask(checkout.explained, world.tools.merchant_id, order.order_id) is None
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.get(f"/merchant/orders/{order.order_id}/why")).status_code == 404
    assert (await stranger.get(WHY, code_0="NUTS-0", pieces_0="1")).status_code == 422


async def test_what_is_taken_as_a_rate_reads_so(db: Database, world: World, owner: Browser) -> None:
    rate = offer(world, "Tenth", 0, rule=RateOff(steps=(Step(0, 100_000),)))
    await db.transact(promotions.save, rate)
    page = words(await owner.get(WHY, code_0="NUTS-0", pieces_0="1"))
    assert "Tenth" in page and "10%" in page and "−CN¥3.99" in page
