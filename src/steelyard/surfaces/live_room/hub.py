"""The fan-out: each beat of a session is read once by this process, encoded once, and handed to all who watch.

For each session that somebody here watches there is one reader. It is woken by PostgreSQL (one LISTEN for the process), waits
until the time of a frame is full, asks for the beats after those it has, and makes one frame of them: the bytes of one event.
The frames of the last seconds are kept in a row, and a viewer is no more than a place in that row: whoever is slow finds several
frames at once, and whoever has fallen out of it is dropped, comes back by itself, and begins where it was (`Last-Event-ID`).

All of it happens on one event loop; nothing is touched on both sides of an `await` that others may change.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from steelyard.channels.live import Told
from steelyard.kernel.db import Unreachable

FRAME_SECONDS = 0.1
# Beats in one frame; more of them are one more frame.
BEATS_PER_FRAME_MAX = 500
# How far back a viewer can fall before it is dropped.
FRAMES_KEPT = 64
# What somebody who comes back is given of what they missed; of more, the page is told to draw itself anew.
MISSED_MAX = 500
# A reader that is not woken looks by itself.
LOOK_SECONDS = 1.0
FAILED_PAUSE_SECONDS = 1.0
# Without beats for so long, a comment keeps proxies from closing the stream.
QUIET_SECONDS = 15.0
QUIET = b": \n\n"

log = structlog.get_logger()


class Key(NamedTuple):
    """Whose session."""

    merchant_id: UUID
    session_id: UUID


Ask = Callable[[Key, int, int], Awaitable[list[Told]]]
"""The beats of a session after this number, so many at most, in their order."""


class Frame(NamedTuple):
    """The beats `first` … `last` as one server-sent event."""

    first: int
    last: int
    data: bytes


_encoder = msgspec.json.Encoder()


def frame_of(beats: list[Told]) -> Frame:
    """One event: its id is the number of the last beat, its data the beats as a JSON array."""
    last = beats[-1].seq
    return Frame(beats[0].seq, last, b"id: %d\ndata: %b\n\n" % (last, _encoder.encode(beats)))


class _Room:
    """A session that is watched here: its frames, and who waits for the next."""

    def __init__(self, key: Key, seq: int) -> None:
        self.key = key
        self.seq = seq
        self.frames: deque[Frame] = deque(maxlen=FRAMES_KEPT)
        # How many frames there have ever been: the place of the next.
        self.made = 0
        self.added = 0.0
        self.waiting: list[asyncio.Future[None]] = []
        self.woken = asyncio.Event()
        self.viewers = 0
        self.reader: asyncio.Task[None] | None = None

    def add(self, frame: Frame, now: float) -> None:
        self.frames.append(frame)
        self.made += 1
        self.added, self.seq = now, frame.last
        self.wake()

    def wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def from_place(self, place: int) -> list[Frame] | None:
        """The frames from this place on; none where they are not kept any more."""
        behind = self.made - place
        if behind > len(self.frames):
            return None
        return [self.frames[n] for n in range(len(self.frames) - behind, len(self.frames))] if behind else []


class Hub:
    """Of one process. `ask` reads beats; `word` and `look_again` are what a `kernel/listening` Listener calls."""

    def __init__(self, ask: Ask, *, frame_seconds: float = FRAME_SECONDS, look_seconds: float = LOOK_SECONDS) -> None:
        self._ask = ask
        self._frame_seconds = frame_seconds
        self._look_seconds = look_seconds
        self._rooms: dict[Key, _Room] = {}
        self._by_session: dict[str, _Room] = {}
        self._closed = False

    @property
    def viewers(self) -> dict[Key, int]:
        """How many watch each session here."""
        return {key: room.viewers for key, room in self._rooms.items() if room.viewers}

    def word(self, payload: str) -> None:
        """`<session id>:<number of its last beat>`: there is more in this session."""
        room = self._by_session.get(payload.partition(":")[0])
        if room is not None:
            room.woken.set()

    def look_again(self) -> None:
        """Something may have been missed."""
        for room in self._rooms.values():
            room.woken.set()

    async def close(self) -> None:
        """Nobody is told anything more: streams end, and browsers come back to whoever answers next."""
        self._closed = True
        rooms, self._rooms, self._by_session = list(self._rooms.values()), {}, {}
        for room in rooms:
            if room.reader is not None:
                room.reader.cancel()
            room.wake()
        await asyncio.gather(*(room.reader for room in rooms if room.reader is not None), return_exceptions=True)

    async def watch(self, key: Key, after: int, head: int) -> AsyncGenerator[bytes]:
        """What happens in a session after the beat `after`, in pieces to be sent as they are; `head` is the number of its last
        beat a moment ago. Ends when the viewer is too slow, or the process ends.

        Of whom too much was missed, the first piece is an event `reset`: what is on the page is old.
        """
        if self._closed:
            return
        room = self._enter(key, head)
        try:
            async for piece in self._pieces(room, after):
                yield piece
        finally:
            self._leave(room)

    async def _pieces(self, room: _Room, after: int) -> AsyncGenerator[bytes]:
        # From here on everything is a frame; what is before it is asked for.
        place, seq = room.made, room.seq
        if after < seq:
            missed = await self._missed(room.key, after, seq)
            if missed is None:
                yield b"event: reset\nid: %d\ndata: {}\n\n" % seq
            else:
                for frame in missed:
                    yield frame.data
        while not self._closed:
            frames = room.from_place(place)
            if frames is None:
                log.info("live.viewer_dropped", session=str(room.key.session_id))
                return
            if frames:
                place += len(frames)
                yield frames[0].data if len(frames) == 1 else b"".join(frame.data for frame in frames)
                continue
            await self._next(room)

    async def _next(self, room: _Room) -> None:
        """Wait until there is another frame, or the end. Who goes away meanwhile leaves a place that nobody waits in."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        room.waiting.append(future)
        await future

    async def _missed(self, key: Key, after: int, until: int) -> list[Frame] | None:
        """The beats after one and until another, as frames; none where they are too many."""
        if until - after > MISSED_MAX:
            return None
        beats = [each for each in await self._ask(key, after, MISSED_MAX) if each.seq <= until]
        return [frame_of(beats)] if beats else []

    def _enter(self, key: Key, head: int) -> _Room:
        room = self._rooms.get(key)
        if room is None:
            self._rooms[key] = room = _Room(key, head)
            self._by_session[str(key.session_id)] = room
            room.woken.set()
            room.reader = asyncio.create_task(self._read(room), name=f"live:{key.session_id}")
        room.viewers += 1
        return room

    def _leave(self, room: _Room) -> None:
        room.viewers -= 1
        if room.viewers == 0 and self._rooms.get(room.key) is room:
            del self._rooms[room.key]
            del self._by_session[str(room.key.session_id)]
            if room.reader is not None:
                room.reader.cancel()

    async def _read(self, room: _Room) -> None:
        """Frame after frame, for as long as somebody watches."""
        now = asyncio.get_running_loop().time
        room.added = now()
        while True:
            try:
                async with asyncio.timeout(self._look_seconds):
                    await room.woken.wait()
            except TimeoutError:
                pass
            room.woken.clear()
            try:
                full = True
                while full:
                    beats = await self._ask(room.key, room.seq, BEATS_PER_FRAME_MAX)
                    full = len(beats) == BEATS_PER_FRAME_MAX
                    if beats:
                        room.add(frame_of(beats), now())
                    elif now() - room.added > QUIET_SECONDS:
                        room.add(Frame(room.seq, room.seq, QUIET), now())
            except Unreachable as error:
                log.warning("live.reader_waits", session=str(room.key.session_id), error=repr(error))
                await asyncio.sleep(FAILED_PAUSE_SECONDS)
                room.woken.set()
                continue
            except Exception:  # one bad reading must not end what everybody watches
                log.exception("live.reader_failed", session=str(room.key.session_id))
                await asyncio.sleep(FAILED_PAUSE_SECONDS)
                room.woken.set()
                continue
            await asyncio.sleep(self._frame_seconds)
