"""Two transactions that meet: the first has done its work and is not committed while the second tries the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from steelyard.kernel.db import Database, Read, Tx

PAUSE_SECONDS = 0.01
PATIENCE_SECONDS = 20.0

Work = Callable[[Tx], Awaitable[Any]]


async def meet(db: Database, first: Work, second: Work) -> tuple[Any, Any]:
    """What became of each: its result, or the refusal it was given. The first commits when the second waits for it."""
    worked, go_on = asyncio.Event(), asyncio.Event()

    async def held(tx: Tx) -> Any:
        result = await first(tx)
        worked.set()
        await go_on.wait()
        return result

    one = asyncio.create_task(db.transact(held))
    await asyncio.wait([one, asyncio.create_task(worked.wait())], return_when=asyncio.FIRST_COMPLETED)
    other = asyncio.create_task(db.transact(second))
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        if other.done() or await db.ask(waiting):
            break
        await asyncio.sleep(PAUSE_SECONDS)
    go_on.set()
    results = await asyncio.gather(one, other, return_exceptions=True)
    return results[0], results[1]


async def waiting(read: Read) -> bool:
    """Whether somebody in this database waits for a lock; the other databases of the cluster are other tests'."""
    return await read.value(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
