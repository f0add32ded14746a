"""The fan-out: everything reaches everybody, once and in order, whatever becomes of a viewer."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels.live.beats import Told
from steelyard.kernel.db import ConnectionLost
from steelyard.surfaces.live_room import hub as hubs
from steelyard.surfaces.live_room.hub import Hub, Key

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Log:
    """A session's beats, and how often they were asked for."""

    def __init__(self) -> None:
        self.beats: list[Told] = []
        self.asked = 0
        self.broken = False

    def say(self, count: int = 1) -> None:
        for _ in range(count):
            seq = len(self.beats) + 1
            self.beats.append(Told(seq=seq, at=AT, kind="chat", body=msgspec.Raw(b'{"text":"%d"}' % seq)))

    async def ask(self, _key: Key, after: int, most: int) -> list[Told]:
        self.asked += 1
        if self.broken:
            raise ConnectionLost("gone")
        await asyncio.sleep(0)
        return self.beats[after : after + most]


def seqs(data: bytes) -> list[int]:
    found: list[int] = []
    for event in data.decode().split("\n\n"):
        for line in event.split("\n"):
            if line.startswith("data: ["):
                found += [each["seq"] for each in json.loads(line[6:])]
    return found


class Viewer:
    def __init__(self, hub: Hub, key: Key, after: int, head: int) -> None:
        self.got: list[int] = []
        self.raw: list[bytes] = []
        self.task = asyncio.create_task(self._watch(hub, key, after, head))

    async def _watch(self, hub: Hub, key: Key, after: int, head: int) -> None:
        async for piece in hub.watch(key, after, head):
            self.raw.append(piece)
            self.got += seqs(piece)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.got) < count:
                await asyncio.sleep(0.001)

    async def gone(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def begun() -> tuple[Log, Hub, Key]:
    log = Log()
    return log, Hub(log.ask, frame_seconds=0.001, look_seconds=0.005), Key(uuid4(), uuid4())


async def test_many_viewers_are_told_everything_in_order_by_one_reader() -> None:
    log, hub, key = begun()
    viewers = [Viewer(hub, key, 0, 0) for _ in range(50)]
    for _ in range(20):
        log.say(3)
        hub.word(f"{key.session_id}:{len(log.beats)}")
        await asyncio.sleep(0.002)

    await asyncio.gather(*(each.until(60) for each in viewers))

    assert all(each.got == list(range(1, 61)) for each in viewers)
    assert hub.viewers == {key: 50}
    # Encoded once: they hold the same bytes, not copies of them.
    assert viewers[0].raw[0] is viewers[49].raw[0]
    assert log.asked < 200
    await hub.close()
    await asyncio.gather(*(each.task for each in viewers))


async def test_who_comes_back_is_given_what_they_missed_and_nothing_twice() -> None:
    log, hub, key = begun()
    log.say(10)
    first = Viewer(hub, key, 10, 10)
    log.say(5)
    await first.until(5)
    await first.gone()
    log.say(5)

    again = Viewer(hub, key, first.got[-1], 20)
    log.say(1)
    await again.until(6)

    assert (first.got, again.got) == ([11, 12, 13, 14, 15], [16, 17, 18, 19, 20, 21])
    await again.gone()
    assert hub.viewers == {}


async def test_of_whom_too_much_was_missed_the_page_is_drawn_anew() -> None:
    log, hub, key = begun()
    log.say(hubs.MISSED_MAX + 2)
    late = Viewer(hub, key, 1, len(log.beats))
    log.say(1)
    await late.until(1)

    assert late.raw[0].startswith(b"event: reset\nid: %d\n" % (hubs.MISSED_MAX + 2))
    assert late.got == [hubs.MISSED_MAX + 3]
    await late.gone()


async def test_a_slow_viewer_is_dropped_and_the_others_go_on() -> None:
    log, hub, key = begun()
    quick = Viewer(hub, key, 0, 0)
    slow = hub.watch(key, 0, 0)
    log.say()
    assert seqs(await anext(slow)) == [1]
    for n in range(hubs.FRAMES_KEPT + 5):
        log.say()
        hub.word(f"{key.session_id}:{n + 2}")
        await quick.until(n + 2)

    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    assert quick.got == list(range(1, len(log.beats) + 1))
    assert hub.viewers == {key: 1}
    await quick.gone()


async def test_a_viewer_who_is_a_little_behind_is_told_several_frames_at_once() -> None:
    log, hub, key = begun()
    quick, slow = Viewer(hub, key, 0, 0), hub.watch(key, 0, 0)
    log.say()
    assert seqs(await anext(slow)) == [1]
    for n in range(5):
        log.say()
        await quick.until(n + 2)

    assert seqs(await anext(slow)) == [2, 3, 4, 5, 6]
    await quick.gone()
    await hub.close()


async def test_a_reader_goes_on_by_itself_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "FAILED_PAUSE_SECONDS", 0.001)
    log, hub, key = begun()
    viewer = Viewer(hub, key, 0, 0)
    log.say()
    await viewer.until(1)
    log.broken = True
    before = log.asked
    log.say(2)
    hub.look_again()
    async with asyncio.timeout(10):
        while log.asked < before + 3:
            await asyncio.sleep(0.001)
    log.broken = False
    await viewer.until(3)

    assert viewer.got == [1, 2, 3]
    await viewer.gone()


async def test_where_nothing_happens_a_comment_keeps_the_stream_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "QUIET_SECONDS", 0.001)
    log, hub, key = begun()
    stream = hub.watch(key, 0, 0)
    assert await anext(stream) == hubs.QUIET
    log.say()
    pieces = b""
    while not seqs(pieces):
        pieces += await anext(stream)
    assert seqs(pieces) == [1]
    await hub.close()


@given(steps=st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=15))
async def test_whenever_a_viewer_goes_and_comes_back_each_beat_is_seen_once(steps: list[tuple[int, bool]]) -> None:
    """A step is (beats that are said, whether the viewer's connection is lost then)."""
    log, hub, key = begun()
    other = Viewer(hub, key, 0, 0)
    seen: list[int] = []
    viewer = Viewer(hub, key, 0, 0)
    for count, lost in steps:
        log.say(count)
        if lost:
            await asyncio.sleep(0.001)
            await viewer.gone()
            seen += viewer.got
            viewer = Viewer(hub, key, seen[-1] if seen else 0, len(log.beats))
    await viewer.until(len(log.beats) - len(seen))
    await other.until(len(log.beats))

    assert seen + viewer.got == list(range(1, len(log.beats) + 1)) == other.got
    await asyncio.gather(viewer.gone(), other.gone())
