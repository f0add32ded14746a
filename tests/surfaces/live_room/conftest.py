"""The whole application on a small world, with a session of the tea shop on air."""

import pytest_asyncio

from steelyard.kernel.db import Database
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.live import OnAir, on_air
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]


@pytest_asyncio.fixture
async def session(db: Database, world: World) -> OnAir:
    """On air for five minutes, with tea and nuts in its bag."""
    return await on_air(db, world)
