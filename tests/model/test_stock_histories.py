"""Stock under concurrency: what everybody was answered can be explained by one order of events.

Counting pieces at the end would miss an answer that was wrong when it was given: "sold out" while one was free, or a look
that saw what nobody had done yet. So every request and its answer is written down, and an order is sought.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.goods.inventory import reservations
from steelyard.goods.inventory.model import Promised, Shelf
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.surfaces.web import placing
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, SoldOut
from steelyard.trade.orders.jobs import cancel_unpaid
from tests.model.histories import Call, Free, by_trying_all, explained, shelf
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World

AT_ONCE = 8
REQUESTS_EACH = 10
HISTORIES = 6
PIECES = 4
WARES = ("black", "ruler")


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


class Shoppers:
    """People who take, give back, put in, scrap and look at two articles, all at once; everything is written down."""

    def __init__(self, db: Database, world: World, doors: Sequence[Database] = ()) -> None:
        """Through `doors`, one for each process of a web server, placements of the same moment go together."""
        self.db = db
        self.doors = doors
        self.items = {ware: world.items[ware] for ware in WARES}
        self.places = {trader.merchant_id: trader.warehouse_id for trader in world.merchants}
        self.names = {item.sku_id: ware for ware, item in self.items.items()}
        self.calls: list[Call] = []
        self.clock = itertools.count()

    async def begin(self, pieces: int) -> Free:
        for item in self.items.values():
            lines = [(item.sku_id, self.places[item.merchant_id], pieces)]
            await self.db.transact(inventory.count, item.merchant_id, lines, document=ids.mint(), by="test")
        return tuple(sorted((ware, pieces) for ware in WARES))

    async def call(self, what: str, about: dict[str, int], work: Callable[[], Awaitable[object]]) -> object:
        began = next(self.clock)
        answer = await work()
        self.calls.append(Call(what, tuple(about.items()), answer, began, next(self.clock)))
        return answer

    async def walk(self, seed: int) -> None:
        door = self.doors[seed % len(self.doors)] if self.doors else None
        choose = random.Random(seed)
        kept: list[tuple[CheckoutId, dict[str, int]]] = []
        for _ in range(REQUESTS_EACH):
            ware, pieces = choose.choice(WARES), choose.randint(1, 2)
            match choose.choice(["take", "take", "take both", "give", "put", "scrap", "look"]):
                case "give" if kept:
                    checkout_id, about = kept.pop(choose.randrange(len(kept)))
                    await self.call("give", about, lambda c=checkout_id: self.db.transact(checkout.cancel, c, "buyer"))
                case "put":
                    await self.call("put", {ware: 1}, lambda w=ware: self._book(inventory.receive, w, 1))
                case "scrap":
                    await self.call("scrap", {ware: 1}, lambda w=ware: self._book(inventory.scrap, w, 1))
                case "look":
                    await self.call("look", dict.fromkeys(WARES, 0), self._look)
                case what:
                    about = dict.fromkeys(WARES, 1) if what == "take both" else {ware: pieces}
                    checkout_id = await self.opened(about)
                    if await self.call("take", about, lambda c=checkout_id: self.take(c, door)) is True:
                        kept.append((checkout_id, about))

    async def opened(self, about: dict[str, int]) -> CheckoutId:
        return await deal.opened(self.db, [(self.items[ware].sku_id, pieces) for ware, pieces in about.items()])

    async def take(self, checkout_id: CheckoutId, door: Database | None = None) -> object:
        placement = checkout.Placement(checkout_id=checkout_id, expected_total=None, by="buyer")
        try:
            if door is None:
                await self.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
            else:
                await placing.place(door, placing.Wish(placement=placement))
        except SoldOut as refusal:
            lines = (await self.db.ask(checkout.get, checkout_id)).lines
            of_line = {line.line_id: self.names[line.sku_id] for line in lines}
            return {of_line[short["line_id"]]: short["free"] for short in refusal.shortages}
        return True

    async def _book(self, command: Callable[..., Awaitable[None]], ware: str, pieces: int) -> bool:
        item = self.items[ware]
        lines = [(item.sku_id, self.places[item.merchant_id], pieces)]
        try:
            await self.db.transact(command, item.merchant_id, lines, document=ids.mint(), by="test")
        except Promised:
            return False
        return True

    async def _look(self) -> dict[str, int]:
        free = await self.db.ask(inventory.available, list(self.names))
        return {self.names[sku_id]: pieces for sku_id, pieces in free.items()}


@pytest.mark.parametrize("processes", [0, 2], ids=["each alone", "placed together"])
async def test_what_everybody_was_answered_can_be_explained_by_one_order(
    seeded: SeededServer, url: str, processes: int
):
    db = await Database.connect(url, size=AT_ONCE)
    doors = [await Database.connect(url, size=2) for _ in range(processes)]
    answers: set[str] = set()

    for history in range(HISTORIES):
        shoppers = Shoppers(db, seeded.world, doors)
        free = await shoppers.begin(PIECES)
        await asyncio.gather(*(shoppers.walk(history * AT_ONCE + number) for number in range(AT_ONCE)))
        assert explained(shoppers.calls, free, shelf) is not None, shoppers.calls
        answers |= {
            f"{call.what}: {call.answer if isinstance(call.answer, bool) else 'other'}" for call in shoppers.calls
        }
        for call in shoppers.calls:
            assert call.began < call.ended
        await _empty(db, url)

    for each in (db, *doors):
        await each.close()
    await assert_checks(url)
    assert {"take: True", "take: other", "give: other", "put: True", "look: other"} <= answers


async def _empty(db: Database, url: str) -> None:
    """Nobody keeps anything any more."""
    async with administer(url) as owner:
        await owner.execute("UPDATE purchases SET pay_by = now() - interval '1 second' WHERE state = 'placed'")
    while await db.transact(cancel_unpaid):
        pass


async def test_control_a_shop_that_looks_before_it_locks_is_found(
    seeded: SeededServer, url: str, monkeypatch: pytest.MonkeyPatch
):
    """Two buyers for one piece, and a rule that lets both look before either has taken: no order explains two of it."""
    both_have_looked = asyncio.Barrier(2)

    async def looked(tx: Tx, skus: object) -> list[Shelf]:
        rows = await tx.fetch(
            """
            SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, s.reserved, w.place, w.open
            FROM stock s JOIN warehouses w USING (merchant_id, warehouse_id) WHERE s.sku_id = ANY($1)
            """,
            [sku_id for _, sku_id in skus],
        )
        await both_have_looked.wait()
        return [Shelf(*row) for row in rows]

    async with administer(url) as owner:  # the guard behind it is taken away as well
        await owner.execute("ALTER TABLE stock DROP CONSTRAINT never_promise_twice")
    db = await Database.connect(url, size=AT_ONCE)
    shoppers = Shoppers(db, seeded.world)
    free = await shoppers.begin(1)
    wanted: list[UUID] = [await shoppers.opened({"ruler": 1}) for _ in range(2)]
    monkeypatch.setattr(reservations, "lock", looked)

    await asyncio.gather(*(shoppers.call("take", {"ruler": 1}, lambda c=c: shoppers.take(c)) for c in wanted))

    assert [call.answer for call in shoppers.calls] == [True, True]
    assert explained(shoppers.calls, free, shelf) is None
    await db.close()


TWO: Free = (("black", 2), ("ruler", 0))


def call(what: str, about: dict[str, int], answer: object, began: int, ended: int) -> Call:
    return Call(what, tuple(about.items()), answer, began, ended)


def test_two_who_took_the_last_pieces_at_once_and_a_third_who_came_too_late():
    one = call("take", {"black": 1}, True, 0, 3)
    other = call("take", {"black": 1}, True, 1, 4)
    third = call("take", {"black": 1}, {"black": 0}, 2, 5)

    found = explained([one, other, third], TWO, shelf)

    assert found is not None
    assert found[-1] is third


def test_sold_out_while_a_piece_was_free_is_not_explained():
    history = [call("take", {"black": 1}, True, 0, 1), call("take", {"black": 1}, {"black": 0}, 2, 3)]

    assert explained(history, TWO, shelf) is None


def test_a_look_that_sees_less_than_an_earlier_look_needs_somebody_who_took():
    first = call("look", {"black": 0}, {"black": 1}, 1, 2)
    second = call("look", {"black": 0}, {"black": 2}, 3, 4)
    took = call("take", {"black": 1}, True, 0, 5)
    gave = call("give", {"black": 1}, None, 0, 5)

    assert explained([took, first, second], TWO, shelf) is None
    assert explained([took, first, gave, second], TWO, shelf) == [took, first, gave, second]


@st.composite
def short_histories(draw: st.DrawFn) -> list[Call]:
    """Up to five calls with any answers, begun and ended in any order."""
    number = draw(st.integers(1, 5))
    moments = draw(st.permutations(range(2 * number)))
    answers = {"take": [True, {"black": 0}, {"black": 1}], "scrap": [True, False], "look": [{"black": 0}, {"black": 1}]}
    calls: list[Call] = []
    for n in range(number):
        what = draw(st.sampled_from(["take", "give", "scrap", "look"]))
        answer = draw(st.sampled_from(answers.get(what, [None])))
        pieces = draw(st.integers(1, 2))
        calls.append(call(what, {"black": pieces}, answer, *sorted(moments[2 * n : 2 * n + 2])))
    return calls


@settings(derandomize=True, max_examples=200, deadline=None)
@given(short_histories())
def test_the_search_finds_an_order_exactly_when_trying_all_orders_does(history: list[Call]):
    found, every = explained(history, (("black", 2),), shelf), by_trying_all(history, (("black", 2),), shelf)

    assert (found is None) == (every is None)
    if found is not None:
        assert sorted(found, key=lambda c: c.began) == sorted(history, key=lambda c: c.began)
