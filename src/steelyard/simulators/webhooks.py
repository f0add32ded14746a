"""The outbox of a simulator: events written with what they tell of, sent later, signed, again until they arrive."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import msgspec

from steelyard.simulators.clock import Clock
from steelyard.simulators.faults import FaultBoard
from steelyard.simulators.signatures import sign
from steelyard.simulators.store import Read, Store, Tx

ATTEMPTS_MAX = 8
RETRY_PAUSE_SECONDS_MAX = 60
SEND_SECONDS_MAX = 10
SENDS_PER_ROUND_MAX = 100
LOG_ROWS_MAX = 200
OVERTAKEN_AFTER_SECONDS = 1
GONE = 410

SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
  id          INTEGER PRIMARY KEY
, event       TEXT NOT NULL
, type        TEXT NOT NULL
, subject     TEXT NOT NULL
, url         TEXT NOT NULL
, body        BLOB NOT NULL
, state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'suppressed'))
, held        INTEGER NOT NULL DEFAULT 0
, due_at      REAL NOT NULL
, attempts    INTEGER NOT NULL DEFAULT 0
, answer      TEXT NOT NULL DEFAULT ''
, created_at  REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (subject, id);
CREATE TABLE IF NOT EXISTS attempts (
  delivery INTEGER NOT NULL REFERENCES deliveries
, at       REAL NOT NULL
, answer   TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_of ON attempts (delivery, at);
"""

DeliveryState = Literal["waiting", "delivered", "failed", "suppressed"]
Envelope = Callable[[str, int, bytes], tuple[dict[str, str], bytes]]
"""How an event goes over the wire: from its id, the time of sending and its body to headers and content."""

Heard = Callable[[httpx.Response], bool]
"""Whether an answer says that the message has been taken in."""


class Event(msgspec.Struct, frozen=True):
    """What goes over the wire. `data` is the whole object as the query API shows it at that moment."""

    id: str
    type: str
    created_at: datetime
    data: msgspec.Struct | dict[str, Any]


class Delivery(msgspec.Struct, frozen=True):
    """One line of the delivery log. `answer` is the last HTTP status, or why there was none."""

    id: int
    event: str
    type: str
    subject: str
    url: str
    state: DeliveryState
    attempts: int
    answer: str
    due_at: datetime
    created_at: datetime


class Attempt(msgspec.Struct, frozen=True):
    at: datetime
    answer: str


class _Due(msgspec.Struct, frozen=True):
    id: int
    event: str
    url: str
    body: bytes
    attempts: int


class _Again(msgspec.Struct, frozen=True):
    event: str
    type: str
    url: str
    body: bytes


