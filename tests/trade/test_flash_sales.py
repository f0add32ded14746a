"""Flash sales in a deal: pieces of their own, a price while they last, limits that hold, and all of it given back."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, pricing, promotions
from steelyard.goods.inventory.model import Promised
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.promotions.model import FlashState, LimitReached, NewFlash, OfferGone, Planned
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import CheckoutId, CheckoutNotReady, ProblemCode, Quote, SoldOut, TotalMoved
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.database import Settled
from tests.support.flash import PRICE, flash, item, over, planned
from tests.support.world import STOCK, World

USUAL = 3_990


async def quoted(db: Database, checkout_id: CheckoutId) -> Quote:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote


def codes(quote: Quote) -> list[ProblemCode]:
    return [problem.code for problem in quote.problems]


async def of(db: Database, wanted: NewFlash) -> Planned:
    (found, *_) = await db.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)])
    return found


async def free(db: Database, world: World, name: str = "nuts") -> int:
    sku_id = world.items[name].sku_id
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def test_its_pieces_leave_the_stock_that_is_sold_and_come_back(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world, begins=timedelta(hours=1)))
    again = await planned(shop, wanted)

    assert (again, await free(shop, world)) == (wanted, STOCK - 5)
    assert (await quoted(shop, await deal.opened(shop, [(world.items["nuts"].sku_id, 1)]))).discount == 0

    for _ in range(2):
        await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff", reason="wrong price")
    session = await shop.ask(promotions.session, wanted.merchant_id, wanted.session_id)
    assert session is not None
    assert (session.state(wanted.starts_at), await free(shop, world)) == (FlashState.CANCELLED, STOCK)


async def test_while_it_runs_a_piece_is_sold_from_it_at_its_price(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world))
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 2)])
    cost = await quoted(shop, checkout_id)

    purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=cost.total, by="buyer")

    parts = {part.merchant_id: part for part in await deal.orders_of(shop, purchase_id)}
    order_id = parts[world.tea.merchant_id].order_id
    (line,) = (await shop.ask(orders.lines_of, [order_id]))[order_id]
    assert (line.unit_price, line.discount, line.amount) == (USUAL, USUAL - PRICE, PRICE)
    found = await of(shop, wanted)
    assert (found.taken, found.left, found.percent, found.buyers, found.off) == (1, 4, 20, 1, USUAL - PRICE)
    assert await free(shop, world) == STOCK - 5
    assert await shop.ask(inventory.kept_for, wanted.merchant_id, order_id) == {world.items["nuts"].sku_id: 1}


async def test_it_is_sold_though_nothing_else_of_it_is_left(shop: Database, world: World) -> None:
    await planned(shop, flash(world, item(world, pieces=STOCK)))
    assert await free(shop, world) == 0

    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await deal.shipped(shop, order)

    assert order.goods == PRICE


async def test_a_buyer_has_no_more_than_the_limit(shop: Database, world: World) -> None:
    await planned(shop, flash(world, item(world, per_buyer=3, per_order=2)))
    buyer_id, nuts = BuyerId(ids.mint()), world.items["nuts"].sku_id
    too_many = await deal.opened(shop, [(nuts, 3)], buyer_id)
    assert ProblemCode.LIMIT_REACHED in codes(await quoted(shop, too_many))

    first, second, third = [await deal.opened(shop, [(nuts, count)], buyer_id) for count in (2, 1, 1)]
    early = await quoted(shop, third)
    await shop.transact(checkout.place, first, expected_total=None, by="buyer")
    await shop.transact(checkout.place, second, expected_total=None, by="buyer")

    assert not early.blocking
    (problem,) = (await quoted(shop, third)).blocking
    assert (problem.code, problem.facts) == (ProblemCode.LIMIT_REACHED, {"free": 0, "bought": 3})
    with pytest.raises(CheckoutNotReady):
        await shop.transact(checkout.place, third, expected_total=None, by="buyer")
    assert ProblemCode.FLASH_GONE in codes(await quoted(shop, too_many)), "the three that it wants are not left"
    other = await deal.placed(shop, [(nuts, 1)])
    assert (await deal.orders_of(shop, other))[0].goods == PRICE


async def test_of_several_at_once_by_one_buyer_one_is_served(shop: Database, world: World) -> None:
    """All of them are quoted before any is placed: what counts is what is held."""
    wanted = await planned(shop, flash(world))
    buyer_id = BuyerId(ids.mint())
    opened = [await deal.opened(shop, [(world.items["nuts"].sku_id, 1)], buyer_id) for _ in range(4)]
    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in sorted(opened)]

    first, *others = await shop.transact(checkout.place_all, wishes)

    assert not isinstance(first, Refusal)
    assert all(isinstance(other, LimitReached) for other in others)
    assert (await of(shop, wanted)).taken == 1


async def test_when_it_is_sold_out_the_usual_price_counts_and_is_told(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world, item(world, pieces=1)))
    nuts = [(world.items["nuts"].sku_id, 1)]
    late = await deal.opened(shop, nuts)
    seen = await quoted(shop, late)
    both = [await deal.opened(shop, nuts) for _ in range(2)]

    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in sorted(both)]
    answers = await shop.transact(checkout.place_all, wishes)

    assert [isinstance(answer, OfferGone) for answer in answers] == [False, True]
    with pytest.raises(TotalMoved):
        await shop.transact(checkout.place, late, expected_total=seen.total, by="buyer")
    now = await quoted(shop, late)
    assert (codes(now), now.discount, now.blocking) == ([ProblemCode.FLASH_GONE], 0, [])
    await shop.transact(checkout.place, late, expected_total=now.total, by="buyer")
    assert ((await of(shop, wanted)).percent, await free(shop, world)) == (100, STOCK - 2)


async def test_a_purchase_that_is_dropped_gives_back_piece_and_limit(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world, item(world, pieces=1)))
    buyer_id, nuts = BuyerId(ids.mint()), [(world.items["nuts"].sku_id, 1)]
    purchase_id = await deal.placed(shop, nuts, buyer_id)
    assert (await of(shop, wanted)).left == 0

    for _ in range(2):
        await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")

    assert ((await of(shop, wanted)).left, await free(shop, world)) == (1, STOCK - 1)
    again = await deal.placed(shop, nuts, buyer_id)
    assert (await deal.orders_of(shop, again))[0].goods == PRICE


async def test_at_its_end_what_is_left_is_sold_as_everything_else(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world))
    kept = await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    await shop.transact(over, wanted)
    assert (await quoted(shop, await deal.opened(shop, [(world.items["nuts"].sku_id, 1)]))).discount == 0

    assert [await shop.transact(promotions.end_due) for _ in range(2)] == [1, 0]

    assert await free(shop, world) == STOCK - 1
    await shop.transact(orders.cancel_purchase, kept, reason="unpaid", by="clock")
    assert (await free(shop, world), (await of(shop, wanted)).taken) == (STOCK, 0)


async def test_what_was_quoted_before_it_was_called_off_is_not_placed_at_its_price(
    shop: Database, world: World
) -> None:
    wanted = await planned(shop, flash(world))
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1)])
    seen = await quoted(shop, checkout_id)
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="operator")

    with pytest.raises(TotalMoved):
        await shop.transact(checkout.place, checkout_id, expected_total=seen.total, by="buyer")


async def test_what_is_kept_for_it_is_not_given_away(shop: Database, world: World) -> None:
    await planned(shop, flash(world, item(world, pieces=STOCK - 1)))
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 2)]

    with pytest.raises(Promised):
        await shop.transact(inventory.scrap, world.tea.merchant_id, lines, document=ids.mint(), by="staff")
    late = await deal.opened(shop, [(world.items["nuts"].sku_id, STOCK)])
    with pytest.raises(SoldOut):
        await shop.transact(checkout.place, late, expected_total=None, by="buyer")


async def test_a_price_of_the_shop_below_it_counts_instead(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world))
    nuts = world.items["nuts"]
    price = NewPrice(sku_id=nuts.sku_id, currency="CNY", amount=PRICE - 1)
    await shop.transact(pricing.set_prices, wanted.merchant_id, [price])

    await deal.placed(shop, [(nuts.sku_id, 2)])

    assert ((await of(shop, wanted)).taken, await free(shop, world)) == (0, STOCK - 5 - 2)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"price": USUAL}, "price_0"),
        ({"price": 0}, "price_0"),
        ({"pieces": STOCK + 1}, "pieces_0"),
        ({"pieces": 0}, "pieces_0"),
        ({"per_buyer": 0}, "per_buyer_0"),
        ({"name": "hammer"}, "what_0"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_kept(
    shop: Database, world: World, more: Mapping[str, Any], field: str
) -> None:
    """The hammer is another shop's."""
    with pytest.raises(Invalid) as refused:
        await planned(shop, flash(world, item(world, **more)))

    assert set(refused.value.facts["fields"]) == {field}
    assert await shop.ask(promotions.sessions, world.tea.merchant_id, None, 10) == []
    assert await free(shop, world) == STOCK


