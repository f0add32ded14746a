"""What a journey says: boxes joined by their outs, each with the setup of its kind, and settings for the whole. A draft may be
half finished, so every field has a value from the beginning; what is missing or wrong is told by `validating`. Others find all
of this in `model`.

A further kind of box is a further class with a tag of its own: a version that is kept never changes its meaning.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from steelyard.operations.outreach.model import Channel
from steelyard.operations.segments.model import Node as Tree

NODES_MAX = 200
KEY_CHARACTERS_MAX = 20
NOTE_CHARACTERS_MAX = 500
TITLE_CHARACTERS_MAX = 120
CANVAS_MAX = 100_000
MINUTES_MAX = 365 * 24 * 60
DAYS_MAX = 365
POINTS_MAX = 100_000
CAP_DAYS_MAX = 30
CAP_MESSAGES_MAX = 100
WEIGHT_MAX = 1_000
SPLIT_OUTS = ("a", "b", "c", "d")

THEN, FAILED = "then", "failed"
HAPPENED, LATE = "happened", "late"
YES, NO = "yes", "no"


class Kind(StrEnum):
    """What a box does."""

    TRIGGER = "trigger"
    WAIT = "wait"
    AWAIT = "await"
    BRANCH = "branch"
    SPLIT = "split"
    MESSAGE = "message"
    COUPON = "coupon"
    POINTS = "points"
    GROUP = "group"
    TASK = "task"
    EXIT = "exit"


class On(StrEnum):
    """By what a journey begins for somebody."""

    EVENT = "event"
    SEGMENT = "segment"
    DATE = "date"


class How(StrEnum):
    """For how long one waits: for so many minutes; until a time of day where the recipient is; for as long as who buys this
    product usually stays away before buying it again."""

    DURATION = "duration"
    TIME = "time"
    INTERVAL = "interval"


class _Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    pass


class Trigger(_Setup, frozen=True, kw_only=True, tag="trigger"):
    """`event`: something happens, with these products or categories if they are named, and `delay_minutes` have passed since.
    `segment`: somebody enters it; `present`: who is in it when the journey starts comes in, too. `date`: all who are in the
    segment at the moment `at`."""

    on: On = On.EVENT
    event: str = ""
    products: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    delay_minutes: int = 0
    segment_id: UUID | None = None
    present: bool = False
    at: datetime | None = None


class Wait(_Setup, frozen=True, kw_only=True, tag="wait"):
    """`minutes` are of a duration, `time` ("HH:MM") a time of day."""

    how: How = How.DURATION
    minutes: int = 24 * 60
    time: str = "09:00"


class Await(_Setup, frozen=True, kw_only=True, tag="await"):
    """Until something happens after one has come here, for so many minutes at most."""

    event: str = ""
    products: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    minutes: int = 3 * 24 * 60


class Branch(_Setup, frozen=True, kw_only=True, tag="branch"):
    """Whether a condition holds, as segments say them, at the moment one comes here."""

    tree: Tree | None = None


class Split(_Setup, frozen=True, kw_only=True, tag="split"):
    """Shares people out by chance, two to four ways: the same person always the same way. By a way of weight 0 nobody goes."""

    weights: tuple[int, ...] = (50, 50)


class Message(_Setup, frozen=True, kw_only=True, tag="message"):
    """`marketing`: advertising, for who has agreed to it, within the caps, not in quiet hours. What is not belongs to an order
    that the buyer has begun."""

    channel: Channel = Channel.EMAIL
    template_id: UUID | None = None
    marketing: bool = True


class Coupon(_Setup, frozen=True, kw_only=True, tag="coupon"):
    promotion_id: UUID | None = None


class Points(_Setup, frozen=True, kw_only=True, tag="points"):
    points: int = 0


class GroupMove(_Setup, frozen=True, kw_only=True, tag="group"):
    """Into a customer group, or out of it: its prices count for who is in it."""

    group_id: UUID | None = None
    enter: bool = True


class Task(_Setup, frozen=True, kw_only=True, tag="task"):
    """Something for a person of the shop to do, within so many days."""

    title: str = ""
    days: int = 1


class Exit(_Setup, frozen=True, kw_only=True, tag="exit"):
    pass


Setup: TypeAlias = Trigger | Wait | Await | Branch | Split | Message | Coupon | Points | GroupMove | Task | Exit
# Where one stays for a while; everywhere else one goes on at once.
WAITING = (Wait, Await)


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box at its place on the canvas. `next` says for each out which box follows; none: not joined yet."""

    key: str
    setup: Setup
    x: int = 0
    y: int = 0
    note: str = ""
    next: dict[str, str | None] = {}

    @property
    def kind(self) -> Kind:
        return Kind(str(self.setup.__struct_config__.tag))

    @property
    def outs(self) -> tuple[str, ...]:
        return outs(self.setup)

    def after(self, out: str) -> str | None:
        """The box that follows an out. Where something could not be sent or given one goes on as if it had been, unless a way of
        its own is said."""
        following = self.next.get(out)
        return self.next.get(THEN) if following is None and out == FAILED else following


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the journey is for: whoever does it within so many days after coming in has reached it, and is left alone."""

    event: str = "order_paid"
    days: int = 7


class Reentry(StrEnum):
    """Whether somebody comes in again."""

    NEVER = "never"
    ENDED = "ended"
    DAYS = "days"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`exits` are events that end the journey for somebody, `leaving` a segment whose leaving does. Of all journeys of the shop
    together nobody gets more than `cap_messages` advertising messages within `cap_days`. Between `quiet_from` and `quiet_to`
    where the recipient is ("HH:MM"; none: at any time) no advertising is sent: it waits."""

    goal: Goal | None = None
    exits: tuple[str, ...] = ()
    leaving: UUID | None = None
    reentry: Reentry = Reentry.NEVER
    reentry_days: int = 30
    cap_messages: int = 3
    cap_days: int = 7
    quiet_from: str | None = "22:00"
    quiet_to: str | None = "08:00"


class Graph(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    nodes: tuple[Node, ...] = ()
    settings: Settings = Settings()

    def node(self, key: str) -> Node | None:
        return next((each for each in self.nodes if each.key == key), None)

    @property
    def trigger(self) -> Node | None:
        return next((each for each in self.nodes if isinstance(each.setup, Trigger)), None)

    def by_key(self) -> dict[str, Node]:
        return {each.key: each for each in self.nodes}

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """`(from, out, to)` of every join."""
        for each in self.nodes:
            for out in each.outs:
                following = each.after(out)
                if following is not None:
                    yield each.key, out, following


def outs(setup: Setup) -> tuple[str, ...]:
    """The ways on from a box, in their order."""
    match setup:
        case Exit():
            return ()
        case Await():
            return (HAPPENED, LATE)
        case Branch():
            return (YES, NO)
        case Split():
            return SPLIT_OUTS[: max(2, min(len(setup.weights), len(SPLIT_OUTS)))]
        case Message() | Coupon() | Points():
            return (THEN, FAILED)
        case _:
            return (THEN,)
