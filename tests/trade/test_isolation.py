"""What a merchant's console may do, done under the merchants' own role: their orders, and nobody else's."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import ledger, payments
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.world import STOCK, World

BY = "staff:1"


async def two_parts(db: Database, world: World) -> tuple[Order, Order]:
    """A paid purchase: the tea shop's order and the tool shop's."""
    parts = await deal.paid(db, [(world.items["nuts"].sku_id, 3), (world.items["ruler"].sku_id, 2)])
    by_merchant = {part.merchant_id: part for part in parts}
    return by_merchant[world.tea.merchant_id], by_merchant[world.tools.merchant_id]


@pytest.fixture
def console(shop: Database, world: World) -> Database:
    """The tea shop's."""
    return shop.as_merchant(world.tea.merchant_id)


def parcel(part: Order, *lines: Packed) -> Dispatch:
    return Dispatch(
        merchant_id=part.merchant_id, order_id=part.order_id, parcel_id=ParcelId(ids.mint()), carrier="simex",
        number=f"N{ids.mint().hex}", lines=list(lines) or None,
    )  # fmt: skip


def some_back(part: Order, **more: Any) -> RefundRequest:
    return RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=part.merchant_id, order_id=part.order_id, lines=[Returned(1, 1)],
        **more,
    )  # fmt: skip


async def test_a_merchant_sends_its_order_in_parts(shop: Database, world: World, console: Database):
    mine, others = await two_parts(shop, world)

    await console.transact(orders.ship, parcel(mine, Packed(1, 1)), BY)
    await console.transact(orders.ship, parcel(mine), BY)

    assert (await deal.again(shop, mine)).state is OrderState.SHIPPED
    assert (await deal.again(shop, others)).state is OrderState.PAID


async def test_a_merchant_cancels_its_order(shop: Database, world: World, console: Database):
    mine, others = await two_parts(shop, world)

    await console.transact(aftersales.cancel, mine.merchant_id, mine.order_id, RefundId(ids.mint()), "gone", BY)

    assert (await deal.again(shop, mine)).state is OrderState.CANCELLED
    assert (await deal.again(shop, others)).refunded == 0
    assert await deal.channel_refunds(shop) == 1
    assert (await console.ask(inventory.available, [world.items["nuts"].sku_id])).popitem()[1] == STOCK


async def test_a_merchant_gives_money_back_before_and_after_receipt(shop: Database, world: World, console: Database):
    mine, _ = await two_parts(shop, world)

    await console.transact(aftersales.refund, some_back(mine, freight=100), BY)
    await deal.shipped(shop, mine)
    await deal.received(shop, mine)
    await console.transact(aftersales.refund, some_back(mine, restock=True), BY)

    assert (await deal.again(shop, mine)).refunded == 2 * 3_990 + 100
    given = (await console.ask(aftersales.of_orders, [mine.order_id]))[mine.order_id]
    assert [one.released for one in given] == [False, True]


async def test_a_merchant_sees_the_whole_of_its_own_orders(shop: Database, world: World, console: Database):
    mine, _ = await two_parts(shop, world)
    sent = parcel(mine)
    await console.transact(orders.ship, sent, BY)

    async def tell(tx: Tx) -> None:
        scans = [Scan(at=mine.placed_at, code="in_transit")]
        await parcels.record_scans(tx, carrier=sent.carrier, number=sent.number, scans=scans)

    await shop.transact(tell)
    await console.transact(aftersales.refund, some_back(mine), BY)
    key = (mine.merchant_id, mine.order_id)
    now = await deal.again(shop, mine)

    assert await console.ask(orders.order, *key) == now
    assert await console.ask(orders.order_by_code, mine.merchant_id, mine.code) == now
    assert (await console.ask(orders.orders_of_merchant, mine.merchant_id)).items == [now]
    assert await console.ask(orders.counts_of_merchant, mine.merchant_id) == {OrderState.SHIPPED: 1}
    assert await console.ask(orders.codes_of, mine.merchant_id, [mine.order_id]) == {mine.order_id: mine.code}
    assert len((await console.ask(orders.lines_of, [mine.order_id]))[mine.order_id]) == 1
    assert len(await console.ask(orders.history, *key)) == 3
    (packet,) = (await console.ask(parcels.of_orders, [mine.order_id]))[mine.order_id]
    assert len(await console.ask(parcels.scans, mine.merchant_id, packet.parcel_id)) == 1
    assert len(await console.ask(parcels.carriers)) == 3
    assert (await console.ask(fulfilment.status, [mine.order_id]))[mine.order_id][1].shipped == 3
    assert len(await console.ask(fulfilment.contents, mine.order_id)) == 1
    assert len(await console.ask(payments.refunds_of_order, *key)) == 1
    assert len(await console.ask(payments.splits_of_order, *key)) == 1
    assert {one.kind for one in await console.ask(ledger.balances, mine.merchant_id)} >= {"held", "refund_due"}


