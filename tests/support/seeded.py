"""Databases with the small world already in them, cloned as fast as empty ones."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from steelyard.kernel.db import Database
from steelyard.kernel.postgres import clone_database
from tests.support.cluster import TestServer
from tests.support.world import World, seeded


class SeededServer:
    """Makes databases from one in which the world was written down once."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self._template = server.clone()
        self.world = asyncio.run(_seed(server.url(self._template)))
        self._made = 0

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a seeded database, gone afterwards."""
        self._made += 1
        name = f"{self._template}_{self._made}"
        clone_database(self._server.url(), self._template, name)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)


async def _seed(url: str) -> World:
    db = await Database.connect(url, size=1)
    try:
        return await seeded(db)
    finally:
        await db.close()
