"""The surface for programs, served in this process over a seeded database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from tests.support.cluster import TestServer
from tests.support.database import POOL_SIZE, assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World
from tests.surfaces.api.house import Agent, House, open_house
from tests.surfaces.api.served import Served, serve


@pytest.fixture(scope="session")
def seeded_server(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def seeded_url(seeded_server: SeededServer) -> Iterator[str]:
    with seeded_server.database() as url:
        yield url


@pytest.fixture
def world(seeded_server: SeededServer) -> World:
    return seeded_server.world


@pytest_asyncio.fixture
async def db(seeded_url: str) -> AsyncIterator[Database]:
    """A database with the small world in it; what a test leaves behind must be true."""
    database = await Database.connect(seeded_url, size=POOL_SIZE)
    yield database
    await database.close()
    await assert_checks(seeded_url)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, base_url="http://shop.test")


@pytest_asyncio.fixture
async def served(db: Database, settings: Settings) -> AsyncIterator[Served]:
    async with serve(db, settings) as surface:
        yield surface


@pytest.fixture
async def house(db: Database, world: World, tmp_path: Path) -> AsyncIterator[House]:
    """The house with an agent's door."""
    opened = open_house(db, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def agent(house: House) -> Agent:
    return Agent(house)
