"""What has to leave the house: in which parcel it left, once, and what can still be called back."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import (
    LINES_PER_DISPATCH_MAX,
    AlreadyLeft,
    Dispatch,
    Instruction,
    NothingLeft,
    Packed,
    ParcelTaken,
)
from steelyard.logistics.parcels.model import NumberTaken, ParcelId
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import STOCK, World


async def two_lines(db: Database, world: World) -> Order:
    """Three packets of nuts and two of tea, paid."""
    (part,) = await deal.paid(db, [(world.items["nuts"].sku_id, 3), (world.items["black"].sku_id, 2)])
    return part


def parcel(part: Order, *lines: Packed, parcel_id: UUID | None = None, **more: Any) -> Dispatch:
    given = {"carrier": "simex", "number": f"N{ids.mint().hex}", **more}
    return Dispatch(
        merchant_id=part.merchant_id, order_id=part.order_id, parcel_id=ParcelId(parcel_id or ids.mint()),
        lines=list(lines) or None, **given,
    )  # fmt: skip


async def send(db: Database, dispatch: Dispatch) -> Order:
    return await db.transact(orders.ship, dispatch, "staff:1")


async def left(db: Database, part: Order) -> list[tuple[int, int]]:
    """Of each line: how many were sent, how many are still to be sent."""
    lines = (await db.ask(fulfilment.status, [part.order_id]))[part.order_id]
    return [(line.shipped, line.left) for line in lines.values()]


async def on_hand(db: Database, world: World, slug: str) -> int:
    levels = await db.ask(inventory.levels, world.tea.merchant_id, sku_ids=[world.items[slug].sku_id])
    return levels.items[0].on_hand


async def test_pieces_leave_the_stock_with_the_parcel_that_holds_them(shop: Database, world: World):
    part = await two_lines(shop, world)
    first = parcel(part, Packed(1, 2))
    rest = parcel(part)

    await send(shop, first)
    assert (await left(shop, part), await on_hand(shop, world, "nuts")) == ([(2, 1), (0, 2)], STOCK - 2)
    await send(shop, rest)

    assert await left(shop, part) == [(3, 0), (2, 0)]
    held = await shop.ask(fulfilment.contents, part.order_id)
    assert {key: [(one.line, one.quantity) for one in lines] for key, lines in held.items()} == {
        first.parcel_id: [(1, 2)], rest.parcel_id: [(1, 1), (2, 2)],
    }  # fmt: skip
    assert (await on_hand(shop, world, "nuts"), await on_hand(shop, world, "black")) == (STOCK - 3, STOCK - 2)


async def test_a_parcel_leaves_once_however_often_it_is_said(shop: Database, world: World):
    part = await two_lines(shop, world)
    dispatch = parcel(part, Packed(1, 1))

    await meet(shop, partial(orders.ship, dispatch=dispatch, by="a"), partial(orders.ship, dispatch=dispatch, by="b"))
    await send(shop, dispatch)

    assert await left(shop, part) == [(1, 2), (0, 2)]
    assert await on_hand(shop, world, "nuts") == STOCK - 1


async def test_two_at_the_packing_table_do_not_send_the_same_pieces(shop: Database, world: World):
    part = await two_lines(shop, world)
    one, other = parcel(part, Packed(1, 2)), parcel(part, Packed(1, 2))

    first, second = await meet(
        shop, partial(orders.ship, dispatch=one, by="a"), partial(orders.ship, dispatch=other, by="b")
    )

    assert isinstance(first, Order)
    assert isinstance(second, NothingLeft)
    assert (second.line, second.left, second.wanted) == (1, 1, 2)


async def test_a_parcel_is_one_orders(shop: Database, world: World):
    one, other = await two_lines(shop, world), await two_lines(shop, world)
    dispatch = parcel(one)
    await send(shop, dispatch)

    with pytest.raises(ParcelTaken):
        await send(shop, parcel(other, parcel_id=dispatch.parcel_id))

    assert (await deal.again(shop, other)).state is OrderState.PAID


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([Packed(1, 4)], NothingLeft),
        ([Packed(3, 1)], NothingLeft),
        ([Packed(1, -1)], NothingLeft),
        ([Packed(1, 0)], Invalid),
        ([Packed(1, 1), Packed(1, 1)], Invalid),
        ([Packed(number, 1) for number in range(LINES_PER_DISPATCH_MAX + 1)], Invalid),
    ],
)
async def test_a_parcel_holds_what_is_still_to_be_sent(shop: Database, world: World, lines: list[Packed], refusal):
    part = await two_lines(shop, world)

    with pytest.raises(refusal):
        await send(shop, parcel(part, *lines))

    assert await left(shop, part) == [(0, 3), (0, 2)]


async def test_when_all_has_left_there_is_nothing_to_pack(shop: Database, world: World):
    part = await two_lines(shop, world)
    await send(shop, parcel(part))

    for another in (parcel(part), parcel(part, Packed(1, 1))):
        with pytest.raises((Invalid, NothingLeft)):
            await send(shop, another)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": ""},
        {"number": " "},
        {"number": "x" * 41},
        {"number": "1 or 1"},
        {"number": "单号"},
        {"carrier": "pigeon"},
    ],
)
async def test_a_number_and_its_carrier_are_looked_at(shop: Database, world: World, wrong: dict[str, str]):
    part = await two_lines(shop, world)

    with pytest.raises(Invalid):
        await send(shop, parcel(part, **wrong))

    assert await on_hand(shop, world, "nuts") == STOCK


async def test_a_number_is_one_parcels_of_a_merchant(shop: Database, world: World):
    one, other = await two_lines(shop, world), await two_lines(shop, world)
    await send(shop, parcel(one, number="SX-1"))

    with pytest.raises(NumberTaken):
        await send(shop, parcel(other, number=" sx-1 "))
    assert await left(shop, other) == [(0, 3), (0, 2)], "what was refused has not left"

    await send(shop, parcel(other, number="SX-1", carrier="simpost"))
    assert [one.number for one in (await shop.ask(parcels.of_orders, [other.order_id]))[other.order_id]] == ["SX-1"]


async def test_two_merchants_may_have_typed_in_the_same_number(shop: Database, world: World):
    parts = await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])

    for part in parts:
        await send(shop, parcel(part, number="SAME1"))

    assert {(await deal.again(shop, part)).state for part in parts} == {OrderState.SHIPPED}


async def test_what_has_left_in_part_is_not_withdrawn(shop: Database, world: World):
    part = await two_lines(shop, world)
    await send(shop, parcel(part, Packed(2, 1)))

    with pytest.raises(AlreadyLeft):
        await shop.transact(fulfilment.withdraw, part.merchant_id, part.order_id)

    assert await left(shop, part) == [(0, 3), (1, 1)]


async def test_instructing_twice_is_instructing_once(shop: Database, world: World):
    part = await two_lines(shop, world)
    again = Instruction(
        merchant_id=part.merchant_id, order_id=part.order_id, line=1, sku_id=world.items["nuts"].sku_id, quantity=9
    )

    await shop.transact(fulfilment.instruct, [again])

    assert await left(shop, part) == [(0, 3), (0, 2)]
