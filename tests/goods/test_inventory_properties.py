"""Stock under random commands: whatever is said in whatever order, the books stay true."""

import asyncio
from collections import defaultdict
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.model import CountId, NotKept, Promised, Shelf, Wanted, allocate
from steelyard.goods.warehouses.model import WarehouseId
from steelyard.kernel import checks, ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market, want


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Random commands: (what, which SKU, which warehouse or order, how many)."""
    what = st.sampled_from(
        ["receive", "reserve", "release", "ship", "count", "scrap", "take_back", "transfer", "sheet"]
    )
    return draw(st.lists(st.tuples(what, st.integers(0, 2), st.integers(0, 5), st.integers(1, 6)), max_size=25))


class Books:
    """Runs random commands and keeps its own simple books of what is free and kept."""

    def __init__(self, tx: Tx, merchant_id: UUID, skus: list[SkuId], places: list[WarehouseId]) -> None:
        self.tx, self.merchant_id, self.skus, self.places = tx, merchant_id, skus, places
        self.on_hand: dict[UUID, int] = defaultdict(int)
        self.kept: dict[tuple[UUID, UUID], int] = {}

    async def count_by_sheet(self, sku_id: SkuId, place: WarehouseId, pieces: int) -> None:
        """A sheet of the warehouse on which one article has a number."""
        count_id = CountId(ids.mint())
        await inventory.begin_count(
            self.tx, self.merchant_id, count_id, place, blind=False, prefix="", note="", by="test"
        )
        if not any(line.sku_id == sku_id for line in await inventory.count_lines(self.tx, self.merchant_id, count_id)):
            return
        before = await self.level(sku_id, place)
        await inventory.enter_counts(self.tx, self.merchant_id, count_id, [(sku_id, pieces)])
        for _ in range(2):
            await inventory.book_count(self.tx, self.merchant_id, count_id, "test")
        self.on_hand[sku_id] += pieces - before

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
                    case "transfer":
                        other = self.places[(where + 1) % len(self.places)]
                        lines, document = [(sku_id, pieces)], ids.mint()
                        for _ in range(2):  # the second saying changes nothing
                            await inventory.transfer(
                                self.tx, self.merchant_id, place, other, lines, document=document, by="test"
                            )
                    case "sheet":
                        await self.count_by_sheet(sku_id, place, pieces)
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
        except (Promised, NotKept, Invalid):
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
        books = Books(tx, merchant_id, skus, places)
        for command in commands:
            await books.run(*command)
            await books.compare()
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
        Shelf(
            MerchantId(IDS[0]),
            SkuId(IDS[1 + sku]),
            WarehouseId(IDS[4 + at]),
            draw(pieces),
            0,
            at,
            draw(st.booleans()),
        )
        for sku in range(2)
        for at in range(3)
        if draw(st.booleans())
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
