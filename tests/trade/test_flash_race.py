"""Three hundred pieces with one for each buyer: a crowd, some of them with many parallel clicks, gets three hundred, and nobody
two. The control shows what the locks and the guard are for."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import LimitReached
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.errors import Refusal
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId, CheckoutNotReady, Quote
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.flash import flash, item
from tests.support.seeded import SeededServer
from tests.support.world import World

PIECES = 300
BUYERS = 340
EAGER, CLICKS = 12, 10
AT_ONCE = 6
PER_BATCH = 24


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


async def stocked(tx: Tx, world: World) -> None:
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 2 * PIECES)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def opened(tx: Tx, world: World, buyers: list[BuyerId]) -> list[CheckoutId]:
    draft = deal.draft([(world.items["nuts"].sku_id, 1)])
    wanted = [
        checkout.NewCheckout(
            checkout_id=CheckoutId(ids.mint()), buyer_id=each, draft=draft, currency="CNY", client=SHOP
        )
        for each in buyers
    ]
    await checkout.open_all(tx, wanted)
    return [each.checkout_id for each in wanted]


async def test_of_three_hundred_pieces_three_hundred_are_sold_and_nobody_has_two(seeded: SeededServer, url: str):
    """Every eager buyer's clicks are checkouts of their own, in batches that run at the same time."""
    world = seeded.world
    db = await Database.connect(url, size=AT_ONCE)
    await db.transact(stocked, world)
    rush = flash(world, item(world, pieces=PIECES))
    await db.transact(promotions.plan, rush)
    buyers = [BuyerId(ids.mint()) for _ in range(BUYERS)]
    clicks = await db.transact(opened, world, [*buyers[:EAGER] * CLICKS, *buyers[EAGER:]])
    turns = [clicks[n :: len(clicks) // PER_BATCH] for n in range(len(clicks) // PER_BATCH)]
    total = (await asked(db, clicks[0])).total
    slots = asyncio.Semaphore(AT_ONCE)

    async def buy(some: list[CheckoutId]) -> list[object]:
        async with slots:
            wishes = [checkout.Placement(checkout_id=each, expected_total=total, by="buyer") for each in sorted(some)]
            return list(await db.transact(checkout.place_all, wishes))

    answers = [each for some in await asyncio.gather(*map(buy, turns)) for each in some]

    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(answers) - len(refused) == PIECES
    assert any(isinstance(each, LimitReached | CheckoutNotReady) for each in refused)
    (sold,) = await db.ask(promotions.planned, [(rush.merchant_id, rush.session_id)])
    assert (sold.taken, sold.buyers, sold.left) == (PIECES, PIECES, 0)
    assert await db.ask(most_per_buyer) == 1
    assert sold.off == PIECES * (3_990 - sold.price)
    late = await db.transact(opened, world, [BuyerId(ids.mint())])
    with pytest.raises(Refusal):
        await db.transact(checkout.place, late[0], expected_total=total, by="buyer")
    await db.close()
    await assert_checks(url)


async def asked(db: Database, checkout_id: CheckoutId) -> Quote:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote


async def most_per_buyer(read: Read) -> int:
    return await read.value("SELECT max(n) FROM (SELECT count(*) AS n FROM promotion_uses GROUP BY buyer_id) AS each")


async def test_control_without_lock_and_guard_a_buyer_has_several(seeded: SeededServer, url: str):
    """The same by look-then-write, with the constraints gone: if this kept the limits, the test above proves nothing."""
    async with administer(url) as owner:  # the guards are taken away behind the application's back
        await owner.execute("ALTER TABLE promotion_limits DROP CONSTRAINT nobody_has_more_than_the_limit")
        await owner.execute("ALTER TABLE promotions DROP CONSTRAINT never_take_more_pieces_than_there_are")
    db = await Database.connect(url, size=AT_ONCE)
    rush = flash(seeded.world, item(seeded.world, pieces=AT_ONCE // 2), begins=timedelta(minutes=-5))
    await db.transact(promotions.plan, rush)
    (offer,) = await db.ask(promotions.planned, [(rush.merchant_id, rush.session_id)])
    buyer_id = BuyerId(ids.mint())
    await db.transact(begun_with, buyer_id, offer.promotion_id)
    everybody_has_looked = asyncio.Barrier(AT_ONCE)

    async def careless(tx: Tx) -> None:
        had = await promotions.had_by(tx, [buyer_id], [offer.promotion_id])
        left = (await promotions.flash_left(tx, [rush.merchant_id], [offer.sku_id])).get(offer.sku_id, 0)
        await everybody_has_looked.wait()
        if left and not had[buyer_id, offer.promotion_id]:
            await tx.execute("UPDATE promotion_limits SET pieces = pieces + 1 WHERE buyer_id = $1", buyer_id)
            await tx.execute("UPDATE promotions SET taken = taken + 1 WHERE promotion_id = $1", offer.promotion_id)

    await asyncio.gather(*(db.transact(careless) for _ in range(AT_ONCE)))

    had = await db.ask(promotions.had_by, [buyer_id], [offer.promotion_id])
    (sold,) = await db.ask(promotions.planned, [(rush.merchant_id, rush.session_id)])
    assert had[buyer_id, offer.promotion_id] == sold.taken == AT_ONCE > sold.pieces
    await db.close()


async def begun_with(tx: Tx, buyer_id: BuyerId, promotion_id: object) -> None:
    """A buyer who has none yet, and could have one."""
    await tx.execute(
        "INSERT INTO promotion_limits (buyer_id, promotion_id, pieces, most) VALUES ($1, $2, 0, 1)",
        buyer_id,
        promotion_id,
    )
