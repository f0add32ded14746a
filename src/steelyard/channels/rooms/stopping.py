"""Takedown and blacklist: the operator stops a room, a host or a session (whose state is `channels/live`'s) in one click, with
a reason; the shop appeals; the operator lifts it, or says why it stands."""

from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.model import (
    REASON_CHARACTERS_MAX,
    AlreadyStopped,
    Host,
    HostState,
    Room,
    RoomState,
    StaleRoomDecision,
    Stop,
    StopId,
    StopKind,
    StopSubject,
)
from steelyard.channels.rooms.states import lock, lock_host, move, move_host
from steelyard.channels.rooms.telling import tell_owners
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text
from steelyard.parties import access
from steelyard.parties.access.model import Actor


async def stop_room(
    tx: Tx, by: Actor, merchant_id: UUID, room_id: UUID, stop_id: StopId, kind: StopKind, reason: str
) -> Room:
    """Nothing is on air, made ready or planned in this room until it is lifted. Said twice under one id, nothing changes.

    Raises `NotFound`, `AlreadyStopped`, `TransitionRefused` for a closed one, and `Invalid` without a reason.
    """
    _needs(reason)
    room = await lock(tx, merchant_id, room_id)
    if await queries.stop(tx, merchant_id, stop_id) is not None:
        return room
    if room.state is RoomState.STOPPED:
        raise AlreadyStopped()
    await move(tx, room, RoomState.STOPPED, by.by, reason)
    await _write(tx, by, merchant_id, stop_id, kind, StopSubject.ROOM, room_id, None, None, room.name, reason)
    return room


async def stop_host(tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID, stop_id: StopId, reason: str) -> list[Host]:
    """Put a person on the blacklist: their papers are barred in every shop, at once. Returns who was barred; said twice under
    one id, nobody.

    Raises `NotFound`, `AlreadyStopped`, and `Invalid` without a reason.
    """
    _needs(reason)
    host = await lock_host(tx, merchant_id, host_id)
    if await queries.stop(tx, merchant_id, stop_id) is not None:
        return []
    if host.state is HostState.BARRED:
        raise AlreadyStopped()
    barred: list[Host] = []
    for other in sorted([host, *await queries.same_person(tx, host)], key=lambda each: each.host_id):
        if other.state in (HostState.BARRED, HostState.GONE):
            continue
        held = await lock_host(tx, other.merchant_id, other.host_id)
        await move_host(tx, held, HostState.BARRED, by.by, reason)
        its = stop_id if other.host_id == host_id else StopId(ids.derived(stop_id, str(other.host_id)))
        name = text(other.name, other.name)
        await _write(
            tx, by, other.merchant_id, its, StopKind.BLACKLIST, StopSubject.HOST, None, other.host_id, None, name, reason
        )  # fmt: skip
        barred.append(held)
    return barred


async def note_session_stop(
    tx: Tx, by: Actor, merchant_id: UUID, room_id: UUID, session_id: UUID, stop_id: StopId, name: Text, reason: str
) -> bool:
    """Write down that a session was taken down; whether it was not known yet. Raises `Invalid` without a reason."""
    _needs(reason)
    if await queries.stop(tx, merchant_id, stop_id) is not None:
        return False
    await _write(
        tx, by, merchant_id, stop_id, StopKind.TAKEDOWN, StopSubject.SESSION, room_id, None, session_id, name, reason
    )
    return True


async def appeal(tx: Tx, merchant_id: UUID, stop_id: UUID, words: str, by: str) -> None:
    """The shop says why it should not have been stopped; once. Said twice, nothing changes.

    Raises `NotFound`, `StaleRoomDecision` when it was lifted or answered, and `Invalid` without words.
    """
    stop = await _held(tx, merchant_id, stop_id)
    if not words.strip():
        raise Invalid({"appeal": N_("Please fill this in")})
    if stop.appealed_at is not None and stop.answered_at is None and stop.stands:
        return
    if not stop.stands or stop.answered_at is not None:
        raise StaleRoomDecision()
    await tx.execute(
        """
        UPDATE room_stops SET appeal = $3, appealed_at = now(), appealed_by = $4 WHERE merchant_id = $1 AND stop_id = $2
        """,
        merchant_id,
        stop_id,
        words.strip()[:REASON_CHARACTERS_MAX],
        by,
    )


