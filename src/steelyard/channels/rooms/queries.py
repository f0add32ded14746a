"""Questions about rooms, applications, hosts, crews and stops."""

from datetime import datetime
from uuid import UUID

from steelyard.channels.rooms.model import (
    CREW_MAX,
    HOSTS_MAX,
    Grade,
    Host,
    HostState,
    Role,
    Room,
    RoomApplication,
    RoomApplicationState,
    RoomState,
    Step,
    Stop,
    Training,
)
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page

ROOMS_PER_SHOP_MAX = 20
STEPS_SHOWN_MAX = 100


async def room(read: Read, merchant_id: UUID, room_id: UUID) -> Room | None:
    return await read.one(
        Room,
        """
        SELECT merchant_id, room_id, slug, name, about, category_ids, state, grade, opened_at
        FROM rooms WHERE merchant_id = $1 AND room_id = $2
        """,
        merchant_id,
        room_id,
    )


async def by_slug(read: Read, slug: str) -> Room | None:
    """The room of this address, whatever its state."""
    return await read.one(
        Room,
        """
        SELECT r.merchant_id, r.room_id, r.slug, r.name, r.about, r.category_ids, r.state, r.grade, r.opened_at
        FROM room_slugs s JOIN rooms r USING (merchant_id, room_id) WHERE s.slug = $1
        """,
        slug,
    )


async def rooms_of(read: Read, merchant_id: UUID) -> list[Room]:
    """A shop's rooms, the oldest first."""
    return await read.all(
        Room,
        """
        SELECT merchant_id, room_id, slug, name, about, category_ids, state, grade, opened_at
        FROM rooms WHERE merchant_id = $1 ORDER BY room_id LIMIT $2
        """,
        merchant_id,
        ROOMS_PER_SHOP_MAX,
    )


async def rooms(
    read: Read,
    state: RoomState | None = None,
    grade: Grade | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Room]:
    """The rooms of all shops, the oldest first."""
    at, room_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Room,
        """
        SELECT merchant_id, room_id, slug, name, about, category_ids, state, grade, opened_at
        FROM rooms
        WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR grade = $2)
          AND ($3::timestamptz IS NULL OR (opened_at, room_id) > ($3, $4::uuid))
        ORDER BY opened_at, room_id LIMIT $5
        """,
        state,
        grade,
        at,
        room_id,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.opened_at, each.room_id))


async def application(read: Read, merchant_id: UUID, application_id: UUID) -> RoomApplication | None:
    return await read.one(
        RoomApplication,
        """
        SELECT merchant_id, application_id, state, name, about, slug, category_ids, host_id, reasons, note, submitted_at
             , decided_at, decided_by
        FROM room_applications WHERE merchant_id = $1 AND application_id = $2
        """,
        merchant_id,
        application_id,
    )


async def newest_application(read: Read, merchant_id: UUID) -> RoomApplication | None:
    """What a shop asked for last."""
    return await read.one(
        RoomApplication,
        """
        SELECT merchant_id, application_id, state, name, about, slug, category_ids, host_id, reasons, note, submitted_at
             , decided_at, decided_by
        FROM room_applications WHERE merchant_id = $1 ORDER BY application_id DESC LIMIT 1
        """,
        merchant_id,
    )


async def applications(
    read: Read, state: RoomApplicationState, cursor: str | None = None, limit: int | None = None
) -> Page[RoomApplication]:
    """The applications of all shops in a state, who has waited longest first."""
    at, application_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        RoomApplication,
        """
        SELECT merchant_id, application_id, state, name, about, slug, category_ids, host_id, reasons, note, submitted_at
             , decided_at, decided_by
        FROM room_applications
        WHERE state = $1 AND ($2::timestamptz IS NULL OR (submitted_at, application_id) > ($2, $3::uuid))
        ORDER BY submitted_at, application_id LIMIT $4
        """,
        state,
        at,
        application_id,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.submitted_at, each.application_id))


async def host(read: Read, merchant_id: UUID, host_id: UUID) -> Host | None:
    return await read.one(
        Host,
        """
        SELECT merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai, state, reason
             , trained_until, registered_at, verified_at, verified_by
        FROM room_hosts WHERE merchant_id = $1 AND host_id = $2
        """,
        merchant_id,
        host_id,
    )


async def hosts_of(read: Read, merchant_id: UUID) -> list[Host]:
    """Who speaks for a shop, those who are gone left out, the first first."""
    return await read.all(
        Host,
        """
        SELECT merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai, state, reason
             , trained_until, registered_at, verified_at, verified_by
        FROM room_hosts WHERE merchant_id = $1 AND state <> 'gone' ORDER BY host_id LIMIT $2
        """,
        merchant_id,
        HOSTS_MAX,
    )


