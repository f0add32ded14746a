"""Adaptive batching: what many ask for at the same moment is done together, in one transaction.

One batch is in flight. Whatever arrives meanwhile waits, and is the next batch: there is no timer, so somebody alone waits
for nothing, and the more arrive, the larger the batches grow and the less each request costs. Why this is right when it
places orders is argued in docs/algorithms/placement.md. Only what nobody waits for (a page that was looked at) may be
gathered for a moment first.

All of it happens on one event loop, and nothing that is waiting is touched on both sides of an `await`: there is no lock
in this file, and none is needed.
"""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
import structlog

from steelyard.kernel import batch_board
from steelyard.kernel.batch_board import Figures
from steelyard.kernel.db import Database, Tx, Unreachable
from steelyard.kernel.errors import Refusal, TooMany
from steelyard.kernel.i18n import N_

REQUESTS_PER_BATCH_MAX = 256
REQUESTS_WAITING_MAX = 4_096
RETRY_AFTER_SECONDS = 1
TELL_AFTER_SECONDS = 60.0
TELL_WITHIN_SECONDS = 5.0

log = structlog.get_logger()

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

Work = Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]
"""Answers each of the requests, in their order: one transaction that can be said twice, as `db.transact` runs it."""

Tell = Callable[[str, Figures], Awaitable[object]]
"""Hears, a while after something was done, what the batcher of this name has done since the last time."""

Command: TypeAlias = Callable[[Tx, Sequence[Q]], Awaitable[Sequence[A | Refusal]]]
"""A command that is done for many at once, each with its own answer; what it refuses leaves nothing behind."""


class Busy(TooMany):
    """More is asked for than can be done soon; who comes back in `retry_after` seconds is served before too long."""

    code = "busy"
    status = 503
    title = N_("Very many people are here at the moment")
    detail = N_("Please try again in a moment. Nothing has been done, and nothing is done twice.")


class _Place(NamedTuple):
    """A place in the queue. The answer may be an exception: it is raised to each who waits for it."""

    answer: "asyncio.Future[object]"
    since: float


