"""What the operator stops ends at once: a session alone, or with its room or its host. And comes back when it is lifted."""

from uuid import UUID

from steelyard.channels import rooms
from steelyard.channels.live.model import SessionState
from steelyard.channels.live.states import lock, move
from steelyard.channels.rooms.model import Stop, StopId, StopKind, StopSubject
from steelyard.kernel.db import Tx
from steelyard.parties.access.model import Actor

SESSIONS_MAX = 500


async def take_down(tx: Tx, by: Actor, merchant_id: UUID, session_id: UUID, stop_id: StopId, reason: str) -> None:
    """A session, or its replay, is not seen any more, from this moment. Said twice under one id, nothing changes.

    Raises `NotFound`, `TransitionRefused` for one that was cancelled, and `Invalid` without a reason.
    """
    session = await lock(tx, merchant_id, session_id)
    new = await rooms.note_session_stop(
        tx, by, merchant_id, session.room_id, session_id, stop_id, session.title, reason
    )
    if new:
        await move(tx, session, SessionState.TAKEN_DOWN, by.by, reason)


async def stop_room(
    tx: Tx, by: Actor, merchant_id: UUID, room_id: UUID, stop_id: StopId, kind: StopKind, reason: str
) -> int:
    """A room is stopped, with whatever is on air in it; what was ready is planned again. How many sessions that were.
    Raises what `rooms.stop_room` raises."""
    await rooms.stop_room(tx, by, merchant_id, room_id, stop_id, kind, reason)
    rows = await tx.fetch(
        """
        SELECT session_id FROM live_sessions WHERE merchant_id = $1 AND room_id = $2 AND state IN ('ready', 'on_air')
        ORDER BY session_id LIMIT $3
        """,
        merchant_id,
        room_id,
        SESSIONS_MAX,
    )
    return await _end(tx, by, [(merchant_id, row["session_id"]) for row in rows], reason)


async def stop_host(tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID, stop_id: StopId, reason: str) -> int:
    """A person is on the blacklist, in every shop: what they have on air ends, what was ready with them is planned again. How
    many sessions that were. Raises what `rooms.stop_host` raises."""
    barred = await rooms.stop_host(tx, by, merchant_id, host_id, stop_id, reason)
    rows = await tx.fetch(
        """
        SELECT s.merchant_id, s.session_id
        FROM unnest($1::uuid[], $2::uuid[]) AS h (merchant_id, host_id)
        JOIN live_sessions s USING (merchant_id, host_id)
        WHERE s.state IN ('ready', 'on_air') ORDER BY s.session_id LIMIT $3
        """,
        [host.merchant_id for host in barred],
        [host.host_id for host in barred],
        SESSIONS_MAX,
    )
    return await _end(tx, by, [(row["merchant_id"], row["session_id"]) for row in rows], reason)


async def lift(tx: Tx, by: Actor, merchant_id: UUID, stop_id: UUID, reason: str) -> None:
    """What was stopped may go on. A session that was taken down before it began is planned again; one that was on air has ended,
    and its replay is seen. Sessions that ended with their room or host stay ended. Said twice, nothing changes.

    Raises `NotFound`, and `Invalid` without a reason.
    """
    before: Stop = await rooms.lift(tx, by, merchant_id, stop_id, reason)
    if not before.stands or before.subject is not StopSubject.SESSION or before.session_id is None:
        return
    session = await lock(tx, merchant_id, before.session_id)
    to = SessionState.PLANNED if session.started_at is None else SessionState.ENDED
    await move(tx, session, to, by.by, reason)


async def _end(tx: Tx, by: Actor, sessions: list[tuple[UUID, UUID]], reason: str) -> int:
    for merchant_id, session_id in sessions:
        session = await lock(tx, merchant_id, session_id)
        if session.state is SessionState.ON_AIR:
            await move(tx, session, SessionState.ENDED, by.by, reason)
        elif session.state is SessionState.READY:
            await move(tx, session, SessionState.PLANNED, by.by, reason)
    return len(sessions)
