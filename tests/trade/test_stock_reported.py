"""Stock that many report at the same moment: booked with a few statements, as if each had been booked alone."""

from collections.abc import Sequence
from typing import Any

import pytest

from steelyard.goods import inventory
from steelyard.goods.inventory import Booking
from steelyard.goods.inventory.model import Entry, Promised, Reason, Wanted, WarehouseUnknown
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from tests.support.world import STOCK, World

STATEMENTS_MAX = 6


def booking(world: World, name: str, pieces: int, reason: Reason = Reason.RECEIVED) -> Booking:
    """Of the first variant of an article, in its merchant's warehouse."""
    item = world.items[name]
    trader = next(each for each in world.merchants if each.merchant_id == item.merchant_id)
    return Booking(
        merchant_id=item.merchant_id,
        lines=[(item.sku_id, trader.warehouse_id, pieces)],
        entry=Entry(reason, ids.mint(), "a program"),
    )


def many(world: World) -> list[Booking]:
    """Receipts and counts of two merchants, one of them said twice, two of them wrong."""
    twice = booking(world, "black", 3)
    nowhere = Booking(
        merchant_id=world.tea.merchant_id,
        lines=[(world.items["black"].sku_id, world.tools.warehouse_id, 5)],
        entry=Entry(Reason.RECEIVED, ids.mint(), "a program"),
    )
    return [
        booking(world, "black", 2),
        twice,
        nowhere,
        booking(world, "ruler", 7),
        booking(world, "black", 0, Reason.COUNTED),
        twice,
        booking(world, "black", STOCK, Reason.COUNTED),
        booking(world, "ruler", 1, Reason.COUNTED),
        booking(world, "black", 4),
    ]


async def kept_for_an_order(tx: Tx, world: World) -> None:
    item = world.items["black"]
    wanted = Wanted(merchant_id=item.merchant_id, order_id=ids.mint(), sku_id=item.sku_id, quantity=2)
    assert not await inventory.reserve(tx, [wanted])


async def one_by_one(tx: Tx, bookings: Sequence[Booking]) -> list[Refusal | None]:
    """What `receive` and `count` say, one after the other."""
    answers: list[Refusal | None] = []
    for each in bookings:
        say = inventory.count if each.entry.reason is Reason.COUNTED else inventory.receive
        try:
            async with tx.savepoint():
                await say(tx, each.merchant_id, each.lines, document=each.entry.document, by=each.entry.by)
        except Refusal as refusal:
            answers.append(refusal)
        else:
            answers.append(None)
    return answers


async def what_there_is(read: Read) -> tuple[list[Any], list[Any]]:
    stock = await read.fetch("SELECT sku_id, warehouse_id, on_hand, reserved FROM stock ORDER BY 1, 2")
    moves = await read.fetch(
        """
        SELECT sku_id, warehouse_id, reason, document, quantity FROM stock_movements ORDER BY document, sku_id
        """
    )
    return [tuple(row) for row in stock], [tuple(row) for row in moves]


class Undone(Exception):
    """Nothing of it stays."""


async def tried(
    shop: Database, world: World, say: Any, bookings: Sequence[Booking]
) -> tuple[list[Refusal | None], Any]:
    found: list[Any] = []

    async def trying(tx: Tx) -> None:
        await kept_for_an_order(tx, world)
        found.append(await say(tx, bookings))
        found.append(await what_there_is(tx))
        raise Undone()

    with pytest.raises(Undone):
        await shop.transact(trying)
    return found[0], found[1]


async def test_booked_together_is_what_booked_one_after_the_other_is(shop: Database, world: World) -> None:
    bookings = many(world)

    together, left = await tried(shop, world, inventory.book_all, bookings)
    alone, left_alone = await tried(shop, world, one_by_one, bookings)

    assert [type(each) for each in together] == [type(each) for each in alone]
    assert [each.facts for each in together if each] == [each.facts for each in alone if each]
    assert [type(each) for each in together if each] == [WarehouseUnknown, Promised]
    assert left == left_alone


async def test_booking_many_takes_no_more_statements_than_booking_one(
    shop: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def listening(say: Any) -> Any:
        async def heard(self: Any, sql: Any, *args: Any) -> Any:
            said.append(sql)
            return await say(self, sql, *args)

        return heard

    for kind, name in ((Read, "fetch"), (Read, "value"), (Tx, "execute")):
        monkeypatch.setattr(kind, name, listening(getattr(kind, name)))
    await shop.transact(inventory.book_all, [booking(world, "black", 1)])
    alone = len(said)
    await shop.transact(inventory.book_all, [booking(world, name, 1) for name in ("black", "ruler", "black") * 30])

    assert len(said) - alone == alone <= STATEMENTS_MAX
