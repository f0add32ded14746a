"""Who speaks in a shop's rooms: registered by the shop, identified and trained by the platform."""

from datetime import date, timedelta
from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.model import (
    COURSE_CHARACTERS_MAX,
    HOSTS_MAX,
    NAME_CHARACTERS_MAX,
    PERMISSION_OF,
    TRAINING_DAYS,
    HostBarred,
    HostState,
    NewHost,
    Role,
    StaleRoomDecision,
    TrainingId,
    born,
    of_age,
)
from steelyard.channels.rooms.states import lock_host, move_host, note_host
from steelyard.channels.rooms.telling import tell_owners
from steelyard.kernel import days
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.kernel.text import Text, text
from steelyard.parties import access, screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.model import Area, Said

LINK = "/merchant/live/hosts"


async def register(tx: Tx, wanted: NewHost, by: str) -> None:
    """Put somebody forward as a host, or hand in again what was sent back: it waits until the platform has looked at it. Said
    twice, nothing changes. Minors are refused.

    Raises `TransitionRefused` for one who is verified, barred or gone, and `Invalid`, by field.
    """
    before = await queries.host(tx, wanted.merchant_id, wanted.host_id)
    if before is not None and before.state is HostState.WAITING:
        return
    born_on = born(wanted.document_number)
    wrong = _wrong(wanted, born_on, days.today())
    if before is None and len(await queries.hosts_of(tx, wanted.merchant_id)) >= HOSTS_MAX:
        wrong["name"] = N_("A shop has no more hosts than this.")
    if wrong:
        raise Invalid(wrong)
    assert born_on is not None
    said = Said(field="name", area=Area.SHOP, text=wanted.name.strip())
    name = (await screening.screen(tx, [said], can_wait=True)).texts[0]
    if before is not None:
        before = await lock_host(tx, wanted.merchant_id, wanted.host_id)
        await move_host(tx, before, HostState.WAITING, by)
    await tx.execute(
        """
        INSERT INTO room_hosts (merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai
                              , state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting')
        ON CONFLICT (merchant_id, host_id) DO UPDATE
        SET account_id = excluded.account_id, name = excluded.name, real_name = excluded.real_name
          , document_number = excluded.document_number, born_on = excluded.born_on, scan = excluded.scan
          , is_ai = excluded.is_ai, registered_at = now()
        """,
        wanted.merchant_id,
        wanted.host_id,
        wanted.account_id,
        name,
        wanted.real_name.strip(),
        wanted.document_number.strip().upper(),
        born_on,
        wanted.scan,
        wanted.is_ai,
    )
    if before is None:
        await note_host(tx, wanted.merchant_id, wanted.host_id, NOWHERE, HostState.WAITING, by)


async def link(tx: Tx, merchant_id: UUID, host_id: UUID, account_id: UUID | None) -> None:
    """Which member of the shop's staff a host is, who then sees what they earn (none: somebody from outside). Said twice, nothing
    changes. Raises `NotFound`, and `Invalid` for who is no host by their role, or another one already."""
    host = await lock_host(tx, merchant_id, host_id)
    if account_id is not None:
        speakers = {each.account_id for each in await access.staff_with(tx, merchant_id, PERMISSION_OF[Role.HOST])}
        if account_id not in speakers:
            raise Invalid({"account_id": N_("Please choose somebody whose role is that of a host.")})
        other = await queries.host_of_account(tx, merchant_id, account_id)
        if other is not None and other.host_id != host.host_id:
            raise Invalid({"account_id": N_("This member of the staff is another host already.")})
    await tx.execute(
        "UPDATE room_hosts SET account_id = $3 WHERE merchant_id = $1 AND host_id = $2",
        merchant_id,
        host_id,
        account_id,
    )


