"""Questions about statements, differences, and how each channel and bank does."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.money.reconciliation.model import Difference, File, ItemId, Line, Problem, Source

DAYS_SHOWN_MAX = 90


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a source does: the last day that was run, the last that is closed, what still waits for whom, how many days are
    asked for and not here, and why the newest of them is not."""

    source: str
    last_run: date | None
    last_closed: date | None
    lines: int
    matched: int
    waiting: int
    open: int
    proposed: int
    refused: int
    missing: int
    failure: str | None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a source in one currency, in minor units."""

    source: str
    day: date
    currency: str
    theirs: int
    ours: int
    fees: int
    paid_on: int


class Unexplained(msgspec.Struct, frozen=True, kw_only=True):
    """What was not explained at the end of a day: `amount` adds up without signs, in minor units."""

    day: date
    amount: int
    count: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    from_state: str
    to_state: str
    at: datetime
    by: str
    words: str


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The day of a source as lists show it."""

    source: str
    day: date
    file_id: UUID
    lines: int
    matched: int
    differences: int
    unfinished: int
    run_at: datetime
    closed_at: datetime | None


async def sources(read: Read) -> list[Source]:
    """Everybody who sends statements."""
    return await read.all(
        Source,
        "SELECT source, side, format, utc_minutes, name FROM reconciliation_sources ORDER BY side DESC, source",
    )


async def routes(read: Read) -> list[tuple[str, str | None]]:
    """Why money moves, and through which bank account; `*` is for all that is not said."""
    rows = await read.fetch("SELECT reason, source FROM reconciliation_routes ORDER BY reason = '*', source, reason")
    return [(row["reason"], row["source"]) for row in rows]


async def files(
    read: Read, source: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[File]:
    """Statements as they came, the newest first."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, datetime, UUID)
    found = await read.all(
        File,
        """
        SELECT source, file_id, day, format, name, sha256, size, lines, problems, state, received_by, received_at, arrived
             , withdrawal_asked_by
        FROM reconciliation_files
        WHERE ($1::text IS NULL OR source = $1)
          AND ($2::timestamptz IS NULL OR (received_at, file_id) < ($2, $3::uuid))
        ORDER BY received_at DESC, file_id DESC LIMIT $4
        """,
        source,
        after[0] if after else None,
        after[1] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.received_at, last.file_id))


async def file(read: Read, source: str, file_id: UUID) -> File:
    """Raises `NotFound`."""
    found = await read.one(
        File,
        """
        SELECT source, file_id, day, format, name, sha256, size, lines, problems, state, received_by, received_at, arrived
             , withdrawal_asked_by
        FROM reconciliation_files WHERE source = $1 AND file_id = $2
        """,
        source,
        file_id,
    )
    if found is None:
        raise NotFound()
    return found


async def standing(read: Read, source: str, day: date) -> File | None:
    """The statement of a day that counts."""
    return await read.one(
        File,
        """
        SELECT source, file_id, day, format, name, sha256, size, lines, problems, state, received_by, received_at, arrived
             , withdrawal_asked_by
        FROM reconciliation_files WHERE source = $1 AND day = $2 AND state = 'read'
        """,
        source,
        day,
    )


async def problems(read: Read, source: str, file_id: UUID) -> list[Problem]:
    """What could not be read of a file, line by line: the first few hundred."""
    return await read.all(
        Problem,
        """
        SELECT line_no AS number, problem, told FROM reconciliation_problems
        WHERE source = $1 AND file_id = $2 ORDER BY number
        """,
        source,
        file_id,
    )


async def line(read: Read, source: str, file_id: UUID, line_no: int) -> Line | None:
    """A line of a statement."""
    return await read.one(
        Line,
        """
        SELECT line_no AS number, at, kind, their_id, currency, amount, fee, reference, their_document
        FROM reconciliation_lines WHERE source = $1 AND file_id = $2 AND line_no = $3
        """,
        source,
        file_id,
        line_no,
    )


async def differences(
    read: Read,
    *,
    source: str | None = None,
    states: list[str] | None = None,
    kind: str | None = None,
    day: date | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Difference]:
    """The work list, the newest day first."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, date, str, UUID)
    found = await read.all(
        Difference,
        """
        SELECT source, item_id, day, kind, state, file_id, line_no, owner_id, transfer_id, document, currency, theirs
             , our_currency, ours, found_at, ended_at, into_kind, proposed_by, booking, words
             , undo_asked_by, undo_words
        FROM reconciliation_differences
        WHERE ($1::text IS NULL OR source = $1) AND ($2::text[] IS NULL OR state = ANY ($2))
          AND ($3::text IS NULL OR kind = $3) AND ($4::date IS NULL OR day = $4)
          AND ($5::date IS NULL OR (day, source, item_id) < ($5, $6::text, $7::uuid))
        ORDER BY day DESC, source DESC, item_id DESC LIMIT $8
        """,
        source,
        states,
        kind,
        day,
        after[0] if after else None,
        after[1] if after else None,
        after[2] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.day, last.source, last.item_id))


async def difference(read: Read, source: str, item_id: UUID) -> Difference:
    """Raises `NotFound`."""
    found = await read.one(
        Difference,
        """
        SELECT source, item_id, day, kind, state, file_id, line_no, owner_id, transfer_id, document, currency, theirs
             , our_currency, ours, found_at, ended_at, into_kind, proposed_by, booking, words
             , undo_asked_by, undo_words
        FROM reconciliation_differences WHERE source = $1 AND item_id = $2
        """,
        source,
        ItemId(item_id),
    )
    if found is None:
        raise NotFound()
    return found


