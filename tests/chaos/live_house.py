"""A house with a live session on air: the media origin and the host that streams, viewers, and somebody who writes."""

import asyncio
import base64
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row

from steelyard.channels import live
from steelyard.kernel.db import Database
from steelyard.surfaces.web.security import CSRF_COOKIE
from tests.chaos.house import House, until
from tests.chaos.truth import Untrue
from tests.cli import commands
from tests.support.live import OnAir, on_air
from tests.support.world import PASSWORD, World

SECRET = "whsec_" + base64.b64encode(b"between the house and its media").decode()
SLUG = "tea-live"
VIEWERS = 200
COMES_BACK_SECONDS = 1.0
SPEAKS_EVERY_SECONDS = 1.2
REQUEST_SECONDS_MAX = 20.0

# What was said and acknowledged, and how often it stands in the record.
CHATS = """
SELECT c.chat_id::text, count(b.seq) AS beats, min(b.body ->> 'text') AS text FROM live_chats c
LEFT JOIN live_beats b USING (merchant_id, session_id, seq) WHERE c.chat_id::text = ANY(%(ids)s) GROUP BY 1
"""
# Numbers without gaps.
GAPS = """
SELECT l.last_seq, count(b.seq) AS beats, coalesce(max(b.seq), 0) AS last FROM live_sessions l
LEFT JOIN live_beats b USING (merchant_id, session_id) GROUP BY l.merchant_id, l.session_id, l.last_seq
HAVING count(b.seq) <> l.last_seq OR coalesce(max(b.seq), 0) <> l.last_seq
"""


class LiveHouse(House):
    """`session` is on air from the start; `on_air` puts it there."""

    def __init__(self, folder: Path, stock: dict[str, int], sabotage: str = "") -> None:
        super().__init__(folder, stock, sabotage)
        http, rtmp = (self.port + offset for offset in commands.MEDIA)
        self.media_url = f"http://127.0.0.1:{http}"
        self.environ |= {
            "STEELYARD_DEVELOPMENT": "true",
            "STEELYARD_MEDIA_WEBHOOK_SECRET": SECRET,
            "STEELYARD_MEDIA_PUSH_URL": f"rtmp://127.0.0.1:{rtmp}/live",
            "STEELYARD_MEDIA_PLAY_URL": f"{self.media_url}/live/{{stream}}/index.m3u8",
            "STEELYARD_MEDIA_API_URL": self.media_url,
            "STEELYARD_MEDIA_HOOKS_URL": f"{self.url}/hooks/media",
            "STEELYARD_MEDIA_HTTP_PORT": str(http),
            "STEELYARD_MEDIA_RTMP_PORT": str(rtmp),
            "STEELYARD_LIVE_STREAMS_PER_ADDRESS": "0",
        }
        self.session: OnAir

    @property
    def kept(self) -> list[tuple[str, Callable[[], None]]]:
        return [*super().kept, ("media", self.start_media), ("host", self.start_host)]

    def start(self) -> None:
        self.start_channel()
        self.start_media()
        self.start_house()
        self.start_host()
        until(self.ready, "the house is ready")
        self.session = asyncio.run(_begun(self.database_url(), self.world))
        until(self.streams, "the session is streamed")

    def start_media(self) -> None:
        self._running["media"] = self._started("media", "media")

    def start_host(self) -> None:
        self._running["host"] = self._started("host", "simulate", "host", "--clock")

    def media(self) -> list[psutil.Process]:
        return [psutil.Process(self._running["media"].pid)]

    @property
    def playlist(self) -> str:
        return f"{self.media_url}/live/{self.session.session_id.hex}/index.m3u8"

    def streams(self) -> bool:
        self.tend()
        return commands.status(self.playlist) == 200


async def _begun(url: str, world: World) -> OnAir:
    db = await Database.connect(url, size=1)
    try:
        return await on_air(db, world, slug=SLUG)
    finally:
        await db.close()


class Crowd:
    """Viewers who come back by themselves, as a browser does: a second later, behind the last that they have seen."""

    def __init__(self, house: LiveHouse) -> None:
        self._house = house
        self.seen: list[set[str]] = [set() for _ in range(VIEWERS)]
        self.came_back = 0

    async def watch(self, number: int) -> None:
        last = ""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                last = await self._listened(number, last)
            self.came_back += 1
            await asyncio.sleep(COMES_BACK_SECONDS * (0.5 + random.random()))

    async def _listened(self, number: int, last: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._house.port)
        try:
            after = f"Last-Event-ID: {last}\r\n" if last else ""
            writer.write(f"GET /live/{SLUG}/events?after=0 HTTP/1.1\r\nHost: crowd\r\n{after}\r\n".encode())
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    last = line[4:].strip().decode()
                elif line.startswith(b"data: ["):
                    beats: list[dict[str, Any]] = json.loads(line[6:])
                    self.seen[number] |= {str(beat["body"].get("text")) for beat in beats if beat["kind"] == "chat"}
            return last
        finally:
            writer.close()


