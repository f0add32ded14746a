"""Tasks as data: what is to be done, by whom, until when, and where it came from. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

TaskId = NewType("TaskId", UUID)

# Whose the marketplace's own tasks are, where a shop's would name the shop: nobody sells under this id.
PLATFORM = UUID(int=0)

TITLE_CHARACTERS_MAX = 200
NOTE_CHARACTERS_MAX = 2_000
TASKS_PER_CALL_MAX = 1_000
COMMENTS_MAX = 200
STEPS_SHOWN = 200
CARDS_PER_COLUMN = 50
# What is done stays on the board for so long; after that it is in the list.
DONE_SHOWN_DAYS = 14
COUNTED_MAX = 100
BY_HAND = "hand"


class State(StrEnum):
    OPEN = "open"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"


WAITING = (State.OPEN, State.DOING)
CLOSED = (State.DONE, State.DROPPED)
COLUMNS = (State.OPEN, State.DOING, State.DONE)

MACHINE = Machine(
    "task",
    {State.OPEN},
    {
        State.OPEN: {State.DOING, State.DONE, State.DROPPED},
        State.DOING: {State.OPEN, State.DONE, State.DROPPED},
        State.DONE: {State.OPEN},
        State.DROPPED: {State.OPEN},
    },
)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done, by somebody of a shop's staff, or (`merchant_id` is none) of the marketplace's.

    `task_id` is the opener's: said twice under one id, it is opened once; a program derives it from what it is about.
    `role` is in whose queue it waits, `account_id` who sees to it; with neither it is anybody's. `source` says what opened it
    (`hand`, or a module such as `journeys`), `source_id` which one of its things; `link` is a path of the console where one sees
    what it is about. Words that a program writes are in both languages.
    """

    merchant_id: UUID | None
    task_id: UUID
    title: Text
    note: Text = Text()
    role: str | None = None
    account_id: UUID | None = None
    due_at: datetime | None = None
    source: str = BY_HAND
    source_id: UUID | None = None
    link: str = ""


class Card(Task, frozen=True, kw_only=True):
    """A task as it stands. `reason` is why it was dropped."""

    state: State
    opened_at: datetime
    opened_by: str
    changed_at: datetime
    closed_at: datetime | None = None
    reason: str = ""

    def is_late(self, now: datetime) -> bool:
        return self.closed_at is None and self.due_at is not None and self.due_at < now


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: who, when, and why, where it was dropped."""

    to_state: State
    at: datetime
    by: str
    note: str


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a task. `handed`: it was handed over then, to somebody, into a role's queue, or to nobody."""

    comment_id: UUID
    at: datetime
    by: str
    words: str
    handed: bool
    account_id: UUID | None
    role: str | None


class Whose(StrEnum):
    ALL = "all"
    MINE = "mine"
    ROLE = "role"
    NOBODYS = "nobodys"
    LATE = "late"


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks: `mine` are those of `account_id`, `role` those in the queues of `roles` that nobody has taken, `late` those
    past their time. `words` are looked for in titles and notes."""

    whose: Whose = Whose.ALL
    account_id: UUID | None = None
    roles: Sequence[str] = ()
    words: str = ""


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The columns, each with its first cards, and how many there are in each (counted up to `COUNTED_MAX`)."""

    cards: dict[State, list[Card]]
    counts: dict[State, int]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for somebody: `mine`, those of their roles that nobody has taken, and of both those that are `late`; each
    counted up to `COUNTED_MAX`."""

    mine: int = 0
    role: int = 0
    late: int = 0
