"""Lower prices in a deal: what the line keeps of them, what others are counted on, and what is not sold at them any more."""

import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Scope, SpecialPrice, Step
from steelyard.kernel.db import Database
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import TotalMoved
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.lower import lowered, sale
from tests.support.world import World
from tests.trade.test_flash_sales import quoted

USUAL = 3_990


async def test_the_line_keeps_what_it_took_off_and_by_which_name(shop: Database, world: World) -> None:
    offer, nuts = await lowered(shop, world, sale(world, SpecialPrice(millionths=100_000))), world.items["nuts"]

    [order] = await deal.paid(shop, [(nuts.sku_id, 3)])
    await shop.transact(promotions.stop, offer.merchant_id, offer.promotion_id)

    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert (line.unit_price, line.discount) == (USUAL, 3 * 399)
    [kept] = line.offers
    assert (kept.promotion_id, kept.name, kept.amount, kept.platform) == (offer.promotion_id, offer.name, 1_197, 0)
    assert order.goods == 3 * (USUAL - 399)
    await deal.at_rest(shop)


async def test_thresholds_of_others_are_compared_with_the_lowered_price(shop: Database, world: World) -> None:
    """Two of them cost 79.80: a threshold that 59.80 does not reach."""
    nuts = world.items["nuts"]
    over = sale(world, shelf=False, scope=Scope(), rule=AmountOff(steps=(Step(6_000, 500),)))
    await shop.transact(promotions.save, over)
    checkout_id = await deal.opened(shop, [(nuts.sku_id, 2)])
    assert (await quoted(shop, checkout_id)).discount == 500

    await lowered(shop, world, sale(world))
    assert (await quoted(shop, checkout_id)).discount == 2_000
    assert (await quoted(shop, await deal.opened(shop, [(nuts.sku_id, 3)]))).discount == 3_500


async def test_what_was_quoted_before_it_was_stopped_is_not_placed_at_its_price(shop: Database, world: World) -> None:
    offer, nuts = await lowered(shop, world, sale(world)), world.items["nuts"]
    checkout_id = await deal.opened(shop, [(nuts.sku_id, 1)])
    seen = await quoted(shop, checkout_id)
    assert seen.discount == 1_000
    await shop.transact(promotions.stop, offer.merchant_id, offer.promotion_id)

    with pytest.raises(TotalMoved):
        await shop.transact(checkout.place, checkout_id, expected_total=seen.total, by="buyer")

    assert await shop.ask(orders.purchase, PurchaseId(checkout_id)) is None
