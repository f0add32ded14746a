"""The crowd of a live session: connections to the event stream, of whom some play the video too, in processes of their own.

Each delivery of a message is counted; how old a message is when it arrives is looked at for one viewer in twenty. Who plays the
video asks for playlist after playlist and part after part, as a player of low-latency HLS does, and throws them away.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from threading import Event
from typing import cast

import msgspec
import uvloop

SLUG = "bench"
READY_SECONDS_MAX = 300.0
PATIENCE_SECONDS = 600.0
CONNECTING_AT_ONCE = 50
SAMPLED = 20
CHAT = b'"kind":"chat"'
PART_SECONDS_MAX = 10.0
_NUMBER = re.compile(r"#EXT-X-MEDIA-SEQUENCE:(\d+)")
_LENGTH = re.compile(r"#EXT-X-PART:DURATION=([\d.]+),URI=\"(\S+?)\"")

Ask = Callable[[str], Awaitable[bytes]]


class Seen(msgspec.Struct, frozen=True):
    """What the viewers of one process saw: connected, deliveries of messages, the age in ms of those looked at (in their order),
    those who lost their connection, and the CPU they took; and of parts of video how old the end of each was when it was there,
    in ms."""

    connected: int
    delivered: int
    ages_ms: list[float]
    lost: int
    cpu_seconds: float
    parts_ms: list[float] = []


class _Viewer(asyncio.Protocol):
    def __init__(self, crowd: "_Crowd", looked_at: bool) -> None:
        self.crowd = crowd
        self.looked_at = looked_at
        self.rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by their class.
        cast("asyncio.Transport", transport).write(
            b"GET /live/%b/events HTTP/1.1\r\nHost: bench\r\n\r\n" % SLUG.encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
        self.crowd.delivered += data.count(CHAT)
        if self.looked_at:
            self._look(self.rest + data)

    def _look(self, data: bytes) -> None:
        *events, self.rest = data.split(b"\n\n")
        now = time.time()
        for event in events:
            at = event.find(b"data: [")
            if at >= 0:
                for beat in json.loads(event[at + 6 :].split(b"\n", 1)[0]):
                    if beat["kind"] == "chat":
                        self.crowd.ages_ms.append((now - datetime.fromisoformat(beat["at"]).timestamp()) * 1_000)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.lost += 1
        if not self.opened.done():
            self.opened.set_result(None)


class _Crowd:
    def __init__(self) -> None:
        self.delivered = 0
        self.ages_ms: list[float] = []
        self.lost = 0


def watch(port: int, viewers: int, ready: Event, over: Event) -> Seen:
    """So many viewers until it is over; `ready` is set when all are there."""
    return uvloop.run(_watch(port, viewers, ready, over))


async def _watch(port: int, viewers: int, ready: Event, over: Event) -> Seen:
    loop, crowd, slots = asyncio.get_running_loop(), _Crowd(), asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def come(number: int) -> bool:
        async with slots:
            try:
                _, viewer = await loop.create_connection(
                    lambda: _Viewer(crowd, number % SAMPLED == 0), "127.0.0.1", port
                )
                await asyncio.wait_for(viewer.opened, READY_SECONDS_MAX)
            except (OSError, TimeoutError):
                return False
        return True

    connected = sum(await asyncio.gather(*map(come, range(viewers))))
    ready.set()
    cpu = time.process_time()
    await asyncio.to_thread(over.wait, PATIENCE_SECONDS)
    return Seen(connected, crowd.delivered, crowd.ages_ms, crowd.lost, time.process_time() - cpu)


def play(port: int, stream: str, viewers: int, ready: Event, over: Event) -> Seen:
    """So many play a stream of the origin at this port until it is over."""
    return uvloop.run(_play(port, stream, viewers, ready, over))


async def _play(port: int, stream: str, viewers: int, ready: Event, over: Event) -> Seen:
    parts: list[float] = []
    players = [asyncio.create_task(_player(port, stream, parts)) for _ in range(viewers)]
    await asyncio.sleep(1)  # so that what the first parts took is not counted
    ready.set()
    cpu = time.process_time()
    parts.clear()
    await asyncio.to_thread(over.wait, PATIENCE_SECONDS)
    used = time.process_time() - cpu
    lost = sum(each.done() for each in players)
    for each in players:
        each.cancel()
    await asyncio.gather(*players, return_exceptions=True)
    return Seen(viewers - lost, 0, [], lost, used, parts)


async def _player(port: int, stream: str, parts: list[float]) -> None:
    """One who plays: ends only by an error."""
    async with _asking(port, f"/live/{stream}") as ask:
        text = (await ask("media.m3u8")).decode()
        while True:
            number, length, ends, last = _end_of(text)
            text = (await ask(f"media.m3u8?_HLS_msn={number}&_HLS_part={length}")).decode()
            _, _, ends, last = _end_of(text)
            if last:
                await ask(last)
            parts.append((time.time() - ends) * 1_000)


def _end_of(text: str) -> tuple[int, int, float, str]:
    """Of a playlist the number of its last segment, how many parts that has, the moment at which it ends, and the last part."""
    head, _, tail = text.rpartition("#EXT-X-PROGRAM-DATE-TIME:")
    found = _NUMBER.search(text)
    assert found is not None, "a playlist has a number"
    number = int(found[1]) + head.count("#EXT-X-PROGRAM-DATE-TIME:")
    moment = datetime.fromisoformat(tail.split("\n", 1)[0]).timestamp()
    told = _LENGTH.findall(tail)
    whole = "#EXTINF" in tail
    ends = moment + sum(float(length) for length, _ in told)
    return (number + 1, 0, ends, "") if whole else (number, len(told), ends, told[-1][1] if told else "")


@asynccontextmanager
async def _asking(port: int, folder: str) -> AsyncGenerator[Ask]:
    """A kept connection that is asked for one thing after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(name: str) -> bytes:
        writer.write(f"GET {folder}/{name} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        async with asyncio.timeout(PART_SECONDS_MAX):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            at = head.index(b"content-length:")
            body = await reader.readexactly(int(head[at + 15 :].split(b"\r\n", 1)[0]))
        assert head.startswith(b"http/1.1 200"), head[:40]
        return body

    try:
        yield ask
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
