"""The load: so many clients that never pause, each having one conversation after the other, from a process of their own; or
conversations that begin when it is their time, however the others fare (`arrive`).

A conversation is a generator: it yields requests as bytes and is sent (status, body); what it returns names its outcome. The
clients speak HTTP/1.1 by hand over kept connections, so that a request costs them some 15 µs and the server is what is
measured. How much of the machine they took all the same is in the result.
"""

import asyncio
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, pairwise

import msgspec
import uvloop

Conversation = Generator[bytes, tuple[int, bytes], str]
Script = Callable[..., Iterator[Conversation]]
"""Given its arguments, conversations one after the other; when there are none left, the clients stop."""

SECONDS_TO_FINISH = 30.0
# So many connections are open before the first arrives; more are opened when none of them is free.
GUESTS = 64


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `seconds` of it came to. `outcomes` counts conversations by their outcome; `latencies_ms` are of whole
    conversations, `calls_ms` of each of their requests alone, in the order in which a conversation says them; `cpu_seconds`
    is what the clients themselves used."""

    seconds: float
    outcomes: dict[str, int]
    latencies_ms: list[float]
    calls_ms: list[list[float]]
    cpu_seconds: float

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    @property
    def per_second(self) -> float:
        return self.done / self.seconds

    @property
    def share(self) -> float:
        """Which part of one core the clients took."""
        return self.cpu_seconds / self.seconds

    def percentile(self, part: float) -> float:
        return percentile(self.latencies_ms, part)

    def percentile_of_calls(self, part: float) -> float:
        """Of all requests, whichever of a conversation they are."""
        return percentile(sorted(chain.from_iterable(self.calls_ms)), part)


def percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def run(script: Script, port: int, clients: int, seconds: float, *args: object) -> Result:
    """Let `clients` have the script's conversations for so long; those that are under way then are finished and not
    counted."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_run, script, port, clients, seconds, args).result()


def arrive(script: Script, port: int, per_second: float, count: int, at: float, *args: object) -> Result:
    """Let so many of the script's conversations begin, one each 1 / `per_second`, from the moment `at` (of `time.time`) on,
    whatever becomes of those before (open loop). Each is timed from when it was due."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_arrive, script, port, per_second, count, at, args).result()


def _arrive(script: Script, port: int, per_second: float, count: int, at: float, args: tuple[object, ...]) -> Result:
    return uvloop.run(_open(script(*args), port, per_second, count, at))


async def _open(conversations: Iterator[Conversation], port: int, per_second: float, count: int, at: float) -> Result:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(conversations, float("inf"))
    free: list[_Guest] = []
    everybody: list[_Guest] = []

    async def another() -> _Guest:
        _, guest = await loop.create_connection(lambda: _Guest(crowd, free), "127.0.0.1", port)
        everybody.append(guest)
        return guest

    async def opened(conversation: Conversation, due: float) -> None:
        (await another()).visit(conversation, due)

    free += [await another() for _ in range(GUESTS)]
    await asyncio.sleep(at - time.time())  # all who arrive begin at one moment
    cpu, begun = _cpu(), time.perf_counter()
    opening: set[asyncio.Task[None]] = set()
    for number, conversation in zip(range(count), conversations, strict=False):
        due = begun + number / per_second
        await asyncio.sleep(due - time.perf_counter())  # an open loop: whatever becomes of those before
        if free:
            free.pop().visit(conversation, due)
        else:
            opening.add(asyncio.create_task(opened(conversation, due)))
    await asyncio.gather(*opening)
    async with asyncio.timeout(SECONDS_TO_FINISH):
        await asyncio.gather(*(guest.done.wait() for guest in everybody))
    for guest in everybody:
        guest.leave()
    return Result(
        seconds=crowd.last - begun,
        outcomes=dict(crowd.outcomes),
        latencies_ms=sorted(crowd.latencies),
        calls_ms=crowd.calls,
        cpu_seconds=_cpu() - cpu,
    )


def _run(script: Script, port: int, clients: int, seconds: float, args: tuple[object, ...]) -> Result:
    return uvloop.run(_load(script(*args), port, clients, seconds))


async def _load(conversations: Iterator[Conversation], port: int, clients: int, seconds: float) -> Result:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(conversations, time.perf_counter() + seconds)
    cpu, begun = _cpu(), time.perf_counter()
    people = [_Client(crowd) for _ in range(clients)]
    await asyncio.gather(*(loop.create_connection(lambda each=each: each, "127.0.0.1", port) for each in people))
    await asyncio.wait_for(asyncio.gather(*(each.gone for each in people)), seconds + SECONDS_TO_FINISH)
    return Result(
        seconds=(crowd.last or time.perf_counter()) - begun,
        outcomes=dict(crowd.outcomes),
        latencies_ms=sorted(crowd.latencies),
        calls_ms=crowd.calls,
        cpu_seconds=_cpu() - cpu,
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class _Crowd:
    """What all clients share: what is to be said, until when, and what came of it."""

    def __init__(self, conversations: Iterator[Conversation], until: float) -> None:
        self.conversations = conversations
        self.until = until
        self.outcomes: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.calls: list[list[float]] = []
        self.last = 0.0

    def over(self, begun: float, answered: Sequence[float], outcome: str) -> None:
        """A conversation that began then has ended so; its requests were answered one after the other."""
        now = answered[-1]
        if now <= self.until:
            self.outcomes[outcome] += 1
            self.latencies.append((now - begun) * 1_000)
            self.last = now
            for place, (asked, heard) in enumerate(pairwise((begun, *answered))):
                if place == len(self.calls):
                    self.calls.append([])
                self.calls[place].append((heard - asked) * 1_000)


class _Client(asyncio.Protocol):
    def __init__(self, crowd: _Crowd) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._crowd = crowd
        self._buffer = b""
        self._ends_at = 0
        self._body_at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport
        self._begin()

    def _begin(self) -> None:
        self._conversation = next(self._crowd.conversations, None) if time.perf_counter() < self._crowd.until else None
        if self._conversation is None:
            self._transport.close()
            return
        self._begun = time.perf_counter()
        self._answered: list[float] = []
        self._transport.write(next(self._conversation))

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._ends_at:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            self._body_at = head + 4
            self._ends_at = self._body_at + _length(self._buffer[:head])
        if len(self._buffer) < self._ends_at:
            return
        status, body = int(self._buffer[9:12]), self._buffer[self._body_at : self._ends_at]
        self._buffer, self._ends_at = self._buffer[self._ends_at :], 0
        self._answered.append(time.perf_counter())
        try:
            self._transport.write(self._conversation.send((status, body)))
        except StopIteration as over:
            self._crowd.over(self._begun, self._answered, over.value)
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


class _Guest(_Client):
    """A connection that waits for whose turn it is."""

    def __init__(self, crowd: _Crowd, free: "list[_Guest]") -> None:
        super().__init__(crowd)
        self._free = free
        self.done = asyncio.Event()
        self.done.set()

    def _begin(self) -> None:
        if not self.done.is_set():
            self.done.set()
            self._free.append(self)

    def visit(self, conversation: Conversation, due: float) -> None:
        self.done.clear()
        self._conversation, self._begun, self._answered = conversation, due, []
        self._transport.write(next(conversation))

    def leave(self) -> None:
        self._transport.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at < 0:
        assert b"transfer-encoding" not in lower, "answers here have a length"
        return 0
    return int(lower[at + 15 :].split(b"\r\n", 1)[0])


def request(method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """A request's bytes. Header names are written with underscores."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
