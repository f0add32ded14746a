"""Sessions are planned, changed, made ready, called off."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from steelyard.channels import rooms
from steelyard.channels.live import readiness
from steelyard.channels.live.model import (
    OPEN,
    PLANNED_AHEAD,
    SCRIPT_CHARACTERS_MAX,
    SESSION_MINUTES_MIN,
    TAKES_TIME,
    TITLE_CHARACTERS_MAX,
    TRAILER_CHARACTERS_MAX,
    NewSession,
    NotReadyYet,
    Session,
    SessionNotWritable,
    SessionsClash,
    SessionState,
    digest_of,
)
from steelyard.channels.live.states import lock, move, note
from steelyard.channels.rooms.model import Room, RoomState, RoomStopped
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId

# How a moment is said in a refusal: the shop's own clock.
MOMENT = "%Y-%m-%d %H:%M"


async def plan(tx: Tx, wanted: NewSession, by: str) -> None:
    """Plan a session in a room. Said twice, the second changes nothing.

    Raises `NotFound`, `RoomStopped`, `SessionsClash` when the room is taken at that time, and `Invalid`, by field.
    """
    known = await tx.value(
        "SELECT true FROM live_sessions WHERE merchant_id = $1 AND session_id = $2",
        wanted.merchant_id,
        wanted.session_id,
    )
    if known:
        return
    await _check(tx, wanted, datetime.now(UTC))
    await tx.execute(
        """
        INSERT INTO live_sessions (merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait
                                 , trailer, trailer_file, trailer_video, script, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        wanted.merchant_id,
        wanted.session_id,
        wanted.room_id,
        wanted.host_id,
        wanted.title,
        wanted.cover,
        wanted.starts_at,
        wanted.ends_at,
        wanted.portrait,
        wanted.trailer,
        wanted.trailer_file,
        wanted.trailer_video,
        wanted.script,
        SessionState.PLANNED,
    )
    await note(tx, wanted.merchant_id, wanted.session_id, NOWHERE, SessionState.PLANNED, by)


async def change(tx: Tx, wanted: NewSession, by: str) -> None:
    """Plan it otherwise; a session that was ready is planned again, and is looked at anew. Said twice, nothing changes.

    Raises `NotFound`, `SessionNotWritable`, `RoomStopped`, `SessionsClash`, and `Invalid`, by field.
    """
    before = await writable(tx, wanted.merchant_id, wanted.session_id)
    if all(getattr(before, name) == getattr(wanted, name) for name in NewSession.__struct_fields__):
        return
    await _check(tx, wanted, datetime.now(UTC), moved=before.starts_at != wanted.starts_at)
    await tx.execute(
        """
        UPDATE live_sessions
        SET room_id = $3, host_id = $4, title = $5, cover = $6, starts_at = $7, ends_at = $8, portrait = $9, trailer = $10
          , trailer_file = $11, trailer_video = $13, script = $12, changed_at = now()
          , reminded_at = CASE WHEN starts_at = $7 THEN reminded_at END
        WHERE merchant_id = $1 AND session_id = $2
        """,
        wanted.merchant_id,
        wanted.session_id,
        wanted.room_id,
        wanted.host_id,
        wanted.title,
        wanted.cover,
        wanted.starts_at,
        wanted.ends_at,
        wanted.portrait,
        wanted.trailer,
        wanted.trailer_file,
        wanted.script,
        wanted.trailer_video,
    )
    await reconsider(tx, before, by)


