"""Tests of live sessions begin in the small world, with one on air."""

import pytest

from steelyard.kernel.db import Database
from tests.support.live import OnAir, on_air
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import World

__all__ = ["seeded_server", "shop", "shop_url", "world"]


@pytest.fixture
async def session(shop: Database, world: World) -> OnAir:
    """On air for five minutes, with tea and nuts in its bag."""
    return await on_air(shop, world)
