"""Opening tasks."""

from collections.abc import Sequence
from datetime import datetime

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.workboard.model import (
    NOTE_CHARACTERS_MAX,
    TASKS_PER_CALL_MAX,
    TITLE_CHARACTERS_MAX,
    Task,
)
from steelyard.operations.workboard.queries import owner


async def open_task(tx: Tx, task: Task, by: str = "system") -> bool:
    """Open a task; whether it was not there yet. Said twice under one id, it is opened once, and stays as it was changed since.
    Raises `Invalid`."""
    return await open_tasks(tx, [task], by) == 1


async def open_tasks(tx: Tx, tasks: Sequence[Task], by: str = "system") -> int:
    """Open many at once, at most `TASKS_PER_CALL_MAX`; how many were not there yet. Raises `Invalid` beside a form's field."""
    assert len(tasks) <= TASKS_PER_CALL_MAX
    for task in tasks:
        check_words(task.title, task.note, task.due_at)
        assert not task.link or (task.link.startswith("/") and not task.link.startswith("//")), task.link
    fresh = {(owner(task.merchant_id), task.task_id): task for task in reversed(tasks)}
    keys = sorted(fresh)
    rows = await tx.fetch(
        """
        INSERT INTO tasks (merchant_id, task_id, title, note, role, account_id, due_at, source, source_id, link, opened_by)
        SELECT n.*, $11 FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::jsonb[], $5::text[], $6::uuid[], $7::timestamptz[]
                                  , $8::text[], $9::uuid[], $10::text[]) AS n
        ON CONFLICT (merchant_id, task_id) DO NOTHING RETURNING merchant_id, task_id
        """,
        [merchant_id for merchant_id, _ in keys],
        [task_id for _, task_id in keys],
        [fresh[key].title for key in keys],
        [fresh[key].note for key in keys],
        [fresh[key].role for key in keys],
        [fresh[key].account_id for key in keys],
        [fresh[key].due_at for key in keys],
        [fresh[key].source for key in keys],
        [fresh[key].source_id for key in keys],
        [fresh[key].link for key in keys],
        by,
    )
    await tx.execute(
        """
        INSERT INTO task_history (merchant_id, task_id, step, from_state, to_state, by)
        SELECT n.*, 1, 'nowhere', 'open', $3 FROM unnest($1::uuid[], $2::uuid[]) AS n
        """,
        [row["merchant_id"] for row in rows],
        [row["task_id"] for row in rows],
        by,
    )
    return len(rows)


def check_words(title: Text, note: Text, due_at: datetime | None) -> None:
    """Raises `Invalid` beside the field of a form."""
    wrong: dict[str, str | Text] = {}
    if not any(words.strip() for words in title.values()):
        wrong["title"] = N_("Please fill this in")
    if any(len(words) > TITLE_CHARACTERS_MAX for words in title.values()):
        wrong["title"] = N_("This is too long")
    if any(len(words) > NOTE_CHARACTERS_MAX for words in note.values()):
        wrong["note"] = N_("This is too long")
    assert due_at is None or due_at.tzinfo is not None
    if wrong:
        raise Invalid(wrong)
