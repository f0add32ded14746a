"""The deal, step by step: what each leaves in stock, orders and books."""

from typing import Any

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal, TransitionRefused
from steelyard.logistics.fulfilment.model import AlreadyLeft, NothingLeft, Packed
from steelyard.money import ledger
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import FreightTooHigh, NotThatMany, Returned
from steelyard.trade.checkout.model import CheckoutClosed, CheckoutNotReady, SoldOut, TotalMoved
from steelyard.trade.orders.model import NotCancellable, OrderState, PurchaseState
from tests.support import deal
from tests.support.database import Settled
from tests.support.world import COMMISSION, STOCK, TOO_FAR, World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


def of_both(world: World) -> list[tuple[Any, int]]:
    """One line of each merchant."""
    mine = {item.merchant_id: item for item in world.items.values() if item.slug != "rare"}
    return [(item.sku_id, 2) for item in mine.values()]


async def free(db: Database, sku_id: Any) -> int:
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def trial_difference(read: Read) -> int:
    lines = await ledger.trial_balance(read)
    return sum(line.debits - line.credits for line in lines)


async def test_a_cart_of_two_merchants_becomes_one_purchase_with_two_orders(
    db: Database, world: World, settled: Settled
):
    wanted = of_both(world)
    assert len(wanted) == 2

    purchase_id = await deal.placed(db, wanted)

    purchase = await db.ask(orders.purchase, purchase_id)
    parts = await deal.orders_of(db, purchase_id)
    assert purchase is not None
    assert purchase.state is PurchaseState.PLACED
    assert {part.merchant_id for part in parts} == {world.tea.merchant_id, world.tools.merchant_id}
    assert purchase.total == sum(part.total for part in parts)
    assert all(
        part.commission == sum(line.amount for line in lines) * COMMISSION // 1_000_000
        for part, lines in [(part, (await db.ask(orders.lines_of, [part.order_id]))[part.order_id]) for part in parts]
    )
    for sku_id, quantity in wanted:
        assert await free(db, sku_id) == STOCK - quantity
    await settled()


async def test_placing_twice_is_placing_once(db: Database, world: World):
    checkout_id = await deal.opened(db, of_both(world))

    first = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    second = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    assert first == second
    assert await free(db, of_both(world)[0][0]) == STOCK - 2


async def test_nobody_pays_another_sum_than_they_were_shown(db: Database, world: World):
    checkout_id = await deal.opened(db, of_both(world))

    with pytest.raises(TotalMoved):
        await db.transact(checkout.place, checkout_id, expected_total=1, by="buyer")

    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    await db.transact(checkout.place, checkout_id, expected_total=view.quote.total, by="buyer")


async def test_what_is_sold_out_is_refused_and_leaves_no_purchase(db: Database, world: World):
    sku_id = of_both(world)[0][0]
    await deal.placed(db, [(sku_id, STOCK)])

    with pytest.raises(SoldOut):
        await deal.placed(db, [(sku_id, 1)])

    assert await db.ask(count_purchases) == 1


async def count_purchases(read: Read) -> int:
    return await read.value("SELECT count(*) FROM purchases")


async def test_a_place_where_nobody_delivers_is_named(db: Database, world: World):
    checkout_id = await deal.opened(db, of_both(world))
    await db.transact(checkout.change, checkout_id, deal.draft(of_both(world), address=TOO_FAR))

    with pytest.raises(CheckoutNotReady) as refused:
        await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    assert {problem.code for problem in refused.value.problems} == {"address_undeliverable"}


async def test_paying_holds_the_money_and_asks_the_merchants_to_send(db: Database, world: World, settled: Settled):
    parts = await deal.paid(db, of_both(world))

    assert {part.state for part in parts} == {OrderState.PAID}
    for part in parts:
        balances = {balance.kind: balance.balance for balance in await db.ask(ledger.balances, part.merchant_id)}
        assert balances["held"] == part.total
    assert await db.ask(trial_difference) == 0
    await settled()


async def test_the_whole_way_to_the_merchants_payable(db: Database, world: World, settled: Settled):
    parts = await deal.paid(db, of_both(world))

    for part in parts:
        await deal.shipped(db, part)
        await deal.received(db, part)
        await deal.received(db, part)  # the second click

    for part in parts:
        balances = {balance.kind: balance.balance for balance in await db.ask(ledger.balances, part.merchant_id)}
        assert balances["held"] == 0
        assert balances["payable"] == part.total - part.commission
        assert balances["commission"] == part.commission
    await deal.at_rest(db)
    assert await db.ask(trial_difference) == 0
    await settled()


async def test_an_order_is_sent_in_parts(db: Database, world: World, settled: Settled):
    (part, *_) = await deal.paid(db, of_both(world))

    await deal.shipped(db, part, [Packed(1, 1)])
    assert (await deal.again(db, part)).state is OrderState.PARTLY_SHIPPED
    with pytest.raises(NothingLeft):
        await deal.shipped(db, part, [Packed(1, 2)])
    with pytest.raises(Refusal):
        await deal.received(db, part)
    await settled()
    await deal.shipped(db, part)

    assert (await deal.again(db, part)).state is OrderState.SHIPPED


async def test_unpaid_purchases_lapse_and_their_stock_is_free(db: Database, world: World, settled: Settled):
    wanted = of_both(world)
    purchase_id = await deal.placed(db, wanted)
    await db.transact(expire)

    assert await db.transact(orders.cancel_unpaid) == 1

    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert purchase.state is PurchaseState.CANCELLED
    assert await free(db, wanted[0][0]) == STOCK
    await settled()


