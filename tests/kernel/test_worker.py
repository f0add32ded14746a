"""The worker: it finds its parts, works, and stops when it is told to."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest

from steelyard import worker
from steelyard.kernel import jobs
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.events import Event, Subscriber, publish
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep


class Rung(Event, frozen=True):
    KIND: ClassVar[str] = "bell.rung"


HEARD: set[str] = set()


@jobs.job("test.hear")
async def hear(db: Database) -> None:
    HEARD.add("job")


async def test_one_process_reads_sweeps_and_does_jobs_until_stopped(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def on_rung(_tx: Tx, _events: Sequence[Rung]) -> None:
        HEARD.add("event")

    async def sweep(_db: Database) -> int:
        HEARD.add("sweep")
        return 0

    monkeypatch.setattr(worker, "subscribers", lambda: [Subscriber("test", {Rung: on_rung})])
    monkeypatch.setattr(worker, "sweeps", lambda: [Sweep("test", 0.1, sweep)])
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(Settings(database_url=database_url, pool_size=4), stop))
    await db.transact(publish, Rung())
    await db.transact(jobs.defer, hear)
    for _ in range(6_000):
        if {"event", "sweep", "job"} <= HEARD:
            break
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(working, 60)

    assert {"event", "sweep", "job"} <= HEARD


async def test_a_worker_one_of_whose_parts_ends_does_not_go_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("broken")

    monkeypatch.setattr(worker, "subscribers", list[Subscriber])
    monkeypatch.setattr(worker, "sweeps", list[Sweep])
    monkeypatch.setattr(worker, "keep_reading", broken)
    with pytest.raises(LookupError):
        await asyncio.wait_for(worker.work(Settings(database_url=database_url, pool_size=2), asyncio.Event()), 60)


def test_the_parts_of_all_modules_are_found_and_have_names_of_their_own() -> None:
    assert {sweep.name for sweep in worker.sweeps()} >= {"checks", "idempotency.forget", "limits.forget"}
    worker.subscribers()
