"""Statements are asked for when their day is over, and run when they are here."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import structlog

from steelyard.kernel import jobs
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.sweeps import Sweep
from steelyard.money.payments import Unknown
from steelyard.money.reconciliation.gateways import Sender, senders
from steelyard.money.reconciliation.model import DayTaken, FileKnown, FileTooLarge, NoStatement
from steelyard.money.reconciliation.running import run
from steelyard.money.reconciliation.taking import read_statement, source_called, take, traded

EVERY_SECONDS = 60.0
# Days of one source that are asked for at once, the latest first: the others wait for the next time.
DAYS_AT_ONCE_MAX = 31
# A sender closes its day some minutes after midnight.
AFTER_MINUTES = 10
FIRST_PAUSE_SECONDS = 60
PAUSE_SECONDS_MAX = 3_600
BY = "system"

log = structlog.get_logger()


async def fetch_due(db: Database, known: Mapping[str, Sender], now: datetime) -> int:
    """Ask for every statement that is due; returns how many were asked for. Each day of a source is taken once, whatever
    is killed where, and is tried again with growing pauses (a minute to an hour) while there is no answer."""
    asked = 0
    for name, sender in sorted(known.items()):
        source = await db.ask(source_called, name)
        today = source.day_of(now - timedelta(minutes=AFTER_MINUTES))
        for day in await db.transact(_claim, name, today):
            await _fetch(db, sender, day)
            asked += 1
    return asked


async def _claim(tx: Tx, source: str, today: date) -> list[date]:
    """The days before today that have no statement and whose time has come, however long ago they were; their next try is
    pushed ahead first, so that two processes never ask for the same. The first day of an installation is the one on which it
    begins to ask: what was before is another's history."""
    await tx.execute(
        """
        INSERT INTO reconciliation_fetches (source, day, tries, next_at)
        SELECT $1, $2, 0, now() WHERE NOT EXISTS (SELECT FROM reconciliation_fetches WHERE source = $1)
        ON CONFLICT DO NOTHING
        """,
        source,
        today,
    )
    rows = await tx.fetch(
        """
        INSERT INTO reconciliation_fetches AS f (source, day, tries, next_at)
        SELECT $1, w.day, 1, now() + $3 * interval '1 second'
        FROM (SELECT d.at::date AS day
              FROM generate_series((SELECT min(day) FROM reconciliation_fetches WHERE source = $1)::timestamp
                                 , $2::date - interval '1 day', interval '1 day') AS d (at)
              LEFT JOIN reconciliation_fetches known ON known.source = $1 AND known.day = d.at::date
              WHERE known.day IS NULL OR known.next_at <= now()
              ORDER BY d.at DESC LIMIT $5) AS w
        ORDER BY w.day
        ON CONFLICT (source, day) DO UPDATE
        SET tries = f.tries + 1, next_at = now() + least($3 * 2 ^ least(f.tries, 20), $4) * interval '1 second'
        WHERE f.next_at <= now()
        RETURNING day
        """,
        source,
        today,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
        DAYS_AT_ONCE_MAX,
    )
    return sorted(row["day"] for row in rows)


async def _fetch(db: Database, sender: Sender, day: date) -> None:
    content = await sender.statement(day)
    if content is None or isinstance(content, Unknown):
        why = content.why if isinstance(content, Unknown) else "no statement yet"
        await db.transact(_note, sender.source, day, why)
        log.warning("reconciliation.not_fetched", source=sender.source, day=day.isoformat(), why=why)
        return
    source = await db.ask(source_called, sender.source)
    known = await db.ask(traded)
    name = f"{sender.source}-{day}.csv"
    try:
        statement = await asyncio.to_thread(read_statement, source, day, name, content, known)
    except FileTooLarge as refusal:
        await db.transact(_note, sender.source, day, refusal.code)
        return
    try:
        await db.transact(take, statement, BY)
    except (FileKnown, DayTaken) as refusal:  # by hand, or by somebody who was killed before it was run
        log.info("reconciliation.known", source=sender.source, day=day.isoformat(), why=refusal.code)
    try:
        await db.transact(run, sender.source, day)
    except NoStatement:
        await db.transact(_note, sender.source, day, "unreadable")
        return
    await db.transact(_done, sender.source, day)


async def _note(tx: Tx, source: str, day: date, why: str) -> None:
    await tx.execute("UPDATE reconciliation_fetches SET failure = $3 WHERE source = $1 AND day = $2", source, day, why)


async def _done(tx: Tx, source: str, day: date) -> None:
    await tx.execute(
        "UPDATE reconciliation_fetches SET next_at = NULL, failure = NULL WHERE source = $1 AND day = $2", source, day
    )


async def _sweep(db: Database) -> int:
    try:
        await fetch_due(db, senders(kernel_settings.load()), datetime.now(UTC))
    except Refusal as refusal:  # a source that is not known here: nothing that asking again would change
        log.error("reconciliation.refused", why=str(refusal))
    return 0


@jobs.job("reconciliation.run_day")
async def run_day(db: Database, *, source: str, day: date) -> None:
    """Lay a day beside the books: for statements that nobody waits for in a browser."""
    await db.transact(run, source, day)


SWEEPS = [Sweep("reconciliation.fetch", EVERY_SECONDS, _sweep)]