async def let_go(tx: Tx, merchant_id: UUID, host_id: UUID, by: str) -> None:
    """The shop does not work with a host any more. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    host = await lock_host(tx, merchant_id, host_id)
    if host.state is not HostState.GONE:
        await move_host(tx, host, HostState.GONE, by)


async def verify(tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID) -> None:
    """The platform has seen who it is. Said twice, nothing changes.

    Raises `NotFound`, `StaleRoomDecision` when it does not wait any more, and `HostBarred` for papers on the blacklist.
    """
    host = await lock_host(tx, merchant_id, host_id)
    if host.state is HostState.VERIFIED:
        return
    if host.state is not HostState.WAITING:
        raise StaleRoomDecision()
    if any(other.state is HostState.BARRED for other in await queries.same_person(tx, host)):
        raise HostBarred()
    await move_host(tx, host, HostState.VERIFIED, by.by)
    await access.audit(tx, by, "rooms.verify_host", host.name, merchant_id=merchant_id)
    await tell_owners(tx, merchant_id, "host_verified", text(host.name, host.name), link=LINK)


async def send_back_host(tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID, reason: str) -> None:
    """The papers do not say who it is. Raises `NotFound`, `StaleRoomDecision`, and `Invalid` without a reason."""
    if not reason.strip():
        raise Invalid({"reason": N_("Please give a reason.")})
    host = await lock_host(tx, merchant_id, host_id)
    if host.state is not HostState.WAITING:
        raise StaleRoomDecision()
    await move_host(tx, host, HostState.SENT_BACK, by.by, reason.strip())
    await access.audit(tx, by, "rooms.send_back_host", host.name, {"reason": reason}, merchant_id=merchant_id)
    await tell_owners(tx, merchant_id, "host_sent_back", text(host.name, host.name), reason.strip(), LINK)


async def note_training(
    tx: Tx, by: Actor, merchant_id: UUID, host_id: UUID, training_id: TrainingId, course: str, passed_on: date
) -> None:
    """A host has passed a course: it counts for `TRAINING_DAYS` from that day. Said twice, nothing changes.

    Raises `NotFound`, and `Invalid` for a course without a name or a day to come.
    """
    wrong: dict[str, str | Text] = {}
    if not 0 < len(course.strip()) <= COURSE_CHARACTERS_MAX:
        wrong["course"] = N_("Please fill this in")
    if passed_on > days.today() + timedelta(days=1):
        wrong["passed_on"] = N_("This day is still to come.")
    if wrong:
        raise Invalid(wrong)
    host = await lock_host(tx, merchant_id, host_id)
    if host.state is HostState.GONE:
        raise NotFound()
    until = passed_on + timedelta(days=TRAINING_DAYS)
    made = await tx.value(
        """
        INSERT INTO room_trainings (merchant_id, training_id, host_id, course, passed_on, good_until, noted_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (merchant_id, training_id) DO NOTHING RETURNING training_id
        """,
        merchant_id,
        training_id,
        host_id,
        course.strip(),
        passed_on,
        until,
        by.by,
    )
    if made is None:
        return
    await tx.execute(
        """
        UPDATE room_hosts SET trained_until = greatest(trained_until, $3) WHERE merchant_id = $1 AND host_id = $2
        """,
        merchant_id,
        host_id,
        until,
    )
    facts = {"course": course.strip(), "passed_on": passed_on.isoformat()}
    await access.audit(tx, by, "rooms.note_training", host.name, facts, merchant_id=merchant_id)


def _wrong(wanted: NewHost, born_on: date | None, today: date) -> dict[str, str | Text]:
    found: dict[str, str | Text] = {}
    for field, said in (("name", wanted.name), ("real_name", wanted.real_name)):
        if not said.strip():
            found[field] = N_("Please fill this in")
        elif len(said) > NAME_CHARACTERS_MAX:
            found[field] = N_("This is too long")
    if born_on is None:
        found["document_number"] = N_(
            "This is not an identity card number: 18 characters, the last one checks the others."
        )
    elif not of_age(born_on, today):
        found["document_number"] = N_("A host is 18 years old at least.")
    if not wanted.scan:
        found["scan"] = N_("Please upload a scan or a photograph.")
    return found
