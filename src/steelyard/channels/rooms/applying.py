"""A shop asks for a room."""

from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.admission import wrong_categories
from steelyard.channels.rooms.model import (
    ABOUT_CHARACTERS_MAX,
    APPLICATION_MACHINE,
    CATEGORIES_MAX,
    NAME_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    NewApplication,
    RoomApplicationState,
    is_slug,
)
from steelyard.kernel.db import Tx, UniqueViolation
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.kernel.text import Text
from steelyard.parties import screening
from steelyard.parties.screening.model import Area


async def apply(tx: Tx, wanted: NewApplication, by: str) -> None:
    """Ask for a room, or ask again after it was sent back. Said twice, nothing changes. What is not met yet is shown to both
    sides; the room is given when all is.

    Raises `TransitionRefused` when something waits or is decided already, and `Invalid`, by field.
    """
    before = await queries.application(tx, wanted.merchant_id, wanted.application_id)
    if before is not None and before.state is RoomApplicationState.SUBMITTED:
        return
    wrong = await _wrong(tx, wanted)
    if wrong:
        raise Invalid(wrong)
    said = {"name": (Area.SHOP, wanted.name), "about": (Area.SHOP, wanted.about)}
    words = await screening.screen_texts(tx, said, can_wait=True)
    state = NOWHERE if before is None else before.state
    if before is not None:
        APPLICATION_MACHINE.check(before.state, RoomApplicationState.SUBMITTED)
    try:
        await tx.execute(
            """
            INSERT INTO room_applications (merchant_id, application_id, state, name, about, slug, category_ids, host_id)
            VALUES ($1, $2, 'submitted', $3, $4, $5, $6, $7)
            ON CONFLICT (merchant_id, application_id) DO UPDATE
            SET state = 'submitted', name = excluded.name, about = excluded.about, slug = excluded.slug
              , category_ids = excluded.category_ids, host_id = excluded.host_id, submitted_at = now(), reasons = '{}'
              , note = '', decided_at = NULL, decided_by = NULL
            """,
            wanted.merchant_id,
            wanted.application_id,
            words["name"],
            words["about"],
            wanted.slug,
            wanted.category_ids,
            wanted.host_id,
        )
    except UniqueViolation as taken:
        raise TransitionRefused(machine="room_application", state="submitted", wanted="submitted") from taken
    await note(tx, wanted.merchant_id, wanted.application_id, state, RoomApplicationState.SUBMITTED, by)


async def _wrong(tx: Tx, wanted: NewApplication) -> dict[str, str | Text]:
    found: dict[str, str | Text] = {}
    if not any(words.strip() for words in wanted.name.values()):
        found["name"] = N_("Please fill this in")
    if any(len(words) > NAME_CHARACTERS_MAX for words in wanted.name.values()):
        found["name"] = N_("This is too long")
    if any(len(words) > ABOUT_CHARACTERS_MAX for words in wanted.about.values()):
        found["about"] = N_("This is too long")
    if not is_slug(wanted.slug):
        found["slug"] = N_("At least 3 small letters, digits and hyphens, such as wenzhou-shoes.")
    elif await tx.value("SELECT true FROM room_slugs WHERE slug = $1", wanted.slug):
        found["slug"] = N_("This address is taken. Please choose another one.")
    if not wanted.category_ids:
        found["category_ids"] = N_("Please choose one.")
    elif len(wanted.category_ids) > CATEGORIES_MAX:
        found["category_ids"] = N_("Please choose fewer categories.")
    else:
        wrong = await wrong_categories(tx, wanted.merchant_id, wanted.category_ids)
        if wrong:
            reason = next((each for each in wrong.values() if each is not None), None)
            found["category_ids"] = reason or N_("The shop is not admitted for one of these categories.")
    if wanted.host_id is not None and await queries.host(tx, wanted.merchant_id, wanted.host_id) is None:
        found["host_id"] = N_("Please choose one.")
    return found


async def note(
    tx: Tx,
    merchant_id: UUID,
    application_id: UUID,
    from_state: str,
    to: RoomApplicationState,
    by: str,
    words: str = "",
) -> None:
    """One row of an application's history."""
    await tx.execute(
        """
        INSERT INTO room_application_history (merchant_id, application_id, step, from_state, to_state, by, note)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5, $6 FROM room_application_history
        WHERE merchant_id = $1 AND application_id = $2
        """,
        merchant_id,
        application_id,
        from_state,
        to,
        by,
        words[:REASON_CHARACTERS_MAX],
    )