class Outbox:
    """Writes events in the transaction of what they tell of, and sends those that are due."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        faults: FaultBoard,
        *,
        envelope: Envelope,
        heard: Heard,
        retry_seconds: float,
        closing: asyncio.Event,
        client: Callable[[], httpx.AsyncClient] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._envelope = envelope
        self._heard = heard
        self._retry_seconds = retry_seconds
        self._closing = closing
        self._client = client or _new_client

    def publish(self, tx: Tx, kind: str, subject: str, url: str | None, data: msgspec.Struct | dict[str, Any]) -> None:
        """Write one event. Nobody to tell (no `url`) is fine."""
        if url is None:
            return
        now = self._clock.now()
        event = Event("evt_" + secrets.token_hex(12), kind, datetime.fromtimestamp(now, UTC), data)
        again = _Again(event.id, kind, url, msgspec.json.encode(event))
        delay = self._faults.now.delay_seconds
        match self._faults.webhooks():
            case "prompt":
                self._write(tx, again, subject, due_at=now)
            case "late":
                self._write(tx, again, subject, due_at=now + delay)
            case "twice":
                self._write(tx, again, subject, due_at=now)
                self._write(tx, again, subject, due_at=now + delay)
            case "out_of_order":
                overtaken = tx.execute(
                    "UPDATE deliveries SET held = 0, due_at = :due WHERE held = 1 AND state = 'waiting'",
                    {"due": now + OVERTAKEN_AFTER_SECONDS},
                )
                held = not overtaken
                self._write(tx, again, subject, due_at=now + delay if held else now, held=held)
            case "never":
                self._write(tx, again, subject, due_at=now, state="suppressed")

    def replay(self, subject: str) -> int:
        """Send the last event of `subject` once more, under its old id; returns how many that is (0 or 1)."""
        with self._store.write() as tx:
            last = tx.row(
                _Again,
                "SELECT event, type, url, body FROM deliveries WHERE subject = :subject ORDER BY id DESC LIMIT 1",
                {"subject": subject},
            )
            if last is not None:
                self._write(tx, last, subject, due_at=self._clock.now())
        return 0 if last is None else 1

    def _write(
        self,
        tx: Tx,
        event: _Again,
        subject: str,
        *,
        due_at: float,
        held: bool = False,
        state: DeliveryState = "waiting",
    ) -> None:
        tx.execute(
            """INSERT INTO deliveries (event, type, subject, url, body, state, held, due_at, created_at)
               VALUES (:event, :type, :subject, :url, :body, :state, :held, :due_at, :now)""",
            {
                "event": event.event,
                "type": event.type,
                "subject": subject,
                "url": event.url,
                "body": event.body,
                "state": state,
                "held": held,
                "due_at": due_at,
                "now": self._clock.now(),
            },
        )

    async def send_due(self) -> float | None:
        """Send what is due, each receiver's events one after the other; returns when the next is."""
        due = self._store.rows(
            _Due,
            """SELECT id, event, url, body, attempts FROM deliveries
               WHERE state = 'waiting' AND due_at <= :now ORDER BY due_at, id LIMIT :most""",
            {"now": self._clock.now(), "most": SENDS_PER_ROUND_MAX},
        )
        by_receiver: dict[str, list[_Due]] = {}
        for delivery in due:
            by_receiver.setdefault(delivery.url, []).append(delivery)
        if by_receiver:
            async with self._client() as client, asyncio.TaskGroup() as sending:
                for deliveries in by_receiver.values():
                    sending.create_task(self._send_in_turn(client, deliveries))
        return self._store.number("SELECT min(due_at) FROM deliveries WHERE state = 'waiting'")

    async def _send_in_turn(self, client: httpx.AsyncClient, deliveries: list[_Due]) -> None:
        for delivery in deliveries:
            if self._closing.is_set():
                return
            self._record(delivery, await self._send(client, delivery))

    async def _send(self, client: httpx.AsyncClient, delivery: _Due) -> int | str:
        """The HTTP status of the answer, or why it does not count."""
        headers, content = self._envelope(delivery.event, int(self._clock.now()), delivery.body)
        try:
            answer = await client.post(delivery.url, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        if answer.is_success and not self._heard(answer):
            return f"{answer.status_code}, other words"
        return answer.status_code

    def _record(self, delivery: _Due, answer: int | str) -> None:
        attempts = delivery.attempts + 1
        state: DeliveryState = "waiting"
        if isinstance(answer, int) and 200 <= answer < 300:
            state = "delivered"
        elif answer == GONE or attempts >= ATTEMPTS_MAX:
            state = "failed"
        now = self._clock.now()
        pause = min(self._retry_seconds * 2 ** (attempts - 1), RETRY_PAUSE_SECONDS_MAX)
        facts = {"id": delivery.id, "state": state, "attempts": attempts, "answer": str(answer), "now": now}
        with self._store.write() as tx:
            tx.execute(
                """UPDATE deliveries SET state = :state, held = 0, attempts = :attempts, answer = :answer, due_at = :due
                   WHERE id = :id""",
                {**facts, "due": now + pause},
            )
            tx.execute("INSERT INTO attempts (delivery, at, answer) VALUES (:id, :now, :answer)", facts)


def standard(secret: str) -> Envelope:
    """After the Standard Webhooks specification."""

    def wrapped(event: str, timestamp: int, body: bytes) -> tuple[dict[str, str], bytes]:
        return {
            "content-type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secret, event, timestamp, body),
        }, body

    return wrapped


def any_success(answer: httpx.Response) -> bool:
    return answer.is_success


def _new_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=SEND_SECONDS_MAX, follow_redirects=False, trust_env=False)


def delivery_log(read: Read, subject: str | None) -> list[Delivery]:
    """The latest deliveries, of one subject or of all, newest first."""
    return read.rows(
        Delivery,
        """SELECT id, event, type, subject, url, state, attempts, answer, due_at, created_at FROM deliveries
           WHERE subject = coalesce(:subject, subject) ORDER BY id DESC LIMIT :most""",
        {"subject": subject, "most": LOG_ROWS_MAX},
    )


def attempts_of(read: Read, delivery: int) -> list[Attempt]:
    return read.rows(
        Attempt, "SELECT at, answer FROM attempts WHERE delivery = :id ORDER BY at, rowid", {"id": delivery}
    )
