"""The video that tells of a session before it begins: how long it is kept, and what of the store nobody refers to any more."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import Videos

# After a session was to end. A takedown is lifted within that time or not at all.
KEPT = timedelta(days=30)
# A form that is shown again still names what was uploaded with it.
UNUSED_SECONDS = 24 * 60 * 60
SESSIONS_PER_SWEEP = 500
VIDEOS_PER_SWEEP = 500


async def forget(tx: Tx) -> int:
    """Sessions that were to end long ago have no trailer any more; returns how many."""
    return await tx.execute(
        """
        UPDATE live_sessions SET trailer_video = NULL WHERE (merchant_id, session_id) IN (
            SELECT merchant_id, session_id FROM live_sessions
            WHERE trailer_video IS NOT NULL AND ends_at < now() - $1::interval
            ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        KEPT,
        SESSIONS_PER_SWEEP,
    )


async def used(read: Read, names: Sequence[str]) -> set[str]:
    """Which of these videos a session still refers to."""
    rows = await read.fetch(
        "SELECT DISTINCT trailer_video FROM live_sessions WHERE trailer_video IS NOT NULL AND trailer_video = ANY($1)",
        list(names),
    )
    return {row["trailer_video"] for row in rows}


async def throw_away(db: Database, videos: Videos) -> int:
    """Videos that were replaced or taken out, or whose session is long over, go; returns how many things were moved."""
    forgotten = await db.transact(forget)
    old = await asyncio.to_thread(videos.older_than, UNUSED_SECONDS)
    if not old:
        return forgotten
    known = await db.ask(used, old)
    gone = [name for name in old if name not in known][:VIDEOS_PER_SWEEP]
    await asyncio.to_thread(videos.throw_away, gone)
    return forgotten + len(gone)
