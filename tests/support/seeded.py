"""Databases with the small world already in them, cloned as fast as empty ones.

`shop` is one to work in, `world` what is in it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from steelyard.kernel import checks
from steelyard.kernel.db import Database
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.world import World, seeded

POOL_SIZE = 12


class SeededServer:
    """Makes databases from one in which the world was written down once."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self._template = server.clone()
        self.world = asyncio.run(_seed(server.url(self._template)))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a seeded database, gone afterwards."""
        name = self._server.clone(self._template)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)


async def _seed(url: str) -> World:
    db = await Database.connect(url, size=1)
    try:
        world = await seeded(db)
    finally:
        await db.close()
    assert not (found := await checks.run(url)), found
    return world


@pytest.fixture(scope="session")
def seeded_server(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@pytest.fixture
def shop_url(seeded_server: SeededServer) -> Iterator[str]:
    """A database with the small world in it."""
    with seeded_server.database() as url:
        yield url


@pytest.fixture
def world(seeded_server: SeededServer) -> World:
    return seeded_server.world


@pytest_asyncio.fixture
async def shop(shop_url: str) -> AsyncIterator[Database]:
    """The small world, connected to as the application; what the test leaves behind must be true."""
    db = await Database.connect(shop_url, size=POOL_SIZE)
    yield db
    await db.close()
    await assert_checks(shop_url)
