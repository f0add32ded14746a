"""What players see of a stream now: the last segments and their parts in memory, and the playlist that tells them."""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from steelyard.media import playlists
from steelyard.media.packager import Part
from steelyard.media.playlists import PartLine, SegmentLine

INITIALISATIONS_MAX = 8


class Ahead(Exception):
    """A player asks for what is further away than the next segment but one (RFC 8216bis, 6.2.5.2)."""


class Segment(msgspec.Struct):
    """One segment while it is in memory. `at` is in seconds since 1970, `ends_ms` of the stream's time."""

    seq_no: int
    at: float
    initialisation: int
    discontinuity: bool
    parts: list[PartLine] = msgspec.field(default_factory=list[PartLine])
    data: list[bytes] = msgspec.field(default_factory=list[bytes])
    whole: bool = False
    ends_ms: int = 0

    @property
    def duration_ms(self) -> int:
        return sum(part.duration_ms for part in self.parts)

    def line(self) -> SegmentLine:
        return SegmentLine(
            self.seq_no, self.duration_ms, self.at, self.initialisation, self.discontinuity, self.whole, self.parts
        )


class Window:
    """The last `most` whole segments and the one that grows. Segments and parts are numbered on from `seq_no` and `part`."""

    def __init__(self, most: int, *, seq_no: int = 0, part: int = 0, initialisation: int = 0) -> None:
        self.segments: deque[Segment] = deque()
        self.ended = False
        self.part = part
        self.initialisation = initialisation
        self._most = most
        self._next_seq = seq_no
        self._breaks = seq_no > 0
        self._discontinuities = 0
        self._initialisations: dict[int, bytes] = {}
        self._part_ms = 0.0
        self._let_go = False
        self._text: str | None = None
        self._changed = asyncio.Event()

    def describe(self, initialisation: bytes) -> int:
        """What comes is described anew, and does not continue what was; the number of the init file."""
        self._breaks = self._breaks or self.initialisation > 0 or bool(self.segments)
        self.initialisation += 1
        self._initialisations[self.initialisation] = initialisation
        while len(self._initialisations) > INITIALISATIONS_MAX:
            del self._initialisations[min(self._initialisations)]
        return self.initialisation

    def add(self, part: Part, at: float, part_ms: float) -> Segment | None:
        """A part that began at `at` (seconds since 1970); the segment that it completes."""
        if part.opens or not self.segments or self.segments[-1].whole:
            self.segments.append(Segment(self._next_seq, at, self.initialisation, self._breaks))
            self._next_seq += 1
            self._breaks = False
        segment = self.segments[-1]
        self.part += 1
        # A browser's pictures do not come evenly: no part is longer than the target that is told.
        self._part_ms = max(part_ms, self._part_ms, part.duration_ms / playlists.PART_SLACK)
        segment.parts.append(PartLine(self.part, part.duration_ms, part.independent))
        segment.data.append(part.data)
        segment.whole = part.closes
        segment.ends_ms = part.at_ms + part.duration_ms
        while len(self.segments) > self._most + 1:
            self._discontinuities += self.segments.popleft().discontinuity
        self.touch()
        return segment if part.closes else None

    def end(self) -> None:
        self.ended = True
        self.touch()

    def go_on(self) -> None:
        self.ended = False
        self.touch()

    def let_go(self) -> None:
        """Nobody waits any longer: the program ends, though the stream may not."""
        self._let_go = True
        self.touch()

    def touch(self) -> None:
        """Something has changed: who waits looks again."""
        self._text = None
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def there(self) -> bool:
        """Whether there is anything to play."""
        return any(segment.whole for segment in self.segments)

    @property
    def bits_per_second(self) -> int:
        """The highest rate of a segment that is there (4.4.6.2)."""
        rates = [sum(map(len, segment.data)) * 8000 // max(1, segment.duration_ms) for segment in self.segments]
        return max(rates, default=0)

    def playlist(self) -> str:
        if self._text is None:
            self._text = playlists.media(
                [segment.line() for segment in self.segments],
                part_ms=self._part_ms,
                discontinuities=self._discontinuities,
                next_part=self.part + 1,
                ended=self.ended,
            )
        return self._text

    async def until(self, seq_no: int, part: int | None, seconds: float) -> None:
        """Waits until the playlist tells this part (none: the whole segment), for so long at most. Raises Ahead."""
        if self.segments and seq_no > self.segments[-1].seq_no + 2:
            raise Ahead
        await self._wait(lambda: self._tells(seq_no, part), seconds)

    async def part_data(self, number: int, seconds: float) -> bytes | None:
        """A part; the next one is waited for, as the playlist hints at it."""
        if number == self.part + 1 and not self.ended:
            await self._wait(lambda: self.part >= number, seconds)
        for segment in reversed(self.segments):
            if segment.parts and segment.parts[0].number <= number <= segment.parts[-1].number:
                return segment.data[number - segment.parts[0].number]
        return None

    def segment_data(self, seq_no: int) -> bytes | None:
        for segment in self.segments:
            if segment.seq_no == seq_no and segment.whole:
                return b"".join(segment.data)
        return None

    def initialisation_data(self, number: int) -> bytes | None:
        return self._initialisations.get(number)

    def _tells(self, seq_no: int, part: int | None) -> bool:
        if self.ended:
            return True
        if not self.segments:
            return False
        last = self.segments[-1]
        if last.seq_no > seq_no:
            return True
        return last.seq_no == seq_no and (last.whole if part is None else len(last.parts) > part)

    async def _wait(self, told: Callable[[], bool], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not told() and not self._let_go:
                    await self._changed.wait()
        except TimeoutError:
            return
