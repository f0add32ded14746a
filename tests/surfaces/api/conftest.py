"""A seeded house with an agent at its door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from steelyard.kernel.db import Database
from tests.support.world import World, seeded
from tests.surfaces.api.house import Agent, House, open_house


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


@pytest.fixture
async def house(db: Database, world: World, tmp_path: Path) -> AsyncIterator[House]:
    opened = open_house(db, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def agent(house: House) -> Agent:
    return Agent(house)
