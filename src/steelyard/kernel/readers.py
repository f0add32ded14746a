"""What people may tell a subscriber of the event log: wait, go on, try again now, leave this one event out."""

from datetime import datetime
from typing import Any

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_


class NotStuckThere(Refusal):
    """An event is left out only while its subscriber cannot get past it, and only the one that was looked at."""

    code = "not_stuck_there"
    title = N_("The subscriber does not wait at this event any more")
    detail = N_("It has moved on or waits at another one. Please look again.")


class Unread(msgspec.Struct, frozen=True):
    """The event that a subscriber reads next."""

    position: int
    kind: str
    payload: dict[str, Any]
    at: datetime


async def next_event(read: Read, subscriber: str) -> Unread | None:
    """What a subscriber reads next, or cannot get past; none when it has read all."""
    return await read.one(
        Unread,
        """
        SELECT e.position, e.kind, e.payload, e.at
        FROM event_cursors c JOIN events e ON (e.xid, e.position) > (c.xid, c.position)
        WHERE c.subscriber = $1 ORDER BY e.xid, e.position LIMIT 1
        """,
        subscriber,
    )


async def pause(tx: Tx, subscriber: str) -> bool:
    """Have it wait where it is: its work is not done, and nothing is lost. False when it waits already. What it is
    doing in this moment comes to its end first. Raises `NotFound`."""
    await _known(tx, subscriber)
    return bool(
        await tx.execute(
            "UPDATE event_cursors SET paused_at = now() WHERE subscriber = $1 AND paused_at IS NULL", subscriber
        )
    )


async def resume(tx: Tx, subscriber: str) -> bool:
    """Have it read on, from where it stopped. False when it does already. Raises `NotFound`."""
    await _known(tx, subscriber)
    return bool(
        await tx.execute(
            "UPDATE event_cursors SET paused_at = NULL WHERE subscriber = $1 AND paused_at IS NOT NULL", subscriber
        )
    )


async def retry_now(tx: Tx, subscriber: str) -> None:
    """Have it try its event again without waiting for the pause to end. Raises `NotFound`."""
    await _known(tx, subscriber)
    await tx.execute("UPDATE event_failures SET retry_at = now() WHERE subscriber = $1", subscriber)


async def skip(tx: Tx, subscriber: str, position: int) -> Unread:
    """Leave out the event that it cannot get past: what the event would have brought about is never done.

    `position` is the event that was looked at. Raises `NotStuckThere` when the subscriber does not wait there.
    """
    await _known(tx, subscriber)
    stuck = await tx.value("SELECT true FROM event_failures WHERE subscriber = $1 FOR UPDATE", subscriber)
    event = await next_event(tx, subscriber)
    if not stuck or event is None or event.position != position:
        raise NotStuckThere()
    await tx.execute(
        """
        UPDATE event_cursors c SET xid = e.xid, position = e.position, moved_at = now()
        FROM events e WHERE c.subscriber = $1 AND e.position = $2 AND (e.xid, e.position) > (c.xid, c.position)
        """,
        subscriber,
        position,
    )
    await tx.execute("DELETE FROM event_failures WHERE subscriber = $1", subscriber)
    return event


async def _known(tx: Tx, subscriber: str) -> None:
    """Its cursor is held until commit, so that it does not move meanwhile. Raises `NotFound`."""
    if not await tx.value("SELECT true FROM event_cursors WHERE subscriber = $1 FOR UPDATE", subscriber):
        raise NotFound()
