"""A house for a month: made in a folder of its own, played in, and thrown away."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from steelyard.demo import generator
from steelyard.demo.generator import Size
from steelyard.demo.month import clock
from steelyard.demo.month.clock import Wound
from steelyard.demo.month.days import Plan, play
from steelyard.demo.month.outside import Outside
from steelyard.demo.month.telling import Report
from steelyard.demo.people import operators, profile
from steelyard.kernel import installation, migrations
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.parties import access

SIZE = Size(0.05)
PASSWORD = "nobody signs in here"  # noqa: S105  # nor could anybody: it is not served
POOL = 4


def run(plan: Plan, step: Callable[[str, int, int], None]) -> Report:
    """Play a month in a new house, which nobody sees again. `step(what, done, of)` is told how far it is."""
    with (
        tempfile.TemporaryDirectory(prefix="steelyard-month-") as folder,
        installation.opened(Settings(home=Path(folder))) as here,
    ):
        return asyncio.run(_played(here, plan, step))


async def _played(settings: Settings, plan: Plan, step: Callable[[str, int, int], None]) -> Report:
    assert settings.database_url is not None
    await migrations.migrate(settings.database_url)
    await asyncio.to_thread(clock.inject, settings.database_url)
    db = await Database.connect(settings.database_url, size=POOL)
    wound = Wound(settings.database_url)
    try:
        hashed = await access.hash_password(PASSWORD)
        await db.transact(operators, hashed)
        await generator.furnish(db, settings, hashed, seed=plan.seed, size=SIZE, step=step)
        await db.transact(profile)
        outside = Outside(db, settings, wound, settings.home / "simulators")
        async with outside.served():
            return await play(db, outside, plan, step)
    finally:
        wound.close()
        await db.close()
