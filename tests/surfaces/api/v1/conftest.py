"""Keys of the small world's people."""

import pytest_asyncio

from steelyard.kernel.db import Database
from tests.support.world import World
from tests.surfaces.api.served import Served
from tests.surfaces.api.v1.caller import Caller, all_scopes, key_of


@pytest_asyncio.fixture
async def tea(served: Served, db: Database, world: World) -> Caller:
    """The tea merchant's program, which may do everything."""
    return Caller(served, await key_of(db, world.tea.owner.account_id, *all_scopes()))


@pytest_asyncio.fixture
async def tools(served: Served, db: Database, world: World) -> Caller:
    """The tool merchant's program, which may do everything."""
    return Caller(served, await key_of(db, world.tools.owner.account_id, *all_scopes()))


@pytest_asyncio.fixture
async def operator(served: Served, db: Database, world: World) -> Caller:
    """The operator's program, which may do everything."""
    return Caller(served, await key_of(db, world.operator.account_id, *all_scopes("/api/v1/operator")))
