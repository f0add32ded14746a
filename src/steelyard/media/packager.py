"""Frames in as they come, parts of a fifth of a second out; a segment begins with a key frame where there is one.

Pure: no clock, no files. Times are milliseconds of the stream, which goes on from one publisher to the next.
"""

from itertools import pairwise
from statistics import median
from typing import NamedTuple

from steelyard.media.boxes import VIDEO_TIMESCALE, Frame, Sound, fragment, initialisation
from steelyard.media.codecs import AudioConfig, VideoConfig

PART_MS = 200
SEGMENT_MS_MIN = 1000
SEGMENT_MS_MAX = 2400
"""A segment that waits longer for its next key frame is cut without one: EXT-X-TARGETDURATION is 2, rounded."""

FRAMES_TO_MEASURE = 4
LEAP_MS_MAX = 5000
SOUND_DRIFT_MS_MAX = 100
SOUNDS_MAX = 512
_TICKS = VIDEO_TIMESCALE // 1000


class Part(NamedTuple):
    """`opens` and `closes` say where a segment's borders are; `at_ms` and `duration_ms` of the stream's time."""

    data: bytes
    at_ms: int
    duration_ms: int
    independent: bool
    opens: bool
    closes: bool


class _Picture(NamedTuple):
    at_ms: int
    shift_ms: int
    key: bool
    data: bytes


class Packager:
    """Of one publisher's connection and one description of its tracks; `begins_ms` is where the stream's time stands."""

    def __init__(self, video: VideoConfig, audio: AudioConfig | None, *, begins_ms: int, number: int) -> None:
        self.video = video
        self.audio = audio
        self.initialisation = initialisation(video, audio)
        self.frame_ms = 0.0
        """How long a picture stands, as measured from the first ones; 0 until then."""
        self.now_ms = begins_ms
        self.number = number
        self._zero: int | None = None
        self._begins_ms = begins_ms
        self._last_ms = begins_ms - 1
        self._waiting: list[_Picture] = []
        self._sounds: list[bytes] = []
        self._sound_at = -1
        """In samples: where the first of `_sounds` is."""
        self._segment_ms: int | None = None
        self._opens = True

    @property
    def part_ms(self) -> float:
        """How long a part is: so many whole pictures as come next to PART_MS."""
        return max(1, round(PART_MS / self.frame_ms)) * self.frame_ms if self.frame_ms else PART_MS

    def picture(self, timestamp: int, shift_ms: int, key: bool, data: bytes) -> list[Part]:
        """A picture in the order of decoding; `timestamp` is the publisher's, `shift_ms` when it is shown after that."""
        if self._zero is None:
            if not key:
                return []
            self._zero = timestamp
        at_ms = self._placed(timestamp)
        self._last_ms = at_ms
        picture = _Picture(at_ms, shift_ms, key, data)
        if not self.frame_ms:
            self._waiting.append(picture)
            return self._measured() if len(self._waiting) > FRAMES_TO_MEASURE else []
        return self._taken(picture)

    def sound(self, timestamp: int, data: bytes) -> None:
        """A frame of sound. Sound from before the first picture is not kept."""
        if self.audio is None or self._zero is None or len(self._sounds) >= SOUNDS_MAX:
            return
        rate = self.audio.sample_rate
        at = (self._begins_ms + _apart(timestamp, self._zero)) * rate // 1000
        if at < 0:
            return
        if self._sound_at < 0:
            self._sound_at = at
        follows = self._sound_at + len(self._sounds) * self.audio.frame_samples
        # Milliseconds are too coarse to place sound by: frames follow each other unless they are really apart.
        if abs(at - follows) > SOUND_DRIFT_MS_MAX * rate // 1000:
            if self._sounds:
                return
            self._sound_at = at
        self._sounds.append(data)

    def finish(self) -> list[Part]:
        """The publisher has gone: what is there is the last part."""
        parts: list[Part] = []
        if not self.frame_ms:
            if not self._waiting:
                return []
            parts = self._measured()
        if self._waiting:
            end = self._waiting[-1].at_ms + max(1, round(self.frame_ms))
            parts.append(self._cut(end, closes=True))
        return parts

    def _placed(self, timestamp: int) -> int:
        """The stream's time of a picture: never back, and a leap of the publisher's clock is none of ours."""
        assert self._zero is not None
        at_ms = self._begins_ms + _apart(timestamp, self._zero)
        step = at_ms - self._last_ms
        if step > LEAP_MS_MAX or step < -LEAP_MS_MAX:
            follows = self._last_ms + max(1, round(self.frame_ms))
            self._begins_ms += follows - at_ms
            return follows
        return at_ms if step > 0 else self._last_ms + 1

    def _measured(self) -> list[Part]:
        held, self._waiting = self._waiting, []
        steps = [after.at_ms - before.at_ms for before, after in pairwise(held)]
        self.frame_ms = float(min(max(median(steps), 1), 1000)) if steps else float(PART_MS)
        return [part for picture in held for part in self._taken(picture)]

    def _taken(self, picture: _Picture) -> list[Part]:
        cut: list[Part] = []
        if self._waiting:
            assert self._segment_ms is not None
            segment = picture.at_ms - self._segment_ms
            closes = (picture.key and segment >= SEGMENT_MS_MIN - self.frame_ms / 2) or segment >= SEGMENT_MS_MAX
            if closes or picture.at_ms - self._waiting[0].at_ms >= self.part_ms - self.frame_ms / 2:
                cut.append(self._cut(picture.at_ms, closes=closes))
        self._waiting.append(picture)
        if self._segment_ms is None:
            self._segment_ms = picture.at_ms
        return cut

    def _cut(self, end_ms: int, *, closes: bool) -> Part:
        pictures, sounds, begins = self._waiting, self._sounds, self._sound_at
        at_ms = pictures[0].at_ms
        ends = [picture.at_ms for picture in pictures[1:]] + [end_ms]
        frames = [
            Frame((until - picture.at_ms) * _TICKS, picture.shift_ms * _TICKS, picture.key, picture.data)
            for picture, until in zip(pictures, ends, strict=True)
        ]
        self.number += 1
        samples = self.audio.frame_samples if self.audio is not None else 0
        data = fragment(self.number, at_ms * _TICKS, frames, Sound(begins, samples, sounds) if sounds else None)
        self._waiting, self._sounds = [], []
        self._sound_at = begins + len(sounds) * samples if begins >= 0 else -1
        self.now_ms = end_ms
        opens, self._opens = self._opens, closes
        if closes:
            self._segment_ms = None
        return Part(data, at_ms, end_ms - at_ms, pictures[0].key, opens, closes)


def _apart(timestamp: int, zero: int) -> int:
    """Milliseconds from `zero` to `timestamp`, both of 32 bits that wrap around."""
    return (timestamp - zero + 0x80000000 & 0xFFFFFFFF) - 0x80000000
