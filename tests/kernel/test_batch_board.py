"""What batchers have done is told by all processes, added up by the minute, and forgotten after a week."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from steelyard.kernel import batch_board
from steelyard.kernel.batch_board import Figures
from steelyard.kernel.batching import Batcher, drain, join
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.sweeps import sweep_once

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


async def test_processes_add_to_the_same_minute(db: Database) -> None:
    one = Figures(batches=2, requests=10, largest=7, refused=1, waited_seconds=0.5, worked_seconds=0.1)
    other = Figures(batches=1, requests=2, largest=2, turned_away=3, failed=1, merged=1, split=1, worked_seconds=0.2)

    await db.transact(batch_board.tell, "placing", one)
    await db.transact(batch_board.tell, "placing", other)
    await db.transact(batch_board.tell, "looking", Figures(batches=1, requests=1, largest=1))

    told, looking = await db.ask(batch_board.listed, LONG_AGO)
    assert (told.batcher, told.batches, told.requests, told.largest) == ("placing", 3, 12, 7)
    assert (told.refused, told.failed, told.merged, told.split, told.turned_away) == (1, 1, 1, 1, 3)
    assert (round(told.average, 3), round(told.wait_ms, 1), round(told.work_ms, 1)) == (4.0, 41.7, 100.0)
    assert looking.batcher == "looking"
    hours = await db.ask(batch_board.hours, LONG_AGO, ["placing"])
    assert sum(hour.requests for hour in hours) == 12
    assert {hour.batcher for hour in hours} == {"placing"}


async def test_what_nobody_did_has_no_average() -> None:
    nothing = Figures()

    assert (nothing.average, nothing.wait_ms, nothing.work_ms) == (0.0, 0.0, 0.0)


async def double(_: Tx, numbers: Sequence[int]) -> list[int | Refusal]:
    return [NotFound() if number == 0 else 2 * number for number in numbers]


async def test_what_was_done_is_told_once_when_the_process_ends(db: Database) -> None:
    for number in (1, 2, 3):
        await join(db, double, number, lambda number: number)

    await drain(db)
    await drain(db)

    (told,) = await db.ask(batch_board.listed, LONG_AGO)
    assert (told.batcher, told.requests, told.batches, told.largest) == ("double", 3, 3, 1)


async def test_that_nothing_can_be_told_is_nobodys_fault() -> None:
    async def work(numbers: Sequence[int]) -> Sequence[int | Refusal]:
        return numbers

    async def tell(_name: str, _figures: Figures) -> None:
        raise ConnectionResetError

    batcher = Batcher[int, int]("test", work, lambda number: number, tell=tell)

    assert await batcher.ask(1) == 1
    await batcher.drain()


async def test_what_is_older_than_a_week_is_forgotten(db: Database) -> None:
    await db.transact(batch_board.tell, "old", Figures(batches=1, requests=1))
    await db.transact(_a_week_passes)
    await db.transact(batch_board.tell, "new", Figures(batches=1, requests=1))

    assert await sweep_once(db, [batch_board.SWEEP]) == 1

    assert [each.batcher for each in await db.ask(batch_board.listed, LONG_AGO)] == ["new"]


async def _a_week_passes(tx: Tx) -> None:
    await tx.execute("UPDATE batch_minutes SET minute = minute - $1::interval", batch_board.KEPT + timedelta(minutes=2))
