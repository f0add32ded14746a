"""The demo marketplace: whole, true, and the same for the same seed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.demo import generator
from steelyard.demo.generator import Size
from steelyard.demo.products import products
from steelyard.kernel.db import Database, Read
from steelyard.kernel.postgres import clone_database
from steelyard.kernel.settings import Settings
from steelyard.money import ledger
from steelyard.trade import settlement
from tests.support.cluster import TestServer

PASSWORD = "a long enough password"
SMALL = Size(0.06)


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches the progress."""


async def made(db: Database, home: Path, seed: int = 1) -> None:
    settings = Settings(home=home)
    await generator.make(db, settings, seed=seed, made_up=True, password=PASSWORD, step=nothing, size=SMALL)


@pytest.fixture(scope="module")
def first(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A marketplace that is made once for all tests: the name of its database, and its home."""
    name, home = database_server.clone(), tmp_path_factory.mktemp("first")
    asyncio.run(_make(database_server.url(name), home))
    return name, home


async def _make(url: str, home: Path) -> None:
    db = await Database.connect(url, size=4)
    try:
        await made(db, home)
    finally:
        await db.close()


@pytest.fixture
def database_url(database_server: TestServer, first: tuple[str, Path], request: pytest.FixtureRequest) -> Iterator[str]:
    """A copy of it, of this test's own."""
    name = f"{first[0]}_{request.node.name[:20]}"
    clone_database(database_server.url(), first[0], name)
    yield database_server.url(name)
    database_server.drop(name)


async def filled(db: Database, url: str, home: Path) -> None:
    """As `made`, in the way of `steelyard demo`."""
    settings = Settings(home=home, database_url=url)
    filling = await Database.connect_to_fill(url, size=2)
    try:
        await generator.make(
            db, settings, seed=1, made_up=True, password=PASSWORD, step=nothing, size=SMALL, filling=filling
        )
    finally:
        await filling.close()


async def facts(read: Read) -> list[tuple[str, int]]:
    """What two marketplaces of the same seed have in common: everything but the moment in which they were made, and the
    codes of orders that were placed as buyers place them."""
    rows = await read.fetch(
        """
        SELECT CASE o.source WHEN 'shop' THEN '' ELSE o.code END, o.total FROM orders o
        UNION ALL SELECT s.code, p.amount FROM skus s JOIN prices p USING (merchant_id, sku_id)
        UNION ALL SELECT sku_id::text, on_hand FROM stock
        ORDER BY 1, 2
        """
    )
    return [(row[0], row[1]) for row in rows]


async def test_a_house_that_has_been_lived_in(db: Database) -> None:
    """Every check of the house runs when the test ends."""
    assert await db.ask(generator.is_made)
    assert await db.ask(count_of_orders) > 300
    lines = await db.ask(ledger.trial_balance)
    assert sum(line.debits - line.credits for line in lines) == 0
    statements = await db.ask(settlement.statements_page)
    assert statements.items


async def indexes(read: Read) -> list[str]:
    """All that are kept and used."""
    rows = await read.fetch(
        """
        SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
        WHERE i.indisready AND i.indisvalid AND t.relnamespace = 'public'::regnamespace ORDER BY 1
        """
    )
    return [row["name"] for row in rows]


async def count_of_orders(read: Read) -> int:
    return await read.value("SELECT count(*) FROM orders")


async def test_made_again_nothing_is_doubled(db: Database, first: tuple[str, Path]) -> None:
    before = await db.ask(facts)

    await made(db, first[1])

    assert await db.ask(facts) == before


async def test_the_same_seed_makes_the_same_marketplace_with_every_index(
    db: Database, database_server: TestServer, tmp_path: Path
) -> None:
    name = database_server.clone()
    other = await Database.connect(database_server.url(name))
    try:
        await filled(other, database_server.url(name), tmp_path / "other")
        assert await other.ask(facts) == await db.ask(facts)
        assert await other.ask(indexes) == await db.ask(indexes)
    finally:
        await other.close()
        database_server.drop(name)


def test_another_seed_makes_other_prices() -> None:
    one = [product.amounts for product in products(1)]
    other = [product.amounts for product in products(2)]

    assert len(one) > 100
    assert one != other
