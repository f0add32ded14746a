"""What seldom changes and every page needs is kept for a moment by each process: the tree of categories, who runs the house.

Not for money, stock or anybody's own things. A process that changes it forgets it at once; others know within
`KEPT_SECONDS`.
"""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar, cast

from steelyard.kernel.db import Database, Read, Tx

T = TypeVar("T")

KEPT_SECONDS = 2.0
KEYS_MAX = 1_000


async def kept(read: Read, name: str, ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` finds, or found at most `KEPT_SECONDS` ago. `name` is its alone; nobody may change what comes back."""
    known = cast("tuple[float, T] | None", read.kept.get(name))
    if known is not None and time.monotonic() - known[0] < KEPT_SECONDS:
        return known[1]
    found = await ask()
    # In a transaction that writes it may be what is not true yet for others.
    if not isinstance(read, Tx):
        read.kept[name] = (time.monotonic(), found)
    return found


async def kept_by_key(read: Read, name: str, key: Hashable, ask: Callable[[], Awaitable[T]], *, seconds: float) -> T:
    """`kept` for each of many keys, for so many seconds (0: not at all); the oldest are let go first."""
    known = cast("dict[Hashable, tuple[float, T]]", read.kept.setdefault(name, {}))
    now = time.monotonic()
    if key in known and now - known[key][0] < seconds:
        return known[key][1]
    found = await ask()
    if seconds > 0 and not isinstance(read, Tx):
        known.pop(key, None)
        while len(known) >= KEYS_MAX:
            del known[next(iter(known))]
        known[key] = (now, found)
    return found


async def kept_of(db: Database, name: str, query: Callable[[Read], Awaitable[T]]) -> T:
    """`kept`, without a transaction when it is known; `query` keeps it under this name."""
    known = cast("tuple[float, T] | None", db.kept.get(name))
    if known is not None and time.monotonic() - known[0] < KEPT_SECONDS:
        return known[1]
    return await db.ask(query)


def forget(tx: Tx, name: str) -> None:
    """It is about to change."""
    tx.kept.pop(name, None)
