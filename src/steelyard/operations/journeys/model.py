"""Journeys as data: their ids, states, what is seen of them, and what is refused. What one says is in `graph`, by what it begins
in `catalogue`, what is wrong with it in `validating`."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text
from steelyard.operations.journeys.catalogue import EVENTS, Event, EventKind, Source, kind_of
from steelyard.operations.journeys.graph import (
    CAP_DAYS_MAX,
    CAP_MESSAGES_MAX,
    DAYS_MAX,
    FAILED,
    HAPPENED,
    LATE,
    MINUTES_MAX,
    NO,
    NODES_MAX,
    NOTE_CHARACTERS_MAX,
    POINTS_MAX,
    THEN,
    TITLE_CHARACTERS_MAX,
    WEIGHT_MAX,
    YES,
    Await,
    Branch,
    Channel,
    Coupon,
    Exit,
    Goal,
    Graph,
    GroupMove,
    How,
    Kind,
    Message,
    Node,
    On,
    Points,
    Reentry,
    Settings,
    Setup,
    Split,
    Task,
    Trigger,
    Wait,
    outs,
)
from steelyard.operations.journeys.validating import PRODUCTS_MAX, Fault, check

JourneyId = NewType("JourneyId", UUID)

JOURNEYS_PER_SHOP_MAX = 100
NAME_CHARACTERS_MAX = 60


class State(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


MACHINE = Machine(
    "journey",
    {State.DRAFT},
    {
        State.DRAFT: {State.LIVE, State.ENDED},
        State.LIVE: {State.PAUSED, State.ENDED},
        State.PAUSED: {State.LIVE, State.ENDED},
        State.ENDED: set(),
    },
)


class Stand(StrEnum):
    """How somebody stands with a journey: on the way; at its end; at its goal; led out of it before; or stuck, where a box cannot
    be gone through."""

    INSIDE = "inside"
    FINISHED = "finished"
    REACHED = "reached"
    EXITED = "exited"
    FAILED = "failed"


# What stands in the counts under no box: how many came in, and how they came out.
ENTERED = "entered"


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """`graph` is what is being edited, `revision` how often it was changed; whoever comes in goes by `live_version`. `changed`:
    what is edited is not in force yet. `trouble`: what a step failed with, until it succeeds."""

    merchant_id: UUID
    journey_id: JourneyId
    name: Text
    state: State
    playbook: str = ""
    graph: Graph
    revision: int = 1
    live_version: int | None = None
    changed: bool = True
    created_at: datetime | None = None
    changed_at: datetime | None = None
    changed_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    trouble: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A journey in a line: how many have come in since it began, are inside now, and how they came out."""

    merchant_id: UUID
    journey_id: JourneyId
    name: Text
    state: State
    playbook: str
    live_version: int | None
    changed: bool
    changed_at: datetime
    started_at: datetime | None
    trouble: str | None
    entered: int = 0
    inside: int = 0
    finished: int = 0
    reached: int = 0
    exited: int = 0
    failed: int = 0


class NodeCount(msgspec.Struct, frozen=True, kw_only=True):
    """A box in numbers: how many have come to it, are there now, went on by which out; of messages that were not sent, why."""

    arrived: int = 0
    here: int = 0
    outs: dict[str, int] = {}
    reasons: dict[str, int] = {}


class SplitArm(msgspec.Struct, frozen=True, kw_only=True):
    """Of those who went one way of a split, how many have reached the goal."""

    node: str
    out: str
    people: int
    reached: int


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """A journey in numbers: of `version`, or (none) of all together."""

    version: int | None
    entered: int
    inside: int
    finished: int
    reached: int
    exited: int
    failed: int
    nodes: dict[str, NodeCount]
    arms: Sequence[SplitArm] = ()


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a journey: at which box since when, and when they go on at the latest."""

    buyer_id: UUID
    entry: int
    version: int
    node: str
    stand: Stand
    entered_at: datetime
    since: datetime
    due_at: datetime | None
    ended_at: datetime | None


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody went through a journey, for their own page."""

    journey_id: JourneyId
    name: Text
    entry: int
    version: int
    node: str
    stand: Stand
    entered_at: datetime
    since: datetime
    due_at: datetime | None
    ended_at: datetime | None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    graph: Graph
    by: str
    at: datetime


