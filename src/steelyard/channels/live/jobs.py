"""What time brings about in live sessions."""

from datetime import UTC, datetime, timedelta

from steelyard.channels.live import crowd, drawing, gateways, keeping, leaving, record, streaming, trailers
from steelyard.channels.live.reminding import tell_begun, tell_soon
from steelyard.channels.live.states import call_off_missed
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.kernel.files import Videos
from steelyard.kernel.sweeps import Sweep

PRESENCE_KEPT = timedelta(minutes=10)


async def _soon(db: Database) -> int:
    return await db.transact(tell_soon)


async def _begun(db: Database) -> int:
    return await db.transact(tell_begun)


async def _missed(db: Database) -> int:
    return await db.transact(call_off_missed)


async def _draw(db: Database) -> int:
    return await db.transact(drawing.close_due)


async def _forget_processes(db: Database) -> int:
    return await db.transact(crowd.forget_processes, datetime.now(UTC) - PRESENCE_KEPT)


async def _forget_writers(db: Database) -> int:
    return await db.transact(keeping.forget_writers)


async def _seal(db: Database) -> int:
    return await db.transact(record.seal_due)


async def _end_silent(db: Database) -> int:
    return await db.transact(streaming.end_silent)


async def _cut_off(db: Database) -> int:
    origin = gateways.of_settings(kernel_settings.load())
    if origin is None:
        return 0
    try:
        return await cut_off(db, origin)
    finally:
        await origin.close()


async def _throw_away_trailers(db: Database) -> int:
    return await trailers.throw_away(db, Videos(kernel_settings.load().home))


async def cut_off(db: Database, origin: gateways.Origin) -> int:
    """Tell the media origin of what was taken down, until it has heard it; returns how many it has heard of."""
    done = 0
    for merchant_id, session_id in await db.ask(leaving.to_cut_off):
        if await origin.take_down(streaming.stream_of(session_id)):
            await db.transact(leaving.was_cut_off, merchant_id, session_id)
            done += 1
    return done


SWEEPS = (
    Sweep("live.remind_soon", 10.0, _soon),
    Sweep("live.tell_begun", 5.0, _begun),
    Sweep("live.call_off_missed", 30.0, _missed),
    Sweep("live.draw", 1.0, _draw),
    Sweep("live.seal", 5.0, _seal),
    Sweep("live.end_silent", 2.0, _end_silent),
    Sweep("live.cut_off", 1.0, _cut_off),
    Sweep("live.forget_writers", 3_600.0, _forget_writers),
    Sweep("live.throw_away_trailers", 3_600.0, _throw_away_trailers),
    Sweep("live.forget_processes", 300.0, _forget_processes),
)
