"""The board of tasks, in both consoles: what is to be done, by whom, until when. One set of pages, in each console's frame and
for its own people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import NoSuchPage
from steelyard.operations import workboard
from steelyard.operations.workboard import Board, Card, Comment, Filter, State, Step, Whose
from steelyard.operations.workboard.model import CLOSED, COLUMNS
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Role, StaffMember
from steelyard.surfaces.web import exports, moments, seen
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.console_staff import Show, organisation
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.visit import Visit

WORKS = {"permission": "tasks.work"}
STATES: dict[State, tuple[str, str]] = {
    State.OPEN: (N_("Yet to do"), "info"),
    State.DOING: (N_("Being done"), "warn"),
    State.DONE: (N_("Done"), "good"),
    State.DROPPED: (N_("Given up"), "quiet"),
}
WHOSE: dict[Whose, str] = {
    Whose.ALL: N_("All tasks"),
    Whose.MINE: N_("Mine"),
    Whose.ROLE: N_("For my role"),
    Whose.NOBODYS: N_("Nobody’s yet"),
    Whose.LATE: N_("Late"),
}
SOURCES = {
    "hand": N_("A colleague"),
    "journeys": N_("A journey"),
    "business_reviews": N_("A review"),
}


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the consoles; `here` is the address of the board."""

    show: Show
    here: str


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Who can be given a task, and in whose queues it can wait. `own` are the roles of who looks."""

    staff: Sequence[StaffMember]
    roles: Sequence[Role]
    own: Sequence[str]

    @property
    def names(self) -> dict[str, str]:
        return {f"staff:{each.account_id}": each.name or each.email for each in self.staff}

    def choices(self) -> list[tuple[str, str]]:
        return [(str(each.account_id), each.name or each.email) for each in self.staff if each.disabled_at is None]

    def role_choices(self, locale: str) -> list[tuple[str, str]]:
        return [(each.role_id, each.name.in_language(locale)) for each in self.roles]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A task with all that was said and done about it."""

    task: Card
    history: Sequence[Step]
    comments: Sequence[Comment]


def account_id(visit: Visit) -> AccountId:
    assert visit.account is not None
    return visit.account.account_id


async def people_of(read: Read, visit: Visit) -> People:
    """Read with the house's own eyes: a merchant's view of the database does not show who is on its staff."""
    kind, merchant_id = organisation(visit)
    return People(
        staff=await access.staff(read, merchant_id),
        roles=await access.roles(read, kind, merchant_id),
        own=[each.role_id for each in await access.role_names(read, account_id(visit))],
    )


async def own_roles(read: Read, visit: Visit) -> list[str]:
    return [each.role_id for each in await access.role_names(read, account_id(visit))]


