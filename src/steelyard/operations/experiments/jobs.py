"""What the clock brings about: who takes part is shared out, sums are counted, and what has run its time is stopped."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.experiments.exposing import enrol, let_go
from steelyard.operations.experiments.measuring import count, due, together, write_down
from steelyard.operations.experiments.service import stop_due


async def _enrol(db: Database) -> int:
    return await db.transact(enrol)


async def _let_go(db: Database) -> int:
    return await db.transact(let_go)


async def _measure(db: Database) -> int:
    """One experiment is counted: read in slices, outside any transaction that others wait for, then written down."""
    asked = await db.ask(due)
    if asked is None:
        return 0
    counted, mixed = together([await db.ask(count, asked, each) for each in range(asked.slices)], asked.variants)
    await db.transact(write_down, asked, counted, mixed)
    return 1


async def _stop(db: Database) -> int:
    return await db.transact(stop_due)


SWEEPS = [
    Sweep("experiments.enrol", 5.0, _enrol),
    Sweep("experiments.let_go", 5.0, _let_go),
    Sweep("experiments.measure", 3.0, _measure),
    Sweep("experiments.stop", 60.0, _stop),
]
