"""The demo's customers: counted from two years of orders, with the stages that they went through and what they are worth."""

from collections.abc import Callable
from datetime import UTC, datetime

from steelyard.kernel.db import Database, Read
from steelyard.operations import lifecycle

RECOUNT = "command:demo"

Step = Callable[[str, int, int], None]


async def count_up(db: Database, *, step: Step) -> None:
    """Count everybody: some first, who tell how long customers usually take to come back, and so where the stages begin;
    then all, whose history is told by that. Said again, nothing is counted twice."""
    if await db.ask(_counted):
        return
    now = datetime.now(UTC)
    await db.transact(lifecycle.ask_for_recount, RECOUNT)
    await db.transact(lifecycle.recount_some, now)
    await db.transact(lifecycle.rule_by_interval, now)
    await db.transact(lifecycle.start_over)
    await db.transact(lifecycle.ask_for_recount, RECOUNT)
    everybody, done = await db.ask(_buyers), 0
    step("Customers and their stages", done, everybody)
    while counted := await db.transact(lifecycle.recount_some, now):
        done += counted
        step("Customers and their stages", min(done, everybody), everybody)
    while await db.transact(lifecycle.apply_rules, now):
        pass
    while await lifecycle.value_next(db, datetime.now(UTC)):
        step("Customers and their stages", everybody, everybody)


async def _counted(read: Read) -> bool:
    return await read.value(
        "SELECT EXISTS (SELECT FROM recounts WHERE recount_id = $1 AND finished_at IS NOT NULL)", RECOUNT
    )


async def _buyers(read: Read) -> int:
    return await read.value("SELECT count(*) FROM buyers")
