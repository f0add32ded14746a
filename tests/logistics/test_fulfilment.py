"""What leaves the house: parcels of an order, whole and in parts, and what cannot be called back."""

import asyncio

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import AlreadyLeft, Dispatch, NothingLeft, Packed
from steelyard.logistics.parcels.model import NumberTaken, ParcelId
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, orders
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.world import STOCK, World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


@pytest.fixture
async def order(db: Database, world: World) -> Order:
    """Three pieces of black tea and two of nuts, paid."""
    [found] = await deal.paid(db, [(world.items["black"].sku_id, 3), (world.items["nuts"].sku_id, 2)])
    return found


def dispatch(order: Order, *packed: Packed, number: str = "SX0000000000001", **changes: object) -> Dispatch:
    given = {
        "merchant_id": order.merchant_id,
        "order_id": order.order_id,
        "parcel_id": ParcelId(ids.mint()),
        "carrier": "simex",
        "number": number,
        "lines": list(packed) or None,
        **changes,
    }
    return Dispatch(**given)


async def left(db: Database, order: Order) -> list[int]:
    return [line.left for line in (await db.ask(fulfilment.status, [order.order_id]))[order.order_id].values()]


async def test_a_paid_order_wants_all_of_its_pieces_sent(db: Database, order: Order):
    assert await left(db, order) == [3, 2]


async def test_one_parcel_takes_all_that_is_left(db: Database, order: Order):
    sent = await db.transact(orders.ship, dispatch(order), "staff:test")

    assert sent.order_id == order.order_id
    assert await left(db, order) == [0, 0]
    assert (await deal.again(db, order)).state is OrderState.SHIPPED
    [parcel] = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]
    packed = (await db.ask(fulfilment.contents, order.order_id))[parcel.parcel_id]
    assert [item.quantity for item in packed] == [3, 2]


async def test_pieces_leave_the_stock_with_the_parcel(db: Database, world: World, order: Order):
    await db.transact(orders.ship, dispatch(order, Packed(1, 1)), "staff:test")

    sku_id = world.items["black"].sku_id
    [level] = (await db.ask(inventory.levels, order.merchant_id, sku_ids=[sku_id])).items
    assert (level.on_hand, level.reserved) == (STOCK - 1, 2)


async def test_an_order_goes_in_parts(db: Database, order: Order):
    await db.transact(orders.ship, dispatch(order, Packed(1, 2)), "staff:test")
    assert (await deal.again(db, order)).state is OrderState.PARTLY_SHIPPED
    assert await left(db, order) == [1, 2]

    await db.transact(orders.ship, dispatch(order, Packed(1, 1), Packed(2, 2), number="SX2"), "staff:test")

    assert (await deal.again(db, order)).state is OrderState.SHIPPED


async def test_the_same_parcel_twice_is_one(db: Database, order: Order):
    one = dispatch(order, Packed(1, 1))

    await asyncio.gather(*(db.transact(orders.ship, one, "staff:test") for _ in range(3)))

    assert await left(db, order) == [2, 2]
    assert len((await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]) == 1


async def test_two_clerks_do_not_send_more_than_there_is(db: Database, order: Order):
    both = [dispatch(order, Packed(1, 2), number=f"SX{n}") for n in range(2)]

    results = await asyncio.gather(*(db.transact(orders.ship, one, "staff:test") for one in both), return_exceptions=True)

    assert sum(isinstance(result, NothingLeft) for result in results) == 1
    assert await left(db, order) == [1, 2]


@pytest.mark.parametrize(
    "packed", [[Packed(1, 4)], [Packed(9, 1)], [Packed(1, -1)], [Packed(1, 1), Packed(1, 1)], [Packed(1, 0)]]
)
async def test_a_parcel_holds_what_is_left_and_nothing_else(db: Database, order: Order, packed: list[Packed]):
    with pytest.raises((NothingLeft, Invalid)):
        await db.transact(orders.ship, dispatch(order, *packed), "staff:test")

    assert await left(db, order) == [3, 2]


@pytest.mark.parametrize(
    "changes", [{"number": ""}, {"number": "has spaces"}, {"number": "X" * 41}, {"carrier": "nobody"}]
)
async def test_a_parcel_has_a_carrier_and_a_number_that_can_be_one(db: Database, order: Order, changes: dict[str, str]):
    with pytest.raises(Invalid):
        await db.transact(orders.ship, dispatch(order, **changes), "staff:test")

    assert (await deal.again(db, order)).state is OrderState.PAID


async def test_a_number_is_one_parcels(db: Database, order: Order):
    await db.transact(orders.ship, dispatch(order, Packed(1, 1)), "staff:test")

    with pytest.raises(NumberTaken):
        await db.transact(orders.ship, dispatch(order, Packed(1, 1)), "staff:test")

    assert await left(db, order) == [2, 2]


async def test_what_has_left_is_not_called_back(db: Database, order: Order):
    await db.transact(orders.ship, dispatch(order, Packed(1, 1)), "staff:test")

    with pytest.raises(AlreadyLeft):
        await db.transact(fulfilment.withdraw, order.merchant_id, order.order_id)


async def test_what_was_called_back_is_not_sent(db: Database, order: Order):
    refund_id = RefundId(ids.mint())
    await db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "no more wanted", "staff:test")

    with pytest.raises(Invalid):
        await db.transact(fulfilment.ship, dispatch(order), "staff:test")


async def test_an_unpaid_order_is_not_sent(db: Database, world: World):
    purchase_id = await deal.placed(db, [(world.items["black"].sku_id, 1)])
    [order] = await deal.orders_of(db, purchase_id)

    with pytest.raises(TransitionRefused):
        await db.transact(orders.ship, dispatch(order), "staff:test")