async def make_ready(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """Say that a session can go on air. Said twice, nothing changes.

    Raises `NotFound`, `RoomStopped`, `TransitionRefused`, and `NotReadyYet` when `readiness` finds something that forbids it.
    """
    session = await lock(tx, merchant_id, session_id)
    if session.state is SessionState.READY:
        return
    room = await rooms.room(tx, merchant_id, session.room_id)
    if room is None or room.state is not RoomState.OPEN:
        raise RoomStopped()
    if any(finding.forbids for finding in await readiness.look(tx, session)):
        raise NotReadyYet()
    await move(tx, session, SessionState.READY, by)


async def plan_again(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """A session that was ready is worked on again. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    session = await lock(tx, merchant_id, session_id)
    if session.state is not SessionState.PLANNED:
        await move(tx, session, SessionState.PLANNED, by)


async def cancel(tx: Tx, merchant_id: UUID, session_id: UUID, reason: str, by: str) -> None:
    """Call a session off. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`, and `Invalid` without a reason."""
    session = await lock(tx, merchant_id, session_id)
    if not reason.strip():
        raise Invalid({"reason": N_("Please give a reason.")})
    if session.state is not SessionState.CANCELLED:
        await move(tx, session, SessionState.CANCELLED, by, reason)


async def keep_key(tx: Tx, merchant_id: UUID, session_id: UUID, key: str) -> None:
    """From now on this session is streamed to with this key alone (`model.new_stream_key`). Said twice, nothing changes.
    Raises `NotFound`, `SessionNotWritable` for one that is over."""
    session = await lock(tx, merchant_id, session_id)
    if session.state not in TAKES_TIME:
        raise SessionNotWritable(state=session.state)
    await tx.execute(
        """
        UPDATE live_sessions SET key_digest = $3, key_made_at = now()
        WHERE merchant_id = $1 AND session_id = $2 AND key_digest IS DISTINCT FROM $3
        """,
        merchant_id,
        session_id,
        digest_of(key),
    )


async def writable(tx: Tx, merchant_id: UUID, session_id: UUID) -> Session:
    """A session that is still planned, held until commit. Raises `NotFound`, `SessionNotWritable`."""
    session = await lock(tx, merchant_id, session_id)
    if session.state not in OPEN:
        raise SessionNotWritable(state=session.state)
    return session


async def reconsider(tx: Tx, session: Session, by: str) -> None:
    """What was ready and was changed is looked at anew: it stays ready only if nothing forbids it."""
    if session.state is not SessionState.READY:
        return
    now = await lock(tx, session.merchant_id, session.session_id)
    if any(finding.forbids for finding in await readiness.look(tx, now)):
        await move(tx, now, SessionState.PLANNED, by)


async def _check(tx: Tx, wanted: NewSession, now: datetime, *, moved: bool = True) -> None:
    """The room is held until commit, so that two sessions planned at once do not take the same time."""
    room = await rooms.lock(tx, wanted.merchant_id, wanted.room_id)
    if room.state is not RoomState.OPEN:
        raise RoomStopped()
    wrong = _wrong(wanted, room, now, moved=moved)
    if wanted.host_id is not None and await rooms.host(tx, wanted.merchant_id, wanted.host_id) is None:
        wrong["host_id"] = N_("Please choose one.")
    if "starts_at" not in wrong and await _on_that_day(tx, wanted) >= room.limits.sessions_a_day:
        wrong["starts_at"] = N_("A room of this grade has no more sessions on one day.")
    if wrong:
        raise Invalid(wrong)
    await _alone(tx, wanted)


def _wrong(wanted: NewSession, room: Room, now: datetime, *, moved: bool) -> dict[str, str | Text]:
    wrong: dict[str, str | Text] = {}
    if not any(words.strip() for words in wanted.title.values()):
        wrong["title"] = N_("Please fill this in")
    for field, said, most in (
        ("title", wanted.title, TITLE_CHARACTERS_MAX),
        ("trailer", wanted.trailer, TRAILER_CHARACTERS_MAX),
    ):
        if any(len(words) > most for words in said.values()):
            wrong[field] = N_("This is too long")
    if len(wanted.script) > SCRIPT_CHARACTERS_MAX:
        wrong["script"] = N_("This is too long")
    if moved and not now - timedelta(minutes=SESSION_MINUTES_MIN) <= wanted.starts_at <= now + PLANNED_AHEAD:
        wrong["starts_at"] = N_("It begins from now on, within half a year.")
    length = wanted.ends_at - wanted.starts_at
    if length < timedelta(minutes=SESSION_MINUTES_MIN):
        wrong["ends_at"] = N_("A session has ten minutes at least.")
    elif length > timedelta(hours=room.limits.hours):
        wrong["ends_at"] = N_("A room of this grade is not on air for so long.")
    return wrong


async def _on_that_day(tx: Tx, wanted: NewSession) -> int:
    """How many other sessions the room has on the day of the shop on which this one begins."""
    merchant = await merchants.get(tx, MerchantId(wanted.merchant_id))
    assert merchant is not None
    midnight = wanted.starts_at.astimezone(ZoneInfo(merchant.time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return await tx.value(
        """
        SELECT count(*)::integer FROM live_sessions
        WHERE merchant_id = $1 AND room_id = $2 AND session_id <> $3 AND state NOT IN ('cancelled', 'taken_down')
          AND starts_at >= $4 AND starts_at < $5
        """,
        wanted.merchant_id,
        wanted.room_id,
        wanted.session_id,
        midnight,
        midnight + timedelta(days=1),
    )


async def _alone(tx: Tx, wanted: NewSession) -> None:
    other = await tx.row(
        """
        SELECT title, starts_at, ends_at FROM live_sessions
        WHERE merchant_id = $1 AND room_id = $2 AND session_id <> $3 AND state IN ('planned', 'ready', 'on_air')
          AND starts_at < $5 AND ends_at > $4
        ORDER BY starts_at LIMIT 1
        """,
        wanted.merchant_id,
        wanted.room_id,
        wanted.session_id,
        wanted.starts_at,
        wanted.ends_at,
    )
    if other is not None:
        zone = await _zone(tx, wanted)
        raise SessionsClash(
            title=Text(other["title"]),
            starts_at=other["starts_at"].astimezone(zone).strftime(MOMENT),
            ends_at=other["ends_at"].astimezone(zone).strftime(MOMENT),
        )


async def _zone(tx: Tx, wanted: NewSession) -> ZoneInfo:
    merchant = await merchants.get(tx, MerchantId(wanted.merchant_id))
    assert merchant is not None
    return ZoneInfo(merchant.time_zone)
