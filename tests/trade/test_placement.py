"""Placing: once, for the sum that was shown, of what is there; and what was agreed stays agreed."""

import asyncio
from functools import partial

import pytest

from steelyard.goods import inventory, pricing, taxes
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.taxes.model import DatedRate
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, Zone
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, cart, checkout, commission, orders
from steelyard.trade.checkout.model import SHOP, CheckoutClosed, CheckoutId, CheckoutState, SoldOut, TotalMoved
from steelyard.trade.commission.model import RuleId
from steelyard.trade.orders.model import OrderState, PurchaseId, PurchaseState, order_id_of
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import COMMISSION, CURRENCY, STOCK, World
from tests.trade.test_quote import TODAY


def placing(checkout_id: CheckoutId, expected_total: int | None = None):
    return partial(checkout.place, checkout_id=checkout_id, expected_total=expected_total, by="buyer")


async def place(db: Database, checkout_id: CheckoutId, expected_total: int | None = None) -> PurchaseId:
    return await db.transact(placing(checkout_id, expected_total))


async def purchases(read: Read) -> int:
    return await read.value("SELECT count(*) FROM purchases")


async def state_of(db: Database, checkout_id: CheckoutId) -> CheckoutState:
    found = await db.ask(checkout.get, checkout_id)
    assert found is not None
    return found.state


async def test_the_second_click_waits_and_finds_the_purchase_of_the_first(shop: Database, world: World):
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 2)])

    first, second = await meet(shop, placing(checkout_id), placing(checkout_id))

    assert first == second
    assert await shop.ask(purchases) == 1
    assert (await shop.ask(inventory.available, [world.items["nuts"].sku_id])).popitem()[1] == STOCK - 2


async def test_many_clicks_at_once_are_one_purchase(shop: Database, world: World):
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 2)])

    found = await asyncio.gather(*(place(shop, checkout_id) for _ in range(10)))

    assert len(set(found)) == 1
    assert await shop.ask(purchases) == 1


async def test_the_last_piece_is_sold_once(shop: Database, world: World):
    sku_id = world.items["nuts"].sku_id
    one, other = await deal.opened(shop, [(sku_id, STOCK)]), await deal.opened(shop, [(sku_id, 1)])

    first, second = await meet(shop, placing(one), placing(other))

    assert await shop.ask(purchases) == 1
    assert isinstance(second, SoldOut)
    assert second.shortages == [{"line_id": "l1", "free": 0}]
    purchase = await shop.ask(orders.purchase, first)
    assert purchase is not None
    assert await state_of(shop, other) is CheckoutState.OPEN


async def test_two_who_want_the_same_goods_in_another_order_both_get_them(shop: Database, world: World):
    wanted = [(item.sku_id, 1) for item in world.items.values() if item.slug != "rare"]
    there, back = await deal.opened(shop, wanted), await deal.opened(shop, wanted[::-1])

    first, second = await meet(shop, placing(there), placing(back))

    assert first != second
    assert await shop.ask(purchases) == 2


async def test_what_was_placed_for_another_sum_leaves_nothing_behind(shop: Database, world: World):
    sku_id = world.items["nuts"].sku_id
    checkout_id = await deal.opened(shop, [(sku_id, 1)])
    view = await shop.ask(checkout.view, checkout_id)
    assert view is not None
    new = NewPrice(sku_id=sku_id, currency=CURRENCY, amount=4_000)
    await shop.transact(pricing.set_prices, world.tea.merchant_id, [new])

    with pytest.raises(TotalMoved) as refused:
        await place(shop, checkout_id, view.quote.total)

    assert (refused.value.expected, refused.value.total) == (4_790, 4_800)
    assert await shop.ask(purchases) == 0
    await place(shop, checkout_id, 4_800)


async def test_a_checkout_that_is_too_old_is_closed_until_it_is_changed(shop: Database, world: World):
    wanted = [(world.items["nuts"].sku_id, 1)]
    checkout_id = await deal.opened(shop, wanted)
    await shop.transact(expire)

    with pytest.raises(CheckoutClosed) as refused:
        await place(shop, checkout_id)
    assert refused.value.state == "expired"

    await shop.transact(checkout.change, checkout_id, deal.draft(wanted))
    await place(shop, checkout_id)
    await shop.transact(expire)
    await place(shop, checkout_id)  # what was placed in time stays placed


async def expire(tx: Tx) -> None:
    await tx.execute("UPDATE checkouts SET expires_at = now()")


async def free_of_charge(db: Database, world: World, *slugs: str) -> None:
    """Nothing is asked for these goods or for sending them."""
    for slug in slugs:
        item = world.items[slug]
        trader = next(trader for trader in world.merchants if trader.merchant_id == item.merchant_id)
        await db.transact(
            pricing.set_prices, item.merchant_id, [NewPrice(sku_id=item.sku_id, currency=CURRENCY, amount=0)]
        )
        template = Template(
            merchant_id=item.merchant_id, template_id=trader.standard, name=text("包邮", "Free"), method=Method.PIECE,
            currency=CURRENCY, days_from=1, days_to=2, zones=[Zone(countries=["CN"])],
        )  # fmt: skip
        await db.transact(freight.save_template, template)