class Batcher(Generic[Q, A]):
    """Requests in, answers out; `work` sees them in batches.

    `key` says which requests are about the same thing (a checkout, a payment): the same request said twice while it waits
    is one request, and two different ones with the same key never share a batch. Never ask inside a transaction: whoever
    waits here must hold nothing that the batch may need.

    `gather_seconds` are for what is left here, not asked (`leave`): so long a batch waits to grow, unless it is full.

    `figures` are of what `tell` has not been told yet; without it, of all that was done.
    """

    def __init__(
        self,
        name: str,
        work: Work[Q, A],
        key: Callable[[Q], Hashable],
        *,
        batch_most: int = REQUESTS_PER_BATCH_MAX,
        waiting_most: int = REQUESTS_WAITING_MAX,
        gather_seconds: float = 0.0,
        tell: Tell | None = None,
    ) -> None:
        self.figures = Figures()
        self._name = name
        self._work = work
        self._key = key
        self._batch_most = batch_most
        self._waiting_most = waiting_most
        self._gather_seconds = gather_seconds
        # That the next batch need not wait to grow: it is full, or somebody wants all done now.
        self._enough = asyncio.Event()
        self._hurried = False
        # In the order of their arrival.
        self._waiting: dict[Q, _Place] = {}
        self._running: asyncio.Task[None] | None = None
        self._closed = False
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None

    async def ask(self, request: Q) -> A:
        """The answer to `request`, once the batch it travelled in is committed.

        Raises the refusal or the error that it has for an answer, and `Busy` when too many wait or the process ends.
        A caller who is cancelled goes without an answer; the request, and everybody else's, is done all the same.
        """
        place = self._taken(request)
        if place is None:
            raise Busy(retry_after=RETRY_AFTER_SECONDS)
        answer = await asyncio.shield(place.answer)
        if isinstance(answer, Exception):
            raise answer
        return answer  # pyright: ignore[reportReturnType]  # what is no exception is what `work` returned

    def leave(self, request: Q) -> bool:
        """Have `request` done and go on: nobody waits for its answer. False when too many wait or the process ends: it is
        let go then, and counted."""
        return self._taken(request) is not None

    def _taken(self, request: Q) -> _Place | None:
        """The request's place in the queue; none where it cannot be taken."""
        place = self._waiting.get(request)
        if place is not None:
            self.figures.merged += 1
        elif self._closed or len(self._waiting) >= self._waiting_most:
            self.figures.turned_away += 1
        else:
            place = _Place(asyncio.get_running_loop().create_future(), time.monotonic())
            self._waiting[request] = place
            if len(self._waiting) >= self._batch_most:
                self._enough.set()
            if self._running is None:
                # In a context of its own: what is logged of a batch is not of the request that happened to start it.
                self._running = asyncio.create_task(
                    self._serve_all(), name=f"batching:{self._name}", context=contextvars.Context()
                )
        return place

    async def flush(self) -> None:
        """Finish what waits, without waiting for more."""
        if self._running is not None:
            self._hurried = True
            self._enough.set()
            await asyncio.wait([self._running])

    async def drain(self) -> None:
        """Take nothing more, and finish what waits: for the end of the process."""
        self._closed = True
        await self.flush()
        if self._telling is not None:
            self._telling.cancel()
        await self._tell_now()

    async def _serve_all(self) -> None:
        """Batch after batch until nobody waits. Nothing is awaited between seeing that and saying so: who comes later
        starts the next run."""
        while self._waiting:
            if self._gather_seconds and not self._hurried and len(self._waiting) < self._batch_most:
                self._enough.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), self._gather_seconds)
            await self._serve(self._next())
        self._running, self._hurried = None, False

    def _next(self) -> dict[Q, _Place]:
        """The next batch: the longest-waiting requests, of each key the first."""
        first: dict[Hashable, Q] = {}
        for request in self._waiting:
            if len(first) == self._batch_most:
                break
            first.setdefault(self._key(request), request)
        return {request: self._waiting.pop(request) for request in first.values()}

    async def _serve(self, batch: Mapping[Q, _Place]) -> None:
        begun = time.monotonic()
        answers = await self._answers(list(batch))
        for place, answer in zip(batch.values(), answers, strict=True):
            place.answer.set_result(answer)
        self._count(begun, batch, answers)

    async def _answers(self, requests: Sequence[Q]) -> Sequence[A | Exception]:
        """One answer for each. A batch that fails has changed nothing, and is said again one by one: a bad request has
        its own error for an answer, and its neighbours have theirs as if it had never been among them."""
        try:
            answers = await self._work(requests)
            assert len(answers) == len(requests), "each request has its answer"
        except Unreachable as error:  # none of them is to blame, and none would fare better alone
            return [error] * len(requests)
        except Exception as error:  # whatever it is, it is the answer to the request that it came from
            if len(requests) == 1:
                return [error]
            log.warning("batching.split", batcher=self._name, requests=len(requests), exc_info=error)
            self.figures.split += 1
            return [(await self._answers([request]))[0] for request in requests]
        return answers

    def _count(self, begun: float, batch: Mapping[Q, _Place], answers: Sequence[object]) -> None:
        figures, now = self.figures, time.monotonic()
        figures.batches += 1
        figures.requests += len(batch)
        figures.largest = max(figures.largest, len(batch))
        figures.waited_seconds += sum(begun - place.since for place in batch.values())
        figures.worked_seconds += now - begun
        for answer in answers:
            figures.refused += isinstance(answer, Refusal)
            figures.failed += isinstance(answer, Exception) and not isinstance(answer, Refusal)
        if self._tell is not None and self._telling is None:
            self._telling = asyncio.create_task(
                self._tell_later(), name=f"telling:{self._name}", context=contextvars.Context()
            )

    async def _tell_later(self) -> None:
        await asyncio.sleep(TELL_AFTER_SECONDS)
        self._telling = None
        await self._tell_now()

    async def _tell_now(self) -> None:
        """Tell what has been done since the last time. That it can't be told is no reason for anybody to go without an
        answer: it is lost then."""
        if self._tell is None:
            return
        figures, self.figures = self.figures, Figures()
        if not (figures.batches or figures.turned_away):
            return
        log.info("batching.figures", batcher=self._name, **msgspec.structs.asdict(figures))
        try:
            async with asyncio.timeout(TELL_WITHIN_SECONDS):
                await self._tell(self._name, figures)
        except Exception as error:
            log.warning("batching.untold", batcher=self._name, error=repr(error))


async def join(db: Database, command: Command[Q, A], request: Q, key: Callable[[Q], Hashable]) -> A:
    """Have `command` done for `request`, in one transaction with whoever wants the same of this database now.

    Raises what it answers, and `Busy`. Never call it inside a transaction.
    """
    batcher: Batcher[Q, A] | None = db.batchers.get(command)
    if batcher is None:
        batcher = Batcher[Q, A](
            command.__qualname__, partial(db.transact, command), key, tell=partial(db.transact, batch_board.tell)
        )
        db.batchers[command] = batcher
    return await batcher.ask(request)


async def drain(db: Database) -> None:
    """Finish what waits at this database, and take nothing more: the process ends."""
    batchers: list[Batcher[Any, Any]] = list(db.batchers.values())
    await asyncio.gather(*(batcher.drain() for batcher in batchers))
