"""What the operator decides about rooms: applications, grades, what is not sold live."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.admission import conditions
from steelyard.channels.rooms.applying import note
from steelyard.channels.rooms.model import (
    REASON_CHARACTERS_MAX,
    ConditionsNotMet,
    Grade,
    RoomAddressTaken,
    RoomApplication,
    RoomApplicationState,
    RoomId,
    RoomState,
    StaleRoomDecision,
)
from steelyard.channels.rooms.states import lock
from steelyard.channels.rooms.states import note as note_room
from steelyard.channels.rooms.telling import tell_owners
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor

FIELDS = ("name", "about", "slug", "category_ids", "host_id")


async def approve(tx: Tx, by: Actor, merchant_id: UUID, application_id: UUID) -> RoomId:
    """Give a shop its room: it has the application's id, and begins on trial. Said twice, nothing changes.

    Raises `NotFound`, `StaleRoomDecision`, `ConditionsNotMet`, and `RoomAddressTaken`.
    """
    known = await queries.room(tx, merchant_id, application_id)
    if known is not None:
        return known.room_id
    found = await _waiting(tx, merchant_id, application_id)
    met = await conditions(tx, merchant_id, found.category_ids, found.host_id, datetime.now(UTC))
    if not all(each.met for each in met):
        raise ConditionsNotMet(missing=[each.key for each in met if not each.met])
    taken = await tx.value(
        "INSERT INTO room_slugs (slug, merchant_id, room_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING slug",
        found.slug,
        merchant_id,
        application_id,
    )
    if taken is None:
        raise RoomAddressTaken(slug=found.slug)
    await tx.execute(
        """
        INSERT INTO rooms (merchant_id, room_id, slug, name, about, category_ids, state)
        VALUES ($1, $2, $3, $4, $5, $6, 'open')
        """,
        merchant_id,
        application_id,
        found.slug,
        found.name,
        found.about,
        found.category_ids,
    )
    await note_room(tx, merchant_id, application_id, NOWHERE, RoomState.OPEN, by.by)
    await _decided(tx, by, found, RoomApplicationState.APPROVED, "", {})
    return RoomId(application_id)


async def send_back(
    tx: Tx, by: Actor, merchant_id: UUID, application_id: UUID, reasons: Mapping[str, str], words: str = ""
) -> None:
    """Ask for corrections, by field. Raises `NotFound`, `StaleRoomDecision`, and `Invalid` without a reason."""
    wanted = {name: said.strip()[:REASON_CHARACTERS_MAX] for name, said in reasons.items() if said.strip()}
    if not wanted.keys() <= set(FIELDS) or not (wanted or words.strip()):
        raise Invalid({"note": N_("Please say for at least one field what is to be corrected.")})
    found = await _waiting(tx, merchant_id, application_id)
    await _decided(tx, by, found, RoomApplicationState.SENT_BACK, words, wanted)


async def refuse(tx: Tx, by: Actor, merchant_id: UUID, application_id: UUID, words: str) -> None:
    """Give no room; the shop may ask anew. Raises `NotFound`, `StaleRoomDecision`, and `Invalid` without a reason."""
    if not words.strip():
        raise Invalid({"note": N_("Please give a reason.")})
    found = await _waiting(tx, merchant_id, application_id)
    await _decided(tx, by, found, RoomApplicationState.REFUSED, words, {})


async def set_grade(tx: Tx, by: Actor, merchant_id: UUID, room_id: UUID, grade: Grade) -> None:
    """Trust a room more, or less. Sessions that are planned already stay. Said twice, nothing changes. Raises `NotFound`."""
    room = await lock(tx, merchant_id, room_id)
    if room.grade is grade:
        return
    await tx.execute(
        "UPDATE rooms SET grade = $3, changed_at = now() WHERE merchant_id = $1 AND room_id = $2",
        merchant_id,
        room_id,
        grade,
    )
    await access.audit(
        tx,
        by,
        "rooms.grade",
        room.slug,
        merchant_id=merchant_id,
        before={"grade": room.grade},
        after={"grade": grade},
    )


async def close_category(tx: Tx, by: Actor, category_id: UUID, reason: Text, source: str) -> None:
    """Goods of a category, and of all below it, are not sold live any more; said again, the reason is another.
    Raises `Invalid` without a reason."""
    if not any(words.strip() for words in reason.values()):
        raise Invalid({"reason": N_("Please give a reason.")})
    await tx.execute(
        """
        INSERT INTO room_closed_categories (category_id, reason, source) VALUES ($1, $2, $3)
        ON CONFLICT (category_id) DO UPDATE SET reason = excluded.reason, source = excluded.source
        """,
        category_id,
        reason,
        source.strip()[:REASON_CHARACTERS_MAX],
    )
    await access.audit(tx, by, "rooms.close_category", str(category_id), {"reason": dict(reason), "source": source})


async def open_category(tx: Tx, by: Actor, category_id: UUID) -> None:
    """Goods of a category may be sold live again. Said twice, nothing changes."""
    gone = await tx.value(
        "DELETE FROM room_closed_categories WHERE category_id = $1 RETURNING category_id", category_id
    )
    if gone is not None:
        await access.audit(tx, by, "rooms.open_category", str(category_id))


async def _waiting(tx: Tx, merchant_id: UUID, application_id: UUID) -> RoomApplication:
    """An application that waits for a decision, held until commit."""
    state = await tx.value(
        "SELECT state FROM room_applications WHERE merchant_id = $1 AND application_id = $2 FOR UPDATE",
        merchant_id,
        application_id,
    )
    if state is None:
        raise NotFound()
    if state != RoomApplicationState.SUBMITTED:
        raise StaleRoomDecision()
    found = await queries.application(tx, merchant_id, application_id)
    assert found is not None
    return found


async def _decided(
    tx: Tx, by: Actor, found: RoomApplication, to: RoomApplicationState, words: str, reasons: Mapping[str, str]
) -> None:
    words = words.strip()[:REASON_CHARACTERS_MAX]
    await tx.execute(
        """
        UPDATE room_applications
        SET state = $3, reasons = $4, note = $5, decided_at = now(), decided_by = $6
        WHERE merchant_id = $1 AND application_id = $2
        """,
        found.merchant_id,
        found.application_id,
        to,
        dict(reasons),
        words,
        by.by,
    )
    await note(tx, found.merchant_id, found.application_id, found.state, to, by.by, words)
    await access.audit(
        tx,
        by,
        f"rooms.{_VERBS[to]}",
        found.slug,
        {"note": words, "reasons": dict(reasons)},
        merchant_id=found.merchant_id,
        before={"state": found.state},
        after={"state": to},
    )
    said = "; ".join([words, *reasons.values()] if words else reasons.values())
    await tell_owners(tx, found.merchant_id, f"application_{to}", found.name, said)


_VERBS = {
    RoomApplicationState.SENT_BACK: "send_back",
    RoomApplicationState.REFUSED: "refuse",
    RoomApplicationState.APPROVED: "approve",
}
