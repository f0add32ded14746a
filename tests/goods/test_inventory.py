"""Stock: kept for orders, never promised twice, and explained by its movements."""

import asyncio
import random
from functools import partial
from uuid import UUID

import pytest

from steelyard.goods import inventory, pricing
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.model import (
    Kept,
    NotKept,
    Promised,
    Reason,
    Shelf,
    Shortage,
    Wanted,
    WarehouseUnknown,
    allocate,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.warehouses.model import WarehouseId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market, want


class Stall:
    """A merchant with one product and two warehouses, the first with `near` pieces, the second with `far`."""

    def __init__(
        self, db: Database, merchant_id: MerchantId, sku_id: SkuId, near: WarehouseId, far: WarehouseId
    ) -> None:
        self.db, self.merchant_id, self.sku_id, self.near, self.far = db, merchant_id, sku_id, near, far

    @classmethod
    async def build(cls, market: Market, near: int, far: int = 0) -> "Stall":
        merchant_id, category_id = await market.merchant(), await market.category()
        first, second = await market.warehouse(merchant_id, place=0), await market.warehouse(merchant_id, place=1)
        _, sku_id = await market.product(merchant_id, category_id, stock={first: near, second: far})
        return cls(market.db, merchant_id, sku_id, first, second)

    async def reserve(self, *quantities: int) -> tuple[list[UUID], list[Shortage]]:
        wanted = [want(self.merchant_id, self.sku_id, quantity) for quantity in quantities]
        return [each.order_id for each in wanted], await self.db.transact(inventory.reserve, wanted)

    async def levels(self) -> dict[UUID, tuple[int, int]]:
        page = await self.db.ask(inventory.levels, self.merchant_id)
        return {level.warehouse_id: (level.on_hand, level.reserved) for level in page.items}

    async def free(self) -> int:
        return (await self.db.ask(inventory.available, [self.sku_id]))[self.sku_id]


async def announced(read: Read) -> list[list[str]]:
    rows = await read.fetch(
        "SELECT payload FROM events WHERE kind = 'inventory.availability_changed' ORDER BY xid, position"
    )
    return [row["payload"]["sku_ids"] for row in rows]


async def test_a_line_comes_whole_from_the_first_warehouse_that_has_it(market: Market) -> None:
    stall = await Stall.build(market, near=3, far=9)

    assert (await stall.reserve(2))[1] == []
    assert await stall.levels() == {stall.near: (3, 2), stall.far: (9, 0)}
    assert (await stall.reserve(5))[1] == []
    assert await stall.levels() == {stall.near: (3, 2), stall.far: (9, 5)}
    # Nobody has five any more: what is left comes from both.
    assert (await stall.reserve(5))[1] == []
    assert await stall.levels() == {stall.near: (3, 3), stall.far: (9, 9)}
    assert await stall.free() == 0


async def test_a_request_is_served_whole_or_not_at_all(market: Market) -> None:
    stall, other = await Stall.build(market, near=4), await Stall.build(market, near=1)
    together = ids.mint()
    wanted = [
        want(stall.merchant_id, stall.sku_id, 3, together),
        want(other.merchant_id, other.sku_id, 2, together),
        want(stall.merchant_id, stall.sku_id, 4),
    ]

    short = await market.db.transact(inventory.reserve, wanted)

    assert [(each.request, each.sku_id, each.wanted, each.free) for each in short] == [(together, other.sku_id, 2, 1)]
    assert (await stall.free(), await other.free()) == (0, 1)


async def test_what_is_not_stocked_at_all_is_short(market: Market) -> None:
    stall = await Stall.build(market, near=0)

    _, short = await stall.reserve(1)

    assert [(each.wanted, each.free) for each in short] == [(1, 0)]


async def test_a_closed_warehouse_serves_nobody(market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    closed = await market.warehouse(merchant_id, open=False)
    _, sku_id = await market.product(merchant_id, category_id, stock={closed: 5})

    assert await market.db.ask(inventory.available, [sku_id]) == {sku_id: 0}
    assert await market.db.transact(inventory.reserve, [want(merchant_id, sku_id, 1)])


async def test_releasing_gives_back_and_shipping_takes_out(market: Market) -> None:
    stall = await Stall.build(market, near=3, far=9)
    (one, two), _ = await stall.reserve(12, 1)
    assert (await stall.levels())[stall.far] == (9, 9)

    await stall.db.transact(inventory.release, stall.merchant_id, [one, two, ids.mint()])
    await stall.db.transact(inventory.release, stall.merchant_id, [one])
    assert await stall.levels() == {stall.near: (3, 0), stall.far: (9, 0)}

    (order_id,), _ = await stall.reserve(11)
    parcel = ids.mint()
    lines = [(stall.sku_id, 2), (stall.sku_id, 2)]
    await stall.db.transact(inventory.ship, stall.merchant_id, order_id, lines, document=parcel, by="test")
    assert await stall.levels() == {stall.near: (0, 0), stall.far: (8, 7)}
    assert await stall.db.ask(inventory.kept_for, stall.merchant_id, order_id) == {stall.sku_id: 7}
    with pytest.raises(NotKept) as refused:
        await stall.db.transact(
            inventory.ship, stall.merchant_id, order_id, [(stall.sku_id, 8)], document=ids.mint(), by="test"
        )
    assert (refused.value.wanted, refused.value.kept) == (8, 7)

    moved = await stall.db.ask(inventory.movements, stall.merchant_id, stall.sku_id)
    shipped = {(each.warehouse_id, each.quantity) for each in moved.items if each.reason is Reason.SHIPPED}
    assert shipped == {(stall.near, -3), (stall.far, -1)}
    assert {each.document for each in moved.items if each.reason is Reason.SHIPPED} == {parcel}


async def test_some_pieces_of_an_order_are_released(market: Market) -> None:
    stall = await Stall.build(market, near=3, far=9)
    (order_id,), _ = await stall.reserve(11)
    free = partial(inventory.release_pieces, merchant_id=stall.merchant_id, order_id=order_id)

    await stall.db.transact(free, lines=[(stall.sku_id, 6), (stall.sku_id, 0)])
    assert await stall.levels() == {stall.near: (3, 3), stall.far: (9, 2)}
    await stall.db.transact(free, lines=[(stall.sku_id, 0)])
    with pytest.raises(NotKept) as refused:
        await stall.db.transact(free, lines=[(stall.sku_id, 6)])
    assert (refused.value.wanted, refused.value.kept) == (6, 5)

    await stall.db.transact(free, lines=[(stall.sku_id, 5)])
    assert await stall.levels() == {stall.near: (3, 0), stall.far: (9, 0)}
    assert await stall.db.ask(inventory.kept_for, stall.merchant_id, order_id) == {}


async def test_a_document_is_booked_once(market: Market) -> None:
    stall = await Stall.build(market, near=1)
    document = ids.mint()

    for _ in range(2):
        await stall.db.transact(
            inventory.receive, stall.merchant_id, [(stall.sku_id, stall.near, 5)], document=document, by="test"
        )
        await stall.db.transact(
            inventory.take_back, stall.merchant_id, [(stall.sku_id, None, 1)], document=document, by="test"
        )
        await stall.db.transact(
            inventory.scrap, stall.merchant_id, [(stall.sku_id, stall.near, 2)], document=document, by="test"
        )

    assert await stall.levels() == {stall.near: (5, 0)}


async def test_what_is_promised_is_not_counted_away(market: Market) -> None:
    stall = await Stall.build(market, near=5)
    await stall.reserve(3)

    with pytest.raises(Promised):
        await stall.db.transact(
            inventory.count, stall.merchant_id, [(stall.sku_id, stall.near, 2)], document=ids.mint(), by="test"
        )
    with pytest.raises(Promised):
        await stall.db.transact(
            inventory.scrap, stall.merchant_id, [(stall.sku_id, stall.near, 3)], document=ids.mint(), by="test"
        )
    counted = [(stall.sku_id, stall.near, 3), (stall.sku_id, stall.far, 7)]
    await stall.db.transact(inventory.count, stall.merchant_id, counted, document=ids.mint(), by="test")
    assert await stall.levels() == {stall.near: (3, 3), stall.far: (7, 0)}


async def test_goods_lie_in_their_merchants_warehouses(market: Market) -> None:
    stall, other = await Stall.build(market, near=1), await Stall.build(market, near=1)

    with pytest.raises(WarehouseUnknown):
        await stall.db.transact(
            inventory.receive, stall.merchant_id, [(stall.sku_id, other.near, 1)], document=ids.mint(), by="test"
        )


async def test_availability_is_announced_only_when_it_crosses_zero(market: Market) -> None:
    stall = await Stall.build(market, near=3, far=2)
    sku = str(stall.sku_id)
    assert await market.db.ask(announced) == [[sku]]

    (first,), _ = await stall.reserve(2)
    assert len(await market.db.ask(announced)) == 1
    (second,), _ = await stall.reserve(3)
    assert await market.db.ask(announced) == [[sku], [sku]]
    await stall.db.transact(
        inventory.ship, stall.merchant_id, second, [(stall.sku_id, 3)], document=ids.mint(), by="test"
    )
    assert len(await market.db.ask(announced)) == 2
    await stall.db.transact(inventory.release, stall.merchant_id, [first])
    assert await market.db.ask(announced) == [[sku], [sku], [sku]]


async def test_levels_are_paged_and_say_what_runs_low(market: Market) -> None:
    stall = await Stall.build(market, near=3, far=9)
    await stall.db.transact(inventory.warn_below, stall.merchant_id, stall.sku_id, stall.near, 4)

    first = await stall.db.ask(inventory.levels, stall.merchant_id, None, 1)
    second = await stall.db.ask(inventory.levels, stall.merchant_id, first.next, 1)
    assert {first.items[0].warehouse_id, second.items[0].warehouse_id} == {stall.near, stall.far}
    assert second.next is None
    low = await stall.db.ask(inventory.levels, stall.merchant_id, low=True)
    assert [(level.warehouse_id, level.low) for level in low.items] == [(stall.near, True)]


async def test_bulk_receiving_writes_what_receiving_writes(market: Market) -> None:
    one, many = await Stall.build(market, near=2), await Stall.build(market, near=2)
    lines = [(1, 4), (0, 1), (1, 2)]

    def placed(stall: Stall) -> list[tuple[UUID, UUID, int]]:
        return [(stall.sku_id, (stall.near, stall.far)[where], pieces) for where, pieces in lines]

    document = ids.mint()
    await one.db.transact(
        inventory.receive, one.merchant_id, placed(one), document=document, by="import", reason=Reason.IMPORTED
    )
    bulk = [(many.merchant_id, *line) for line in placed(many)]
    await many.db.transact(inventory.bulk_receive, bulk, document=document, by="import")

    async def written(stall: Stall) -> list[tuple[object, ...]]:
        moved = await stall.db.ask(inventory.movements, stall.merchant_id, stall.sku_id)
        where = {stall.near: "near", stall.far: "far"}
        rows = [(where[m.warehouse_id], m.quantity, str(m.reason), m.by, m.note) for m in moved.items]
        return sorted(rows, key=str)

    assert await written(one) == await written(many)
    assert list((await one.levels()).values()) == list((await many.levels()).values())


async def test_sixty_buyers_of_thirty_pieces(database_url: str, market: Market) -> None:
    stall = await Stall.build(market, near=20, far=10)
    crowd = await Database.connect(database_url, size=20)
    try:
        outcomes = await asyncio.gather(
            *(crowd.transact(inventory.reserve, [want(stall.merchant_id, stall.sku_id, 1)]) for _ in range(60))
        )
    finally:
        await crowd.close()

    assert sum(not short for short in outcomes) == 30
    assert await stall.levels() == {stall.near: (20, 20), stall.far: (10, 10)}


async def test_without_the_lock_too_much_would_be_promised(database_url: str, market: Market) -> None:
    """The control: the same crowd, reading stock without locking it; only the constraint stands in the way then."""
    stall = await Stall.build(market, near=30)

    async def look_then_take(tx: Tx, order: Wanted) -> list[Kept]:
        rows = await tx.fetch(
            """
            SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, s.reserved, w.place, w.open
            FROM stock s JOIN warehouses w USING (merchant_id, warehouse_id) WHERE s.sku_id = $1
            """,
            order.sku_id,
        )
        await asyncio.sleep(0.02)
        kept, _ = allocate([Shelf(*row) for row in rows], [order])
        return kept

    crowd = await Database.connect(database_url, size=20)
    try:
        outcomes = await asyncio.gather(
            *(crowd.transact(look_then_take, want(stall.merchant_id, stall.sku_id, 1)) for _ in range(60))
        )
        promised = sum(each.quantity for kept in outcomes for each in kept)
    finally:
        await crowd.close()

    assert promised > 30


async def test_buyers_of_the_same_things_never_lock_each_other_out(
    database_url: str, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls = [await Stall.build(market, near=30, far=30) for _ in range(4)]
    monkeypatch.setattr("steelyard.kernel.db.TRIES_MAX", 1)  # a deadlock is raised, not tried again
    chance = random.Random(3)

    async def buy_and_think_again(tx: Tx) -> None:
        basket = [want(stall.merchant_id, stall.sku_id, 1) for stall in chance.sample(stalls, 3)]
        assert await inventory.reserve(tx, basket) == []
        given_up = [(each.merchant_id, each.order_id) for each in basket]
        await inventory.release_orders(tx, chance.sample(given_up, 3))

    crowd = await Database.connect(database_url, size=12)
    try:
        await asyncio.gather(*(crowd.transact(buy_and_think_again) for _ in range(60)))
    finally:
        await crowd.close()

    assert [await stall.free() for stall in stalls] == [60] * 4


async def test_a_merchants_console_keeps_its_own_stock_under_its_own_role(market: Market) -> None:
    stall, other = await Stall.build(market, near=2), await Stall.build(market, near=2)
    console = stall.db.as_merchant(stall.merchant_id)
    (order_id,), _ = await stall.reserve(1)

    lines = [(stall.sku_id, stall.far, 3)]
    await console.transact(inventory.receive, stall.merchant_id, lines, document=ids.mint(), by="staff:test")
    pieces = [(stall.sku_id, 1)]
    await console.transact(inventory.ship, stall.merchant_id, order_id, pieces, document=ids.mint(), by="staff:test")
    await console.transact(
        pricing.set_prices, stall.merchant_id, [NewPrice(sku_id=stall.sku_id, currency="CNY", amount=7)]
    )

    assert await stall.levels() == {stall.near: (1, 0), stall.far: (3, 0)}
    assert (await console.ask(inventory.levels, other.merchant_id)).items == []
    with pytest.raises(WarehouseUnknown):
        lines = [(other.sku_id, other.near, 3)]
        await console.transact(inventory.receive, other.merchant_id, lines, document=ids.mint(), by="staff:test")
