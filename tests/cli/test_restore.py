"""A backup goes into an empty installation, and trade goes on there."""

import asyncio
import json
from pathlib import Path

import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.events import drain
from steelyard.kernel.installation import opened
from steelyard.kernel.settings import Settings
from steelyard.trade.orders.model import Order, OrderState
from steelyard.worker import subscribers
from tests.cli import commands
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.seeded import SeededServer
from tests.support.world import World

pytestmark = pytest.mark.slow


def buy_and_drain(url: str, world: World) -> list[Order]:
    async def bought() -> list[Order]:
        db = await Database.connect(url, size=2)
        try:
            placed = await deal.paid(db, [(item.sku_id, 1) for item in list(world.items.values())[:1]])
            await drain(db, subscribers())
            return placed
        finally:
            await db.close()

    return asyncio.run(bought())


def test_a_restored_copy_passes_the_checks_and_goes_on(database_server: TestServer, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.backup"
    seeded = SeededServer(database_server)
    with seeded.database() as url:
        before = buy_and_drain(url, seeded.world)
        saved = commands.run(["backup", str(file)], commands.environment(tmp_path, DATABASE_URL=url))
        assert saved.returncode == 0, saved.stderr

    there = commands.environment(home)
    restored = commands.run(["restore", str(file)], there)
    again = commands.run(["restore", str(file)], there)
    with opened(Settings(home=home)) as here:
        assert here.database_url is not None
        after = buy_and_drain(here.database_url, seeded.world)
    checked = commands.run(["check"], there)
    looked_at = json.loads(commands.run(["doctor", "--json"], there).stdout)

    assert (restored.returncode, restored.stdout) == (0, "Restored. Next: steelyard check\n")
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)
    assert [order.state for order in after] == [OrderState.PAID]
    assert after[0].order_id != before[0].order_id
    assert (checked.returncode, checked.stderr) == (0, "")
    assert all(finding["good"] for finding in looked_at if finding["what"].startswith("subscriber"))
