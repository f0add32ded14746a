"""What players are told while a stream grows: parts, hints, blocking reloads (RFC 8216bis)."""

import asyncio
import re
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.media.amf import Malformed, Value, decode, encode
from steelyard.media.chunks import COMMAND, SET_CHUNK_SIZE, ChunkReader, written
from steelyard.media.codecs import AudioConfig, VideoConfig
from steelyard.media.packager import Packager, Part
from steelyard.media.window import Ahead, Window

VIDEO = VideoConfig(bytes.fromhex("0164001fffe1000067640000"), 64, 64)
AUDIO = AudioConfig(b"\x12\x08", 2, 44_100, 1)


def parts_of(frame_ms: float, frames: int, *, keys: int, begins_ms: int = 0) -> list[Part]:
    """What a packager makes of pictures that come every `frame_ms`, every `keys`-th a key frame."""
    packager = Packager(VIDEO, AUDIO, begins_ms=begins_ms, number=0)
    parts: list[Part] = []
    for number in range(frames):
        at = round(number * frame_ms)
        parts += packager.picture(at, 0, number % keys == 0, b"picture")
        packager.sound(at, b"sound")
    return parts + packager.finish()


def window_with(parts: list[Part], most: int = 6, part_ms: float = 200) -> Window:
    window = Window(most)
    window.describe(b"init")
    for part in parts:
        window.add(part, part.at_ms / 1000, part_ms)
    return window


@pytest.mark.parametrize("rate", [8, 10, 12, 15, 24, 25, 30, 50, 60])
def test_parts_are_as_long_as_the_playlist_says(rate: int) -> None:
    packager = Packager(VIDEO, None, begins_ms=0, number=0)
    parts: list[Part] = []
    for number in range(rate * 6):
        parts += packager.picture(round(number * 1000 / rate), 0, number % (rate * 2) == 0, b"x")
    parts += packager.finish()
    text = window_with(parts, part_ms=packager.part_ms).playlist()

    target = float(re.search(r"PART-TARGET=([\d.]+)", text)[1])  # pyright: ignore[reportOptionalSubscript]
    durations = [part.duration_ms / 1000 for part in parts]

    assert max(durations) <= target
    for part, duration in zip(parts, durations, strict=True):
        assert part.closes or duration >= target * 0.85
    assert 0.1 <= target <= 0.3


@given(st.lists(st.integers(1, 120), min_size=8, max_size=120), st.integers(5, 60))
def test_no_time_is_lost_between_parts(steps: list[int], keys: int) -> None:
    packager = Packager(VIDEO, None, begins_ms=500, number=0)
    parts: list[Part] = []
    at = 0
    for number, step in enumerate(steps):
        parts += packager.picture(at, 0, number % keys == 0, b"x")
        at += step
    parts += packager.finish()

    ends = [part.at_ms + part.duration_ms for part in parts]
    assert [part.at_ms for part in parts] == [500, *ends[:-1]]
    assert packager.now_ms == ends[-1]
    assert parts[0].opens
    assert parts[-1].closes
    assert all(after.opens == before.closes for before, after in pairwise(parts))
    assert sum(part.data.count(b"mdat") for part in parts) == len(parts)


def test_a_publishers_clock_that_leaps_is_not_followed() -> None:
    packager = Packager(VIDEO, None, begins_ms=0, number=0)
    parts: list[Part] = []
    for number in range(100):
        leap = 3_600_000 if number >= 50 else 0
        parts += packager.picture((number * 40 + leap + 0xFFFFFF00) & 0xFFFFFFFF, 0, number % 25 == 0, b"x")
    parts += packager.finish()

    assert sum(part.duration_ms for part in parts) == 4000


def test_a_window_tells_what_it_has_and_hints_at_what_comes() -> None:
    window = window_with(parts_of(40, 25 * 12 + 12, keys=25))

    lines = window.playlist().splitlines()

    assert lines[0] == "#EXTM3U"
    assert "#EXT-X-MEDIA-SEQUENCE:6" in lines
    assert lines.count('#EXT-X-MAP:URI="init-1.mp4"') == 1
    assert [line for line in lines if line.endswith(".m4s") and line[0] != "#"] == [f"{n}.m4s" for n in range(6, 13)]
    assert sum("#EXT-X-PART:" in line for line in lines) == 5 + 5 + 3
    assert sum("INDEPENDENT=YES" in line for line in lines) == 3
    assert lines[-1] == f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-{window.part + 1}.m4s"'


async def test_a_player_waits_for_exactly_what_it_asks_for() -> None:
    parts = parts_of(40, 60, keys=25)
    window = window_with(parts[:6])
    last = window.segments[-1]

    waiting = asyncio.create_task(window.until(last.seq_no, len(last.parts), 5))
    hinted = asyncio.create_task(window.part_data(window.part + 1, 5))
    await asyncio.sleep(0)
    assert not waiting.done()
    window.add(parts[6], 0, 200)

    await waiting
    assert await hinted == parts[6].data
    await window.until(last.seq_no, 0, 5)
    with pytest.raises(Ahead):
        await window.until(last.seq_no + 3, None, 5)
    await window.until(last.seq_no + 1, None, 0)


def test_a_discontinuity_that_has_left_is_counted() -> None:
    window = window_with(parts_of(40, 60, keys=25), most=2)
    window.describe(b"other")
    for part in parts_of(40, 120, keys=25, begins_ms=2400):
        window.add(part, 0, 200)

    text = window.playlist()

    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in text
    assert "#EXT-X-DISCONTINUITY\n" not in text
    assert 'URI="init-2.mp4"' in text


members: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(members, max_size=4))
def test_values_come_back_as_they_were(values: list[Value]) -> None:
    assert decode(encode(*values)) == values


@given(st.binary(max_size=200))
def test_bytes_that_mean_nothing_are_refused_and_break_nothing(data: bytes) -> None:
    for reads in (decode, ChunkReader(1024).feed):
        with suppress(Malformed):
            reads(data)


@given(st.lists(st.binary(min_size=1, max_size=9000), min_size=1, max_size=5), st.integers(1, 4000))
def test_messages_come_whole_however_the_line_cuts_them(payloads: list[bytes], piece: int) -> None:
    line = written(SET_CHUNK_SIZE, (4096).to_bytes(4), channel=2)
    line += b"".join(written(COMMAND, payload) for payload in payloads)
    reader = ChunkReader(10_000)

    messages = [message for at in range(0, len(line), piece) for message in reader.feed(line[at : at + piece])]

    assert [message.payload for message in messages] == payloads


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(Malformed):
        ChunkReader(1000).feed(written(COMMAND, b"x" * 1001))
