"""Rooms in which shops sell live: states, hosts, roles, grades, and what each of them may. No I/O."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

RoomId = NewType("RoomId", UUID)
RoomApplicationId = NewType("RoomApplicationId", UUID)
HostId = NewType("HostId", UUID)
StopId = NewType("StopId", UUID)
TrainingId = NewType("TrainingId", UUID)

NAME_CHARACTERS_MAX = 40
ABOUT_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 500
COURSE_CHARACTERS_MAX = 100
HOSTS_MAX = 100
CATEGORIES_MAX = 20
CREW_MAX = 100
# A host is of age; a training counts for a year. Measures for the supervision of live-stream e-commerce, drafts of 2025.
HOST_YEARS_MIN = 18
TRAINING_DAYS = 365
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,39}")


class RoomApplicationState(StrEnum):
    SUBMITTED = "submitted"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    REFUSED = "refused"


class RoomState(StrEnum):
    OPEN = "open"
    STOPPED = "stopped"
    CLOSED = "closed"


class HostState(StrEnum):
    """Waiting: its papers are to be looked at. Barred: on the blacklist. Gone: the shop does not work with it any more."""

    WAITING = "waiting"
    VERIFIED = "verified"
    SENT_BACK = "sent_back"
    BARRED = "barred"
    GONE = "gone"


APPLICATION_MACHINE = Machine(
    "room_application",
    {RoomApplicationState.SUBMITTED},
    {
        RoomApplicationState.SUBMITTED: {
            RoomApplicationState.SENT_BACK,
            RoomApplicationState.APPROVED,
            RoomApplicationState.REFUSED,
        },
        RoomApplicationState.SENT_BACK: {RoomApplicationState.SUBMITTED},
        RoomApplicationState.APPROVED: set(),
        RoomApplicationState.REFUSED: set(),
    },
)
ROOM_MACHINE = Machine(
    "room",
    {RoomState.OPEN},
    {
        RoomState.OPEN: {RoomState.STOPPED, RoomState.CLOSED},
        RoomState.STOPPED: {RoomState.OPEN, RoomState.CLOSED},
        RoomState.CLOSED: set(),
    },
)
HOST_MACHINE = Machine(
    "room_host",
    {HostState.WAITING},
    {
        HostState.WAITING: {HostState.VERIFIED, HostState.SENT_BACK, HostState.BARRED, HostState.GONE},
        HostState.SENT_BACK: {HostState.WAITING, HostState.BARRED, HostState.GONE},
        HostState.VERIFIED: {HostState.BARRED, HostState.GONE},
        # Whom the blacklist lets go is looked at anew.
        HostState.BARRED: {HostState.WAITING},
        HostState.GONE: set(),
    },
)


class Role(StrEnum):
    """What somebody does in a room."""

    HOST = "host"
    CO_HOST = "co_host"
    DESK = "desk"
    SERVICE = "service"
    FIELD = "field"


# The permission of a member of the staff without which nobody is given this role in a room.
PERMISSION_OF: Mapping[Role, str] = {
    Role.HOST: "live.host",
    Role.CO_HOST: "live.host",
    Role.DESK: "live.run",
    Role.SERVICE: "live.serve",
    Role.FIELD: "live.read",
}


class Grade(StrEnum):
    """How far the operator trusts a room."""

    TRIAL = "trial"
    REGULAR = "regular"
    TRUSTED = "trusted"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session of a room of this grade is at most, and how many it has in a day of the shop."""

    hours: int
    sessions_a_day: int


LIMITS: Mapping[Grade, Limits] = {
    Grade.TRIAL: Limits(hours=4, sessions_a_day=2),
    Grade.REGULAR: Limits(hours=12, sessions_a_day=4),
    Grade.TRUSTED: Limits(hours=24, sessions_a_day=8),
}