async def test_a_purchase_without_a_price_is_paid_at_once(shop: Database, world: World):
    await free_of_charge(shop, world, "nuts")
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1)])

    purchase_id = await place(shop, checkout_id)

    purchase = await shop.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert (purchase.state, purchase.total) == (PurchaseState.PAID, 0)
    assert await state_of(shop, checkout_id) is CheckoutState.COMPLETED
    (part,) = await deal.orders_of(shop, purchase_id)
    await deal.shipped(shop, part)
    await deal.received(shop, part)
    assert (await deal.again(shop, part)).state is OrderState.COMPLETED


async def test_a_free_part_beside_a_paid_one_is_cancelled_without_money(shop: Database, world: World):
    await free_of_charge(shop, world, "nuts")
    parts = await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])
    free = next(part for part in parts if not part.total)

    await shop.transact(aftersales.cancel, free.merchant_id, free.order_id, RefundId(ids.mint()), "no", "buyer")

    assert (await deal.again(shop, free)).state is OrderState.CANCELLED
    assert await deal.channel_refunds(shop) == 0


async def test_a_purchase_from_the_cart_takes_its_own_lines_out(shop: Database, world: World):
    buyer = BuyerId(ids.mint())
    nuts, black, ruler = (world.items[slug].sku_id for slug in ("nuts", "black", "ruler"))
    for sku_id in (nuts, black, ruler):
        await shop.transact(cart.put, buyer, sku_id, 1)

    async def buy(wanted, *, from_cart: bool) -> None:
        checkout_id = CheckoutId(ids.mint())
        draft = deal.draft([(sku_id, 1) for sku_id in wanted])
        await shop.transact(checkout.open_checkout, checkout_id, buyer, draft, client=SHOP, from_cart=from_cart)
        await place(shop, checkout_id)

    await buy([nuts], from_cart=False)
    assert await shop.ask(cart.count, buyer) == 3, "what is bought at once has nothing to do with the cart"
    await buy([nuts, ruler], from_cart=True)
    assert [line.sku_id for line in (await shop.ask(cart.view, buyer)).lines] == [black]


async def test_commission_and_tax_are_those_of_the_sale(shop: Database, world: World):
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 3)])
    before = await deal.orders_of(shop, purchase_id)
    await shop.transact(commission.set_rate, RuleId(ids.mint()), 500_000)
    half = DatedRate(
        country="CN",
        tax_class="standard",
        valid_from=TODAY,
        millionths=500_000,
        inclusive=False,
        name=text("税", "Tax"),
    )
    await shop.transact(taxes.set_rate, half)

    await deal.captured(shop, await deal.instructed(shop, purchase_id))

    (part,) = await deal.orders_of(shop, purchase_id)
    assert (part.total, part.commission, part.tax_included, part.tax_added) == (
        before[0].total, before[0].commission, before[0].tax_included, 0,
    )  # fmt: skip
    (line,) = (await shop.ask(orders.lines_of, [part.order_id]))[part.order_id]
    assert (line.fees[0].millionths, line.tax_millionths, line.tax_inclusive) == (COMMISSION, 130_000, True)
    assert line.commission == 599  # 11970 × 5 % = 598.5


async def test_an_orders_id_follows_from_its_purchase_and_merchant(shop: Database, world: World):
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])

    parts = await deal.orders_of(shop, purchase_id)

    assert {part.order_id for part in parts} == {
        order_id_of(purchase_id, trader.merchant_id) for trader in world.merchants
    }


async def test_a_lapsed_purchases_checkout_is_placed_anew(shop: Database, world: World):
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, STOCK)])
    first = await place(shop, checkout_id)
    await shop.transact(orders.cancel_purchase, first, "unpaid", "system")
    await deal.at_rest(shop)

    second = await place(shop, checkout_id)

    assert first != second
    purchase = await shop.ask(orders.purchase, second)
    assert purchase is not None
    assert purchase.state is PurchaseState.PLACED


async def test_paying_and_changing_at_once_end_in_one_of_them(shop: Database, world: World):
    wanted = [(world.items["nuts"].sku_id, 1)]
    for paying_first in (True, False):
        checkout_id = await deal.opened(shop, wanted)
        purchase_id = await place(shop, checkout_id)
        payment_id = await deal.instructed(shop, purchase_id)
        pay = partial(checkout.apply_payment, payment_id=payment_id, answer=deal.capture(payment_id), by="channel")
        change = partial(checkout.change, checkout_id=checkout_id, draft=deal.draft(wanted))

        await meet(shop, pay, change) if paying_first else await meet(shop, change, pay)

        purchase = await shop.ask(orders.purchase, purchase_id)
        assert purchase is not None
        assert purchase.state is (PurchaseState.PAID if paying_first else PurchaseState.CANCELLED)
        assert await deal.channel_refunds(shop) == (0 if paying_first else 1)
