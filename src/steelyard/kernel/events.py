"""The event log: how news travels up, each event with its effect exactly once.

`publish` inserts rows in the announcing transaction. Each subscriber owns a cursor, reads the log in order and in
batches, and moves its cursor in the transaction of its effects. Order is `(xid, position)`: a reader takes only
events of transactions older than every transaction still open (`pg_snapshot_xmin`), so nothing can appear behind
its cursor.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, ClassVar

import msgspec
import structlog

from steelyard.kernel.away import is_away
from steelyard.kernel.db import Database, Read, Row, Tx

EVENTS_PER_BATCH_MAX = 1_000
RETRY_SECONDS_MAX = 300
ERROR_LETTERS_MAX = 2_000
DRAIN_SECONDS = 20.0

log = structlog.get_logger()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense: ids and amounts only. Subclasses say `KIND = "module.past_tense"`."""

    KIND: ClassVar[str]


Handler = Callable[[Tx, Sequence[Any]], Awaitable[None]]


class Subscriber:
    """Who reads the log: a stable name (the cursor's key) and what it does with each kind of event it knows.

    A handler is given consecutive events of one kind, oldest first, and runs in the cursor's transaction; it must not
    call anything outside the database.
    """

    def __init__(self, name: str, handlers: Mapping[type[Event], Handler]) -> None:
        self.name = name
        self.handlers = {event.KIND: (event, handler) for event, handler in handlers.items()}


async def publish(tx: Tx, *events: Event) -> None:
    """Announce facts. Subscribers see them when the transaction commits, and never if it does not."""
    await tx.execute(
        """
        INSERT INTO events (kind, payload)
        SELECT kind, payload FROM unnest($1::text[], $2::jsonb[]) WITH ORDINALITY AS e (kind, payload, place)
        ORDER BY place
        """,
        [event.KIND for event in events],
        [msgspec.to_builtins(event) for event in events],
    )


async def waiting(read: Read, names: Sequence[str]) -> list[str]:
    """Which of these subscribers have news to read now (or have never read). Asking costs no transaction number and
    no write, so that a house at rest stays at rest however often it is asked."""
    rows = await read.fetch(
        """
        SELECT s.name FROM unnest($1::text[]) AS s (name)
        LEFT JOIN event_cursors c ON c.subscriber = s.name
        LEFT JOIN event_failures f ON f.subscriber = s.name
        WHERE coalesce(f.retry_at <= now(), true) AND c.paused_at IS NULL
          AND (c.subscriber IS NULL OR EXISTS (
                SELECT FROM events e
                WHERE (e.xid, e.position) > (c.xid, c.position)
                  AND e.xid < pg_snapshot_xmin(pg_current_snapshot())))
        """,
        list(names),
    )
    return [row["name"] for row in rows]


async def since(read: Read, xid: int | None, kinds: Sequence[str], most: int) -> tuple[int, list[Row]]:
    """For who follows the log without a cursor and without order: what can be seen of these kinds from transaction `xid`
    on, and from which one to ask next. What is read of transactions after that one will be read again. Of None: nothing,
    only where to begin."""
    if xid is None:
        return await read.value("SELECT pg_snapshot_xmin(pg_current_snapshot())"), []
    rows = await read.fetch(
        """
        SELECT position, kind, payload FROM events
        WHERE xid >= $1 AND kind = ANY($2)
        ORDER BY xid, position
        LIMIT $3
        """,
        xid,
        list(kinds),
        most,
    )
    return await read.value("SELECT pg_snapshot_xmin(pg_current_snapshot())"), rows


