"""Stock: kept for orders, never promised twice, and explained by its movements."""

import asyncio
from collections import defaultdict
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.goods.conftest import Market

from steelyard.goods import inventory
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
from steelyard.goods.warehouses.model import WarehouseId
from steelyard.kernel import checks, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.parties.merchants.model import MerchantId


def want(merchant_id: UUID, sku_id: UUID, quantity: int, request: UUID | None = None) -> Wanted:
    return Wanted(merchant_id=merchant_id, order_id=ids.mint(), sku_id=sku_id, quantity=quantity, request=request)


class Stall:
    """A merchant with one product and two warehouses, the first with `near` pieces, the second with `far`."""

    def __init__(self, db: Database, merchant_id: MerchantId, sku_id: SkuId, near: WarehouseId, far: WarehouseId) -> None:
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


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Random commands: (what, which SKU, which warehouse or order, how many)."""
    what = st.sampled_from(["receive", "reserve", "release", "ship", "count", "scrap", "take_back"])
    return draw(st.lists(st.tuples(what, st.integers(0, 2), st.integers(0, 5), st.integers(1, 6)), max_size=25))


class Sequence:
    """Runs random commands and keeps its own simple books of what is free and kept."""

    def __init__(self, tx: Tx, merchant_id: UUID, skus: list[SkuId], places: list[WarehouseId]) -> None:
        self.tx, self.merchant_id, self.skus, self.places = tx, merchant_id, skus, places
        self.on_hand: dict[UUID, int] = defaultdict(int)
        self.kept: dict[tuple[UUID, UUID], int] = {}

    async def run(self, what: str, which: int, where: int, pieces: int) -> None:
        sku_id, place = self.skus[which], self.places[where % len(self.places)]
        at = [(sku_id, place, pieces)]
        orders = sorted(key for key, quantity in self.kept.items() if quantity)
        order = orders[where % len(orders)] if orders else None
        try:
            async with self.tx.savepoint():
                match what:
                    case "receive":
                        await inventory.receive(self.tx, self.merchant_id, at, document=ids.mint(), by="test")
                        self.on_hand[sku_id] += pieces
                    case "take_back":
                        await inventory.take_back(
                            self.tx, self.merchant_id, [(sku_id, None, pieces)], document=ids.mint(), by="test"
                        )
                        self.on_hand[sku_id] += pieces
                    case "scrap":
                        await inventory.scrap(self.tx, self.merchant_id, at, document=ids.mint(), by="test")
                        self.on_hand[sku_id] -= pieces
                    case "count":
                        before = await self.level(sku_id, place)
                        await inventory.count(self.tx, self.merchant_id, at, document=ids.mint(), by="test")
                        self.on_hand[sku_id] += pieces - before
                    case "reserve":
                        wanted = want(self.merchant_id, sku_id, pieces)
                        free = self.on_hand[sku_id] - sum(q for (_, sku), q in self.kept.items() if sku == sku_id)
                        short = await inventory.reserve(self.tx, [wanted])
                        assert bool(short) == (free < pieces)
                        if not short:
                            self.kept[wanted.order_id, sku_id] = pieces
                    case "release" if order:
                        await inventory.release(self.tx, self.merchant_id, [order[0]])
                        self.kept.pop(order)
                    case "ship" if order:
                        await inventory.ship(
                            self.tx, self.merchant_id, order[0], [(order[1], pieces)], document=ids.mint(), by="test"
                        )
                        self.kept[order] -= pieces
                        self.on_hand[order[1]] -= pieces
                    case _:
                        pass
        except (Promised, NotKept):
            return

    async def level(self, sku_id: UUID, place: UUID) -> int:
        page = await inventory.levels(self.tx, self.merchant_id, None, 100, sku_ids=[sku_id])
        return next((level.on_hand for level in page.items if level.warehouse_id == place), 0)

    async def compare(self) -> None:
        for sku_id in self.skus:
            free = self.on_hand[sku_id] - sum(quantity for (_, sku), quantity in self.kept.items() if sku == sku_id)
            assert (await inventory.available(self.tx, [sku_id]))[sku_id] == free


class _Undo(Exception):
    """Ends an example; nothing of it stays."""


async def test_no_sequence_of_commands_makes_the_books_wrong(market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    places = [await market.warehouse(merchant_id, place=place) for place in (1, 0)]
    skus = [(await market.product(merchant_id, category_id))[1] for _ in range(3)]

    async def example(tx: Tx, commands: list[tuple[str, int, int, int]]) -> None:
        sequence = Sequence(tx, merchant_id, skus, places)
        for command in commands:
            await sequence.run(*command)
            await sequence.compare()
        found = await checks.run(tx)
        assert not [violation for violation in found if violation.name.startswith("goods.inventory")], found
        raise _Undo

    loop = asyncio.get_running_loop()

    @given(steps())
    @settings(max_examples=40, deadline=None)
    def every(commands: list[tuple[str, int, int, int]]) -> None:
        future = asyncio.run_coroutine_threadsafe(market.db.transact(example, commands), loop)
        with pytest.raises(_Undo):
            future.result(60)

    await asyncio.to_thread(every)


IDS = [ids.mint() for _ in range(8)]


@st.composite
def stalls(draw: st.DrawFn) -> tuple[list[Shelf], list[Wanted]]:
    pieces = st.integers(0, 9)
    shelves = [
        Shelf(MerchantId(IDS[0]), SkuId(IDS[1 + sku]), WarehouseId(IDS[4 + at]), had := draw(pieces), 0, at, draw(st.booleans()))
        for sku in range(2)
        for at in range(3)
        if draw(st.booleans()) or (had := 0)
    ]
    orders = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 8)), min_size=1, max_size=8))
    requests = [ids.mint() for _ in range(3)]
    wanted = [want(IDS[0], IDS[1 + sku], quantity, requests[request]) for request, sku, quantity in orders]
    return shelves, wanted


@given(stalls())
def test_allocation_promises_only_what_is_there(case: tuple[list[Shelf], list[Wanted]]) -> None:
    shelves, wanted = case

    kept, short = allocate(shelves, wanted)

    taken: dict[tuple[UUID, UUID, UUID], int] = defaultdict(int)
    served: dict[UUID, int] = defaultdict(int)
    for each in kept:
        assert each.quantity > 0
        taken[each.merchant_id, each.sku_id, each.warehouse_id] += each.quantity
        served[each.order_id] += each.quantity
    free = {shelf.key: shelf.free for shelf in shelves}
    assert all(pieces <= free[key] for key, pieces in taken.items())
    refused = {shortage.request for shortage in short}
    for each in wanted:
        assert served[each.order_id] == (0 if each.together in refused else each.quantity)
    assert all(shortage.free < shortage.wanted for shortage in short)
