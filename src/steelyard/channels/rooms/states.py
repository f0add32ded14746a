"""The one place where a room and a host go from one state to another."""

from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.model import (
    HOST_MACHINE,
    REASON_CHARACTERS_MAX,
    ROOM_MACHINE,
    Host,
    HostState,
    Room,
    RoomState,
)
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.states import NOWHERE


async def lock(tx: Tx, merchant_id: UUID, room_id: UUID) -> Room:
    """A room, held until commit. Raises `NotFound`."""
    held = await tx.value(
        "SELECT true FROM rooms WHERE merchant_id = $1 AND room_id = $2 FOR UPDATE", merchant_id, room_id
    )
    found = await queries.room(tx, merchant_id, room_id) if held else None
    if found is None:
        raise NotFound()
    return found


async def lock_host(tx: Tx, merchant_id: UUID, host_id: UUID) -> Host:
    """A host, held until commit. Raises `NotFound`."""
    held = await tx.value(
        "SELECT true FROM room_hosts WHERE merchant_id = $1 AND host_id = $2 FOR UPDATE", merchant_id, host_id
    )
    found = await queries.host(tx, merchant_id, host_id) if held else None
    if found is None:
        raise NotFound()
    return found


async def move(tx: Tx, room: Room, to: RoomState, by: str, reason: str = "") -> None:
    """A room that is held goes to another state. Raises `TransitionRefused`."""
    ROOM_MACHINE.check(room.state, to)
    await tx.execute(
        "UPDATE rooms SET state = $3, changed_at = now() WHERE merchant_id = $1 AND room_id = $2",
        room.merchant_id,
        room.room_id,
        to,
    )
    await note(tx, room.merchant_id, room.room_id, room.state, to, by, reason)


async def note(
    tx: Tx, merchant_id: UUID, room_id: UUID, from_state: str, to: RoomState, by: str, reason: str = ""
) -> None:
    """One row of a room's history."""
    await tx.execute(
        """
        INSERT INTO room_history (merchant_id, room_id, step, from_state, to_state, by, reason)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5, $6 FROM room_history
        WHERE merchant_id = $1 AND room_id = $2
        """,
        merchant_id,
        room_id,
        from_state,
        to,
        by,
        reason[:REASON_CHARACTERS_MAX],
    )


async def move_host(tx: Tx, host: Host, to: HostState, by: str, reason: str = "") -> None:
    """A host that is held goes to another state; `reason` is what the shop is told. Raises `TransitionRefused`."""
    HOST_MACHINE.check(host.state, to)
    await tx.execute(
        """
        UPDATE room_hosts
        SET state = $3, reason = $4
          , verified_at = CASE WHEN $3 = 'verified' THEN now() ELSE verified_at END
          , verified_by = CASE WHEN $3 = 'verified' THEN $5 ELSE verified_by END
        WHERE merchant_id = $1 AND host_id = $2
        """,
        host.merchant_id,
        host.host_id,
        to,
        reason[:REASON_CHARACTERS_MAX],
        by,
    )
    await note_host(tx, host.merchant_id, host.host_id, host.state, to, by, reason)


async def note_host(
    tx: Tx, merchant_id: UUID, host_id: UUID, from_state: str, to: HostState, by: str, reason: str = ""
) -> None:
    """One row of a host's history."""
    assert from_state != NOWHERE or to in HOST_MACHINE.begins
    await tx.execute(
        """
        INSERT INTO room_host_history (merchant_id, host_id, step, from_state, to_state, by, reason)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5, $6 FROM room_host_history
        WHERE merchant_id = $1 AND host_id = $2
        """,
        merchant_id,
        host_id,
        from_state,
        to,
        by,
        reason[:REASON_CHARACTERS_MAX],
    )