async def test_goods_are_in_one_session_at_a_time(shop: Database, world: World) -> None:
    first = await planned(shop, flash(world))
    for begins in (timedelta(), timedelta(hours=-1), timedelta(hours=1)):
        with pytest.raises(Invalid):
            await planned(shop, flash(world, begins=begins))

    await planned(shop, flash(world, begins=timedelta(hours=2)))
    await shop.transact(promotions.cancel, first.merchant_id, first.session_id, by="staff")
    await planned(shop, flash(world, begins=timedelta(minutes=-30)))


async def test_of_two_who_plan_the_same_goods_at_once_one_is_refused(shop: Database, world: World) -> None:
    answers = await asyncio.gather(*(planned(shop, flash(world)) for _ in range(2)), return_exceptions=True)

    assert sorted(isinstance(answer, Invalid) for answer in answers) == [False, True]


async def test_a_shop_has_its_own_sessions_only(shop: Database, world: World) -> None:
    wanted = await planned(shop, flash(world))
    theirs = shop.as_merchant(world.tools.merchant_id)

    assert await theirs.ask(promotions.session, wanted.merchant_id, wanted.session_id) is None
    assert await theirs.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)]) == []
    with pytest.raises(NotFound):
        await theirs.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")
    own = shop.as_merchant(world.tea.merchant_id)
    await own.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")


