"""Sweeps: what time brings about, as one statement over an index every few seconds, not as one timer per row."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

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


class Round(msgspec.Struct, frozen=True):
    """One round of a sweep: when it began, how long it took, what it moved, and what went wrong."""

    at: datetime
    seconds: float
    moved: int
    error: str | None = None


class Orders(Protocol):
    """What people may tell a sweep, and whom it tells of its rounds: see `sweep_board`."""

    def paused(self, sweep: str) -> bool: ...

    def every(self, sweep: Sweep) -> float: ...

    def wanted(self, sweep: str) -> asyncio.Event: ...

    def note(self, sweep: str, done: Round) -> None: ...


async def keep_sweeping(db: Database, sweep: Sweep, stop: asyncio.Event, orders: Orders | None = None) -> None:
    """Run one sweep until `stop` is set. An error is logged and the sweep goes on after a pause.

    While people have paused it, no round begins, but for one that they ask for.
    """
    call = orders.wanted(sweep.name) if orders else asyncio.Event()
    while not stop.is_set():
        pause = orders.every(sweep) if orders else sweep.every_seconds
        if orders is None or call.is_set() or not orders.paused(sweep.name):
            call.clear()
            done = await _round(db, sweep)
            if orders is not None:
                orders.note(sweep.name, done)
            if done.error is not None:
                pause = max(pause, FAILED_PAUSE_SECONDS)
            elif done.moved:
                pause = 0.0
        await wait(stop, pause, call)


async def _round(db: Database, sweep: Sweep) -> Round:
    at, began = datetime.now(UTC), time.monotonic()
    try:
        moved = await sweep.run(db)
    except Exception as error:  # one bad round must not end the sweep
        log.exception("sweep.failed", sweep=sweep.name)
        return Round(at, time.monotonic() - began, 0, f"{type(error).__name__}: {error}")
    return Round(at, time.monotonic() - began, moved)


async def wait(stop: asyncio.Event, seconds: float, call: asyncio.Event | None = None) -> None:
    """Wait for `seconds` or until `stop` (or `call`) is set, whichever is first."""
    waiting = [asyncio.ensure_future(each.wait()) for each in (stop, call) if each is not None]
    try:
        await asyncio.wait(waiting, timeout=max(seconds, 0.001), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def sweep_once(db: Database, sweeps: Sequence[Sweep]) -> int:
    """Each sweep until it finds nothing more: for tests and for commands that want the house at rest."""
    moved = 0
    for sweep in sweeps:
        while step := await sweep.run(db):
            moved += step
    return moved
