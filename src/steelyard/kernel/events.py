"""The event log: how news travels up, each event with its effect exactly once.

`publish` inserts rows in the announcing transaction. Each subscriber owns a cursor, reads the log in order and in
batches, and moves its cursor in the transaction of its effects. Order is `(xid, position)`: a reader takes only events of
transactions older than every transaction still open (`pg_snapshot_xmin`), so nothing can appear behind its cursor.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

import msgspec
import structlog

from steelyard.kernel.db import Database, Read, Tx

EVENTS_PER_BATCH_MAX = 1_000
RETRY_SECONDS_MAX = 300

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
    """Announce facts. They become visible to subscribers when the transaction commits, and never if it does not."""
    await tx.execute(
        "INSERT INTO events (kind, payload) SELECT kind, payload FROM unnest($1::text[], $2::jsonb[]) AS e (kind, payload)",
        [event.KIND for event in events],
        [msgspec.to_builtins(event) for event in events],
    )


async def pump(db: Database, subscriber: Subscriber) -> int:
    """Read one batch for `subscriber`; returns how many events it moved past (0: nothing new, or someone else reads).

    When a handler raises, the batch is rolled back and read again one event at a time, so that its neighbours are not
    held up by the one; that one is tried again with growing pauses, never skipped, and `doctor` names it.
    """
    try:
        return await db.transact(_read, subscriber, EVENTS_PER_BATCH_MAX)
    except Exception:  # whatever a handler raises, its neighbours go on
        log.exception("events.batch_failed", subscriber=subscriber.name)
    moved = 0
    while moved < EVENTS_PER_BATCH_MAX:
        try:
            step = await db.transact(_read, subscriber, 1)
        except Exception as error:
            await db.transact(_remember_failure, subscriber.name, f"{type(error).__name__}: {error}")
            return moved
        if step == 0:
            return moved
        moved += step
    return moved


async def drain(db: Database, subscribers: Sequence[Subscriber]) -> int:
    """Pump all until none finds news: for tests and for commands that want the house at rest."""
    moved = 0
    while step := sum([await pump(db, subscriber) for subscriber in subscribers]):
        moved += step
    return moved


async def _read(tx: Tx, subscriber: Subscriber, most: int) -> int:
    await tx.execute(
        """
        INSERT INTO event_cursors (subscriber, xid, position) VALUES ($1, '0', 0)
        ON CONFLICT (subscriber) DO NOTHING
        """,
        subscriber.name,
    )
    cursor = await tx.row(
        """
        SELECT c.xid, c.position FROM event_cursors c
        LEFT JOIN event_failures f USING (subscriber)
        WHERE c.subscriber = $1 AND coalesce(f.retry_at <= now(), true)
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
        SET failures = f.failures + 1, error = excluded.error, xid = excluded.xid, position = excluded.position
          , retry_at = now() + least(2 ^ least(f.failures, 20), $3) * interval '1 second'
        """,
        name,
        error[:2_000],
        RETRY_SECONDS_MAX,
    )


class Lag(msgspec.Struct, frozen=True):
    """How far behind a subscriber is. `error` is set while it cannot get past an event."""

    subscriber: str
    events: int
    error: str | None


async def lags(read: Read) -> list[Lag]:
    """Every subscriber's lag, counted up to `EVENTS_PER_BATCH_MAX` events."""
    return await read.all(
        Lag,
        """
        SELECT c.subscriber, f.error
             , (SELECT count(*) FROM (SELECT FROM events e WHERE (e.xid, e.position) > (c.xid, c.position) LIMIT $1) ahead)
               AS events
        FROM event_cursors c LEFT JOIN event_failures f USING (subscriber)
        ORDER BY c.subscriber
        """,
        EVENTS_PER_BATCH_MAX,
    )


async def holding_back(read: Read) -> str | None:
    """The transaction that holds readers back, if one has been writing for longer than a second: who and what."""
    return await read.value(
        """
        SELECT format('pid %s (%s) writing since %s: %s', pid, application_name, xact_start, left(query, 200))
        FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL AND xact_start < now() - interval '1 second'
        ORDER BY xact_start LIMIT 1
        """
    )


async def renumber(tx: Tx) -> None:
    """After a restore: transaction numbers of another cluster mean nothing here, so the log is numbered anew.

    Order is kept; every event gets an xid below any transaction of this cluster, and each cursor follows its event.
    """
    await tx.execute(
        """
        CREATE TEMP TABLE renumbered ON COMMIT DROP AS
        SELECT xid AS old_xid, position AS old_position, row_number() OVER (ORDER BY xid, position) AS position FROM events
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
        "SELECT setval(pg_get_serial_sequence('events', 'position'), coalesce((SELECT max(position) FROM events), 0) + 1)"
    )
