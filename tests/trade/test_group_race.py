"""Everybody wants the last places of a team at the same moment: it is never more than it is said to be, and nobody is in it
twice. The control shows what the locks and the guard are for."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, groups
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.groups.model import NewOffer, Team
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.groups import group, joined, offered, opened, team_of
from tests.support.seeded import SeededServer
from tests.support.world import World

DAY = timedelta(days=1)
SIZE, AT_ONCE = 5, 6
STRANGERS, EAGER_CLICKS = 8, 4


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def url(seeded: SeededServer) -> Iterator[str]:
    with seeded.database() as name:
        yield name


async def stocked(tx: Tx, world: World) -> None:
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 100)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def team(db: Database, merchant_id: object, offer_id: object) -> Team:
    found = await db.ask(groups.teams, merchant_id, offer_id, None, 10)  # pyright: ignore[reportArgumentType]  # ids
    assert len(found) == 1
    return found[0]


async def test_of_many_who_take_the_last_places_so_many_get_one(seeded: SeededServer, url: str) -> None:
    world = seeded.world
    db = await Database.connect(url, size=AT_ONCE)
    await db.transact(stocked, world)
    offer = await offered(db, group(world, size=SIZE, pieces=50, per_buyer=None))
    team_id = (await team_of(db, await joined(db, offer))).team_id
    eager = BuyerId(ids.mint())
    clicks = [await opened(db, offer, team_id, eager) for _ in range(EAGER_CLICKS)]
    clicks += [await opened(db, offer, team_id) for _ in range(STRANGERS)]

    async def take(checkout_id: CheckoutId) -> object:
        try:
            return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*map(take, clicks))

    served = [answer for answer in answers if not isinstance(answer, Refusal)]
    assert len(served) == SIZE - 1
    assert sum(not isinstance(answer, Refusal) for answer in answers[:EAGER_CLICKS]) <= 1
    found = await team(db, offer.merchant_id, offer.offer_id)
    assert (found.members, found.places) == (SIZE, 0)
    await db.close()
    await assert_checks(url)


async def test_control_without_lock_and_guard_a_team_has_too_many(seeded: SeededServer, url: str) -> None:
    """The same by look-then-write, with the constraint gone: if this kept the size, the test above proves nothing."""
    async with administer(url) as owner:  # the guard is taken away behind the application's back
        await owner.execute("ALTER TABLE group_teams DROP CONSTRAINT never_more_than_its_size")
    db = await Database.connect(url, size=AT_ONCE)
    offer = await offered(db, group(seeded.world))
    await joined(db, offer)
    everybody_has_looked = asyncio.Barrier(AT_ONCE)

    async def careless(tx: Tx) -> None:
        members = await tx.value("SELECT members FROM group_teams")
        await everybody_has_looked.wait()
        if members < offer.size:
            await tx.execute("UPDATE group_teams SET members = members + 1")

    await asyncio.gather(*(db.transact(careless) for _ in range(AT_ONCE)))

    found = await team(db, offer.merchant_id, offer.offer_id)
    assert found.members == 1 + AT_ONCE > found.size
    await db.close()


async def test_of_offers_of_one_product_made_in_the_same_instant_one_is_taken(seeded: SeededServer, url: str) -> None:
    db = await Database.connect(url, size=AT_ONCE)
    wanted = [group(seeded.world) for _ in range(AT_ONCE)]

    async def offer(one: NewOffer) -> Invalid | None:
        async def make_and_linger(tx: Tx) -> None:
            await groups.make(tx, one)
            await asyncio.sleep(0.05)  # the others look meanwhile

        try:
            await db.transact(make_and_linger)
        except Invalid as refused:
            return refused
        return None

    answers = await asyncio.gather(*map(offer, wanted))

    refused = [answer for answer in answers if answer is not None]
    assert [list(answer.fields) for answer in refused] == [["product"]] * (AT_ONCE - 1)
    assert len(await db.ask(groups.offers, wanted[0].merchant_id, None, 10)) == 1
    await db.close()


async def test_control_who_looks_and_then_writes_makes_several(seeded: SeededServer, url: str) -> None:
    """The same without holding the product: if one came of this, the test above proves nothing."""
    db = await Database.connect(url, size=AT_ONCE)
    first = group(seeded.world, starts_at=datetime.now(UTC) - DAY, ends_at=datetime.now(UTC) - DAY / 2)
    async with administer(url) as owner:  # one that is over, to be copied
        await owner.execute(
            """
            INSERT INTO group_offers (merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, starts_at
                                    , ends_at)
            VALUES ($1, $2, $3, '{}', 'CNY', 2, 24, 10, $4, $5)
            """,
            first.merchant_id,
            first.offer_id,
            first.product_id,
            first.starts_at,
            first.ends_at,
        )
    everybody_has_looked = asyncio.Barrier(AT_ONCE)

    async def careless(tx: Tx) -> None:
        there = await tx.value("SELECT EXISTS (SELECT FROM group_offers WHERE ends_at > now())")
        await everybody_has_looked.wait()
        if not there:
            await tx.execute(
                """
                INSERT INTO group_offers (merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, starts_at
                                        , ends_at)
                SELECT merchant_id, $1, product_id, prices, currency, size, hours, pieces, now(), now() + interval '1 day'
                FROM group_offers WHERE offer_id = $2
                """,
                ids.mint(),
                first.offer_id,
            )

    await asyncio.gather(*(db.transact(careless) for _ in range(AT_ONCE)))

    assert len(await db.ask(groups.offers, first.merchant_id, None, 10)) == 1 + AT_ONCE
    await db.close()
