"""Who publishes what: streams, each with at most one publisher, its window for players and its recording."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Literal, ParamSpec, Protocol

import msgspec
import structlog

from steelyard.media.codecs import AudioConfig, VideoConfig
from steelyard.media.hooks import Hooks, said
from steelyard.media.packager import Packager, Part
from steelyard.media.playing import Playing
from steelyard.media.recording import Kept, Recording, left_open, room_for_more
from steelyard.media.settings import Settings
from steelyard.media.window import Segment, Window

Reason = Literal["finished", "dropped", "kicked"]
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIGURES_SECONDS = 30
VIEWER_SECONDS = 10
VIEWERS_MAX = 20_000
SILENT_SECONDS = 3
"""Who sends nothing for so long gives way to another with the same key: a line that broke is not always told."""

PARTS_SKIPPED = 1000
"""After a restart: parts that were shown of a segment that was not kept must not be told again with other bytes."""

P = ParamSpec("P")

log = structlog.get_logger()


class Publisher(Protocol):
    """One publishing connection. `heard_at` is when it last sent anything, by the monotonic clock."""

    client_id: str
    ip: str
    heard_at: float

    def cut_off(self, reason: Reason) -> None:
        """End it: the house wants it to."""
        ...


class Stream:
    """One stream. All but `end` is called from the publisher's connection, in turn."""

    def __init__(self, name: str, settings: Settings, hooks: Hooks) -> None:
        self.name = name
        self.recording = Recording(settings.home / name)
        self.hidden = self.recording.hidden
        last = self.recording.last()
        self.window = Window(
            settings.window_segments,
            seq_no=last.seq_no + 1 if last else 0,
            part=last.part + PARTS_SKIPPED if last else 0,
            initialisation=last.initialisation if last else 0,
        )
        self.publisher: Publisher | None = None
        self.packager: Packager | None = None
        self.described: tuple[VideoConfig, AudioConfig | None] | None = None
        """The tracks as last described; they are told to players also while the publisher is gone."""
        self.began_at = 0.0
        self.keyframe_ms = 0
        self._settings = settings
        self._hooks = hooks
        self._time_ms = last.ends_ms if last else 0
        self._anchor = 0.0
        self._init_digest = ""
        self._keyframe_at = -1
        self._received: deque[tuple[float, int]] = deque()
        self._viewers: dict[str, float] = {}
        self._disk: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue()
        self._writing = asyncio.create_task(self._write())

    def begin(self, publisher: Publisher) -> None:
        """Somebody publishes. There is nobody else: the origin saw to that."""
        assert self.publisher is None
        self.publisher = publisher
        self.began_at = time.time()
        self.hidden = False
        self.window.go_on()
        self._later(self.recording.begin, publisher.client_id, self.began_at)

    def describe(self, video: VideoConfig, audio: AudioConfig | None) -> None:
        """The tracks are these from the next key frame on."""
        if self.packager is not None:
            if self.described == (video, audio):
                return
            self._take(self.packager.finish())
            self._time_ms = self.packager.now_ms
        self.described = video, audio
        self.packager = Packager(video, audio, begins_ms=self._time_ms, number=self.window.part)
        self._anchor = 0.0
        number = self.window.describe(self.packager.initialisation)
        self._disk.put_nowait(partial(self._keep_initialisation, number, self.packager.initialisation))

    def picture(self, timestamp: int, shift_ms: int, key: bool, data: bytes) -> None:
        if self.packager is None:
            return
        if key:
            if self._keyframe_at >= 0:
                self.keyframe_ms = timestamp - self._keyframe_at & 0xFFFFFFFF
            self._keyframe_at = timestamp
        if not self._anchor:
            if not key:
                return
            self._anchor = time.time() - self._time_ms / 1000
        self._take(self.packager.picture(timestamp, shift_ms, key, data))

    def sound(self, timestamp: int, data: bytes) -> None:
        if self.packager is not None:
            self.packager.sound(timestamp, data)

    def received(self, size: int) -> bool:
        """Counts bytes that came; False when the publisher sends more than it may."""
        now = time.monotonic()
        self._received.append((now, size))
        while self._received[0][0] < now - FIGURES_SECONDS:
            self._received.popleft()
        return self.kbps * 1000 <= self._settings.bits_per_second_max

    @property
    def kbps(self) -> int:
        """Kilobits per second that came in, over the last 30 seconds or since the beginning."""
        if not self._received:
            return 0
        spent = max(time.monotonic() - self._received[0][0], 10)
        return round(sum(size for _, size in self._received) * 8 / spent / 1000)

    def leave(self) -> None:
        """The publisher has gone: what it sent last is shown, and players wait."""
        if self.packager is not None:
            self._take(self.packager.finish())
            self._time_ms = self.packager.now_ms
        self.publisher = self.packager = None
        self._keyframe_at = -1
        self._received.clear()

    def tell(self, action: str, facts: Mapping[str, object]) -> None:
        """Tell the house, after what is not yet on disk."""

        async def told() -> None:
            self._hooks.tell(action, self.name, facts)

        self._disk.put_nowait(told)

    async def end(self) -> None:
        """Nobody comes back: the recording is closed, and the house is told."""
        self.window.end()
        self._disk.put_nowait(self._close)
        await self._disk.join()

    async def stop(self) -> None:
        """Leave memory, with all on disk."""
        await self._disk.join()
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)

    def hide(self) -> None:
        """It is played no more."""
        self.hidden = True
        self.window.end()
        self._later(self.recording.hide)

    def show(self) -> None:
        """It is played again, as far as it is kept."""
        self.hidden = False
        self._later(self.recording.show)

    def seen(self, viewer: str) -> None:
        """A player has asked for the playlist."""
        if len(self._viewers) < VIEWERS_MAX or viewer in self._viewers:
            self._viewers[viewer] = time.monotonic()

    @property
    def viewers(self) -> int:
        """Players that asked within ten seconds."""
        since = time.monotonic() - VIEWER_SECONDS
        self._viewers = {viewer: at for viewer, at in self._viewers.items() if at >= since}
        return len(self._viewers)

    def _take(self, parts: list[Part]) -> None:
        assert self.packager is not None
        for part in parts:
            whole = self.window.add(part, self._anchor + part.at_ms / 1000, self.packager.part_ms)
            if whole is not None:
                publisher = self.publisher
                sent_by = (publisher.client_id, publisher.ip) if publisher else ("", "")
                self._disk.put_nowait(partial(self._keep, whole, *sent_by))

    def _later(self, what: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        self._disk.put_nowait(lambda: asyncio.to_thread(what, *args, **kwargs))

    async def _write(self) -> None:
        while True:
            work = await self._disk.get()
            try:
                await work()
            except OSError:
                log.exception("media.not_kept", stream=self.name)
            finally:
                self._disk.task_done()

    async def _keep_initialisation(self, number: int, data: bytes) -> None:
        self._init_digest = await asyncio.to_thread(self.recording.put_initialisation, number, data)

    async def _keep(self, segment: Segment, client_id: str, ip: str) -> None:
        line = Kept(
            seq_no=segment.seq_no,
            duration_ms=segment.duration_ms,
            at=segment.at,
            initialisation=segment.initialisation,
            discontinuity=segment.discontinuity,
            size=0,
            sha256="",
            init_sha256=self._init_digest,
            ends_ms=segment.ends_ms,
            part=segment.parts[-1].number,
        )
        kept = await asyncio.to_thread(self.recording.put, list(segment.data), line)
        facts = {
            "client_id": client_id,
            "ip": ip,
            "seq_no": kept.seq_no,
            "duration": kept.duration_ms / 1000,
            "started_at": said(kept.at),
            "file": str(self.recording.folder / f"{kept.seq_no}.m4s"),
            "size": kept.size,
            "sha256": kept.sha256,
            "init_sha256": kept.init_sha256,
            "discontinuity": kept.discontinuity,
        }
        self._hooks.tell("on_segment", self.name, facts)

    async def _close(self) -> None:
        closed = await asyncio.to_thread(self.recording.close)
        facts = msgspec.to_builtins(closed)
        facts["duration"] = facts.pop("duration_ms") / 1000
        facts["url"] = self._settings.play_url.replace("{stream}", self.name)
        self._hooks.tell("on_dvr", self.name, {"client_id": "", "ip": "", **facts})


class Origin:
    """All streams of this program, and who may publish them."""

    def __init__(self, settings: Settings, hooks: Hooks) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.streams: dict[str, Stream] = {}
        self._hooks = hooks
        self._asking: set[str] = set()
        self._playing = Playing(self._asked_of_play, again_seconds=settings.ask_again_seconds)
        self._ending: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Go on where the program ended: publishers that were there are gone, and may come back."""
        self._hooks.start()
        for name in left_open(self.settings.home):
            stream = self._stream(name)
            self._told_gone(stream, stream.recording.publisher(), "", "dropped")

    async def close(self) -> None:
        """All is on disk; what was not heard by the house is said after the next start."""
        for task in self._ending.values():
            task.cancel()
        await asyncio.gather(*self._ending.values(), return_exceptions=True)
        await asyncio.gather(*(stream.stop() for stream in self.streams.values()))
        await self._hooks.close()

    async def admitted(self, publisher: Publisher, name: str, param: str, protocol: str) -> Stream | None:
        """The stream that this publisher may send, when there is room, nobody else sends it, and the house says yes."""
        if not NAME.fullmatch(name) or name in self._asking or not room_for_more(self.settings.home):
            return None
        if sum(stream.publisher is not None for stream in self.streams.values()) >= self.settings.rooms_max:
            return None
        self._asking.add(name)
        try:
            facts = {"client_id": publisher.client_id, "ip": publisher.ip, "param": param, "protocol": protocol}
            if not await self._hooks.ask("on_publish", name, facts):
                return None
            stream = self._stream(name)
            before = stream.publisher
            if before is not None:
                if time.monotonic() - before.heard_at < SILENT_SECONDS:
                    return None
                before.cut_off("dropped")
            if ending := self._ending.pop(name, None):
                ending.cancel()
            stream.begin(publisher)
            return stream
        finally:
            self._asking.discard(name)

    def gone(self, publisher: Publisher, stream: Stream, reason: Reason) -> None:
        """A publisher's connection has ended."""
        if stream.publisher is publisher:
            stream.leave()
            self._told_gone(stream, publisher.client_id, publisher.ip, reason)

    def kick(self, client_id: str) -> bool:
        """Cut a publisher off; False when it is not there."""
        for stream in self.streams.values():
            if stream.publisher is not None and stream.publisher.client_id == client_id:
                stream.publisher.cut_off("kicked")
                return True
        return False

    def take_down(self, name: str) -> bool:
        """Cut off, and played no more; False when there is no such stream."""
        self._playing.forget(name)
        stream = self.streams.get(name)
        if stream is None:
            recording = Recording(self.settings.home / name)
            recording.hide()
            return recording.there
        if stream.publisher is not None:
            stream.publisher.cut_off("kicked")
        stream.hide()
        return True

    async def may_be_played(self, name: str) -> bool:
        """Whether players may have it. Of what nobody publishes now the house is asked; while it is silent, what was played is
        played on."""
        stream = self.streams.get(name)
        if stream is not None and stream.publisher is not None:
            return not stream.hidden
        recording = stream.recording if stream is not None else Recording(self.settings.home / name)
        if not await asyncio.to_thread(lambda: recording.there):
            return False
        said = await self._playing.may(name)
        hidden = stream.hidden if stream is not None else await asyncio.to_thread(lambda: recording.hidden)
        if said is None:
            return stream is not None and not hidden
        if said and hidden:
            await self._show(name, recording)
        return said

    async def _show(self, name: str, recording: Recording) -> None:
        if name in self.streams:
            self.streams[name].show()
        else:
            await asyncio.to_thread(recording.show)

    async def _asked_of_play(self, name: str) -> bool | None:
        return await self._hooks.answered("on_play", name, {"client_id": "", "ip": ""})

    def _stream(self, name: str) -> Stream:
        if name not in self.streams:
            self.streams[name] = Stream(name, self.settings, self._hooks)
        return self.streams[name]

    def _told_gone(self, stream: Stream, client_id: str, ip: str, reason: Reason) -> None:
        grace = self.settings.grace_seconds
        facts = {"client_id": client_id, "ip": ip, "reason": reason, "grace_seconds": round(grace)}
        stream.tell("on_unpublish", facts)
        self._ending[stream.name] = asyncio.create_task(self._end_later(stream))

    async def _end_later(self, stream: Stream) -> None:
        await asyncio.sleep(self.settings.grace_seconds)
        await stream.end()
        await asyncio.sleep(self.settings.grace_seconds)  # players read that it has ended
        if stream.publisher is None and self.streams.get(stream.name) is stream:
            del self.streams[stream.name], self._ending[stream.name]
            await stream.stop()
