"""What many ask for in the same words is made once and said again, until the event log tells that it has changed.

For answers that are everybody's and tell of goods: an answer is kept with the ids that it speaks of, and news of any of
them drops it. The log is looked at by whoever asks when nobody has for `LOOK_SECONDS`, and before anything kept is said:
so what is said was true that long ago, in every process, and a house at rest is asked nothing. For what no event tells,
an answer has an age. See docs/decisions/0056.

All of it happens on one event loop, and what is kept is not touched on both sides of an `await`: there is no lock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, Self, TypeVar, cast

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Database
from steelyard.kernel.events import Event

LOOK_SECONDS = 0.5
ANSWERS_MAX = 4_000
BYTES_MAX = 16 * 1024 * 1024
NEWS_MAX = 5_000
# What an answer takes beside its own bytes, and for each id that it speaks of.
OVERHEAD_BYTES = 500
ID_BYTES = 150

T = TypeVar("T")

About = Mapping[type[Event], Callable[[Any], Iterable[Hashable]]]
"""For each kind of event that can change an answer, the ids that it tells something new of."""


class Made(NamedTuple, Generic[T]):
    """An answer of so many bytes, the ids that it speaks of, and for how many seconds it may be said again (0: to nobody
    else)."""

    answer: T
    size: int
    about: frozenset[Hashable]
    seconds: float


class _Kept(NamedTuple, Generic[T]):
    made: Made[T]
    until: float

    @property
    def size(self) -> int:
        return self.made.size + OVERHEAD_BYTES + ID_BYTES * len(self.made.about)


class Answers(Generic[T]):
    """The answers of one process from one database. A key holds everything that an answer depends on."""

    def __init__(self, db: Database, about: About, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._about = {event.KIND: (event, ids_of) for event, ids_of in about.items()}
        self._clock = clock
        self._kept: dict[Hashable, _Kept[T]] = {}
        self._bytes = 0
        self._making: dict[Hashable, asyncio.Task[Made[T]]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._looked = float("-inf")
        # Everything of transactions before this one has been read, and of those after it these events.
        self._since: int | None = None
        self._read: set[int] = set()
        self._times_told = 0

    @classmethod
    def of(cls, db: Database, name: str, about: About) -> Self:
        """Those that are kept under this name for this database; `name` is the caller's alone."""
        found = db.kept.get(name)
        if found is None:
            db.kept[name] = found = cls(db, about)
        return cast("Self", found)

    async def answer(self, key: Hashable, make: Callable[[], Awaitable[Made[T]]]) -> T:
        """What is kept under `key`, or what `make` makes, once for all who ask for it meanwhile.

        Raises what `make` raises: that is told to nobody else, who each try for themselves.
        """
        if self._clock() - self._looked > LOOK_SECONDS:
            await self._look_together()
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept.until:
            return kept.made.answer
        others = self._making.get(key)
        if others is None:
            return (await asyncio.shield(self._begin(key, make))).answer
        await asyncio.wait([others])
        if others.cancelled() or others.exception() is not None or others.result().seconds <= 0:
            return (await make()).answer
        return others.result().answer

    def _begin(self, key: Hashable, make: Callable[[], Awaitable[Made[T]]]) -> asyncio.Task[Made[T]]:
        """Made in a task of its own: whoever began it may go away."""
        self._making[key] = task = asyncio.create_task(self._make(key, make), name="answers")
        return task

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[Made[T]]]) -> Made[T]:
        told = self._times_told
        try:
            made = await make()
        finally:
            del self._making[key]
        # With news in between it may be of before it, and nothing would drop it.
        if made.seconds > 0 and told == self._times_told:
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Made[T]) -> None:
        self._drop(key)
        kept = _Kept(made, self._clock() + made.seconds)
        while self._kept and (len(self._kept) >= ANSWERS_MAX or self._bytes + kept.size > BYTES_MAX):
            self._drop(next(iter(self._kept)))
        self._kept[key] = kept
        self._bytes += kept.size

    def _drop(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size

    async def _look_together(self) -> None:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="answers:look")
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        """Read what is new in the log, and drop what it tells of."""
        now = self._clock()
        try:
            since, rows = await self._db.ask(events.since, self._since, list(self._about), NEWS_MAX)
            told = self._ids([(row["kind"], row["payload"]) for row in rows if row["position"] not in self._read])
            self._since, self._read, self._looked = since, {row["position"] for row in rows}, now
        finally:
            self._looking = None
        too_much = len(rows) >= NEWS_MAX
        if not told and not too_much:
            return
        self._times_told += 1
        for key in [key for key, kept in self._kept.items() if too_much or not told.isdisjoint(kept.made.about)]:
            self._drop(key)

    def _ids(self, told: Iterable[tuple[str, Any]]) -> set[Hashable]:
        found: set[Hashable] = set()
        for kind, payload in told:
            event, ids_of = self._about[kind]
            found.update(ids_of(msgspec.convert(payload, event)))
        return found
