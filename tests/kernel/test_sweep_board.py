"""The board between people and sweeps: pauses are honoured, rounds asked for are done, what was done is told."""

import asyncio

import pytest

from steelyard.kernel import sweep_board
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.sweep_board import Board, SweepRun
from steelyard.kernel.sweeps import Sweep, keep_sweeping


class Counted:
    def __init__(self, *batches: int | Exception, every_seconds: float = 0.01) -> None:
        self.rounds = 0
        self.begun = asyncio.Event()
        self.batches = list(batches)
        self.sweep = Sweep("test.counted", every_seconds, self.run)

    async def run(self, _db: Database) -> int:
        self.rounds += 1
        self.begun.set()
        step = self.batches.pop(0) if self.batches else 0
        if isinstance(step, Exception):
            raise step
        return step


async def entered(db: Database, counted: Counted) -> Board:
    board = Board([counted.sweep])
    stop = asyncio.Event()
    stop_at_once = asyncio.create_task(board.keep(db, stop))
    while not any(run.sweep == counted.sweep.name for run in await db.ask(sweep_board.listed)):
        await asyncio.sleep(0)
    stop.set()
    await stop_at_once
    return board


async def told(db: Database) -> SweepRun:
    return next(run for run in await db.ask(sweep_board.listed) if run.sweep == "test.counted")


async def test_a_paused_sweep_does_nothing_until_it_is_resumed(db: Database) -> None:
    counted = Counted()
    board = await entered(db, counted)
    await db.transact(sweep_board.pause, "test.counted")
    await board.look(db)
    stop = asyncio.Event()
    running = asyncio.create_task(keep_sweeping(db, counted.sweep, stop, board))
    control = Counted()
    await _rounds(db, control, 5)
    assert control.rounds >= 5 and counted.rounds == 0

    await db.transact(sweep_board.resume, "test.counted")
    await board.look(db)
    await asyncio.wait_for(counted.begun.wait(), 60)

    stop.set()
    await running


async def _rounds(db: Database, control: Counted, least: int) -> None:
    """As long as another sweep, which nobody has paused, takes for some rounds."""
    stop = asyncio.Event()
    running = asyncio.create_task(keep_sweeping(db, control.sweep, stop))
    while control.rounds < least:
        control.begun.clear()
        await asyncio.wait_for(control.begun.wait(), 60)
    stop.set()
    await running


async def test_a_round_that_people_ask_for_is_done_at_once_even_while_paused(db: Database) -> None:
    counted = Counted(every_seconds=600)
    board = await entered(db, counted)
    await db.transact(sweep_board.pause, "test.counted")
    await board.look(db)
    stop = asyncio.Event()
    running = asyncio.create_task(keep_sweeping(db, counted.sweep, stop, board))

    await db.transact(sweep_board.run_now, "test.counted")
    await board.look(db)
    await asyncio.wait_for(counted.begun.wait(), 60)
    stop.set()
    await running

    assert counted.rounds == 1


async def test_a_sweep_rests_as_long_as_people_say_and_then_as_the_program_does_again(db: Database) -> None:
    counted = Counted(every_seconds=600)
    board = await entered(db, counted)

    assert await db.transact(sweep_board.set_interval, "test.counted", 30) == 600
    assert await db.transact(sweep_board.set_interval, "test.counted", 30) is None
    await board.look(db)
    assert board.every(counted.sweep) == 30
    assert board.wanted("test.counted").is_set()  # the long rest is not waited for
    assert (await told(db)).interval == 30

    assert await db.transact(sweep_board.set_interval, "test.counted", None) == 30
    await board.look(db)
    assert board.every(counted.sweep) == 600
    with pytest.raises(Invalid):
        await db.transact(sweep_board.set_interval, "test.counted", 0)
    with pytest.raises(NotFound):
        await db.transact(sweep_board.set_interval, "test.nobody", 30)


async def test_what_the_rounds_did_is_told(db: Database) -> None:
    counted = Counted(7, LookupError("no"), every_seconds=600)
    board = await entered(db, counted)
    stop = asyncio.Event()
    running = asyncio.create_task(keep_sweeping(db, counted.sweep, stop, board))
    while counted.rounds < 2:
        counted.begun.clear()
        await asyncio.wait_for(counted.begun.wait(), 60)
    stop.set()
    await running

    await board.report(db)
    await board.report(db)  # nothing new is nothing

    run = await told(db)
    assert (run.moved, run.last_moved, run.failures, run.error) == (7, 7, 1, "LookupError: no")
    assert run.ran_at is not None and run.failed_at is not None and run.ran_at >= run.failed_at
