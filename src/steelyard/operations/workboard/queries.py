"""What is to be done, and what was."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.operations.workboard.model import (
    CARDS_PER_COLUMN,
    CLOSED,
    COLUMNS,
    COMMENTS_MAX,
    COUNTED_MAX,
    DONE_SHOWN_DAYS,
    PLATFORM,
    STEPS_SHOWN,
    Board,
    Card,
    Comment,
    Counts,
    Filter,
    State,
    Step,
)


def owner(merchant_id: UUID | None) -> UUID:
    """Whose the task is kept as."""
    return merchant_id or PLATFORM


async def task(read: Read, merchant_id: UUID | None, task_id: UUID) -> Card:
    """Raises `NotFound`."""
    found = await read.one(
        Card,
        """
        SELECT nullif(merchant_id, '00000000-0000-0000-0000-000000000000') AS merchant_id, task_id, title, note, role, account_id
             , due_at, source, source_id, link, state, opened_at, opened_by, changed_at, closed_at, reason
        FROM tasks WHERE merchant_id = $1 AND task_id = $2
        """,
        owner(merchant_id),
        task_id,
    )
    if found is None:
        raise NotFound()
    return found


async def history(read: Read, merchant_id: UUID | None, task_id: UUID) -> list[Step]:
    """In the order of time; of very many the last."""
    found = await read.all(
        Step,
        """
        SELECT to_state, at, by, note FROM task_history WHERE merchant_id = $1 AND task_id = $2 ORDER BY step DESC LIMIT $3
        """,
        owner(merchant_id),
        task_id,
        STEPS_SHOWN,
    )
    return found[::-1]


async def comments(read: Read, merchant_id: UUID | None, task_id: UUID) -> list[Comment]:
    """In the order of time."""
    return await read.all(
        Comment,
        """
        SELECT comment_id, at, by, words, handed, account_id, role FROM task_comments
        WHERE merchant_id = $1 AND task_id = $2 ORDER BY at, comment_id LIMIT $3
        """,
        owner(merchant_id),
        task_id,
        2 * COMMENTS_MAX,
    )


async def board(read: Read, merchant_id: UUID | None, which: Filter) -> Board:
    """The three columns: what is open and what is being done, the first due first, and what was done of late."""
    since = datetime.now(UTC) - timedelta(days=DONE_SHOWN_DAYS)
    cards = {
        state: await _closed(read, owner(merchant_id), state, which, None, CARDS_PER_COLUMN, since)
        if state in CLOSED
        else await _waiting(read, owner(merchant_id), state, which, None, CARDS_PER_COLUMN)
        for state in COLUMNS
    }
    rows = await read.fetch(
        """
        SELECT s.state, (SELECT count(*) FROM (
            SELECT FROM tasks t
            WHERE t.merchant_id = $1 AND t.state = s.state
              AND CASE $3 WHEN 'mine' THEN account_id = $4 WHEN 'role' THEN account_id IS NULL AND role = ANY($5)
                          WHEN 'nobodys' THEN account_id IS NULL AND role IS NULL
                          WHEN 'late' THEN closed_at IS NULL AND due_at < now() ELSE true END
              AND ($6 = '' OR strpos(lower(concat_ws(' ', title->>'zh-Hans', title->>'en', note->>'zh-Hans', note->>'en'))
                                   , lower($6)) > 0)
              AND (t.closed_at IS NULL OR t.closed_at >= $8)
            LIMIT $7) AS counted) AS many
        FROM unnest($2::text[]) AS s (state)
        """,
        owner(merchant_id),
        [str(state) for state in COLUMNS],
        str(which.whose),
        which.account_id,
        list(which.roles),
        which.words.strip(),
        COUNTED_MAX,
        since,
    )
    return Board(cards=cards, counts={State(row["state"]): row["many"] for row in rows})


async def page(
    read: Read,
    merchant_id: UUID | None,
    state: State,
    which: Filter,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Card]:
    """Tasks in a state: those that wait with the first due first, without a day last; those that are over, the last first."""
    most = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID)
    asked = _closed if state in CLOSED else _waiting
    found = await asked(read, owner(merchant_id), state, which, key, most + 1)
    return paging.cut(found, most, lambda last: (last.closed_at or last.due_at or _NEVER, last.task_id))


_NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


async def _waiting(
    read: Read, owner_id: UUID, state: State, which: Filter, key: Sequence[object] | None, most: int
) -> list[Card]:
    return await read.all(
        Card,
        """
        SELECT nullif(merchant_id, '00000000-0000-0000-0000-000000000000') AS merchant_id, task_id, title, note, role, account_id
             , due_at, source, source_id, link, state, opened_at, opened_by, changed_at, closed_at, reason
        FROM tasks
        WHERE merchant_id = $1 AND state = $2 AND closed_at IS NULL
          AND CASE $3 WHEN 'mine' THEN account_id = $4 WHEN 'role' THEN account_id IS NULL AND role = ANY($5)
                      WHEN 'nobodys' THEN account_id IS NULL AND role IS NULL WHEN 'late' THEN due_at < now() ELSE true END
          AND ($6 = '' OR strpos(lower(concat_ws(' ', title->>'zh-Hans', title->>'en', note->>'zh-Hans', note->>'en'))
                               , lower($6)) > 0)
          AND ($7::timestamptz IS NULL OR (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'), task_id) > ($7, $8::uuid))
        ORDER BY coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'), task_id LIMIT $9
        """,
        owner_id,
        state,
        str(which.whose),
        which.account_id,
        list(which.roles),
        which.words.strip(),
        key[0] if key else None,
        key[1] if key else None,
        most,
    )


async def _closed(
    read: Read,
    owner_id: UUID,
    state: State,
    which: Filter,
    key: Sequence[object] | None,
    most: int,
    since: datetime | None = None,
) -> list[Card]:
    return await read.all(
        Card,
        """
        SELECT nullif(merchant_id, '00000000-0000-0000-0000-000000000000') AS merchant_id, task_id, title, note, role, account_id
             , due_at, source, source_id, link, state, opened_at, opened_by, changed_at, closed_at, reason
        FROM tasks
        WHERE merchant_id = $1 AND state = $2 AND closed_at IS NOT NULL
          AND CASE $3 WHEN 'mine' THEN account_id = $4 WHEN 'role' THEN account_id IS NULL AND role = ANY($5)
                      WHEN 'nobodys' THEN account_id IS NULL AND role IS NULL WHEN 'late' THEN false ELSE true END
          AND ($6 = '' OR strpos(lower(concat_ws(' ', title->>'zh-Hans', title->>'en', note->>'zh-Hans', note->>'en'))
                               , lower($6)) > 0)
          AND ($7::timestamptz IS NULL OR (closed_at, task_id) < ($7, $8::uuid))
          AND ($10::timestamptz IS NULL OR closed_at >= $10)
        ORDER BY closed_at DESC, task_id DESC LIMIT $9
        """,
        owner_id,
        state,
        str(which.whose),
        which.account_id,
        list(which.roles),
        which.words.strip(),
        key[0] if key else None,
        key[1] if key else None,
        most,
        since,
    )


async def counts(read: Read, merchant_id: UUID | None, account_id: UUID | None, roles: Sequence[str]) -> Counts:
    """What waits for one of the staff."""
    found = await read.one(
        Counts,
        """
        WITH own AS (
            SELECT true AS taken, due_at FROM tasks
            WHERE merchant_id = $1 AND account_id = $2 AND closed_at IS NULL LIMIT $4
        ), queued AS (
            SELECT false AS taken, due_at FROM tasks
            WHERE merchant_id = $1 AND role = ANY($3) AND account_id IS NULL AND closed_at IS NULL LIMIT $4
        ), both_of AS (SELECT * FROM own UNION ALL SELECT * FROM queued)
        SELECT (count(*) FILTER (WHERE taken))::integer AS mine, (count(*) FILTER (WHERE NOT taken))::integer AS role
             , (count(*) FILTER (WHERE due_at < now()))::integer AS late
        FROM both_of
        """,
        owner(merchant_id),
        account_id,
        list(roles),
        COUNTED_MAX,
    )
    assert found is not None
    return found


async def of_source(read: Read, merchant_id: UUID | None, source: str, source_id: UUID) -> list[Card]:
    """The tasks that one thing of a module has opened."""
    return await read.all(
        Card,
        """
        SELECT nullif(merchant_id, '00000000-0000-0000-0000-000000000000') AS merchant_id, task_id, title, note, role, account_id
             , due_at, source, source_id, link, state, opened_at, opened_by, changed_at, closed_at, reason
        FROM tasks WHERE merchant_id = $1 AND source = $2 AND source_id = $3 ORDER BY task_id LIMIT $4
        """,
        owner(merchant_id),
        source,
        source_id,
        CARDS_PER_COLUMN,
    )