async def shown(read: Read, visit: Visit, task_id: UUID) -> Shown:
    """Raises `NotFound`."""
    _, merchant_id = organisation(visit)
    return Shown(
        task=await workboard.task(read, merchant_id, task_id),
        history=await workboard.history(read, merchant_id, task_id),
        comments=await workboard.comments(read, merchant_id, task_id),
    )


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: `state` is one list instead of the board."""

    which: Filter
    state: State | None
    cursor: str | None


def asked(visit: Visit, roles: Sequence[str]) -> _Asked:
    query = visit.connection.query_params
    whose, state = query.get("whose", ""), query.get("state", "")
    return _Asked(
        which=Filter(
            whose=Whose(whose) if whose in set(Whose) else Whose.ALL,
            account_id=account_id(visit),
            roles=roles,
            words=query.get("q", "").replace("\x00", "")[:100],
        ),
        state=State(state) if state in set(State) else None,
        cursor=query.get("cursor"),
    )


def looking(console: Console) -> list[HTTPRouteHandler]:
    """The board and its lists, one task, and the form of a new one."""

    @get("/tasks", opt=WORKS)
    async def board(visit: NamedDependency[Visit]) -> Response[Any]:
        people = await visit.db.ask(people_of, visit)
        if exports.wanted(visit):
            return await _as_file(visit, people, asked(visit, people.own))
        return await _board(console, visit, people)

    @get("/tasks/new", opt=WORKS)
    async def new(visit: NamedDependency[Visit]) -> Response[Any]:
        return await form_page(console, visit)

    @get("/tasks/{task_id:uuid}", opt=WORKS)
    async def one(visit: NamedDependency[Visit], task_id: FromPath[UUID]) -> Response[Any]:
        return await task_page(console, visit, task_id)

    return [board, new, one]


async def _board(console: Console, visit: Visit, people: People) -> Response[Any]:
    want = asked(visit, people.own)
    _, merchant_id = organisation(visit)
    found: Board | None = None
    listed, more = [], None
    if want.state is None:
        found = await visit.db.ask(workboard.board, merchant_id, want.which)
    else:
        try:
            page = await visit.db.ask(
                workboard.page, merchant_id, want.state, want.which, want.cursor, limit=ROWS_PER_PAGE
            )
        except NoSuchPage:
            page = await visit.db.ask(workboard.page, merchant_id, want.state, want.which, limit=ROWS_PER_PAGE)
        listed, more = page.items, page.next
    whose, words = str(want.which.whose), want.which.words
    query = {"whose": whose if whose != Whose.ALL else "", "q": words}
    return await console.show(
        visit,
        "web/tasks.html",
        console.here,
        found=found,
        listed=listed,
        onward=address(console.here, **query, state=want.state, cursor=more) if more else "",
        start=address(console.here, **query, state=want.state) if want.cursor else "",
        want=want,
        columns=COLUMNS,
        states=STATES,
        whose=WHOSE,
        query=query,
        address=address,
        here=console.here,
        names=people.names,
        roles=dict(people.role_choices(visit.locale)),
        now=datetime.now(UTC),
        say=visit.say,
        State=State,
    )


async def form_page(
    console: Console, visit: Visit, typed: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    """The form of a new task."""
    people = await visit.db.ask(people_of, visit)
    form = typed or Entries({}, {})
    return await console.show(
        visit,
        "web/task_form.html",
        console.here,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Tasks")), console.here), (visit.say(N_("New task")), None)],
        typed=form,
        errors=errors or {},
        task_id=form.text("task_id") or ids.mint(),
        people=people.choices(),
        roles=people.role_choices(visit.locale),
        me=str(account_id(visit)),
        here=console.here,
    )


async def task_page(
    console: Console, visit: Visit, task_id: UUID, typed: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(shown, visit, task_id)
    people = await visit.db.ask(people_of, visit)
    task = found.task
    title = task.title.in_language(visit.locale)
    form = typed or Entries({}, {})
    return await console.show(
        visit,
        "web/task.html",
        console.here,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Tasks")), console.here), (title, None)],
        found=found,
        task=task,
        title=title,
        note=task.note.in_language(visit.locale),
        mark=mark_of(task),
        due=moments.local_time(task.due_at),
        source=visit.say(SOURCES.get(task.source, task.source)),
        states=STATES,
        names=people.names,
        role_names=dict(people.role_choices(visit.locale)),
        people=people.choices(),
        roles=people.role_choices(visit.locale),
        typed=form,
        errors=errors or {},
        comment_id=ids.mint(),
        hand_id=ids.mint(),
        now=datetime.now(UTC),
        say=visit.say,
        here=f"{console.here}/{task_id}",
        closed=task.state in CLOSED,
        State=State,
    )


def mark_of(task: Card) -> str:
    """What the form of its words was filled in from."""
    return seen.mark(task.title, task.note, task.due_at)


async def _as_file(visit: Visit, people: People, want: _Asked) -> Response[bytes]:
    """The tasks of one list, or all that wait, as the filters say."""
    _, merchant_id = organisation(visit)
    states = [want.state] if want.state else [State.OPEN, State.DOING]

    async def all_of(read: Read) -> list[Card]:
        found: list[Card] = []
        for state in states:

            async def page_of(cursor: str | None, state: State = state) -> Any:
                return await workboard.page(read, merchant_id, state, want.which, cursor, 100)

            found += await exports.everything(page_of)
        return found

    roles = dict(people.role_choices(visit.locale))
    columns = (
        N_("What is to be done"), N_("Note"), N_("State"), N_("Who sees to it"), N_("Role"), N_("To be done by"),
        N_("Opened by"), N_("Opened at"), N_("Closed at"), N_("Why it was dropped"),
    )  # fmt: skip
    rows = [
        [
            task.title, task.note, visit.say(STATES[task.state][0]), people.names.get(f"staff:{task.account_id}", ""),
            roles.get(task.role or "", task.role or ""), task.due_at,
            people.names.get(task.opened_by) or visit.say(SOURCES.get(task.source, task.source)),
            task.opened_at, task.closed_at, task.reason,
        ]
        for task in await visit.db.ask(all_of)
    ]  # fmt: skip
    return exports.sheet(visit, N_("Tasks"), columns, rows)