async def host_of_account(read: Read, merchant_id: UUID, account_id: UUID) -> Host | None:
    """As which host a member of a shop's staff speaks; most speak as none. Of several the one who was registered last."""
    return await read.one(
        Host,
        """
        SELECT merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai, state, reason
             , trained_until, registered_at, verified_at, verified_by
        FROM room_hosts WHERE merchant_id = $1 AND account_id = $2 ORDER BY registered_at DESC, host_id DESC LIMIT 1
        """,
        merchant_id,
        account_id,
    )


async def hosts(read: Read, state: HostState, cursor: str | None = None, limit: int | None = None) -> Page[Host]:
    """The hosts of all shops in a state, who has waited longest first."""
    at, host_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Host,
        """
        SELECT merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai, state, reason
             , trained_until, registered_at, verified_at, verified_by
        FROM room_hosts
        WHERE state = $1 AND ($2::timestamptz IS NULL OR (registered_at, host_id) > ($2, $3::uuid))
        ORDER BY registered_at, host_id LIMIT $4
        """,
        state,
        at,
        host_id,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.registered_at, each.host_id))


async def same_person(read: Read, host: Host) -> list[Host]:
    """The same papers in other shops."""
    return await read.all(
        Host,
        """
        SELECT merchant_id, host_id, account_id, name, real_name, document_number, born_on, scan, is_ai, state, reason
             , trained_until, registered_at, verified_at, verified_by
        FROM room_hosts WHERE document_number = $1 AND host_id <> $2 ORDER BY host_id LIMIT $3
        """,
        host.document_number,
        host.host_id,
        HOSTS_MAX,
    )


async def trainings_of(read: Read, merchant_id: UUID, host_id: UUID) -> list[Training]:
    """What a host has passed, the last first."""
    return await read.all(
        Training,
        """
        SELECT merchant_id, training_id, host_id, course, passed_on, good_until FROM room_trainings
        WHERE merchant_id = $1 AND host_id = $2 ORDER BY passed_on DESC, training_id DESC LIMIT 50
        """,
        merchant_id,
        host_id,
    )


async def crew(read: Read, merchant_id: UUID, room_id: UUID) -> dict[UUID, set[Role]]:
    """Who does what in a room, by the account of the shop's staff."""
    rows = await read.fetch(
        """
        SELECT account_id, array_agg(role) AS roles FROM room_roles WHERE merchant_id = $1 AND room_id = $2
        GROUP BY account_id ORDER BY account_id LIMIT $3
        """,
        merchant_id,
        room_id,
        CREW_MAX,
    )
    return {row["account_id"]: {Role(each) for each in row["roles"]} for row in rows}


async def stops_of(read: Read, merchant_id: UUID, limit: int = 50) -> list[Stop]:
    """What the operator stopped of a shop, the last first."""
    return await read.all(
        Stop,
        """
        SELECT merchant_id, stop_id, kind, subject, room_id, host_id, session_id, name, reason, at, by, appeal, appealed_at
             , answer, answered_at, lifted_at, lifted_by
        FROM room_stops WHERE merchant_id = $1 ORDER BY at DESC, stop_id DESC LIMIT $2
        """,
        merchant_id,
        paging.limit(limit),
    )


async def stop(read: Read, merchant_id: UUID, stop_id: UUID) -> Stop | None:
    return await read.one(
        Stop,
        """
        SELECT merchant_id, stop_id, kind, subject, room_id, host_id, session_id, name, reason, at, by, appeal, appealed_at
             , answer, answered_at, lifted_at, lifted_by
        FROM room_stops WHERE merchant_id = $1 AND stop_id = $2
        """,
        merchant_id,
        stop_id,
    )


async def stops(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Stop]:
    """What the operator stopped of all shops, the last first."""
    at, stop_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Stop,
        """
        SELECT merchant_id, stop_id, kind, subject, room_id, host_id, session_id, name, reason, at, by, appeal, appealed_at
             , answer, answered_at, lifted_at, lifted_by
        FROM room_stops WHERE ($1::timestamptz IS NULL OR (at, stop_id) < ($1, $2::uuid))
        ORDER BY at DESC, stop_id DESC LIMIT $3
        """,
        at,
        stop_id,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.at, each.stop_id))


async def room_history(read: Read, merchant_id: UUID, room_id: UUID) -> list[Step]:
    """What became of a room, the newest first."""
    return await read.all(
        Step,
        """
        SELECT step, from_state, to_state, at, by, reason FROM room_history
        WHERE merchant_id = $1 AND room_id = $2 ORDER BY step DESC LIMIT $3
        """,
        merchant_id,
        room_id,
        STEPS_SHOWN_MAX,
    )
