"""What the house is asked and told: callbacks in the form of SRS, signed after Standard Webhooks.

A question (`on_publish`) is asked once and waits. News is written to a file first and said until it has been heard, in
its order for each stream.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import structlog

from steelyard.kernel.settings import WEBHOOK_SECRET_PREFIX

ASK_SECONDS_MAX = 3
TELL_SECONDS_MAX = 5
PAUSE_SECONDS_MAX = 60
KEPT_DAYS = 7
GONE = 410
REFUSED = (400, 409, 422)
"""The house has understood, and does not want it."""

REFUSED_TRIES_MAX = 5

SCHEMA = """
CREATE TABLE IF NOT EXISTS news (
  id         INTEGER PRIMARY KEY
, message    TEXT NOT NULL
, stream     TEXT NOT NULL
, action     TEXT NOT NULL
, body       BLOB NOT NULL
, written_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS news_of ON news (stream, id);
"""

log = structlog.get_logger()

ClientMaker = Callable[[], httpx.AsyncClient]


class Answer(msgspec.Struct, frozen=True):
    code: int


class Hooks:
    """The way to one house. `close` ends it; what was not heard is said after the next start."""

    def __init__(
        self, home: Path, url: str, secret: str, *, retry_seconds: float = 1, client: ClientMaker | None = None
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._url = url.rstrip("/")
        self._key = base64.b64decode(secret.removeprefix(WEBHOOK_SECRET_PREFIX))
        self._retry_seconds = retry_seconds
        self._news = sqlite3.connect(home / "news.sqlite3", isolation_level=None)
        self._news.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        self.server_id = _kept_name(home / "server_id")
        self._client = (client or _new_client)()
        self._sending: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Go on with what was not heard before."""
        for (stream,) in self._news.execute("SELECT DISTINCT stream FROM news").fetchall():
            self._send(stream)

    async def close(self) -> None:
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()
        self._news.close()

    async def ask(self, action: str, stream: str, facts: Mapping[str, object]) -> bool:
        """Whether the house says yes: only {"code": 0} is one; silence is none."""
        return await self.answered(action, stream, facts) is True

    async def answered(self, action: str, stream: str, facts: Mapping[str, object]) -> bool | None:
        """What the house says; None when it is silent, or cannot say."""
        message, body = _id(), self._body(action, stream, facts)
        try:
            async with asyncio.timeout(ASK_SECONDS_MAX):
                answer = await self._post(action, message, body)
        except (TimeoutError, httpx.HTTPError) as error:
            log.warning("media.house_silent", action=action, stream=stream, error=type(error).__name__)
            return None
        if answer.status_code != 200:
            return None if answer.is_server_error else False
        try:
            return msgspec.json.decode(answer.content, type=Answer | int) in (Answer(0), 0)
        except msgspec.DecodeError:
            return False

    def tell(self, action: str, stream: str, facts: Mapping[str, object]) -> None:
        """Write down what has happened; it is said as soon as the house hears."""
        self._news.execute(
            "INSERT INTO news (message, stream, action, body, written_at) VALUES (?, ?, ?, ?, ?)",
            (_id(), stream, action, self._body(action, stream, facts), time.time()),
        )
        self._send(stream)

    def unheard(self) -> int:
        """How many messages wait."""
        (count,) = self._news.execute("SELECT count(*) FROM news").fetchone()
        return count

    def _body(self, action: str, stream: str, facts: Mapping[str, object]) -> bytes:
        return msgspec.json.encode(
            {
                "action": action,
                "server_id": self.server_id,
                "vhost": "__defaultVhost__",
                "app": "live",
                "stream": stream,
                "param": "",
                "stream_url": f"/live/{stream}",
                "at": said(time.time()),
                **facts,
            }
        )

    def _send(self, stream: str) -> None:
        if stream not in self._sending:
            self._sending[stream] = asyncio.create_task(self._send_all(stream))

    async def _send_all(self, stream: str) -> None:
        pause, refused = self._retry_seconds, 0
        try:
            while row := self._next(stream):
                number, message, action, body, written_at = row
                status = await self._told(action, message, body)
                refused += status in REFUSED
                old = time.time() - written_at > KEPT_DAYS * 86400
                if 200 <= status < 300 or status == GONE or refused >= REFUSED_TRIES_MAX or old:
                    self._news.execute("DELETE FROM news WHERE id = ?", (number,))
                    pause, refused = self._retry_seconds, 0
                else:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, PAUSE_SECONDS_MAX)
        finally:
            del self._sending[stream]

    def _next(self, stream: str) -> tuple[int, str, str, bytes, float] | None:
        return self._news.execute(
            "SELECT id, message, action, body, written_at FROM news WHERE stream = ? ORDER BY id LIMIT 1", (stream,)
        ).fetchone()

    async def _told(self, action: str, message: str, body: bytes) -> int:
        """The status of the answer; 0 for none."""
        try:
            answer = await self._post(action, message, body)
        except httpx.HTTPError as error:
            log.warning("media.house_silent", action=action, error=type(error).__name__)
            return 0
        if not answer.is_success:
            log.warning("media.house_refuses", action=action, status=answer.status_code)
        return answer.status_code

    async def _post(self, action: str, message: str, body: bytes) -> httpx.Response:
        now = str(int(time.time()))
        digest = hmac.new(self._key, f"{message}.{now}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": now,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        return await self._client.post(f"{self._url}/{action}", content=body, headers=headers)


def said(moment: float) -> str:
    """A moment, in seconds since 1970, as JSON says it: RFC 3339 with milliseconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id() -> str:
    return "msg_" + secrets.token_hex(12)


def _kept_name(file: Path) -> str:
    with suppress(FileNotFoundError):
        return file.read_text("utf-8")
    name = "vid-" + secrets.token_hex(4)
    file.write_text(name, "utf-8")
    return name


def _new_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=TELL_SECONDS_MAX, follow_redirects=False, trust_env=False)
