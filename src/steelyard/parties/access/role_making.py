"""Roles that an organisation makes for itself: the operator's own, or a merchant's own. Nobody puts into a role what they
may not do themselves, and roles that come with the house are not changed."""

from collections.abc import Collection, Sequence

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.access.auditing import audit
from steelyard.parties.access.model import ROLES_MAX, Account, AccountId, Actor, Role, RoleInUse
from steelyard.parties.access.staffing import chief_of

NAME_CHARACTERS_MAX = 60


async def create_role(tx: Tx, by: Actor, role_id: str, name: Text, permissions: Collection[str]) -> None:
    """Make a role for one's own staff. Said twice with the same id, nothing changes.

    Raises `Invalid`, and `Forbidden` for a permission that the maker has not.
    """
    chief = chief_of(by)
    wanted = _checked(by, name, permissions)
    made = await tx.execute(
        """
        INSERT INTO roles (role_id, audience, name, merchant_id) SELECT $1, $2, $3, $4
        WHERE (SELECT count(*) FROM roles WHERE audience = $2 AND merchant_id IS NOT DISTINCT FROM $4) < $5
        ON CONFLICT (role_id) DO NOTHING
        """,
        role_id,
        chief.kind,
        name,
        chief.merchant_id,
        ROLES_MAX,
    )
    if not made:
        if await tx.value("SELECT true FROM roles WHERE role_id = $1", role_id):
            return
        raise Invalid({"name_zh": N_("There are too many roles already.")})
    await _hold(tx, role_id, chief, wanted)
    await audit(tx, by, "roles.create", role_id, after={"name": name, "permissions": wanted})


async def change_role(tx: Tx, by: Actor, role_id: str, name: Text, permissions: Collection[str]) -> None:
    """Let a role of one's own be called so and permit exactly this; whoever has it may do it from the next click on.

    Raises `NotFound` for a role that is not one's own or comes with the house, `Invalid`, and `Forbidden` where what is
    given or taken is more than one has.
    """
    chief = chief_of(by)
    had = await _own(tx, chief, role_id)
    wanted = _checked(by, name, permissions)
    for permission in set(had.permissions) - set(wanted):
        by.require(permission)
    await tx.execute("UPDATE roles SET name = $2 WHERE role_id = $1", role_id, name)
    await _hold(tx, role_id, chief, wanted)
    await audit(
        tx, by, "roles.change", role_id, before={"name": had.name, "permissions": sorted(had.permissions)},
        after={"name": name, "permissions": wanted},
    )  # fmt: skip


async def remove_role(tx: Tx, by: Actor, role_id: str) -> None:
    """Take a role away that nobody has. Raises `NotFound`, and `RoleInUse` while somebody has it."""
    had = await _own(tx, chief_of(by), role_id)
    holders = await tx.value("SELECT count(*) FROM account_roles WHERE role_id = $1", role_id)
    if holders:
        raise RoleInUse(holders=holders)
    await tx.execute("DELETE FROM role_permissions WHERE role_id = $1", role_id)
    await tx.execute("DELETE FROM roles WHERE role_id = $1", role_id)
    await audit(tx, by, "roles.remove", role_id, before={"name": had.name, "permissions": sorted(had.permissions)})


def _checked(by: Actor, name: Text, permissions: Collection[str]) -> list[str]:
    wanted = sorted(set(permissions))
    for permission in wanted:
        by.require(permission)
    troubles: dict[str, str] = {}
    if not any(words.strip() for words in name.values()):
        troubles["name_zh"] = N_("Please give it a name.")
    if any(len(words) > NAME_CHARACTERS_MAX for words in name.values()):
        troubles["name_zh"] = N_("This is too long")
    if not wanted:
        troubles["permissions"] = N_("Please choose at least one permission.")
    if troubles:
        raise Invalid(troubles)
    return wanted


async def _own(tx: Tx, chief: Account, role_id: str) -> Role:
    found = await tx.one(
        Role,
        """
        SELECT r.role_id, r.name, r.built_in
             , ARRAY(SELECT permission FROM role_permissions rp WHERE rp.role_id = r.role_id ORDER BY 1) AS permissions
        FROM roles r
        WHERE r.role_id = $1 AND r.audience = $2 AND r.merchant_id IS NOT DISTINCT FROM $3 AND NOT r.built_in
        FOR UPDATE
        """,
        role_id,
        chief.kind,
        chief.merchant_id,
    )
    if found is None:
        raise NotFound()
    return found


async def _hold(tx: Tx, role_id: str, chief: Account, wanted: list[str]) -> None:
    await tx.execute("DELETE FROM role_permissions WHERE role_id = $1 AND permission <> ALL ($2)", role_id, wanted)
    await tx.execute(
        """
        INSERT INTO role_permissions (role_id, permission)
        SELECT $1, permission FROM permissions WHERE permission = ANY ($2) AND audience IN ($3, 'both')
        ON CONFLICT (role_id, permission) DO NOTHING
        """,
        role_id,
        wanted,
        chief.kind,
    )


async def roles_with(read: Read, account_id: AccountId, permissions: Sequence[str]) -> list[str]:
    """Those of an account's roles that hold one of these permissions."""
    rows = await read.fetch(
        """
        SELECT DISTINCT role_id FROM account_roles JOIN role_permissions USING (role_id)
        WHERE account_id = $1 AND permission = ANY($2) ORDER BY role_id
        """,
        account_id,
        list(permissions),
    )
    return [row["role_id"] for row in rows]