class Speaker:
    """A buyer who writes a line every second or so, each again under its id until it is answered."""

    def __init__(self, house: LiveHouse) -> None:
        self._house = house
        self.acknowledged: dict[str, str] = {}

    async def speak(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=self._house.url, timeout=REQUEST_SECONDS_MAX, limits=limits, trust_env=False
        ) as client:
            while CSRF_COOKIE not in client.cookies or "steelyard_session" not in client.cookies:
                with suppress(httpx.HTTPError):
                    await client.get("/sign-in")
                    fields = {"email": self._house.world.buyer.email, "password": PASSWORD}
                    await client.post("/sign-in", data={**fields, "_csrf_token": client.cookies[CSRF_COOKIE]})
            number = 0
            while True:
                number += 1
                await self._said(client, str(uuid.uuid4()), f"line {number} of many")
                await asyncio.sleep(SPEAKS_EVERY_SECONDS)

    async def _said(self, client: httpx.AsyncClient, message_id: str, text: str) -> None:
        while True:
            with suppress(httpx.HTTPError):
                answer = await client.post(
                    f"/live/{quote(SLUG)}/chat",
                    data={"message_id": message_id, "text": text, "_csrf_token": client.cookies[CSRF_COOKIE]},
                    headers={"accept": "application/json"},
                )
                if answer.status_code == 200:
                    self.acknowledged[message_id] = text
                    return
                assert answer.status_code >= 429, answer.text
            await asyncio.sleep(0.3)


@contextmanager
def watched(house: LiveHouse) -> Iterator[tuple[Crowd, Speaker]]:
    """The crowd watches and somebody writes until the body is left."""
    crowd, speaker = Crowd(house), Speaker(house)
    failures: list[BaseException] = []
    runner = asyncio.Runner()
    loop, over = runner.get_loop(), asyncio.Event()

    async def everybody() -> None:
        watching = [asyncio.create_task(crowd.watch(number)) for number in range(VIEWERS)]
        speaking = asyncio.create_task(speaker.speak())
        ending = asyncio.create_task(over.wait())
        await asyncio.wait([speaking, ending], return_when=asyncio.FIRST_COMPLETED)
        for task in (*watching, speaking):
            task.cancel()
        results = await asyncio.gather(*watching, speaking, return_exceptions=True)
        failures.extend(one for one in results if isinstance(one, Exception))

    thread = threading.Thread(target=lambda: runner.run(everybody()), daemon=True)
    thread.start()
    try:
        yield crowd, speaker
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(60)
        runner.close()
    if failures:
        raise failures[0]


def told_again(house: LiveHouse, crowd: Crowd, speaker: Speaker, since: int) -> None:
    """Lines that were acknowledged after `since` of them have reached every viewer."""

    def reached() -> bool:
        house.tend()
        fresh = list(speaker.acknowledged.values())[since + 1 :]
        return bool(fresh) and all(fresh[0] in seen for seen in crowd.seen)

    until(reached, f"a line written after the fault reaches all viewers; {crowd.came_back} came back")


def nothing_is_lost(house: LiveHouse, acknowledged: dict[str, str]) -> None:
    """Each line that was acknowledged stands in the record once, in its words; numbers have no gaps, and the chain comes out."""
    found: list[str] = []
    with psycopg.connect(house.database_url(), row_factory=dict_row) as connection:
        kept = {row["chat_id"]: row for row in connection.execute(CHATS, {"ids": list(acknowledged)})}
        found += [f"gaps: {row}" for row in connection.execute(GAPS)]
    for chat_id, text in acknowledged.items():
        row = kept.get(chat_id)
        if row is None or (row["beats"], row["text"]) != (1, text):
            found.append(f"acknowledged and not kept: {chat_id} {text!r}: {row}")
    verdict = asyncio.run(_verified(house))
    if not verdict.whole:
        found.append(f"the record does not come out: {verdict}")
    if found:
        raise Untrue("\n".join(found[:20]))


async def _verified(house: LiveHouse) -> live.Verdict:
    db = await Database.connect(house.database_url(), size=1)
    try:
        return await db.ask(live.verify, *house.session.key)
    finally:
        await db.close()


def since_now(speaker: Speaker) -> tuple[int, float]:
    """How many lines were acknowledged by now, and the moment."""
    return len(speaker.acknowledged), time.monotonic()
