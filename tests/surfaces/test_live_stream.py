"""The event stream as a browser has it: from the log to whoever watches, and back to where they were."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count

import pytest
from litestar.types import HTTPReceiveMessage, Message, Scope

from steelyard.channels import live
from steelyard.channels.live.beats import BeatKind
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.surfaces.live_room.places import STREAMS_PER_BROWSER_MAX, neighbourhood
from steelyard.surfaces.live_room.running import Running
from steelyard.surfaces.live_room.stream import Streams
from steelyard.surfaces.web.visit import VISITOR_COOKIE
from tests.support.live import OnAir, heard, on_air
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import World

__all__ = ["seeded_server", "shop", "shop_url", "world"]


_number = count(1)


class Browser:
    """One connection to the event stream."""

    def __init__(
        self,
        streams: Streams,
        path: str,
        query: str = "",
        last: int | None = None,
        *,
        address: str = "",
        cookie: str = "",
    ) -> None:
        self.status = 0
        self.text = b""
        self.headers: dict[bytes, bytes] = {}
        self._closed = asyncio.Event()
        headers = [] if last is None else [(b"last-event-id", str(last).encode())]
        if cookie:
            headers.append((b"cookie", f"theme=dark; {VISITOR_COOKIE}={cookie}".encode()))
        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": headers,
            "client": (address or f"192.0.2.{next(_number)}", 50_000),
        }  # fmt: skip
        self.task = asyncio.create_task(self._run(streams, scope))  # pyright: ignore[reportArgumentType]  # what is read

    async def _run(self, streams: Streams, scope: Scope) -> None:
        await streams(scope, self._receive, self._send)

    async def _receive(self) -> HTTPReceiveMessage:
        await self._closed.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        elif message["type"] == "http.response.body":
            self.text += message["body"]

    @property
    def kinds(self) -> list[str]:
        data = [line[6:] for line in self.text.decode().split("\n") if line.startswith("data: [")]
        return [beat["kind"] for each in data for beat in json.loads(each)]

    async def until(self, kind: BeatKind, count: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.kinds.count(kind) < count:
                await asyncio.sleep(0.002)

    async def close(self) -> None:
        self._closed.set()
        await self.task


async def _not_here(_scope: Scope, _receive: object, _send: object) -> None:
    raise AssertionError("an event stream is answered before anything else")


@pytest.fixture
async def session(shop: Database, world: World) -> OnAir:
    return await on_air(shop, world)


@pytest.fixture
async def streams(shop: Database, shop_url: str) -> AsyncIterator[Streams]:
    settings = Settings(live_streams_per_address=2)
    streams = Streams(_not_here, settings)  # pyright: ignore[reportArgumentType]  # what is called of an application
    running = Running(shop, shop_url, streams)
    running.start()
    yield streams
    await running.stop()


async def test_a_beat_reaches_all_who_watch_and_who_comes_back_misses_nothing(
    shop: Database, session: OnAir, streams: Streams
) -> None:
    path = f"/live/{session.slug}/events"
    one, other = Browser(streams, path), Browser(streams, path, "after=0&from=share")
    await shop.transact(live.pin, *session.key, session.products["nuts"])
    await asyncio.gather(one.until(BeatKind.PIN), other.until(BeatKind.PIN))
    assert (one.status, one.headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    await one.close()
    await shop.transact(live.unpin, *session.key)
    await other.until(BeatKind.UNPIN)

    back = Browser(streams, path, last=1)
    await back.until(BeatKind.UNPIN)

    assert BeatKind.PIN not in back.kinds
    async with asyncio.timeout(10):
        while not (minutes := await shop.ask(live.minutes, *session.key)):
            await asyncio.sleep(0.01)
    assert minutes[0].entries == {"room": 1, "share": 1}
    assert [beat.body["viewers"] for beat in await heard(shop, session, BeatKind.VIEWERS)][-1] >= 1
    await asyncio.gather(other.close(), back.close())


async def test_where_no_room_is_there_is_no_stream(streams: Streams, session: OnAir) -> None:
    nowhere = Browser(streams, "/live/nowhere/events")
    await nowhere.task
    assert nowhere.status == 404


async def test_at_the_end_of_the_process_streams_end(shop: Database, session: OnAir, streams: Streams) -> None:
    watching = Browser(streams, f"/live/{session.slug}/events")
    await shop.transact(live.pin, *session.key, session.products["nuts"])
    await watching.until(BeatKind.PIN)
    assert streams.hub is not None
    await streams.hub.close()
    async with asyncio.timeout(10):
        await watching.task


async def test_so_many_streams_are_open_from_one_address_and_one_browser_and_who_comes_then_is_told_when_to_come_back(
    session: OnAir, streams: Streams
) -> None:
    path = f"/live/{session.slug}/events"
    neighbours = [Browser(streams, path, address=f"2001:db8::{number}") for number in (1, 2, 3)]
    tabs = [Browser(streams, path, cookie="one") for _ in range(STREAMS_PER_BROWSER_MAX + 1)]
    async with asyncio.timeout(10):
        while not all(each.status for each in (*neighbours, *tabs)):
            await asyncio.sleep(0.002)

    assert [each.status for each in neighbours] == [200, 200, 429]
    assert [each.status for each in tabs] == [*[200] * STREAMS_PER_BROWSER_MAX, 429]
    assert neighbours[-1].headers[b"retry-after"] == b"30"

    await neighbours[0].close()
    instead = Browser(streams, path, address="2001:db8::4")
    async with asyncio.timeout(10):
        while not instead.status:
            await asyncio.sleep(0.002)
    assert instead.status == 200
    await asyncio.gather(*(each.close() for each in (neighbours[1], instead, *tabs[:-1])))


def test_neighbours_of_ipv6_are_one_network_and_of_ipv4_one_address() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