class JourneyRefused(Refusal):
    """A journey is started only when nothing is wrong with it: `faults` says what is, box by box."""

    code = "journey_refused"
    status = 422
    title = N_("The journey is not right yet")
    detail = N_("Please look at the boxes that are marked.")

    def __init__(self, faults: Sequence[Fault], **facts: Any) -> None:
        super().__init__(faults=tuple(faults), **facts)


class JourneyChanged(Refusal):
    """Who changes a journey has seen what it says now: in another window it was changed meanwhile."""

    code = "journey_changed"
    title = N_("The journey was changed meanwhile")
    detail = N_("Somebody, perhaps you in another window, has changed it. Please reload the page and look at it again.")


class JourneyOver(Refusal):
    """A journey that has ended is not changed any more, nor started: it is copied."""

    code = "journey_over"
    title = N_("The journey has ended")
    detail = N_("It is kept with its figures. Please make a copy to go on with it.")


class JourneyNotBegun(Refusal):
    """What is in force is judged: a journey that has not begun has nothing in force."""

    code = "journey_not_begun"
    title = N_("The journey has not begun")
    detail = N_("Please start it first: then its split can be judged.")


class SplitIsJudged(Refusal):
    """While an experiment judges a split, its weights and all that follows it stay as they are: else two things would be
    tried under one name. `name` is the experiment's."""

    code = "split_is_judged"
    title = N_("An experiment judges a split of this journey")
    detail = N_(
        "What follows the split stays as it is while “{name}” runs. Please stop it first, then put the change live."
    )


class SplitChanged(Refusal):
    """An experiment is started and shipped on the split that it was drawn up for."""

    code = "split_changed"
    title = N_("The split is not as it was any more")
    detail = N_("The journey was changed since. Please draw up an experiment on the split as it is now.")


class TooManyJourneys(Refusal):
    """A shop has so many journeys that have not ended, and no more."""

    code = "too_many_journeys"
    title = N_("There are too many journeys")
    detail = N_("A shop has at most {most}. Please end some that are not needed any more.")


__all__ = [
    "CAP_DAYS_MAX",
    "CAP_MESSAGES_MAX",
    "DAYS_MAX",
    "ENTERED",
    "EVENTS",
    "FAILED",
    "HAPPENED",
    "JOURNEYS_PER_SHOP_MAX",
    "LATE",
    "MACHINE",
    "MINUTES_MAX",
    "NAME_CHARACTERS_MAX",
    "NO",
    "NODES_MAX",
    "NOTE_CHARACTERS_MAX",
    "POINTS_MAX",
    "PRODUCTS_MAX",
    "THEN",
    "TITLE_CHARACTERS_MAX",
    "WEIGHT_MAX",
    "YES",
    "Await",
    "Branch",
    "Channel",
    "Coupon",
    "Event",
    "EventKind",
    "Exit",
    "Fault",
    "Funnel",
    "Goal",
    "Graph",
    "GroupMove",
    "How",
    "Journey",
    "JourneyChanged",
    "JourneyId",
    "JourneyNotBegun",
    "JourneyOver",
    "JourneyRefused",
    "Kind",
    "Listed",
    "Message",
    "Node",
    "NodeCount",
    "On",
    "Passage",
    "Person",
    "Points",
    "Reentry",
    "Settings",
    "Setup",
    "Source",
    "Split",
    "SplitArm",
    "SplitChanged",
    "SplitIsJudged",
    "Stand",
    "State",
    "Task",
    "TooManyJourneys",
    "Trigger",
    "Version",
    "Wait",
    "check",
    "kind_of",
    "outs",
]
