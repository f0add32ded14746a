"""Who of a shop's staff does what in a room."""

from collections.abc import Collection
from uuid import UUID

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.model import CREW_MAX, PERMISSION_OF, Role
from steelyard.channels.rooms.states import lock
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access


async def give_roles(tx: Tx, merchant_id: UUID, room_id: UUID, account_id: UUID, roles: Collection[Role]) -> None:
    """Somebody has these roles in a room, and no others. Said twice, nothing changes.

    Raises `NotFound` for who is not of the staff, and `Invalid` where a role needs a permission that they have not.
    """
    await lock(tx, merchant_id, room_id)
    people = {each.account_id: each for each in await access.staff(tx, merchant_id) if each.disabled_at is None}
    if account_id not in people:
        raise NotFound()
    lacking = [role for role in roles if account_id not in await _holders(tx, merchant_id, PERMISSION_OF[role])]
    if lacking:
        raise Invalid({"roles": N_("Give them a role with this permission on the page Staff first.")})
    crew = await queries.crew(tx, merchant_id, room_id)
    if account_id not in crew and roles and len(crew) >= CREW_MAX:
        raise Invalid({"roles": N_("A room has no more people than this.")})
    await tx.execute(
        """
        DELETE FROM room_roles WHERE merchant_id = $1 AND room_id = $2 AND account_id = $3 AND role <> ALL($4)
        """,
        merchant_id,
        room_id,
        account_id,
        [str(role) for role in roles],
    )
    await tx.execute(
        """
        INSERT INTO room_roles (merchant_id, room_id, account_id, role)
        SELECT $1, $2, $3, unnest($4::text[]) ON CONFLICT DO NOTHING
        """,
        merchant_id,
        room_id,
        account_id,
        [str(role) for role in roles],
    )


async def _holders(read: Read, merchant_id: UUID, permission: str) -> set[UUID]:
    return {each.account_id for each in await access.staff_with(read, merchant_id, permission)}