class NewApplication(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop asks for: a name, an address (`/live/{slug}`), what is sold, and who will speak."""

    merchant_id: UUID
    application_id: RoomApplicationId
    name: Text
    about: Text
    slug: str
    category_ids: list[UUID]
    host_id: HostId | None = None


class RoomApplication(NewApplication, frozen=True, kw_only=True):
    """`reasons`: what is to be corrected, by field; `note`: what the operator said with the decision."""

    state: RoomApplicationState
    reasons: Mapping[str, str]
    note: str
    submitted_at: datetime
    decided_at: datetime | None
    decided_by: str | None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    room_id: RoomId
    slug: str
    name: Text
    about: Text
    category_ids: list[UUID]
    state: RoomState
    grade: Grade
    opened_at: datetime

    @property
    def limits(self) -> Limits:
        return LIMITS[self.grade]


class NewHost(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is to speak. `name` is what buyers see; `is_ai`: a made voice and picture, for which the person of the
    papers answers; `scan` is a file of the private store; `account_id` one of the shop's staff."""

    merchant_id: UUID
    host_id: HostId
    name: str
    real_name: str
    document_number: str
    scan: str
    is_ai: bool = False
    account_id: UUID | None = None


class Host(NewHost, frozen=True, kw_only=True):
    born_on: date
    state: HostState
    reason: str
    trained_until: date | None
    registered_at: datetime
    verified_at: datetime | None
    verified_by: str | None

    def trained(self, on: date) -> bool:
        return self.trained_until is not None and on <= self.trained_until

    def speaks(self, on: date) -> bool:
        """Whether it may be in front of the camera on this day."""
        return self.state is HostState.VERIFIED and self.trained(on)

    @property
    def masked_number(self) -> str:
        """The number of its papers as the shop sees it again: its first and last digits."""
        return f"{self.document_number[:3]}…{self.document_number[-2:]}"


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """A course that a host has passed."""

    merchant_id: UUID
    training_id: TrainingId
    host_id: HostId
    course: str
    passed_on: date
    good_until: date


class StopKind(StrEnum):
    """A takedown ends what is on; the blacklist keeps from beginning anew until it is lifted."""

    TAKEDOWN = "takedown"
    BLACKLIST = "blacklist"


class StopSubject(StrEnum):
    ROOM = "room"
    SESSION = "session"
    HOST = "host"


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator stopped. `appeal` is what the shop said about it, `answer` what was said to that."""

    merchant_id: UUID
    stop_id: StopId
    kind: StopKind
    subject: StopSubject
    room_id: RoomId | None
    host_id: HostId | None
    session_id: UUID | None
    name: str
    reason: str
    at: datetime
    by: str
    appeal: str
    appealed_at: datetime | None
    answer: str
    answered_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None

    @property
    def stands(self) -> bool:
        return self.lifted_at is None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: `by` is `system` or `staff:<account_id>`."""

    step: int
    from_state: str
    to_state: str
    at: datetime
    by: str
    reason: str


def is_slug(slug: str) -> bool:
    """Whether a room can have this address: at least three small letters, digits and single hyphens."""
    return _SLUG.fullmatch(slug) is not None


def born(document_number: str) -> date | None:
    """The day of birth that the number of a Chinese identity card says (GB 11643), or none when it is no such number."""
    try:
        ric.validate(document_number)
        return ric.get_birth_date(document_number)
    except ValidationError:
        return None


def of_age(born_on: date, today: date) -> bool:
    """Whether somebody is `HOST_YEARS_MIN` years old on this day."""
    return (today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))) >= HOST_YEARS_MIN


class RoomAddressTaken(Refusal):
    """Two rooms never have the same address."""

    code = "room_address_taken"
    title = N_("This address is taken")
    detail = N_("Another room is already called “{slug}”. Please choose another address.")


class RoomStopped(Refusal):
    """In a room that was taken down nothing is planned, made ready or on air."""

    code = "room_stopped"
    title = N_("This room is stopped")
    detail = N_("The platform has stopped it. The reason is on the page of the room, where you can appeal.")


class ConditionsNotMet(Refusal):
    """A room is given to who meets all conditions."""

    code = "room_conditions_not_met"
    title = N_("Not all conditions are met")
    detail = N_("What is missing stands on the page of the application, with what to do about it.")


class StaleRoomDecision(Refusal):
    """Two who decide at the same time: the first counts."""

    code = "room_decision_stale"
    title = N_("Somebody else was quicker")
    detail = N_("This does not wait for a decision any more. Please reload the page.")


class HostBarred(Refusal):
    """Who is on the blacklist speaks in no shop's room."""

    code = "host_barred"
    title = N_("This person is on the blacklist")
    detail = N_("They cannot be verified until the blacklist lets them go.")


class AlreadyStopped(Refusal):
    """What is stopped is not stopped again; another reason is written down when the first was lifted."""

    code = "already_stopped"
    title = N_("It is stopped already")
    detail = N_("Please reload the page.")
