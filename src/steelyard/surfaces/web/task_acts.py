"""What people do on the board of tasks: open one, take it, hand it over, say something, finish or drop it, change its words."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import workboard
from steelyard.operations.workboard import State, Task
from steelyard.operations.workboard.model import NOTE_CHARACTERS_MAX, TITLE_CHARACTERS_MAX
from steelyard.parties import access
from steelyard.surfaces.components.page import Flash, Undo
from steelyard.surfaces.web import moments, seen
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.console_staff import organisation
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.task_pages import WORKS, Console, account_id, form_page, looking, mark_of, task_page
from steelyard.surfaces.web.visit import Visit, WebRequest

MOVED: dict[State, str] = {
    State.OPEN: N_("It is to be done again."),
    State.DOING: N_("It is being done."),
    State.DONE: N_("It is done."),
    State.DROPPED: N_("It is dropped."),
}


def task_pages(console: Console) -> list[HTTPRouteHandler]:
    """The board, one task, and what is done with them."""
    return [*looking(console), _opening(console), _moving(console), *_talking(console)]


def _opening(console: Console) -> HTTPRouteHandler:
    @post("/tasks", opt=WORKS)
    async def open_one(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        form = await entries_of(request)
        try:
            task_id = await visit.db.transact(_opened, visit, form)
        except Invalid as refusal:
            return await form_page(console, visit, form, errors_of(visit, refusal.fields))
        return redirect(visit, f"{console.here}/{task_id}", (visit.say(N_("The task is on the board.")), "good"))

    return open_one


async def _opened(tx: Tx, visit: Visit, form: Entries) -> UUID:
    _, merchant_id = organisation(visit)
    task_id, link = form.uuid("task_id"), form.text("link", most=200)
    title = form.text("title", required=True, most=TITLE_CHARACTERS_MAX)
    note = form.text("note", most=NOTE_CHARACTERS_MAX)
    due = form.text("due_at", most=30)
    due_at = moments.moment_of(due)
    if due and due_at is None:
        form.refuse("due_at", N_("Please enter a day and an hour"))
    if link and not _is_of_the_console(visit, link):
        form.refuse("link", N_("Please enter a path of this console."))
    form.check()
    task = Task(
        merchant_id=merchant_id,
        task_id=task_id,
        title=Text({visit.locale: title}),
        note=Text({visit.locale: note}) if note else Text(),
        due_at=due_at,
        link=link,
    )
    made = await workboard.open_task(tx, task, visit.by)
    person, role = as_uuid(form.text("account_id")), form.text("role", most=100) or None
    if made and (person or role):
        await workboard.hand_over(tx, merchant_id, task_id, task_id, visit.by, account_id=person, role=role)
    if made:
        await access.audit(tx, visit.actor, "tasks.open", str(task_id), {"title": title})
    return task_id


def _is_of_the_console(visit: Visit, link: str) -> bool:
    kind, _ = organisation(visit)
    return link.startswith(f"/{kind}/") and "\\" not in link


def _moving(console: Console) -> HTTPRouteHandler:
    @post("/tasks/{task_id:uuid}/move", opt=WORKS)
    async def move(
        visit: NamedDependency[Visit], request: WebRequest, task_id: FromPath[UUID]
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        to = form.text("to")
        if to not in set(State):
            return await task_page(console, visit, task_id)
        # From the board one comes back to the board, as it was filtered.
        back = form.text("back", most=300)
        back = back if back.startswith(console.here) and "\\" not in back else f"{console.here}/{task_id}"
        try:
            was = await visit.db.transact(_moved, visit, task_id, State(to), form)
        except Invalid as refusal:
            return await task_page(console, visit, task_id, form, errors_of(visit, refusal.fields))
        undo = _undo(visit, console, task_id, was, State(to), back)
        return redirect(visit, back, Flash(visit.say(MOVED[State(to)]), undo=undo))

    return move


def _undo(visit: Visit, console: Console, task_id: UUID, was: State, to: State, back: str) -> Undo | None:
    """A button that takes it back: what was being done is to be begun again after that."""
    if to in (State.OPEN, was) or was in (State.DONE, State.DROPPED):
        return None
    return Undo(visit.say(N_("Undo")), f"{console.here}/{task_id}/move", {"to": State.OPEN, "back": back})


async def _moved(tx: Tx, visit: Visit, task_id: UUID, to: State, form: Entries) -> State:
    """In which state it was."""
    _, merchant_id = organisation(visit)
    was = (await workboard.task(tx, merchant_id, task_id)).state
    reason = form.text("reason", most=NOTE_CHARACTERS_MAX)
    form.check()
    await workboard.move(tx, merchant_id, task_id, to, visit.by, reason=reason, account_id=account_id(visit))
    if was is not to:
        await access.audit(tx, visit.actor, "tasks.move", str(task_id), {"from": was, "to": to})
    return was


def _talking(console: Console) -> list[HTTPRouteHandler]:
    def command(
        name: str, message: str, anchor: str, act: Callable[[Tx, Visit, UUID, Entries], Coroutine[Any, Any, None]]
    ) -> HTTPRouteHandler:
        @post(f"/tasks/{{task_id:uuid}}/{name}", opt=WORKS, name=f"{console.here}/{name}")
        async def run(
            visit: NamedDependency[Visit], request: WebRequest, task_id: FromPath[UUID]
        ) -> Response[Any] | Redirect:
            form = await entries_of(request)
            try:
                return await _run(visit, task_id, form)
            except Invalid as refusal:
                return await task_page(console, visit, task_id, form, errors_of(visit, refusal.fields))

        async def _run(visit: Visit, task_id: UUID, form: Entries) -> Redirect:
            back = f"{console.here}/{task_id}{anchor}"
            await visit.db.transact(act, visit, task_id, form)
            return redirect(visit, back, (visit.say(message), "good"))

        return run

    return [
        command("hand-over", N_("It is handed over."), "", _hand_over),
        command("comments", SAVED, "#said", _comment),
        command("change", SAVED, "", _change),
    ]


async def _hand_over(tx: Tx, visit: Visit, task_id: UUID, form: Entries) -> None:
    _, merchant_id = organisation(visit)
    comment_id, words = form.uuid("comment_id"), form.text("handed_words", most=NOTE_CHARACTERS_MAX)
    form.check()
    person, role = as_uuid(form.text("account_id")), form.text("role", most=100) or None
    await workboard.hand_over(tx, merchant_id, task_id, comment_id, visit.by, account_id=person, role=role, words=words)
    facts = {"account_id": str(person) if person else None, "role": role}
    await access.audit(tx, visit.actor, "tasks.hand_over", str(task_id), facts)


async def _comment(tx: Tx, visit: Visit, task_id: UUID, form: Entries) -> None:
    _, merchant_id = organisation(visit)
    comment_id, words = form.uuid("comment_id"), form.text("words", most=NOTE_CHARACTERS_MAX)
    form.check()
    await workboard.comment(tx, merchant_id, task_id, comment_id, words, visit.by)


async def _change(tx: Tx, visit: Visit, task_id: UUID, form: Entries) -> None:
    """What was written in the other language no longer says what is to be done: it goes."""
    _, merchant_id = organisation(visit)
    title = form.text("title", required=True, most=TITLE_CHARACTERS_MAX)
    note = form.text("note", most=NOTE_CHARACTERS_MAX)
    due = form.text("due_at", most=30)
    due_at = moments.moment_of(due)
    if due and due_at is None:
        form.refuse("due_at", N_("Please enter a day and an hour"))
    form.check()
    await seen.hold(tx, f"task:{task_id}")
    now = await workboard.task(tx, merchant_id, task_id)
    same_title, same_note = now.title.in_language(visit.locale) == title, now.note.in_language(visit.locale) == note
    words = now.title if same_title else Text({visit.locale: title})
    more = now.note if same_note else Text({visit.locale: note} if note else {})
    if moments.local_time(now.due_at) == due:
        due_at = now.due_at  # a field shows no seconds
    seen.compare(form, mark_of(now), seen.mark(words, more, due_at))
    await workboard.change(tx, merchant_id, task_id, words, more, due_at)
    await access.audit(tx, visit.actor, "tasks.change", str(task_id), {"title": title})
