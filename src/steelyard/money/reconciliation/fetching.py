"""Statements are fetched from those who give them out: each day of each once it is ready, again while there is no answer, and
whenever somebody asks. What comes goes the way of an upload (`taking`, `running`)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import paging
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.paging import Page
from steelyard.money.payments import NoBill, NotYet
from steelyard.money.payments.model import Unknown
from steelyard.money.reconciliation.arriving import Arrival, receive
from steelyard.money.reconciliation.gateways import Sender
from steelyard.money.reconciliation.model import (
    DayTaken,
    File,
    FileId,
    FileKnown,
    FileTooLarge,
    GivenUp,
    NoStatement,
    NotOver,
    Source,
)
from steelyard.money.reconciliation.queries import standing
from steelyard.money.reconciliation.running import run
from steelyard.money.reconciliation.taking import Statement, source_called, take, traded

# Days of one source that are asked for at once, the latest first: the others wait for the next time.
DAYS_AT_ONCE_MAX = 31
FIRST_PAUSE_SECONDS = 60
PAUSE_SECONDS_MAX = 3_600
# "There is no bill" may mean "not yet" where the sender says both in the same words: so long it is asked again.
NONE_AFTER = timedelta(hours=12)
BY = "system"

log = structlog.get_logger()


class Answer(StrEnum):
    """What came of asking last. `here`: the statement counts. `none`: the sender says that the day has none, and it counts as
    one on which it moved nothing. `other`: another statement of the day counts, a person's or an earlier one."""

    HERE = "here"
    NONE = "none"
    OTHER = "other"
    NOT_YET = "not_yet"
    UNREADABLE = "unreadable"
    FAILED = "failed"


ENDS = (Answer.HERE, Answer.NONE, Answer.OTHER)


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a source that is asked for. No `next_at`: not again by itself. `file_id`: the statement that counts."""

    source: str
    day: date
    tries: int
    asked_at: datetime | None
    next_at: datetime | None
    answer: Answer | None
    failure: str | None
    file_id: UUID | None
    lines: int | None


async def fetch_due(db: Database, known: Mapping[str, Sender], now: datetime) -> int:
    """Ask for every statement that is due; returns how many were asked for. Each day of a source is taken once, whatever
    is killed where, and is tried again with growing pauses (a minute to an hour) while there is no answer."""
    asked = 0
    for name, sender in sorted(known.items()):
        for day in await db.transact(claim, name, sender.after, now):
            await fetch(db, sender, day, now)
            asked += 1
    return asked


async def claim(tx: Tx, source: str, after: timedelta, now: datetime) -> list[date]:
    """The days that are over, have no statement and whose time has come, however long ago they were; their next try is
    pushed ahead first, so that two processes never ask for the same. The first day of an installation is the one on which it
    begins to ask: what was before is another's history."""
    known = await source_called(tx, source)
    today = known.day_of(now - after)
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


async def ask_again(tx: Tx, source: str, day: date, after: timedelta, now: datetime) -> None:
    """Somebody wants the day asked for now, whatever came of it before; the caller defers the job. Raises `NotFound` for a
    day that was never to be asked for, and `NotOver`."""
    known = await source_called(tx, source)
    if now < known.begins(day + timedelta(days=1)) + after:
        raise NotOver(day=day)
    found = await tx.execute(
        """
        UPDATE reconciliation_fetches
        SET tries = tries + 1, next_at = CASE WHEN next_at IS NULL THEN NULL ELSE now() + $3 * interval '1 second' END
        WHERE source = $1 AND day = $2
        """,
        source,
        day,
        FIRST_PAUSE_SECONDS,
    )
    if not found:
        raise NotFound()