async def pump(db: Database, subscriber: Subscriber) -> int:
    """Read one batch for `subscriber`; returns how many events it moved past (0: no news, or someone else reads).

    When a handler raises, the batch is rolled back and read again one event at a time, so that those before the bad
    one have their effect. The bad one is tried again with growing pauses and is never skipped, nor overtaken by what
    follows it: this subscriber waits there, all others go on, and `lags` names it.
    """
    if not await db.ask(waiting, [subscriber.name]):
        return 0
    await db.transact(_begin_reading, subscriber.name)
    try:
        return await db.transact(_read, subscriber, EVENTS_PER_BATCH_MAX)
    except Exception as error:  # whatever a handler raises, what stands before it has its effect
        if is_away(error):
            raise
        log.exception("events.batch_failed", subscriber=subscriber.name)
    moved = 0
    while moved < EVENTS_PER_BATCH_MAX:
        try:
            step = await db.transact(_read, subscriber, 1)
        except Exception as error:
            if is_away(error):
                raise
            await db.transact(_remember_failure, subscriber.name, f"{type(error).__name__}: {error}")
            return moved
        if step == 0:
            return moved
        moved += step
    return moved


async def drain(db: Database, subscribers: Sequence[Subscriber], *, patience_seconds: float = DRAIN_SECONDS) -> int:
    """Pump all until each has read the whole log: for tests and for commands that want the house at rest.

    A transaction that is open in that moment (of another database of the cluster, too) is waited for. Returns how
    many events were moved past. Raises `AssertionError` when a subscriber cannot get to the end.
    """
    moved = 0
    names = [subscriber.name for subscriber in subscribers]
    deadline = time.monotonic() + patience_seconds
    while True:
        step = sum([await pump(db, subscriber) for subscriber in subscribers])
        moved += step
        if step:
            continue
        behind = [lag for lag in await db.ask(lags) if lag.subscriber in names and lag.events]
        if not behind:
            return moved
        stuck = [lag for lag in behind if lag.error]
        assert not stuck, f"cannot get past an event: {stuck}"
        assert time.monotonic() < deadline, f"held back: {behind}, {await db.ask(holding_back)}"
        await asyncio.sleep(0.01)


async def _begin_reading(tx: Tx, name: str) -> None:
    if await tx.value("SELECT true FROM event_cursors WHERE subscriber = $1", name) is None:
        await tx.execute(
            """
            INSERT INTO event_cursors (subscriber, xid, position) VALUES ($1, '0', 0)
            ON CONFLICT (subscriber) DO NOTHING
            """,
            name,
        )


async def _read(tx: Tx, subscriber: Subscriber, most: int) -> int:
    cursor = await tx.row(
        """
        SELECT c.xid, c.position FROM event_cursors c
        LEFT JOIN event_failures f USING (subscriber)
        WHERE c.subscriber = $1 AND c.paused_at IS NULL AND coalesce(f.retry_at <= now(), true)
        FOR UPDATE OF c SKIP LOCKED
        """,
        subscriber.name,
    )
    if cursor is None:
        return 0
    rows = await tx.fetch(
        """
        SELECT xid, position, kind, payload FROM events
        WHERE (xid, position) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, position
        LIMIT $3
        """,
        cursor["xid"],
        cursor["position"],
        most,
    )
    if not rows:
        return 0
    for kind, run in groupby(rows, key=lambda row: row["kind"]):
        if kind in subscriber.handlers:
            event, handler = subscriber.handlers[kind]
            await handler(tx, [msgspec.convert(row["payload"], event) for row in run])
    await tx.execute(
        "UPDATE event_cursors SET xid = $2, position = $3, moved_at = now() WHERE subscriber = $1",
        subscriber.name,
        rows[-1]["xid"],
        rows[-1]["position"],
    )
    await tx.execute("DELETE FROM event_failures WHERE subscriber = $1", subscriber.name)
    return len(rows)


async def _remember_failure(tx: Tx, name: str, error: str) -> None:
    await tx.execute(
        """
        INSERT INTO event_failures AS f (subscriber, xid, position, failures, error, retry_at)
        SELECT c.subscriber, c.xid, c.position, 1, $2, now() + interval '1 second'
        FROM event_cursors c WHERE c.subscriber = $1
        ON CONFLICT (subscriber) DO UPDATE
        SET failures = f.failures + 1, error = excluded.error
          , xid = excluded.xid, position = excluded.position
          , retry_at = now() + least(2 ^ least(f.failures, 20), $3::float8) * interval '1 second'
        """,
        name,
        error[:ERROR_LETTERS_MAX],
        RETRY_SECONDS_MAX,
    )


