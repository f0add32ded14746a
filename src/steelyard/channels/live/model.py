"""A live session as it is planned: its states, its goods, its rundown. No I/O."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.channels.rooms.model import HostId, Role, RoomId
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

SessionId = NewType("SessionId", UUID)
EntryId = NewType("EntryId", UUID)

TITLE_CHARACTERS_MAX = 60
TRAILER_CHARACTERS_MAX = 500
SCRIPT_CHARACTERS_MAX = 20_000
POINTS_CHARACTERS_MAX = 500
WORDS_CHARACTERS_MAX = 200
GOODS_MAX = 200
ENTRIES_MAX = 300
POINTS_PER_ENTRY_MAX = 8
ENTRY_MINUTES_MAX = 240
ENTRY_PRICE_MAX, ENTRY_PIECES_MAX = 10**12, 1_000_000
SESSION_MINUTES_MIN = 10
PLANNED_AHEAD = timedelta(days=183)
STREAM_KEY_BYTES = 24
REASON_CHARACTERS_MAX = 500


class SessionState(StrEnum):
    PLANNED = "planned"
    READY = "ready"
    ON_AIR = "on_air"
    ENDED = "ended"
    CANCELLED = "cancelled"
    TAKEN_DOWN = "taken_down"


MACHINE = Machine(
    "live_session",
    {SessionState.PLANNED},
    {
        SessionState.PLANNED: {SessionState.READY, SessionState.CANCELLED, SessionState.TAKEN_DOWN},
        SessionState.READY: {
            SessionState.PLANNED,
            SessionState.ON_AIR,
            SessionState.CANCELLED,
            SessionState.TAKEN_DOWN,
        },
        SessionState.ON_AIR: {SessionState.ENDED, SessionState.TAKEN_DOWN},
        # A replay is taken down too.
        SessionState.ENDED: {SessionState.TAKEN_DOWN},
        SessionState.CANCELLED: set(),
        # Lifted: what was on air has ended, what was not is planned anew.
        SessionState.TAKEN_DOWN: {SessionState.PLANNED, SessionState.ENDED},
    },
)
# In these a room is taken for the time of the session.
TAKES_TIME = (SessionState.PLANNED, SessionState.READY, SessionState.ON_AIR)
# In these the shop writes.
OPEN = (SessionState.PLANNED, SessionState.READY)


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop plans. `cover` and `trailer_file` are pictures of the file store, `trailer_video` one of its videos; `host_id`
    who speaks first."""

    merchant_id: UUID
    session_id: SessionId
    room_id: RoomId
    title: Text
    starts_at: datetime
    ends_at: datetime
    host_id: HostId | None = None
    cover: str | None = None
    portrait: bool = True
    trailer: Text = msgspec.field(default_factory=Text)
    trailer_file: str | None = None
    trailer_video: str | None = None
    script: str = ""


class Session(NewSession, frozen=True, kw_only=True):
    """`media` is what comes in, as the media process measured it: {width, height, fps, kbps, …}; `playback` where it is seen."""

    state: SessionState
    started_at: datetime | None
    ended_at: datetime | None
    last_seq: int
    key_made_at: datetime | None
    playback: Mapping[str, Any]
    media: Mapping[str, Any]
    published_at: datetime | None
    unpublished_at: datetime | None

    @property
    def streaming(self) -> bool:
        """Whether something comes in now."""
        return self.published_at is not None and (
            self.unpublished_at is None or self.unpublished_at < self.published_at
        )

    @property
    def minutes(self) -> int:
        """How long it is planned to be."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the goods bag; `shown`: buyers see it; `points` its selling points, a line each."""

    product_id: UUID
    position: int
    shown: bool
    points: str
    added_at: datetime


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the rundown: `minute` from the beginning, `minutes` long. `what` is said where it is about no product.
    `price` is what a piece is to cost (minor units), `pieces` how many are to be sold; none where nobody has said."""

    entry_id: EntryId
    minute: int
    minutes: int
    product_id: UUID | None = None
    what: str = ""
    points: list[str] = msgspec.field(default_factory=list[str])
    offer: str = ""
    owner: Role = Role.HOST
    price: int | None = None
    pieces: int | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: `by` is `system`, `media` or `staff:<account_id>`."""

    step: int
    from_state: str
    to_state: SessionState
    at: datetime
    by: str
    reason: str


def new_stream_key() -> str:
    """A stream key nobody guesses: 192 random bits. It is shown once; what is kept is `digest_of` it."""
    return secrets.token_urlsafe(STREAM_KEY_BYTES)


def digest_of(key: str) -> str:
    """What is kept of a stream key. It is random, so that it needs no salt and no slow digest."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class SessionsClash(Refusal):
    """A room has one session at a time."""

    code = "live_sessions_clash"
    title = N_("The room is taken then")
    detail = N_("“{title}” is planned from {starts_at} to {ends_at}. Please choose another time.")


class NotReadyYet(Refusal):
    """A session becomes ready when everything is there that it needs, and nothing is said in it that may not be said."""

    code = "live_session_not_ready"
    title = N_("Something is still missing")
    detail = N_("What keeps the session from being ready stands on its page.")


class SessionNotWritable(Refusal):
    """What is on air or over is not planned any more."""

    code = "live_session_not_writable"
    title = N_("This session cannot be changed any more")
    detail = N_("It is “{state}” now. Please reload the page.")
