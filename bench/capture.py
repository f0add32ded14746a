"""Capture: how many things that people do are written down in a second, alone, as the batcher of a web process does it.

Visitors arrive, look and put into the cart, each note as a page leaves it; nobody else writes. It ends when all of it is
committed: with every index kept, who says no asked, and by what the visit came looked up.
"""

import asyncio
import time
from random import Random

from bench import habits, shop
from bench.asked import Asked
from bench.report import Figure
from steelyard.kernel import installation
from steelyard.kernel.db import Database, Read
from steelyard.surfaces.web.footfall import Footfall, Noted

EVENTS = 40_000
VISITORS = 8_000
EVENTS_A_SECOND_MIN = 5_000
# So many are left at once; the batcher has room for more.
LEFT_AT_ONCE = 10_000
CONNECTIONS = 4


def figures(asked: Asked) -> list[Figure]:
    """Events a second, those of the count of the day among them, and what this process used of a core for each."""
    before = time.process_time()
    with shop.kept(asked.products) as settings, installation.opened(settings) as here:
        assert here.database_url is not None
        took, written = asyncio.run(_measured(here.database_url))
    assert written == EVENTS, f"{written} of {EVENTS} were written"
    used = (time.process_time() - before) / EVENTS * 1e6
    return [
        Figure("capture_events_per_s", round(EVENTS / took), EVENTS_A_SECOND_MIN, at_least=True),
        Figure("capture_cpu_us", round(used)),
    ]


async def _measured(url: str) -> tuple[float, int]:
    db = await Database.connect(url, size=CONNECTIONS)
    try:
        before = await db.ask(_count)
        footfall = Footfall(db)
        notes = _notes()
        began = time.perf_counter()
        for at in range(0, len(notes), LEFT_AT_ONCE):
            for noted in notes[at : at + LEFT_AT_ONCE]:
                footfall.note(noted)
            await footfall.count()
        took = time.perf_counter() - began
        await footfall.stop()
        return took, await db.ask(_count) - before
    finally:
        await db.close()


def _notes() -> list[Noted]:
    chance = Random(7)  # noqa: S311  # habits, no secrets
    visitors = habits.visitors(VISITORS)
    return [habits.note(chance.choice(visitors), chance) for _ in range(EVENTS)]


async def _count(read: Read) -> int:
    return await read.value("SELECT count(*) FROM behaviour_events")
