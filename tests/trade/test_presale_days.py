"""The day by which a presale is sent: what is promised, what the buyer may do afterwards, and when its order is late."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Packed
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Action
from steelyard.trade.aftersales.model import OVERDUE, AskInstead
from steelyard.trade.orders.model import (
    OrderState,
    Wanted,
)
from tests.support import deal
from tests.support.presale import (
    DEPOSIT,
    booked,
    item,
    placed,
    planned,
    presale,
)
from tests.support.world import STOCK, World
from tests.trade.test_presales import DAY, balance_paid, came_and_went, free


async def test_what_is_promised_is_the_day_of_the_presale(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await balance_paid(shop, purchase_id)

    (order,) = await deal.orders_of(shop, purchase_id)
    line = (await shop.ask(fulfilment.status, [order.order_id]))[order.order_id][1]
    assert wanted.terms is not None
    assert line.ship_by == wanted.terms.ships_by


@pytest.mark.parametrize("deposit", [DEPOSIT, 0])
async def test_who_has_nothing_sent_by_the_agreed_day_can_cancel_it_while_it_is_packed(
    shop: Database, world: World, deposit: int
) -> None:
    whole = item(world) if deposit else item(world, deposit=0, counts_for=0, price=3_000)
    wanted = await planned(shop, presale(world, whole))
    purchase_id = await placed(shop, world, 2)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    if deposit:
        await balance_paid(shop, purchase_id)
    (order,) = await deal.orders_of(shop, purchase_id)
    await shop.transact(orders.begin_packing, order.merchant_id, order.order_id, "staff")
    (order,) = await deal.orders_of(shop, purchase_id)
    assert wanted.terms is not None
    day, second = wanted.terms.ships_by, timedelta(seconds=1)

    async def cancel(at: datetime) -> None:
        refund_id = RefundId(ids.derived(order.order_id, "test"))
        await shop.transact(aftersales.cancel_for_buyer, order.merchant_id, order.order_id, refund_id, "buyer", at)

    # In the last second the shop is asked.
    standing = (await shop.ask(aftersales.standing, [order]))[order.order_id]
    assert Action.CANCEL not in aftersales.offered(standing, day - second)
    with pytest.raises(AskInstead):
        await cancel(day - second)
    # A second later nobody is.
    assert {Action.CANCEL, Action.ASK_TO_CANCEL} & aftersales.offered(standing, day) == {Action.CANCEL}
    await cancel(day)
    await cancel(day + second)

    (order,) = await deal.orders_of(shop, purchase_id)
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLED, OVERDUE)
    assert await came_and_went(shop, purchase_id) == (order.total, order.total)
    assert await free(shop, world) == STOCK - 5 + 2


async def test_of_what_was_sent_in_part_nothing_is_cancelled_by_right(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world, 2)
    await balance_paid(shop, purchase_id)
    (order,) = await deal.orders_of(shop, purchase_id)
    await deal.shipped(shop, order, [Packed(line=1, quantity=1)])
    (order,) = await deal.orders_of(shop, purchase_id)
    assert wanted.terms is not None

    standing = (await shop.ask(aftersales.standing, [order]))[order.order_id]
    assert Action.CANCEL not in aftersales.offered(standing, wanted.terms.ships_by + DAY)
    with pytest.raises(Refusal):
        await shop.transact(
            aftersales.cancel_for_buyer, order.merchant_id, order.order_id, RefundId(ids.mint()), "buyer",
            wanted.terms.ships_by + DAY,
        )  # fmt: skip


async def test_an_order_of_a_presale_is_late_by_its_own_day(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await balance_paid(shop, purchase_id)
    (order,) = await deal.orders_of(shop, purchase_id)
    await shop.transact(paid_before, order.order_id, 5 * DAY)
    late = Wanted(trouble="late")

    work = await shop.ask(orders.to_do, order.merchant_id, None)
    assert (work.to_send, work.late, work.soon_late) == (1, 0, 0)
    assert not (await shop.ask(orders.find, order.merchant_id, late)).items
    assert wanted.terms is not None and order.due() == wanted.terms.ships_by
    (first,) = await shop.ask(orders.next_due, order.merchant_id, 5)
    assert first.order_id == order.order_id

    await shop.transact(due_in, order.order_id, timedelta(hours=1))
    work = await shop.ask(orders.to_do, order.merchant_id, None)
    assert (work.late, work.soon_late) == (0, 1)
    await shop.transact(due_in, order.order_id, timedelta())
    work = await shop.ask(orders.to_do, order.merchant_id, None)
    assert (work.late, work.soon_late) == (1, 0)
    assert [each.order_id for each in (await shop.ask(orders.find, order.merchant_id, late)).items] == [order.order_id]


async def paid_before(tx: Tx, order_id: UUID, ago: timedelta) -> None:
    await tx.execute("UPDATE orders SET paid_at = now() - $2::interval WHERE order_id = $1", order_id, ago)


async def due_in(tx: Tx, order_id: UUID, left: timedelta) -> None:
    """The clock has moved so near to the day that was agreed."""
    await tx.execute("UPDATE orders SET ship_by = now() + $2::interval WHERE order_id = $1", order_id, left)
