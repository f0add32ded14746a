"""What people do with a task: take it, hand it over, say something of it, finish it, drop it, and back."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.workboard.model import COMMENTS_MAX, MACHINE, NOTE_CHARACTERS_MAX, Card, State
from steelyard.operations.workboard.queries import comments, owner, task
from steelyard.operations.workboard.service import check_words
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind


async def held(tx: Tx, merchant_id: UUID | None, task_id: UUID) -> Card:
    """The task, its row held until the end. Raises `NotFound`."""
    await tx.execute(
        "SELECT FROM tasks WHERE merchant_id = $1 AND task_id = $2 FOR NO KEY UPDATE", owner(merchant_id), task_id
    )
    return await task(tx, merchant_id, task_id)


async def move(
    tx: Tx,
    merchant_id: UUID | None,
    task_id: UUID,
    to: State,
    by: str,
    *,
    reason: str = "",
    account_id: UUID | None = None,
) -> None:
    """Bring a task into another state. Who begins it (`account_id`) sees to it from then on, where nobody did. To drop it wants a
    `reason`. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`, and `Invalid` beside `reason`."""
    now = await held(tx, merchant_id, task_id)
    if now.state is to:
        return
    MACHINE.check(now.state, to)
    reason = reason.strip() if to is State.DROPPED else ""
    if to is State.DROPPED and not reason:
        raise Invalid({"reason": N_("Please say why")})
    if len(reason) > NOTE_CHARACTERS_MAX:
        raise Invalid({"reason": N_("This is too long")})
    await tx.execute(
        """
        UPDATE tasks
        SET state = $3, changed_at = now(), reason = $4
          , closed_at = CASE WHEN $3 IN ('done', 'dropped') THEN now() END
          , account_id = CASE WHEN $3 = 'doing' THEN coalesce(account_id, $5) ELSE account_id END
        WHERE merchant_id = $1 AND task_id = $2
        """,
        owner(merchant_id),
        task_id,
        to,
        reason,
        account_id,
    )
    await tx.execute(
        """
        INSERT INTO task_history (merchant_id, task_id, step, from_state, to_state, by, note)
        SELECT $1, $2, 1 + count(*), $3, $4, $5, $6 FROM task_history WHERE merchant_id = $1 AND task_id = $2
        """,
        owner(merchant_id),
        task_id,
        now.state,
        to,
        by,
        reason,
    )


async def hand_over(
    tx: Tx,
    merchant_id: UUID | None,
    task_id: UUID,
    comment_id: UUID,
    by: str,
    *,
    account_id: UUID | None,
    role: str | None,
    words: str = "",
) -> None:
    """Give a task to somebody, or into the queue of a role, or (neither) to nobody, with a note for whoever takes it. Said twice
    under one `comment_id`, nothing changes. Raises `NotFound`, and `Invalid` beside `account_id`, `role` or `words`."""
    await held(tx, merchant_id, task_id)
    wrong: dict[str, str | Text] = {}
    if account_id is not None and account_id not in {
        each.account_id for each in await access.staff(tx, merchant_id) if each.disabled_at is None
    }:
        wrong["account_id"] = N_("Please choose one.")
    kind = AccountKind.OPERATOR if merchant_id is None else AccountKind.MERCHANT
    if role is not None and role not in {each.role_id for each in await access.roles(tx, kind, merchant_id)}:
        wrong["role"] = N_("Please choose one.")
    if wrong:
        raise Invalid(wrong)
    if await _said(tx, merchant_id, task_id, comment_id, by, words, handed=True, account_id=account_id, role=role):
        await tx.execute(
            "UPDATE tasks SET account_id = $3, role = $4, changed_at = now() WHERE merchant_id = $1 AND task_id = $2",
            owner(merchant_id),
            task_id,
            account_id,
            role,
        )


async def comment(tx: Tx, merchant_id: UUID | None, task_id: UUID, comment_id: UUID, words: str, by: str) -> None:
    """Say something of a task. Said twice under one id, it stands once. Raises `NotFound`, and `Invalid` beside `words`."""
    await held(tx, merchant_id, task_id)
    if not words.strip():
        raise Invalid({"words": N_("Please write something.")})
    await _said(tx, merchant_id, task_id, comment_id, by, words, handed=False, account_id=None, role=None)


async def change(
    tx: Tx, merchant_id: UUID | None, task_id: UUID, title: Text, note: Text, due_at: datetime | None
) -> None:
    """Say otherwise what is to be done, or until when. Raises `NotFound`, and `Invalid` beside the field of a form."""
    check_words(title, note, due_at)
    known = await tx.execute(
        """
        UPDATE tasks SET title = $3, note = $4, due_at = $5, changed_at = now() WHERE merchant_id = $1 AND task_id = $2
        """,
        owner(merchant_id),
        task_id,
        title,
        note,
        due_at,
    )
    if not known:
        raise NotFound()


async def _said(
    tx: Tx,
    merchant_id: UUID | None,
    task_id: UUID,
    comment_id: UUID,
    by: str,
    words: str,
    *,
    handed: bool,
    account_id: UUID | None,
    role: str | None,
) -> bool:
    """Whether it was not said yet. The task is held."""
    words = words.strip()
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid({"words": N_("This is too long")})
    said = await comments(tx, merchant_id, task_id)
    if comment_id in {each.comment_id for each in said}:
        return False
    # It can still be handed over when enough was said of it.
    if len(said) >= (2 * COMMENTS_MAX if handed else COMMENTS_MAX):
        raise Invalid({"words": N_("There are too many.")})
    made = await tx.execute(
        """
        INSERT INTO task_comments (merchant_id, task_id, comment_id, by, words, handed, account_id, role)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, task_id, comment_id) DO NOTHING
        """,
        owner(merchant_id),
        task_id,
        comment_id,
        by,
        words,
        handed,
        account_id,
        role,
    )
    return made == 1