async def history(read: Read, source: str, item_id: UUID) -> list[Step]:
    """What became of a difference, the first step first."""
    return await read.all(
        Step,
        """
        SELECT from_state, to_state, at, by, words FROM reconciliation_difference_history
        WHERE source = $1 AND item_id = $2 ORDER BY step
        """,
        source,
        item_id,
    )


async def days(
    read: Read, source: str | None = None, cursor: str | None = None, limit: int | None = None
) -> Page[Beside]:
    """The days that were run, the newest first."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, date, str)
    found = await read.all(
        Beside,
        """
        SELECT d.source, d.day, d.file_id, d.lines, d.matched, d.run_at, d.closed_at
             , (SELECT count(*) FROM reconciliation_differences i
                WHERE (i.source, i.day) = (d.source, d.day)) AS differences
             , (SELECT count(*) FROM reconciliation_differences i WHERE (i.source, i.day) = (d.source, d.day)
                  AND i.state IN ('waiting', 'open', 'proposed')) AS unfinished
        FROM reconciliation_days d
        WHERE ($1::text IS NULL OR d.source = $1) AND ($2::date IS NULL OR (d.day, d.source) < ($2, $3::text))
        ORDER BY d.day DESC, d.source DESC LIMIT $4
        """,
        source,
        after[0] if after else None,
        after[1] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.day, last.source))


async def totals(read: Read, source: str, day: date) -> list[Totals]:
    """What a day comes to, by currency."""
    return await read.all(
        Totals,
        """
        SELECT source, day, currency, theirs, ours, fees, paid_on FROM reconciliation_totals
        WHERE source = $1 AND day = $2 ORDER BY currency
        """,
        source,
        day,
    )


async def health(read: Read) -> list[Health]:
    """How every source does that has sent anything, or is asked for something."""
    return await read.all(
        Health,
        """
        SELECT s.source, r.day AS last_run, coalesce(r.lines, 0) AS lines, coalesce(r.matched, 0) AS matched
             , (SELECT max(d.day) FROM reconciliation_days d WHERE d.source = s.source AND d.closed_at IS NOT NULL)
               AS last_closed
             , coalesce(w.waiting, 0) AS waiting, coalesce(w.open, 0) AS open, coalesce(w.proposed, 0) AS proposed
             , (SELECT count(*) FROM reconciliation_files f WHERE f.source = s.source AND f.state = 'refused'
                  AND f.day > coalesce(r.day, '-infinity')) AS refused
             , (SELECT count(*) FROM reconciliation_fetches f
                WHERE f.source = s.source AND f.tries > 0
                  AND NOT EXISTS (SELECT FROM reconciliation_files h
                                  WHERE (h.source, h.day) = (f.source, f.day) AND h.state = 'read')) AS missing
             , (SELECT f.failure FROM reconciliation_fetches f
                WHERE f.source = s.source AND f.next_at IS NOT NULL AND f.failure IS NOT NULL
                ORDER BY f.day DESC LIMIT 1) AS failure
        FROM reconciliation_sources s
        LEFT JOIN LATERAL (SELECT day, lines, matched FROM reconciliation_days d WHERE d.source = s.source
                           ORDER BY day DESC LIMIT 1) r ON true
        LEFT JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'open') AS open
                 , count(*) FILTER (WHERE state = 'proposed') AS proposed
            FROM reconciliation_differences d WHERE d.source = s.source AND state IN ('waiting', 'open', 'proposed')
        ) w ON true
        WHERE r.day IS NOT NULL
           OR EXISTS (SELECT FROM reconciliation_fetches f WHERE f.source = s.source)
           OR EXISTS (SELECT FROM reconciliation_files f WHERE f.source = s.source)
        ORDER BY s.side DESC, s.source
        """,
    )


async def unexplained(read: Read, currency: str, first: date, last: date) -> list[Unexplained]:
    """What was not explained at the end of each day from `first` to `last`, in one currency: what was found by then and not
    explained by then, a difference with two currencies in each of them."""
    assert (last - first).days < DAYS_SHOWN_MAX
    return await read.all(
        Unexplained,
        """
        SELECT c.day::date AS day, coalesce(sum(i.amount), 0)::bigint AS amount, count(i.amount) AS count
        FROM generate_series($2::date, $3::date, interval '1 day') AS c (day)
        LEFT JOIN (
            SELECT day, ended_on
                 , abs(theirs - CASE WHEN our_currency = currency THEN ours ELSE 0 END) AS amount
            FROM reconciliation_differences WHERE currency = $1 AND kind <> 'day' AND day <= $3::date
            UNION ALL
            SELECT day, ended_on, abs(ours) FROM reconciliation_differences
            WHERE our_currency = $1 AND currency <> $1 AND day <= $3::date
        ) AS i ON i.day <= c.day AND (i.ended_on IS NULL OR i.ended_on > c.day)
        GROUP BY c.day ORDER BY c.day
        """,
        currency,
        first,
        last,
    )


async def currencies_of(read: Read) -> list[str]:
    """The currencies in which statements have come."""
    rows = await read.fetch("SELECT DISTINCT currency FROM reconciliation_totals ORDER BY currency")
    return [row["currency"] for row in rows]
