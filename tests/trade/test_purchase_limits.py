"""Limits that shops set: told before the till, kept when it is placed however many come at once, given back with the order."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import Limits, Period, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import CheckoutId, CheckoutNotReady, ProblemCode
from steelyard.trade.orders import Counting
from tests.support import deal
from tests.support.world import World


async def limited(db: Database, world: World, name: str, product: Limits | None = None, **skus: Limits) -> None:
    found = world.items[name]
    wanted = Limited(product=product, skus={SkuId(world.items[each].sku_id): said for each, said in skus.items()})
    await db.transact(catalog.limit, world.tea.merchant_id, found.product_id, wanted)


async def problems(db: Database, checkout_id: CheckoutId) -> list[tuple[ProblemCode, Mapping[str, object]]]:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return [(problem.code, problem.facts) for problem in view.quote.blocking]


async def place(db: Database, checkout_id: CheckoutId) -> None:
    await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")


async def test_an_order_has_no_more_and_no_fewer_than_the_shop_says(shop: Database, world: World) -> None:
    nuts = world.items["nuts"].sku_id
    await limited(shop, world, "nuts", Limits(per_order=4, least=2))
    few, right, many = [await deal.opened(shop, [(nuts, count)]) for count in (1, 3, 5)]

    assert await problems(shop, few) == [(ProblemCode.TOO_FEW, {"least": 2})]
    assert await problems(shop, many) == [(ProblemCode.TOO_MANY, {"free": 4, "most": 4})]
    for refused in (few, many):
        with pytest.raises(CheckoutNotReady):
            await place(shop, refused)
    await place(shop, right)


async def test_a_buyer_has_no_more_than_the_limit_in_all_orders_together(shop: Database, world: World) -> None:
    nuts, buyer_id = world.items["nuts"].sku_id, BuyerId(ids.mint())
    await limited(shop, world, "nuts", nuts=Limits(per_buyer=3))
    await place(shop, await deal.opened(shop, [(nuts, 2)], buyer_id))

    again = await deal.opened(shop, [(nuts, 2)], buyer_id)
    assert await problems(shop, again) == [
        (ProblemCode.BUYERS_LIMIT, {"free": 1, "most": 3, "bought": 2, "period": "ever"})
    ]
    with pytest.raises(CheckoutNotReady):
        await place(shop, again)
    await place(shop, await deal.opened(shop, [(nuts, 1)], buyer_id))
    await place(shop, await deal.opened(shop, [(nuts, 3)]))


async def test_variants_of_a_product_count_together_for_its_own_limit(shop: Database, world: World) -> None:
    hammer = world.items["hammer"]
    black, red = hammer.sku_ids
    wanted = Limited(product=Limits(per_order=3), skus={red: Limits(per_order=1)})
    await shop.transact(catalog.limit, world.tools.merchant_id, hammer.product_id, wanted)

    both = await deal.opened(shop, [(red, 1), (black, 3)])
    one = await deal.opened(shop, [(red, 2)])

    assert [code for code, _ in await problems(shop, both)] == [ProblemCode.TOO_MANY] * 2
    assert await problems(shop, one) == [(ProblemCode.TOO_MANY, {"free": 1, "most": 1})]


async def test_what_is_called_off_or_lapses_or_is_too_old_does_not_count(shop: Database, world: World) -> None:
    nuts, buyer_id = world.items["nuts"].sku_id, BuyerId(ids.mint())
    await limited(shop, world, "nuts", Limits(per_buyer=1, period=Period.WEEK))
    unpaid = await deal.placed(shop, [(nuts, 1)], buyer_id)
    waiting = await deal.opened(shop, [(nuts, 1)], buyer_id)
    assert len(await problems(shop, waiting)) == 1

    await shop.transact(orders.cancel_purchase, unpaid, reason="buyer", by="buyer")
    assert await problems(shop, waiting) == []
    [paid] = await deal.paid(shop, [(nuts, 1)], buyer_id)
    assert len(await problems(shop, waiting)) == 1
    await shop.transact(long_ago, paid.order_id, 8)

    assert await problems(shop, waiting) == []
    await shop.transact(long_ago, paid.order_id, 6)
    assert len(await problems(shop, waiting)) == 1


async def long_ago(tx: Tx, order_id: UUID, days: int) -> None:
    await tx.execute(
        "UPDATE orders SET placed_at = now() - make_interval(days => $2) WHERE order_id = $1", order_id, days
    )


async def test_what_is_paid_back_whole_before_it_is_sent_does_not_count(shop: Database, world: World) -> None:
    nuts, buyer_id = world.items["nuts"].sku_id, BuyerId(ids.mint())
    counting = Counting(buyer_id=buyer_id, merchant_id=world.tea.merchant_id, product_id=world.items["nuts"].product_id)
    [order] = await deal.paid(shop, [(nuts, 2)], buyer_id)
    assert await shop.ask(orders.had_of, [counting]) == {(buyer_id, counting.product_id): 2}

    await deal.refunded(shop, order, Returned(1, 1))
    assert await shop.ask(orders.had_of, [counting]) == {(buyer_id, counting.product_id): 2}, "a part is not the whole"
    await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "no", "buyer")

    assert await shop.ask(orders.had_of, [counting]) == {}


async def test_of_several_at_once_by_one_buyer_the_first_has_it(shop: Database, world: World) -> None:
    """In one batch, where all are quoted before any is placed."""
    nuts, buyer_id = world.items["nuts"].sku_id, BuyerId(ids.mint())
    await limited(shop, world, "nuts", Limits(per_buyer=3))
    opened = [await deal.opened(shop, [(nuts, 2)], buyer_id) for _ in range(3)]
    other = await deal.opened(shop, [(nuts, 3)])
    wishes = [checkout.Placement(checkout_id=each, expected_total=None, by="buyer") for each in [*opened, other]]

    first, *late, another = await shop.transact(checkout.place_all, wishes)

    assert not isinstance(first, Refusal) and not isinstance(another, Refusal)
    assert all(isinstance(each, CheckoutNotReady) for each in late)


AT_ONCE = 6


async def test_of_many_clicks_at_the_same_moment_one_is_served(shop: Database, world: World) -> None:
    nuts, buyer_id = world.items["nuts"].sku_id, BuyerId(ids.mint())
    await limited(shop, world, "nuts", Limits(per_buyer=1))
    opened = [await deal.opened(shop, [(nuts, 1)], buyer_id) for _ in range(AT_ONCE)]

    async def click(checkout_id: CheckoutId) -> bool:
        try:
            await place(shop, checkout_id)
        except CheckoutNotReady:
            return False
        return True

    assert sum(await asyncio.gather(*map(click, opened))) == 1


async def test_control_who_looks_and_then_writes_has_several(shop: Database, world: World) -> None:
    """Without the lock, everybody who looks first finds nothing bought yet: it is the lock that keeps the limit above."""
    nuts, buyer_id = world.items["nuts"], BuyerId(ids.mint())
    opened = [await deal.opened(shop, [(nuts.sku_id, 1)], buyer_id) for _ in range(2)]
    counting = Counting(buyer_id=buyer_id, merchant_id=world.tea.merchant_id, product_id=nuts.product_id)
    both_have_looked = asyncio.Barrier(2)

    async def careless(tx: Tx, checkout_id: CheckoutId) -> None:
        had = await orders.had_of(tx, [counting])
        await both_have_looked.wait()
        if not had:
            await checkout.place(tx, checkout_id, expected_total=None, by="buyer")

    await asyncio.gather(*(shop.transact(careless, each) for each in opened))

    assert await shop.ask(orders.had_of, [counting]) == {(buyer_id, counting.product_id): 2}


async def test_limits_are_set_once_and_only_by_the_shop_itself(shop: Database, world: World) -> None:
    nuts, wanted = world.items["nuts"], Limited(product=Limits(per_order=2))
    before = await shop.transact(catalog.limit, world.tea.merchant_id, nuts.product_id, wanted)
    again = await shop.transact(catalog.limit, world.tea.merchant_id, nuts.product_id, wanted)

    assert (before, again) == (Limited(), wanted)
    assert await shop.ask(catalog.limits_of, world.tea.merchant_id, nuts.product_id) == wanted
    for stranger in (world.tools.merchant_id, ids.mint()):
        with pytest.raises(NotFound):
            await shop.transact(catalog.limit, stranger, nuts.product_id, Limited())
        with pytest.raises(NotFound):
            await shop.ask(catalog.limits_of, stranger, nuts.product_id)
    strange = Limited(skus={SkuId(world.items["hammer"].sku_id): Limits(per_order=2)})
    with pytest.raises(NotFound):
        await shop.transact(catalog.limit, world.tea.merchant_id, nuts.product_id, strange)
    for wrong in (Limits(per_order=0), Limits(per_order=2, least=3), Limits(per_buyer=1, least=2)):
        with pytest.raises(Invalid):
            await shop.transact(catalog.limit, world.tea.merchant_id, nuts.product_id, Limited(product=wrong))


async def test_without_a_limit_nothing_is_asked(shop: Database, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card says all that has to be known."""
    cards = await shop.ask(catalog.cards, [world.items["nuts"].sku_id])
    lines = [checkout.Wanted(line_id="1", card=card, quantity=9) for card in cards.values()]
    asked: list[str] = []

    async def listening(_: Read, what: str, *__: object) -> list[object]:
        asked.append(what)
        return []

    monkeypatch.setattr(Read, "fetch", listening)

    assert await shop.ask(checkout.limits_told, [(ids.mint(), lines)]) == [[]]
    assert asked == []
