"""Six hundred buyers for three hundred pieces: exactly three hundred get one, and the control shows what the lock is for."""

import asyncio
from collections.abc import Iterator

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId, SoldOut
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import STOCK, World, made

BUYERS = 600
PIECES = 300
AT_ONCE = 24


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


async def stocked(tx: Tx, world: World) -> None:
    item = world.items["hammer"]
    lines = [(item.sku_id, world.tools.warehouse_id, PIECES - STOCK)]
    await inventory.receive(tx, world.tools.merchant_id, lines, document=made("race"), by="test")


async def test_six_hundred_buyers_for_three_hundred_pieces(seeded: SeededServer, url: str):
    db = await Database.connect(url, size=AT_ONCE)
    await db.transact(stocked, seeded.world)
    sku_id = seeded.world.items["hammer"].sku_id
    slots = asyncio.Semaphore(AT_ONCE)

    async def buy() -> bool:
        async with slots:
            checkout_id = CheckoutId(ids.mint())
            draft = deal.draft([(sku_id, 1)])
            await db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
            try:
                await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
            except SoldOut:
                return False
            return True

    answers = await asyncio.gather(*(buy() for _ in range(BUYERS)))

    assert sum(answers) == PIECES
    assert (await db.ask(inventory.available, [sku_id]))[sku_id] == 0
    assert await db.ask(promised, sku_id) == PIECES
    await db.close()
    await assert_checks(url)


async def promised(read: Read, sku_id: object) -> int:
    return await read.value("SELECT sum(quantity) FROM reservations WHERE sku_id = $1", sku_id)


async def test_control_without_lock_and_guard_more_is_promised_than_there_is(seeded: SeededServer, url: str):
    """The same rush by look-then-write, with the constraint gone: if this did not oversell, the test above proves nothing."""
    async with administer(url) as owner:  # the guard is taken away behind the application's back
        await owner.execute("ALTER TABLE stock DROP CONSTRAINT never_promise_twice")
    db = await Database.connect(url, size=AT_ONCE)
    sku_id = seeded.world.items["hammer"].sku_id
    everybody_has_looked = asyncio.Barrier(AT_ONCE)

    async def careless(tx: Tx) -> bool:
        free = await tx.value("SELECT on_hand - reserved FROM stock WHERE sku_id = $1", sku_id)
        await everybody_has_looked.wait()
        if free < 1:
            return False
        await tx.execute("UPDATE stock SET reserved = reserved + 1 WHERE sku_id = $1", sku_id)
        return True

    answers = await asyncio.gather(*(db.transact(careless) for _ in range(AT_ONCE)))

    assert AT_ONCE > STOCK
    assert sum(answers) > STOCK
    await db.close()