async def test_a_merchant_sees_nothing_of_anothers(shop: Database, world: World, console: Database):
    mine, others = await two_parts(shop, world)
    await deal.shipped(shop, others)
    await deal.refunded(shop, others, Returned(1, 1))
    (packet,) = (await shop.ask(parcels.of_orders, [others.order_id]))[others.order_id]
    key = (others.merchant_id, others.order_id)

    assert await console.ask(orders.order, *key) is None
    assert (await console.ask(orders.orders_of_merchant, others.merchant_id)).items == []
    assert [one.order_id for one in (await console.ask(orders.all_orders)).items] == [mine.order_id]
    assert await console.ask(orders.orders_of_purchase, mine.purchase_id) == [mine]
    assert (await console.ask(orders.lines_of, [others.order_id]))[others.order_id] == []
    assert await console.ask(orders.history, *key) == []
    assert await console.ask(orders.counts_of_merchant, others.merchant_id) == {}
    assert (await console.ask(parcels.of_orders, [others.order_id]))[others.order_id] == []
    assert await console.ask(parcels.scans, others.merchant_id, packet.parcel_id) == []
    assert await console.ask(fulfilment.status, [others.order_id]) == {}
    assert await console.ask(fulfilment.contents, others.order_id) == {}
    assert (await console.ask(aftersales.of_orders, [others.order_id]))[others.order_id] == []
    assert await console.ask(payments.refunds_of_order, *key) == []
    assert await console.ask(ledger.balances, others.merchant_id) == []


async def test_a_merchant_moves_nothing_of_anothers(shop: Database, world: World, console: Database):
    _, others = await two_parts(shop, world)

    async def cancel(tx: Tx) -> None:
        await aftersales.cancel(tx, others.merchant_id, others.order_id, RefundId(ids.mint()), "no", BY)

    async def refund(tx: Tx) -> None:
        await aftersales.refund(tx, some_back(others), BY)

    async def ship(tx: Tx) -> None:
        await orders.ship(tx, parcel(others), BY)

    commands: list[Callable[[Tx], Awaitable[None]]] = [cancel, refund, ship]
    for command in commands:
        with pytest.raises(NotFound):
            await console.transact(command)

    async def rewrite(tx: Tx) -> int:
        return await tx.execute("UPDATE orders SET note = 'mine' WHERE order_id = $1", others.order_id)

    async def forge(tx: Tx) -> int:
        return await tx.execute(
            """
            INSERT INTO order_history (merchant_id, order_id, step, from_state, to_state, by)
            VALUES ($1, $2, 99, 'paid', 'cancelled', 'x')
            """,
            others.merchant_id,
            others.order_id,
        )

    assert await console.transact(rewrite) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await console.transact(forge)
    assert (await deal.again(shop, others)).total == others.total


@pytest.mark.parametrize("table", ["purchases", "purchase_history", "order_codes", "checkouts", "cart_lines", "buyers"])
async def test_what_is_the_buyers_is_not_the_merchants_to_read(
    shop: Database, world: World, console: Database, table: str
):
    async def peep(read: Read) -> Any:
        return await read._connection.fetch(f"SELECT FROM {table}")  # a name from the list above

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await console.ask(peep)