async def keep(tx: Tx, by: Actor, merchant_id: UUID, stop_id: UUID, answer: str) -> None:
    """An appeal is heard and it stays stopped. Raises `NotFound`, `StaleRoomDecision`, and `Invalid` without a reason."""
    _needs(answer)
    stop = await _held(tx, merchant_id, stop_id)
    if stop.appealed_at is None or stop.answered_at is not None or not stop.stands:
        raise StaleRoomDecision()
    await tx.execute(
        "UPDATE room_stops SET answer = $3, answered_at = now() WHERE merchant_id = $1 AND stop_id = $2",
        merchant_id,
        stop_id,
        answer.strip()[:REASON_CHARACTERS_MAX],
    )
    await access.audit(tx, by, "rooms.keep_stop", stop.name, {"answer": answer}, merchant_id=merchant_id)
    await tell_owners(tx, merchant_id, "stop_kept", text(stop.name, stop.name), answer.strip())


async def lift(tx: Tx, by: Actor, merchant_id: UUID, stop_id: UUID, reason: str) -> Stop:
    """What was stopped may go on, with a reason. A room is open again, a host is looked at anew. Said twice, nothing changes.
    A barred person is let go in every shop where the same stop barred them. Returns the stop as it was.

    Raises `NotFound`, and `Invalid` without a reason.
    """
    _needs(reason)
    stop = await _held(tx, merchant_id, stop_id)
    if not stop.stands:
        return stop
    if stop.room_id is not None and stop.subject is StopSubject.ROOM:
        await move(tx, await lock(tx, merchant_id, stop.room_id), RoomState.OPEN, by.by, reason)
    await _lifted(tx, by, stop, reason)
    if stop.host_id is not None:
        await _let_go(tx, by, merchant_id, stop.host_id, reason)
    return stop


async def _let_go(tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID, reason: str) -> None:
    """The person whose papers these are waits to be looked at anew, in every shop."""
    host = await lock_host(tx, merchant_id, host_id)
    for other in sorted([host, *await queries.same_person(tx, host)], key=lambda each: each.host_id):
        if other.state is not HostState.BARRED:
            continue
        held = await lock_host(tx, other.merchant_id, other.host_id)
        await move_host(tx, held, HostState.WAITING, by.by, reason)
        standing = [
            each
            for each in await queries.stops_of(tx, other.merchant_id)
            if each.host_id == other.host_id and each.stands
        ]
        for each in standing:
            await _lifted(tx, by, each, reason)


async def _lifted(tx: Tx, by: Actor, stop: Stop, reason: str) -> None:
    await tx.execute(
        """
        UPDATE room_stops
        SET lifted_at = now(), lifted_by = $3, answer = $4
          , answered_at = CASE WHEN appealed_at IS NOT NULL THEN coalesce(answered_at, now()) END
        WHERE merchant_id = $1 AND stop_id = $2
        """,
        stop.merchant_id,
        stop.stop_id,
        by.by,
        reason.strip()[:REASON_CHARACTERS_MAX],
    )
    await access.audit(tx, by, "rooms.lift", stop.name, {"reason": reason}, merchant_id=stop.merchant_id)
    await tell_owners(tx, stop.merchant_id, "stop_lifted", text(stop.name, stop.name), reason.strip())


async def _held(tx: Tx, merchant_id: UUID, stop_id: UUID) -> Stop:
    held = await tx.value(
        "SELECT true FROM room_stops WHERE merchant_id = $1 AND stop_id = $2 FOR UPDATE", merchant_id, stop_id
    )
    found = await queries.stop(tx, merchant_id, stop_id) if held else None
    if found is None:
        raise NotFound()
    return found


async def _write(
    tx: Tx,
    by: Actor,
    merchant_id: UUID,
    stop_id: StopId,
    kind: StopKind,
    subject: StopSubject,
    room_id: UUID | None,
    host_id: UUID | None,
    session_id: UUID | None,
    name: Text,
    reason: str,
) -> None:
    await tx.execute(
        """
        INSERT INTO room_stops (merchant_id, stop_id, kind, subject, room_id, host_id, session_id, name, reason, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        merchant_id,
        stop_id,
        kind,
        subject,
        room_id,
        host_id,
        session_id,
        str(name),
        reason.strip()[:REASON_CHARACTERS_MAX],
        by.by,
    )
    await access.audit(tx, by, f"rooms.stop_{subject}", str(name), {"reason": reason}, merchant_id=merchant_id)
    await tell_owners(tx, merchant_id, f"{subject}_stopped", name, reason.strip())


def _needs(reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": N_("Please give a reason.")})