async def fetch(db: Database, sender: Sender, day: date, now: datetime) -> None:
    """Ask for one day, take what comes, lay it beside the books, and write down what came of it."""
    told = await sender.statement(day)
    source = await db.ask(source_called, sender.source)
    answer, why = await _taken(db, source, day, now, told, sender.after)
    if answer in ENDS:
        try:
            await run(db, source.source, day)
        except NoStatement:  # withdrawn meanwhile, or kept with what is wrong with it
            answer, why = Answer.UNREADABLE, "unreadable"
    await db.transact(_note, source.source, day, answer, why)
    if answer not in ENDS:
        log.warning("reconciliation.not_fetched", source=source.source, day=day.isoformat(), why=why)


async def _taken(
    db: Database, source: Source, day: date, now: datetime, told: bytes | NoBill | NotYet | Unknown, after: timedelta
) -> tuple[Answer, str | None]:
    match told:
        case Unknown():
            return Answer.FAILED, told.why
        case NotYet():
            return Answer.NOT_YET, told.why
        case NoBill():
            if not told.certain and now < source.begins(day + timedelta(days=1)) + after + NONE_AFTER:
                return Answer.NOT_YET, "no bill, or none yet"
            return await _took(db, Arrival(source=source, day=day, name="–", content=b""), Answer.NONE)
        case bytes():
            ending = ".zip" if told.startswith(b"PK") else ".csv"
            arrival = Arrival(source=source, day=day, name=f"{source.source}-{day}{ending}", content=told)
            try:
                return await _took(db, arrival, Answer.HERE)
            except (FileTooLarge, GivenUp) as refusal:
                return Answer.FAILED, refusal.code


async def _took(db: Database, arrival: Arrival, answer: Answer) -> tuple[Answer, str | None]:
    """Keep it. By hand, by a fetch that was killed, or by an earlier one it may be here already; a day that had no bill and has
    one now gets it."""
    source, day = arrival.source.source, arrival.day
    try:
        file = await _received(db, arrival, answer)
    except FileKnown:
        return answer, None
    except DayTaken:
        counts = await db.ask(standing, source, day)
        if arrival.content and counts is not None and counts.size == 0:
            try:
                await _received(db, arrival, answer, over=counts.file_id)
            except Refusal as refusal:  # decided on, or withdrawn, meanwhile
                return Answer.OTHER, refusal.code
            return answer, None
        same = counts is not None and counts.size == len(arrival.content) == 0
        return (answer, None) if same else (Answer.OTHER, "another statement counts")
    return (answer, None) if file.state == "read" else (Answer.UNREADABLE, "unreadable")


async def _received(db: Database, arrival: Arrival, answer: Answer, over: FileId | None = None) -> File:
    if answer is Answer.NONE:
        nothing = Statement(
            source=arrival.source, day=arrival.day, name=arrival.name, content=b"", lines=[], problems=[]
        )
        return await db.transact(take, nothing, BY)
    return await receive(db, arrival, await db.ask(traded), BY, over=over)


async def _note(tx: Tx, source: str, day: date, answer: Answer, why: str | None) -> None:
    await tx.execute(
        """
        UPDATE reconciliation_fetches
        SET answer = $3, failure = $4, asked_at = now(), next_at = CASE WHEN $5::boolean THEN NULL ELSE next_at END
        WHERE source = $1 AND day = $2
        """,
        source,
        day,
        str(answer),
        why,
        answer in ENDS,
    )


async def fetches(
    read: Read,
    *,
    source: str | None = None,
    missing: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Fetch]:
    """What was asked for, the latest day first; `missing`: only what is not here."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, date, str)
    found = await read.all(
        Fetch,
        """
        SELECT a.source, a.day, a.tries, a.asked_at, a.next_at, a.answer, a.failure, f.file_id, f.lines
        FROM reconciliation_fetches a
        LEFT JOIN reconciliation_files f ON (f.source, f.day) = (a.source, a.day) AND f.state = 'read'
        WHERE ($1::text IS NULL OR a.source = $1) AND (NOT $2 OR (f.file_id IS NULL AND a.tries > 0))
          AND ($3::date IS NULL OR (a.day, a.source) < ($3, $4::text))
        ORDER BY a.day DESC, a.source DESC LIMIT $5
        """,
        source,
        missing,
        after[0] if after else None,
        after[1] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.day, last.source))
