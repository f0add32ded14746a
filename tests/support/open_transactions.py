"""Who reads in the order of commits waits for transactions that are open, of other databases of the cluster, too: so do tests
that want everything read that was written so far."""

import asyncio

from steelyard.kernel.db import Database, Read

SECONDS_MAX = 20
LOOK_AGAIN_SECONDS = 0.02


async def awaited(db: Database) -> None:
    """Whatever was under way in the cluster in this moment has ended."""

    async def newest(read: Read) -> int:
        return await read.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

    async def oldest(read: Read) -> int:
        return await read.value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")

    until = await db.ask(newest)
    async with asyncio.timeout(SECONDS_MAX):
        while await db.ask(oldest) < until:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
