"""Carts: what goes in, what is said of it later, and what a visitor brings along."""

import pytest

from steelyard.goods import catalog, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantState
from steelyard.trade import cart, checkout
from steelyard.trade.cart.jobs import clear_forgotten
from steelyard.trade.cart.model import (
    LINES_PER_CART_MAX,
    QUANTITY_PER_LINE_MAX,
    CartFull,
    CartLine,
    LineProblem,
    NotForSale,
)
from steelyard.trade.checkout.model import SHOP, CheckoutId, MixedPurchase
from tests.support import deal
from tests.support.world import CURRENCY, STOCK, World

HUGE = 10**12


@pytest.fixture
def buyer() -> BuyerId:
    return BuyerId(ids.mint())


async def line_of(db: Database, buyer: BuyerId) -> CartLine:
    (line,) = (await db.ask(cart.view, buyer)).lines
    return line


async def reprice(db: Database, world: World, slug: str, amount: int, currency: str = CURRENCY) -> None:
    item = world.items[slug]
    price = NewPrice(sku_id=item.sku_id, currency=currency, amount=amount)
    await db.transact(pricing.set_prices, item.merchant_id, [price])


async def stuff(tx: Tx, buyer: BuyerId, lines: int, days_old: int = 0) -> None:
    """Fill a cart with so many goods that nobody sells."""
    await tx.execute(
        """
        INSERT INTO cart_lines (buyer_id, sku_id, merchant_id, quantity, seen_price, currency, added_at)
        SELECT $1, gen_random_uuid(), (SELECT merchant_id FROM merchants LIMIT 1), 1, 100, 'CNY'
             , now() - $3 * interval '1 day' FROM generate_series(1, $2)
        """,
        buyer,
        lines,
        days_old,
    )


async def test_putting_in_twice_adds_up_to_the_limit(shop: Database, world: World, buyer: BuyerId):
    sku_id = world.items["black"].sku_id

    await shop.transact(cart.put, buyer, sku_id, 2)
    await shop.transact(cart.put, buyer, sku_id, 3)
    assert (await line_of(shop, buyer)).quantity == 5
    assert await shop.ask(cart.count, buyer) == 5

    await shop.transact(cart.put, buyer, sku_id, HUGE)
    assert (await line_of(shop, buyer)).quantity == QUANTITY_PER_LINE_MAX


@pytest.mark.parametrize("quantity", [0, -1, -HUGE])
async def test_less_than_one_piece_is_not_put_in(shop: Database, world: World, buyer: BuyerId, quantity: int):
    with pytest.raises(Invalid):
        await shop.transact(cart.put, buyer, world.items["black"].sku_id, quantity)


async def test_a_quantity_is_set_and_none_takes_the_line_out(shop: Database, world: World, buyer: BuyerId):
    sku_id = world.items["black"].sku_id
    await shop.transact(cart.set_quantity, buyer, sku_id, 4)
    assert await shop.ask(cart.count, buyer) == 0, "a line that is not there stays away"
    await shop.transact(cart.put, buyer, sku_id, 2)

    for quantity, left in ((7, 7), (HUGE, QUANTITY_PER_LINE_MAX), (0, 0)):
        await shop.transact(cart.set_quantity, buyer, sku_id, quantity)
        assert await shop.ask(cart.count, buyer) == left


async def test_what_is_not_for_sale_is_not_put_in(shop: Database, world: World, buyer: BuyerId):
    nuts = world.items["nuts"]
    await shop.transact(catalog.take_off_shelf, nuts.merchant_id, [nuts.product_id], "staff:1")
    for sku_id in (nuts.sku_id, ids.mint()):
        with pytest.raises(NotForSale):
            await shop.transact(cart.put, buyer, sku_id, 1)

    await shop.transact(merchants.set_state, world.tools.merchant_id, MerchantState.SUSPENDED)
    with pytest.raises(NotForSale):
        await shop.transact(cart.put, buyer, world.items["ruler"].sku_id, 1)


async def test_a_cart_is_full_at_its_limit_but_takes_more_of_what_lies_in_it(
    shop: Database, world: World, buyer: BuyerId
):
    await shop.transact(cart.put, buyer, world.items["black"].sku_id, 1)
    await shop.transact(stuff, buyer, LINES_PER_CART_MAX - 1)

    with pytest.raises(CartFull):
        await shop.transact(cart.put, buyer, world.items["nuts"].sku_id, 1)
    await shop.transact(cart.put, buyer, world.items["black"].sku_id, 1)


async def test_each_problem_is_named(shop: Database, world: World, buyer: BuyerId):
    items = world.items
    wanted = {"black": STOCK + 1, "nuts": 1, "rare": 1, "hammer": 1, "ruler": 1}
    for slug, quantity in wanted.items():
        await shop.transact(cart.put, buyer, items[slug].sku_id, quantity)
    await reprice(shop, world, "nuts", 4_100)
    hammer = items["hammer"]
    await shop.transact(catalog.take_off_shelf, hammer.merchant_id, [hammer.product_id], "staff:1")

    view = await shop.ask(cart.view, buyer)

    found = {line.sku_id: line.problem for line in view.lines}
    assert found == {
        items["black"].sku_id: LineProblem.NOT_ENOUGH,
        items["nuts"].sku_id: LineProblem.PRICE_MOVED,
        items["rare"].sku_id: LineProblem.SOLD_OUT,
        items["hammer"].sku_id: LineProblem.OFF_SHELF,
        items["ruler"].sku_id: None,
    }
    assert {line.sku_id for line in view.chosen} == {items["nuts"].sku_id, items["ruler"].sku_id}
    assert view.totals == {CURRENCY: 4_100 + items["ruler"].amount}
    assert [group.shop.slug for group in view.groups] == ["tools", "tea"], "what was put in last comes first"


