"""Sweeps: what time brings about, as one statement over an index every few seconds, not as one timer per row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from steelyard.kernel.db import Database

FAILED_PAUSE_SECONDS = 5.0

log = structlog.get_logger()


class Sweep(msgspec.Struct, frozen=True):
    """`run` does at most one batch and says how many things it moved; a full batch is followed by the next at once.

    It must be safe to run in several processes at the same time (`FOR UPDATE SKIP LOCKED`), and to be killed anywhere.
    """

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[int]]


async def keep_sweeping(db: Database, sweep: Sweep, stop: asyncio.Event) -> None:
    """Run one sweep until `stop` is set. An error is logged and the sweep goes on after a pause."""
    while not stop.is_set():
        pause = sweep.every_seconds
        try:
            if await sweep.run(db):
                pause = 0.0
        except Exception:  # one bad round must not end the sweep
            log.exception("sweep.failed", sweep=sweep.name)
            pause = max(pause, FAILED_PAUSE_SECONDS)
        await wait(stop, pause)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds` or until `stop` is set, whichever is first."""
    try:
        await asyncio.wait_for(stop.wait(), timeout=max(seconds, 0.001))
    except TimeoutError:
        return


async def sweep_once(db: Database, sweeps: Sequence[Sweep]) -> int:
    """Each sweep until it finds nothing more: for tests and for commands that want the house at rest."""
    moved = 0
    for sweep in sweeps:
        while step := await sweep.run(db):
            moved += step
    return moved
