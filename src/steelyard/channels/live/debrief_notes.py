"""What people add to a debrief: notes with author and time, and what is to be done next."""

from uuid import UUID

from steelyard.channels.live.debrief_model import (
    NOTE_CHARACTERS_MAX,
    NOTES_MAX,
    TASK_CHARACTERS_MAX,
    TASKS_MAX,
    NewTask,
    Note,
    Task,
)
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access


async def add_note(tx: Tx, merchant_id: UUID, session_id: UUID, note_id: UUID, words: str, by: str) -> None:
    """Add a note to a review. Said twice under one id, it stands once. Raises `NotFound`, `Invalid`."""
    words = words.strip()
    await _hold(tx, merchant_id, session_id)
    if not words:
        raise Invalid({"words": N_("Please write something.")})
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid({"words": N_("This is too long")})
    if len(await notes(tx, merchant_id, session_id)) >= NOTES_MAX:
        raise Invalid({"words": N_("There are too many.")})
    await tx.execute(
        """
        INSERT INTO live_debrief_notes (merchant_id, session_id, note_id, by, words) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, session_id, note_id) DO NOTHING
        """,
        merchant_id,
        session_id,
        note_id,
        by,
        words,
    )


async def add_task(tx: Tx, merchant_id: UUID, session_id: UUID, task: NewTask, by: str) -> None:
    """Write down what is to be done next. Said twice under one id, it stands once.

    Raises `NotFound`, and `Invalid` beside `task` or `owner_id`, who is of the shop's staff.
    """
    words = task.words.strip()
    await _hold(tx, merchant_id, session_id)
    if not words:
        raise Invalid({"task": N_("Please write something.")})
    if len(words) > TASK_CHARACTERS_MAX:
        raise Invalid({"task": N_("This is too long")})
    if len(await tasks(tx, merchant_id, session_id)) >= TASKS_MAX:
        raise Invalid({"task": N_("There are too many.")})
    if task.owner_id is not None and task.owner_id not in {
        each.account_id for each in await access.staff(tx, merchant_id) if each.disabled_at is None
    }:
        raise Invalid({"owner_id": N_("Please choose one.")})
    await tx.execute(
        """
        INSERT INTO live_debrief_tasks (merchant_id, session_id, task_id, by, words, owner_id, due_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (merchant_id, session_id, task_id) DO NOTHING
        """,
        merchant_id,
        session_id,
        task.task_id,
        by,
        words,
        task.owner_id,
        task.due_on,
    )


async def finish_task(tx: Tx, merchant_id: UUID, session_id: UUID, task_id: UUID, by: str, *, done: bool) -> None:
    """A task is done, or (not `done`) is not after all. Said twice, nothing changes. Raises `NotFound`."""
    known = await tx.execute(
        """
        UPDATE live_debrief_tasks
        SET done_at = CASE WHEN $5 THEN coalesce(done_at, now()) END, done_by = CASE WHEN $5 THEN coalesce(done_by, $4) END
        WHERE merchant_id = $1 AND session_id = $2 AND task_id = $3
        """,
        merchant_id,
        session_id,
        task_id,
        by,
        done,
    )
    if not known:
        raise NotFound()


async def _hold(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    """A review that is there. It is append-only: the session's row is held instead, so that the limits hold."""
    held = await tx.value(
        """
        SELECT true FROM live_sessions s JOIN live_debriefs USING (merchant_id, session_id)
        WHERE merchant_id = $1 AND session_id = $2 FOR NO KEY UPDATE OF s
        """,
        merchant_id,
        session_id,
    )
    if not held:
        raise NotFound()


async def notes(read: Read, merchant_id: UUID, session_id: UUID) -> list[Note]:
    """In the order of time."""
    return await read.all(
        Note,
        """
        SELECT note_id, at, by, words FROM live_debrief_notes WHERE merchant_id = $1 AND session_id = $2
        ORDER BY at, note_id LIMIT $3
        """,
        merchant_id,
        session_id,
        NOTES_MAX,
    )


async def tasks(read: Read, merchant_id: UUID, session_id: UUID) -> list[Task]:
    """In the order in which they were written down."""
    return await read.all(
        Task,
        """
        SELECT task_id, words, owner_id, due_on, at, by, done_at, done_by FROM live_debrief_tasks
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY at, task_id LIMIT $3
        """,
        merchant_id,
        session_id,
        TASKS_MAX,
    )
