"""The worker: everything that goes on by itself. It reads the event log, sweeps, and does the jobs.

A module takes part by its `subscribers.py` (`SUBSCRIBER`, or `SUBSCRIBERS`) and its `jobs.py` (`SWEEPS`, and functions
registered with `@job`). Any number of workers may run at the same time.
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from typing import cast

import structlog

from steelyard.kernel import batch_board, checks, events, idempotency, jobs, limits, logs, modules, queue
from steelyard.kernel.db import Database, Unreachable
from steelyard.kernel.events import Subscriber
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweep_board import Board
from steelyard.kernel.sweeps import Sweep, keep_sweeping, wait

POLL_SECONDS = 0.2
FAILED_PAUSE_SECONDS = 2.0
HEARTBEAT_SECONDS = 60.0
STOP_SECONDS_MAX = 30.0
# Against the web server, if both want all of the processor, it has a quarter of it.
NICE = 5
# Nobody waits for the worker's next connection.
UNUSED_SECONDS_MAX = 10.0
LAG_EVENTS_WORTH_TELLING = 100

KERNEL_SWEEPS = (batch_board.SWEEP, checks.SWEEP, idempotency.SWEEP, limits.SWEEP, queue.SWEEP)

log = structlog.get_logger()


def subscribers() -> list[Subscriber]:
    """Everybody who reads the event log, from the ground up."""
    found: list[Subscriber] = []
    for _, part in modules.parts("subscribers"):
        alone = [part.SUBSCRIBER] if hasattr(part, "SUBSCRIBER") else []
        found += cast("Sequence[Subscriber]", getattr(part, "SUBSCRIBERS", alone))
    names = [subscriber.name for subscriber in found]
    assert len(names) == len(set(names)), f"two subscribers share a name: {sorted(names)}"
    return found


def sweeps() -> list[Sweep]:
    """Everything that time brings about. Importing the modules' `jobs.py` registers their jobs as well."""
    found = list(KERNEL_SWEEPS)
    for module, part in modules.parts("jobs"):
        if module != modules.KERNEL:
            found += cast("Sequence[Sweep]", getattr(part, "SWEEPS", ()))
    names = [sweep.name for sweep in found]
    assert len(names) == len(set(names)), f"two sweeps share a name: {sorted(names)}"
    return found


def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM: what `steelyard work` does. Whoever waits for a page goes before it on the same machine."""
    logs.configure(settings.log_format)
    os.nice(NICE)

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(settings, stop)

    asyncio.run(until_told())


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then let what runs come to its end.

    Raises when one of its parts ends by itself: a worker that does half of its work is worse than one that is started
    again.
    """
    assert settings.database_url is not None, "the embedded PostgreSQL is started, and its URL known, before this"
    readers, sweeping = subscribers(), sweeps()
    db = await Database.connect(settings.database_url, size=settings.pool_size, unused_seconds=UNUSED_SECONDS_MAX)
    log.info("worker.started", subscribers=len(readers), sweeps=len(sweeping))
    board = Board(sweeping)
    parts = [
        asyncio.create_task(keep_reading(db, readers, stop), name="events"),
        asyncio.create_task(jobs.keep_working(db, settings.database_url, stop), name="jobs"),
        asyncio.create_task(_beat(db, stop), name="heartbeat"),
        asyncio.create_task(board.keep(db, stop), name="board"),
        *(asyncio.create_task(keep_sweeping(db, sweep, stop, board), name=sweep.name) for sweep in sweeping),
    ]
    try:
        await _until_stopped(parts, stop)
    finally:
        stop.set()
        _, late = await asyncio.wait(parts, timeout=STOP_SECONDS_MAX)
        for part in late:
            log.warning("worker.part_cut_off", part=part.get_name())
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await db.close()
        log.info("worker.stopped")


async def keep_reading(db: Database, readers: Sequence[Subscriber], stop: asyncio.Event) -> None:
    """Bring news to the subscribers until `stop` is set: asked for all together, read by each until it is dry."""
    by_name = {reader.name: reader for reader in readers}
    while not stop.is_set():
        pause = POLL_SECONDS
        try:
            for name in await db.ask(events.waiting, list(by_name)):
                while not stop.is_set() and await events.pump(db, by_name[name]):
                    pause = 0.0
        except Unreachable as error:
            log.warning("events.database_unreachable", error=str(error))
            pause = FAILED_PAUSE_SECONDS
        except Exception:  # one bad round must not end the reading
            log.exception("events.reading_failed")
            pause = FAILED_PAUSE_SECONDS
        await wait(stop, pause)


async def _until_stopped(parts: Sequence[asyncio.Task[None]], stop: asyncio.Event) -> None:
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        ended, _ = await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
        for part in ended - {stopped}:
            if not stop.is_set():
                log.error("worker.part_ended", part=part.get_name())
                part.result()
                raise AssertionError(f"{part.get_name()} ended by itself")
    finally:
        stopped.cancel()


async def _beat(db: Database, stop: asyncio.Event) -> None:
    """A sign of life, with what is behind and what holds it back."""
    began = time.monotonic()
    while not stop.is_set():
        try:
            behind = {
                lag.subscriber: lag.error or lag.events
                for lag in await db.ask(events.lags)
                if lag.error or lag.events >= LAG_EVENTS_WORTH_TELLING
            }
            held_by = await db.ask(events.holding_back)
            log.info("worker.alive", seconds=round(time.monotonic() - began), behind=behind, held_by=held_by)
        except Exception as error:  # whatever it is, the parts it concerns tell it better
            log.warning("worker.cannot_look_around", error=str(error))
        await wait(stop, HEARTBEAT_SECONDS)
