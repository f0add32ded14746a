"""Point reads, coalesced: those who want one row each at the same moment share one question to the database.

The question is a set-based query (`= ANY($1)`) that answers many keys. While one is being answered, the keys that are asked
for are gathered, and are the next: see `batching`. An answer is never older than its asking, since a question is put only
after everybody whom it answers has asked.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from steelyard.kernel import batch_board
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database, Read

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Many: TypeAlias = Callable[[Read, Sequence[K]], Awaitable[Mapping[K, V]]]
"""What there is under each of these keys; a key with nothing under it is missing."""


async def look_up(db: Database, many: Many[K, V], key: K) -> V | None:
    """What `many` finds under `key`, asked together with whoever asks the same of this database now.

    Never call it inside a transaction. A merchant's view of the database is one of its own: it shares with nobody.
    """
    asking: Batcher[K, V | None] | None = db.batchers.get(many)
    if asking is None:
        asking = db.batchers[many] = _begun(db, many)
    return await asking.ask(key)


def _begun(db: Database, many: Many[K, V]) -> Batcher[K, V | None]:
    async def each(read: Read, keys: Sequence[K]) -> list[V | None]:
        found = await many(read, keys)
        return [found.get(key) for key in keys]

    async def ask(keys: Sequence[K]) -> list[V | None]:
        return await db.ask(each, keys)

    tell = partial(db.transact, batch_board.tell)
    return Batcher[K, V | None](f"lookup:{many.__qualname__}", ask, lambda key: key, tell=tell)