class Lag(msgspec.Struct, frozen=True):
    """How far behind a subscriber is: events, and the age of the oldest that it has not read. `error` is set while it
    cannot get past an event, `paused_at` while people have told it to wait."""

    subscriber: str
    events: int
    error: str | None
    seconds: float = 0.0
    failures: int = 0
    retry_at: datetime | None = None
    moved_at: datetime | None = None
    paused_at: datetime | None = None


async def lags(read: Read) -> list[Lag]:
    """Every subscriber's lag, counted up to `EVENTS_PER_BATCH_MAX` events."""
    return await read.all(
        Lag,
        """
        SELECT c.subscriber, f.error, coalesce(f.failures, 0) AS failures, f.retry_at, c.moved_at, c.paused_at
             , (SELECT count(*) FROM (
                    SELECT FROM events e WHERE (e.xid, e.position) > (c.xid, c.position) LIMIT $1) ahead) AS events
             , coalesce((SELECT extract(epoch FROM now() - e.at)::float8 FROM events e
                         WHERE (e.xid, e.position) > (c.xid, c.position)
                         ORDER BY e.xid, e.position LIMIT 1), 0) AS seconds
        FROM event_cursors c LEFT JOIN event_failures f USING (subscriber)
        ORDER BY c.subscriber
        """,
        EVENTS_PER_BATCH_MAX,
    )


async def holding_back(read: Read) -> str | None:
    """The transaction that holds readers back, if one has been writing for longer than a second: who and what.

    Its query is only known to a role that may see it (see `privileges`); transactions of other databases of the
    cluster count too.
    """
    return await read.value(
        """
        SELECT format('pid %s (%s, %s) writing since %s: %s', pid, datname, application_name
                     , coalesce(xact_start::text, '?'), left(query, 200))
        FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
          AND coalesce(xact_start < now() - interval '1 second', true)
        ORDER BY xact_start NULLS LAST LIMIT 1
        """
    )


async def renumber(tx: Tx) -> None:
    """After a restore: transaction numbers of another cluster mean nothing here, so the log is numbered anew.

    Order is kept; every event gets an xid below any transaction of this cluster, and each cursor follows its event.
    Run by the owner of the schema (`Tx(connection)` on `administer`): the application may not rewrite the log.
    """
    await tx.execute(
        """
        CREATE TEMP TABLE renumbered ON COMMIT DROP AS
        SELECT xid AS old_xid, position AS old_position
             , row_number() OVER (ORDER BY xid, position) AS position
        FROM events
        """
    )
    await tx.execute(
        """
        UPDATE event_cursors c SET xid = '1'
             , position = coalesce((SELECT max(r.position) FROM renumbered r
                                    WHERE (r.old_xid, r.old_position) <= (c.xid, c.position)), 0)
        """
    )
    await tx.execute("DELETE FROM event_failures")
    await tx.execute(
        """
        CREATE TEMP TABLE renumbered_events ON COMMIT DROP AS
        SELECT r.position, e.kind, e.payload, e.at
        FROM events e JOIN renumbered r ON (r.old_xid, r.old_position) = (e.xid, e.position)
        """
    )
    await tx.execute("DELETE FROM events")
    await tx.execute(
        """
        INSERT INTO events (position, xid, kind, payload, at) OVERRIDING SYSTEM VALUE
        SELECT position, '1', kind, payload, at FROM renumbered_events
        """
    )
    await tx.value(
        """
        SELECT setval(pg_get_serial_sequence('events', 'position')
                    , coalesce((SELECT max(position) FROM events), 0) + 1)
        """
    )