async def test_prices_that_the_buyer_has_seen_are_no_news(shop: Database, world: World, buyer: BuyerId):
    await shop.transact(cart.put, buyer, world.items["nuts"].sku_id, 1)
    await reprice(shop, world, "nuts", 1)

    await shop.transact(cart.accept_prices, BuyerId(ids.mint()))
    assert (await line_of(shop, buyer)).problem is LineProblem.PRICE_MOVED
    await shop.transact(cart.accept_prices, buyer)

    line = await line_of(shop, buyer)
    assert (line.problem, line.seen_price, line.price) == (None, 1, 1)


async def test_what_waits_is_not_bought(shop: Database, world: World, buyer: BuyerId):
    nuts, black = world.items["nuts"].sku_id, world.items["black"].sku_id
    for sku_id in (nuts, black):
        await shop.transact(cart.put, buyer, sku_id, 1)

    await shop.transact(cart.select, buyer, [nuts, ids.mint()], False)

    view = await shop.ask(cart.view, buyer)
    assert [line.sku_id for line in view.chosen] == [black]
    await shop.transact(cart.remove, buyer, [black])
    assert (await line_of(shop, buyer)).selected is False
    await shop.transact(cart.put, buyer, nuts, 1)
    assert (await line_of(shop, buyer)).selected, "who puts it in again wants it"


async def test_a_cart_speaks_the_currency_that_a_checkout_asks_for(shop: Database, world: World, buyer: BuyerId):
    for slug in ("ruler", "black"):
        await shop.transact(cart.put, buyer, world.items[slug].sku_id, 1)
    await shop.transact(sell_in_dollars, world)
    await reprice(shop, world, "ruler", 150, "USD")

    view = await shop.ask(cart.view, buyer)

    assert view.totals == {"USD": 150, CURRENCY: world.items["black"].amount}
    (ruler,) = [line for line in view.lines if line.currency == "USD"]
    assert ruler.problem is LineProblem.PRICE_MOVED, "another currency is another price"
    draft = deal.draft([(line.sku_id, line.quantity) for line in view.chosen])
    with pytest.raises(MixedPurchase) as refused:
        await shop.transact(checkout.open_checkout, CheckoutId(ids.mint()), buyer, draft, client=SHOP)
    assert refused.value.currencies == "CNY, USD"
    await shop.transact(cart.accept_prices, buyer)
    assert not [line for line in (await shop.ask(cart.view, buyer)).lines if line.problem]


async def sell_in_dollars(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE merchants SET currency = 'USD' WHERE merchant_id = $1", world.tools.merchant_id)


async def test_who_signs_in_finds_what_they_put_in_as_a_visitor(shop: Database, world: World, buyer: BuyerId):
    visitor = BuyerId(ids.mint())
    nuts, black, ruler = (world.items[slug].sku_id for slug in ("nuts", "black", "ruler"))
    for owner, sku_id, quantity in ((visitor, nuts, 5), (visitor, black, 1), (buyer, black, 3), (buyer, ruler, 1)):
        await shop.transact(cart.put, owner, sku_id, quantity)

    for _ in range(2):
        await shop.transact(cart.merge, visitor, buyer)

    assert {line.sku_id: line.quantity for line in (await shop.ask(cart.view, buyer)).lines} == {
        nuts: 5, black: 3, ruler: 1,
    }  # fmt: skip
    assert await shop.ask(cart.count, visitor) == 0
    await shop.transact(cart.merge, buyer, buyer)
    assert await shop.ask(cart.count, buyer) == 9


async def test_two_full_carts_become_one_full_cart_of_what_was_put_in_last(
    shop: Database, world: World, buyer: BuyerId
):
    visitor = BuyerId(ids.mint())
    await shop.transact(stuff, buyer, LINES_PER_CART_MAX, 30)
    await shop.transact(stuff, visitor, LINES_PER_CART_MAX - 1, 1)
    await shop.transact(cart.put, visitor, world.items["nuts"].sku_id, 1)

    await shop.transact(cart.merge, visitor, buyer)

    view = await shop.ask(cart.view, buyer)
    assert len(view.lines) == LINES_PER_CART_MAX
    assert view.lines[0].sku_id == world.items["nuts"].sku_id
    assert await shop.ask(cart.count, buyer) == LINES_PER_CART_MAX, "no line is there that no page shows"


async def test_forgotten_carts_are_cleared(shop: Database, world: World, buyer: BuyerId):
    await shop.transact(stuff, buyer, 3, 200)
    await shop.transact(cart.put, buyer, world.items["nuts"].sku_id, 1)

    assert await shop.transact(clear_forgotten) == 3

    assert await shop.ask(cart.count, buyer) == 1


async def test_another_option_is_taken_in_place_and_joins_the_line_that_is_there(
    shop: Database, world: World, buyer: BuyerId
):
    small, medium, *_ = world.items["green"].sku_ids
    await shop.transact(cart.put, buyer, small, 2)
    for _ in range(2):
        await shop.transact(cart.exchange, buyer, small, medium)
    line = await line_of(shop, buyer)
    assert (line.sku_id, line.quantity, line.price) == (medium, 2, world.items["green"].amounts[1])

    await shop.transact(cart.put, buyer, small, 3)
    await shop.transact(cart.exchange, buyer, small, medium)
    assert (await line_of(shop, buyer)).quantity == 5

    with pytest.raises(Invalid):
        await shop.transact(cart.exchange, buyer, medium, world.items["nuts"].sku_id)
    with pytest.raises(NotForSale):
        await shop.transact(cart.exchange, buyer, medium, ids.mint())
    await shop.transact(cart.exchange, BuyerId(ids.mint()), medium, small)
    assert (await line_of(shop, buyer)).sku_id == medium
