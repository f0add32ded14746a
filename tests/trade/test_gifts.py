"""Gifts: above a threshold something comes with an order for nothing, kept and sent like all of it, and told when it is gone; who
gives back what earned it gives back the gift or what it is worth. And sets that are sold at one price."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    Bundle,
    Counted,
    Gift,
    Offer,
    PromotionId,
    Reason,
    Rule,
    Scope,
    Step,
    Used,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales import CaseId, Inspected, Kind, NewCase
from steelyard.trade.aftersales.model import CaseState, RefundRequest, Returned
from steelyard.trade.checkout.model import Quote
from steelyard.trade.orders.model import GIFT, Order, OrderLine, OrderState, UseCancel
from tests.support import deal
from tests.support.database import Settled
from tests.support.world import STOCK, World

OVER, WORTH = 10_000, 1_200
NUTS, TEA = 3_990, 5_200


def gift(world: World, *, pieces: int = 1, counted: Counted = Counted.AMOUNT, over: int = OVER) -> Gift:
    """A piece of black tea, for who buys enough."""
    return Gift(over=over, sku_id=world.items["black"].sku_id, worth=WORTH, pieces=pieces, counted=counted)


async def offered(db: Database, world: World, rule: Rule, **more: object) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("满百赠茶", "Tea over a hundred"),
        rule=rule,
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
    )
    made = msgspec.structs.replace(told, **more)
    await db.transact(promotions.save, made)
    return made


async def costs(db: Database, world: World, nuts: int, buyer_id: BuyerId | None = None, **others: int) -> Quote:
    wanted = [(world.items["nuts"].sku_id, nuts), *((world.items[name].sku_id, n) for name, n in others.items())]
    view = await db.ask(checkout.view, await deal.opened(db, wanted, buyer_id))
    assert view is not None
    return view.quote


async def bought(db: Database, world: World, nuts: int = 3) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, nuts)])
    return order


async def sent(db: Database, world: World, nuts: int = 3) -> Order:
    order = await bought(db, world, nuts)
    await deal.shipped(db, order)
    return await deal.again(db, order)


async def lines_of(db: Database, order: Order) -> list[OrderLine]:
    return (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]


async def free(db: Database, world: World) -> int:
    async def asked(read: Read) -> int:
        sku_id = world.items["black"].sku_id
        return (await inventory.available(read, [sku_id]))[sku_id]

    return await db.ask(asked)


async def test_a_gift_comes_with_the_order_for_nothing_and_is_kept_and_sent(
    shop: Database, world: World, settled: Settled
) -> None:
    offer = await offered(shop, world, gift(world, pieces=2))
    below, above = await costs(shop, world, 2), await costs(shop, world, 3)
    assert [group.gifts for group in below.groups] == [()] and below.reckoning is not None
    assert [each.hint.missing for each in below.reckoning.missed if each.hint] == [OVER - 2 * NUTS]
    [shown] = above.groups[0].gifts
    assert (shown.card.sku_id, shown.quantity, shown.amount) == (world.items["black"].sku_id, 2, 0)

    order = await bought(shop, world)

    main, given = await lines_of(shop, order)
    assert (given.kind, given.quantity, given.unit_price, given.amount, given.commission) == (GIFT, 2, 0, 0, 0)
    assert given.gift is not None and given.gift.of == [(main.line, 3 * NUTS)]
    assert (given.gift.worth, given.gift.over, given.gift.promotion_id) == (WORTH, OVER, offer.promotion_id)
    assert order.goods == main.amount == 3 * NUTS
    assert await free(shop, world) == STOCK - 2
    used = await shop.ask(promotions.used, world.tea.merchant_id, [offer.promotion_id])
    assert used[offer.promotion_id] == Used(orders=1, amount=0)
    await deal.shipped(shop, order)
    assert (await deal.again(shop, order)).state is OrderState.SHIPPED
    await deal.received(shop, order)
    await settled()


async def test_a_gift_that_is_gone_is_told_before_the_order_goes_without_it(shop: Database, world: World) -> None:
    offer = await offered(shop, world, gift(world, pieces=STOCK + 1))

    cost = await costs(shop, world, 3)

    assert cost.groups[0].gifts == () and cost.reckoning is not None and not cost.blocking
    assert [(each.promotion.promotion_id, each.reason) for each in cost.reckoning.missed] == [
        (offer.promotion_id, Reason.GIFT_GONE)
    ]
    order = await bought(shop, world)
    assert [line.kind for line in await lines_of(shop, order)] == ["goods"]


async def test_what_is_bought_comes_before_what_is_given(shop: Database, world: World) -> None:
    await offered(shop, world, gift(world))

    some, all_of_it = await costs(shop, world, 1, black=STOCK - 1), await costs(shop, world, 1, black=STOCK)

    assert [len(group.gifts) for group in (*some.groups, *all_of_it.groups)] == [1, 0]


async def test_two_gifts_do_not_share_the_last_piece(shop: Database, world: World) -> None:
    nuts, green = world.items["nuts"], world.items["green"]
    for item in (nuts, green):
        scope = Scope(products=frozenset([item.product_id]))
        await offered(shop, world, gift(world, pieces=STOCK - 1, over=1_000), scope=scope)

    cost = await costs(shop, world, 1, green=1)

    assert cost.reckoning is not None
    assert [len(cost.reckoning.gifts), [each.reason for each in cost.reckoning.missed]] == [1, [Reason.GIFT_GONE]]


async def test_a_coupon_for_a_gift_is_used_once(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    coupon = await offered(shop, world, gift(world), coupon=True, per_buyer=1)
    await shop.transact(promotions.claim, buyer_id, coupon.merchant_id, coupon.promotion_id)
    assert len((await costs(shop, world, 3, buyer_id)).groups[0].gifts) == 1

    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 3)], buyer_id)
    assert (await costs(shop, world, 3, buyer_id)).groups[0].gifts == ()

    await shop.transact(orders.cancel_purchase, purchase_id, reason="buyer", by="buyer")
    assert len((await costs(shop, world, 3, buyer_id)).groups[0].gifts) == 1
    assert await free(shop, world) == STOCK


async def test_before_it_is_sent_a_gift_goes_with_what_earned_it(
    shop: Database, world: World, settled: Settled
) -> None:
    await offered(shop, world, gift(world))
    order = await bought(shop, world, 4)

    await deal.refunded(shop, order, Returned(1, 1))
    assert [line.refunded_quantity for line in await lines_of(shop, order)] == [1, 0], "three pieces still earn it"
    await deal.refunded(shop, order, Returned(1, 1))
    assert [line.refunded_quantity for line in await lines_of(shop, order)] == [2, 1]
    assert (await deal.again(shop, order)).refunded == 2 * NUTS
    assert await free(shop, world) == STOCK
    with pytest.raises(UseCancel):
        await deal.refunded(shop, order, Returned(1, 2))
    await settled()


async def test_a_gift_that_stays_is_kept_back_once(shop: Database, world: World, settled: Settled) -> None:
    await offered(shop, world, gift(world))
    order = await sent(shop, world)

    await deal.refunded(shop, order, Returned(1, 1))
    await deal.refunded(shop, order, Returned(1, 2))

    main, given = await lines_of(shop, order)
    assert (given.gift_charged, given.refunded_quantity) == (WORTH, 0)
    assert (main.refunded_quantity, main.refunded) == (3, 3 * NUTS - WORTH)
    now = await deal.again(shop, order)
    assert (now.refunded, now.commission_returned) == (3 * NUTS - WORTH, now.commission)
    await deal.channel_refunds(shop)
    await settled()


async def test_a_gift_that_comes_back_costs_nothing(shop: Database, world: World, settled: Settled) -> None:
    await offered(shop, world, gift(world))
    order = await sent(shop, world)
    await deal.received(shop, order)

    await deal.refunded(shop, order, Returned(1, 3), Returned(2, 1))

    assert [(line.refunded_quantity, line.gift_charged) for line in await lines_of(shop, order)] == [(3, 0), (1, 0)]
    assert (await deal.again(shop, order)).refunded == 3 * NUTS
    await deal.channel_refunds(shop)
    await settled()


async def test_nothing_is_kept_back_where_the_shop_leaves_it_or_is_to_blame(shop: Database, world: World) -> None:
    await offered(shop, world, gift(world))
    left, blamed = await sent(shop, world), await sent(shop, world)
    request = RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=left.merchant_id, order_id=left.order_id,
        lines=[Returned(1, 3)], keeps_gifts=True,
    )  # fmt: skip
    await shop.transact(aftersales.refund, request, "staff:test")
    case_id = await deal.case_asked(shop, blamed, quantity=3)
    await shop.transact(aftersales.agree, blamed.merchant_id, case_id, "staff:test")

    for order in (left, blamed):
        assert (await deal.again(shop, order)).refunded == 3 * NUTS


async def test_who_returns_without_a_reason_and_keeps_the_gift_pays_what_it_is_worth(
    shop: Database, world: World, settled: Settled
) -> None:
    await offered(shop, world, gift(world))
    order = await sent(shop, world)
    await deal.received(shop, order)
    new = NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=Kind.RETURN_REFUND,
        reason="changed_mind", lines=[Returned(1, 2)],
    )  # fmt: skip
    await shop.transact(aftersales.ask, new, "buyer")
    await shop.transact(aftersales.agree, new.merchant_id, new.case_id, "staff:test")
    await shop.transact(
        aftersales.send_back, new.merchant_id, new.case_id, "simex", f"R{new.case_id.hex[-12:]}", "buyer"
    )
    await shop.transact(
        aftersales.receive, new.merchant_id, new.case_id, [Inspected(line=1, accepted=2, restocked=2)], "", "staff:test"
    )

    found = await shop.ask(aftersales.case, new.case_id)
    assert found is not None and found.state is CaseState.REFUNDED
    assert (await deal.again(shop, order)).refunded == 2 * NUTS - WORTH
    await deal.channel_refunds(shop)
    await settled()


async def test_a_called_off_order_gives_everything_back(shop: Database, world: World, settled: Settled) -> None:
    offer = await offered(shop, world, gift(world))
    order = await bought(shop, world)

    await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "buyer", "buyer")

    assert (await deal.again(shop, order)).refunded == order.total
    assert await free(shop, world) == STOCK
    await deal.channel_refunds(shop)
    await deal.at_rest(shop)
    await settled()
    used = await shop.ask(promotions.used, world.tea.merchant_id, [offer.promotion_id])
    assert offer.promotion_id not in used


async def test_a_set_costs_one_price_and_its_parts_go_back_in_proportion(
    shop: Database, world: World, settled: Settled
) -> None:
    nuts, black = world.items["nuts"].sku_id, world.items["black"].sku_id
    await offered(shop, world, Bundle(parts={nuts: 2, black: 1}, price=11_000))
    [order] = await deal.paid(shop, [(nuts, 3), (black, 1)])
    saved = 2 * NUTS + TEA - 11_000

    first, second = await lines_of(shop, order)
    assert (first.discount, second.discount) == (1_320, 860), "in proportion to 79.80 and 52.00, to the last cent"
    assert first.discount + second.discount == saved
    await deal.shipped(shop, order)
    await deal.refunded(shop, order, Returned(1, 1))
    await deal.refunded(shop, order, Returned(1, 2), Returned(2, 1))
    assert (await deal.again(shop, order)).refunded == order.goods == 3 * NUTS + TEA - saved
    await deal.channel_refunds(shop)
    await settled()


async def test_what_is_given_or_sold_together_is_of_the_shop(shop: Database, world: World) -> None:
    nuts, hammer = world.items["nuts"].sku_id, world.items["hammer"].sku_id
    wrong: list[tuple[str, Rule, dict[str, object]]] = [
        ("rule", Gift(over=1, sku_id=hammer, worth=0), {}),
        ("rule", Bundle(parts={nuts: 1, hammer: 1}, price=100), {}),
        ("rule", Bundle(parts={nuts: 1}, price=100), {}),
        ("rule", gift(world), {"merchant_id": PLATFORM}),
        ("rule", gift(world, pieces=0), {}),
        ("worth", msgspec.structs.replace(gift(world), worth=TEA + 1), {}),
        ("budget", gift(world), {"budget": 1_000}),
    ]
    for field, rule, more in wrong:
        with pytest.raises(Invalid) as refused:
            await offered(shop, world, rule, **more)
        assert list(refused.value.fields) == [field]


async def test_a_reduction_of_the_shop_may_take_the_threshold_away(shop: Database, world: World) -> None:
    await offered(shop, world, gift(world, over=3 * NUTS))
    assert len((await costs(shop, world, 3)).groups[0].gifts) == 1

    await offered(shop, world, AmountOff(steps=(Step(1_000, 500),)))

    assert (await costs(shop, world, 3)).groups[0].gifts == ()