async def expire(tx: Any) -> None:
    await tx.execute("UPDATE purchases SET pay_by = now() - interval '1 second'")


async def test_a_late_payment_of_a_lapsed_purchase_is_refunded_by_itself(db: Database, world: World, settled: Settled):
    purchase_id = await deal.placed(db, of_both(world))
    payment_id = await deal.instructed(db, purchase_id)
    await db.transact(orders.cancel_purchase, purchase_id, "unpaid", "system")

    await deal.captured(db, payment_id)
    await settled()
    assert await deal.channel_refunds(db) == 2

    assert {part.state for part in await deal.orders_of(db, purchase_id)} == {OrderState.CANCELLED}
    for trader in world.merchants:
        balances = {balance.kind: balance.balance for balance in await db.ask(ledger.balances, trader.merchant_id)}
        assert balances["held"] == 0
        assert balances["refund_due"] == 0
    assert await db.ask(trial_difference) == 0


async def test_paid_twice_is_given_back_once(db: Database, world: World, settled: Settled):
    purchase_id = await deal.placed(db, of_both(world))
    first, second = [await deal.instructed(db, purchase_id, channel) for channel in ("simpay", "another")]

    await deal.captured(db, first)
    await deal.captured(db, second)
    await deal.captured(db, second)

    assert await deal.channel_refunds(db) == 2
    assert {part.state for part in await deal.orders_of(db, purchase_id)} == {OrderState.PAID}
    await settled()


async def test_cancelling_before_shipment_gives_everything_back(db: Database, world: World, settled: Settled):
    part, other = await deal.paid(db, of_both(world))
    refund_id = RefundId(ids.mint())

    await db.transact(aftersales.cancel, part.merchant_id, part.order_id, refund_id, "changed_mind", "buyer")
    await db.transact(aftersales.cancel, part.merchant_id, part.order_id, refund_id, "changed_mind", "buyer")
    await settled()
    assert await deal.channel_refunds(db) == 1

    now = await deal.again(db, part)
    assert (now.state, now.refunded) == (OrderState.CANCELLED, part.total)
    assert now.commission_returned == part.commission
    balances = {balance.kind: balance.balance for balance in await db.ask(ledger.balances, part.merchant_id)}
    assert balances["held"] == 0
    assert (await deal.again(db, other)).state is OrderState.PAID


async def test_what_has_left_the_house_is_not_cancelled(db: Database, world: World):
    part, *_ = await deal.paid(db, of_both(world))
    await deal.shipped(db, part, [Packed(1, 1)])

    with pytest.raises((AlreadyLeft, TransitionRefused)):
        await db.transact(aftersales.cancel, part.merchant_id, part.order_id, RefundId(ids.mint()), "late", "buyer")


async def test_refunds_of_pieces_add_up_to_the_line(db: Database, world: World, settled: Settled):
    part, *_ = await deal.paid(db, [(of_both(world)[0][0], 3)])
    line = (await db.ask(orders.lines_of, [part.order_id]))[part.order_id][0]

    await deal.shipped(db, part)

    for _ in range(3):
        await deal.refunded(db, part, Returned(1, 1))
    with pytest.raises(NotThatMany):
        await deal.refunded(db, part, Returned(1, 1))

    now = await deal.again(db, part)
    assert now.refunded == line.amount
    assert now.commission_returned == part.commission
    await settled()


async def test_freight_is_given_back_once(db: Database, world: World):
    part, *_ = await deal.paid(db, [(of_both(world)[0][0], 1)])
    if part.freight:
        await deal.refunded(db, part, freight=part.freight)

    with pytest.raises(FreightTooHigh):
        await deal.refunded(db, part, freight=1)


async def test_a_refund_after_receipt_comes_out_of_the_merchants_payable(db: Database, world: World, settled: Settled):
    part, *_ = await deal.paid(db, [(of_both(world)[0][0], 2)])
    await deal.shipped(db, part)
    await deal.received(db, part)

    await deal.refunded(db, part, Returned(1, 1))
    await deal.channel_refunds(db)

    now = await deal.again(db, part)
    balances = {balance.kind: balance.balance for balance in await db.ask(ledger.balances, part.merchant_id)}
    assert balances["payable"] == (part.total - now.refunded) - (part.commission - now.commission_returned)
    assert balances["commission"] == part.commission - now.commission_returned
    await settled()


async def test_a_paid_purchase_is_not_dropped(db: Database, world: World):
    part, *_ = await deal.paid(db, of_both(world))

    with pytest.raises(NotCancellable):
        await db.transact(orders.cancel_purchase, part.purchase_id, "no", "buyer")


async def test_changing_a_placed_checkout_frees_its_stock(db: Database, world: World, settled: Settled):
    sku_id = of_both(world)[0][0]
    checkout_id = await deal.opened(db, [(sku_id, 5)])
    first = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    await db.transact(checkout.change, checkout_id, deal.draft([(sku_id, 1)]))
    second = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    assert first != second
    assert await free(db, sku_id) == STOCK - 1
    await settled()


async def test_a_checkout_given_up_is_closed(db: Database, world: World):
    checkout_id = await deal.opened(db, of_both(world))
    await db.transact(checkout.cancel, checkout_id, "buyer")

    with pytest.raises(CheckoutClosed):
        await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
