"""An origin on ports of its own, and the house that it asks."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from steelyard.media.serving import serve
from steelyard.media.settings import Settings
from steelyard.media.streams import Origin
from steelyard.simulators.signatures import verify

SECRET = "whsec_" + base64.b64encode(b"of the house and its origin, here").decode()
KEY = "right"


class House:
    """What a house hears; `admits` says yes to a param, `silent` lets it not answer at all."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.silent = False
        self.refuses: set[str] = set()
        self.before_answer: Callable[[dict[str, Any]], Awaitable[None]] | None = None

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if self.silent:
            raise httpx.ConnectError("nobody there")
        body = request.content
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.ids.append(verify(SECRET, headers, body, int(headers["webhook-timestamp"])))
        said = msgspec.json.decode(body)
        assert request.url.path == f"/hooks/media/{said['action']}"
        self.heard.append(said)
        if self.before_answer:
            await self.before_answer(said)
        if said["action"] in self.refuses:
            return httpx.Response(409, json={"code": 409})
        admitted = said["action"] != "on_publish" or said["param"] == f"?key={KEY}"
        return httpx.Response(200, json={"code": 0 if admitted else 1})

    def said(self, action: str, stream: str | None = None) -> list[dict[str, Any]]:
        return [one for one in self.heard if one["action"] == action and stream in (None, one["stream"])]


class Running:
    """An origin that runs in this loop."""

    def __init__(self, settings: Settings, house: House) -> None:
        self.settings = settings
        self.house = house
        self.origin: Origin
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.http_port}", timeout=10, trust_env=False)

    async def start(self) -> None:
        def client() -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=httpx.MockTransport(self.house.answer))

        def ready(origin: Origin) -> None:
            self.origin = origin
            self._ready.set()

        self._stop.clear()
        self._ready.clear()
        self._task = asyncio.create_task(serve(self.settings, stop=self._stop, ready=ready, client=client))
        await asyncio.wait([self._task, asyncio.create_task(self._ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        assert self._ready.is_set(), self._task.exception()

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def again(self, **changes: object) -> None:
        """Stopped, and started with other settings."""
        await self.stop()
        self.settings = msgspec.structs.replace(self.settings, **changes)
        await self.start()

    def push_address(self, stream: str, key: str = KEY) -> str:
        return f"rtmp://127.0.0.1:{self.settings.rtmp_port}/live/{stream}?key={key}"

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)


async def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Waits until something is so, and fails when it does not become so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def free_ports(count: int) -> list[int]:
    taken = [socket.socket() for _ in range(count)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    http, rtmp = free_ports(2)
    settings = Settings(
        home=tmp_path / "media",
        hooks_url="http://house.test/hooks/media",
        secret=SECRET,
        http_port=http,
        rtmp_port=rtmp,
        play_url="http://play.test/live/{stream}/index.m3u8",
        grace_seconds=0.3,
        retry_seconds=0.02,
        ask_again_seconds=0.05,
    )
    origin = Running(settings, House())
    await origin.start()
    yield origin
    await origin.stop()
    await origin.http.aclose()