async def test_its_beginning_and_end_are_announced_once(shop: Database, world: World, settled: Settled) -> None:
    wanted = await planned(shop, flash(world, item(world, pieces=1)))
    assert [await shop.transact(promotions.begin_due) for _ in range(2)] == [1, 0]
    await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    await shop.transact(over, wanted)
    await shop.transact(promotions.end_due)
    await settled()

    assert await shop.ask(told) == 4, "planned, begun, sold out, over"


async def told(read: Read) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = $1", promotions.FlashChanged.KIND)


BUYS = st.tuples(st.integers(0, 2), st.integers(1, 4))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.integers(1, 8),
    per_order=st.none() | st.integers(1, 3),
    per_buyer=st.none() | st.integers(1, 4),
    steps=st.lists(BUYS | st.integers(0, 5), max_size=7),
)
async def test_whoever_buys_and_drops_whatever_the_limits_hold_and_nothing_is_lost(
    shop: Database,
    world: World,
    pieces: int,
    per_order: int | None,
    per_buyer: int | None,
    steps: Sequence[tuple[int, int] | int],
) -> None:
    """A step is (buyer, pieces) that are bought, or the number of the purchase that is dropped."""
    wanted = flash(world, item(world, pieces=pieces, per_order=per_order, per_buyer=per_buyer))
    await planned(shop, wanted)
    buyers = [BuyerId(ids.mint()) for _ in range(3)]
    there: dict[PurchaseId, tuple[int, int]] = {}

    for step in steps:
        if isinstance(step, int):
            if step < len(there):
                purchase_id = list(there)[step]
                await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")
                del there[purchase_id]
            continue
        buyer, count = step
        has, taken = sum(n for who, n in there.values() if who == buyer), sum(n for _, n in there.values())
        checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, count)], buyers[buyer])
        at_flash_price = taken + count <= pieces
        allowed = count <= (per_order or count) and has + count <= (per_buyer or has + count)
        cost = await quoted(shop, checkout_id)
        assert cost.discount == (count * (USUAL - PRICE) if at_flash_price else 0)
        assert (ProblemCode.LIMIT_REACHED in codes(cost)) == (at_flash_price and not allowed)
        if at_flash_price and allowed:
            there[await shop.transact(checkout.place, checkout_id, expected_total=cost.total, by="buyer")] = step

    found = await of(shop, wanted)
    assert found.taken == sum(n for _, n in there.values())
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")
    for purchase_id in there:
        await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")
    assert await free(shop, world) == STOCK
