"""Sweeps: what time brings about."""

import asyncio
from collections.abc import Callable

import pytest

from steelyard.kernel import sweeps
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep, keep_sweeping, sweep_once, wait

SECONDS_MAX = 60


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            await asyncio.sleep(0.001)


def counting(batches: list[int | Exception], every_seconds: float = 3_600.0) -> tuple[Sweep, list[int]]:
    rounds: list[int] = []

    async def run(_db: Database) -> int:
        rounds.append(1)
        step = batches.pop(0) if batches else 0
        if isinstance(step, Exception):
            raise step
        return step

    return Sweep("test", every_seconds, run), rounds


async def test_a_full_batch_is_followed_by_the_next_at_once(db: Database) -> None:
    sweep, rounds = counting([100, 100, 30])
    stop = asyncio.Event()
    running = asyncio.create_task(keep_sweeping(db, sweep, stop))
    await until(lambda: len(rounds) == 4)

    stop.set()
    await running
    assert len(rounds) == 4, "the next is an hour away"


async def test_a_bad_round_does_not_end_the_sweep(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, rounds = counting([LookupError(), 1], every_seconds=0.01)
    stop = asyncio.Event()
    monkeypatch.setattr(sweeps, "FAILED_PAUSE_SECONDS", 0.01)
    running = asyncio.create_task(keep_sweeping(db, sweep, stop))
    await until(lambda: len(rounds) > 3)
    stop.set()
    await running


async def test_sweeping_once_goes_on_until_nothing_is_left(db: Database) -> None:
    sweep, rounds = counting([5, 5, 2])
    assert await sweep_once(db, [sweep]) == 12
    assert len(rounds) == 4


async def test_waiting_ends_when_it_is_over_or_when_stopped() -> None:
    stop = asyncio.Event()
    await wait(stop, 0.01)
    stop.set()
    await asyncio.wait_for(wait(stop, 3_600), SECONDS_MAX)
