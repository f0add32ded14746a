"""Departments: the parts of a staff. They say who works with whom, and who leads; what people may do, their roles say."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.access.auditing import audit
from steelyard.parties.access.model import (
    DEPARTMENTS_MAX,
    Account,
    AccountId,
    AccountKind,
    Actor,
    Department,
    DepartmentId,
)
from steelyard.parties.access.staffing import chief_of, lock_staff

DEPARTMENT_CHARACTERS_MAX = 40


async def departments(read: Read, kind: AccountKind, merchant_id: UUID | None = None) -> Sequence[Department]:
    """The departments of a merchant's staff (of the operator's: none), by name; people who are disabled are not counted."""
    return await read.all(
        Department,
        """
        SELECT d.department_id, d.name, d.head_id, h.name AS head
             , (SELECT count(*) FROM accounts a
                WHERE a.department_id = d.department_id AND a.disabled_at IS NULL) AS people
        FROM departments d LEFT JOIN accounts h ON h.account_id = d.head_id
        WHERE d.kind = $1 AND d.merchant_id IS NOT DISTINCT FROM $2
        ORDER BY d.name, d.department_id LIMIT $3
        """,
        kind,
        merchant_id,
        DEPARTMENTS_MAX,
    )


async def create_department(tx: Tx, by: Actor, department_id: DepartmentId, name: str) -> None:
    """A new part of one's own staff, with nobody in it. Said twice with the same id, nothing changes. Raises `Invalid`."""
    chief = chief_of(by)
    await lock_staff(tx, chief)
    name = await _free(tx, chief, department_id, name)
    made = await tx.execute(
        """
        INSERT INTO departments (department_id, kind, merchant_id, name) SELECT $1, $2, $3, $4
        WHERE (SELECT count(*) FROM departments WHERE kind = $2 AND merchant_id IS NOT DISTINCT FROM $3) < $5
        ON CONFLICT (department_id) DO NOTHING
        """,
        department_id,
        chief.kind,
        chief.merchant_id,
        name,
        DEPARTMENTS_MAX,
    )
    if made:
        await audit(tx, by, "departments.create", str(department_id), {"name": name})
    elif not await tx.value("SELECT true FROM departments WHERE department_id = $1", department_id):
        raise Invalid({"name": N_("There are too many departments already.")})


async def change_department(
    tx: Tx, by: Actor, department_id: DepartmentId, name: str, head_id: AccountId | None
) -> None:
    """Call it so, and let this person lead it, who is in it from then on.

    Raises `NotFound` for another staff's, and for a head who is not on the staff; `Invalid`.
    """
    chief = chief_of(by)
    mates = await lock_staff(tx, chief)
    had = await _own(tx, chief, department_id)
    if head_id is not None and head_id not in mates:
        raise NotFound()
    name = await _free(tx, chief, department_id, name)
    if (had.name, had.head_id) == (name, head_id):
        return
    if head_id is not None:
        await _move(tx, head_id, department_id)
    await tx.execute(
        "UPDATE departments SET name = $2, head_id = $3 WHERE department_id = $1", department_id, name, head_id
    )
    head = await tx.value("SELECT name FROM accounts WHERE account_id = $1", head_id) if head_id else None
    await audit(
        tx, by, "departments.change", str(department_id), before={"name": had.name, "head": had.head},
        after={"name": name, "head": head},
    )  # fmt: skip


async def remove_department(tx: Tx, by: Actor, department_id: DepartmentId) -> None:
    """It is no more; its people stay, in none. Raises `NotFound`."""
    chief = chief_of(by)
    await lock_staff(tx, chief)
    had = await _own(tx, chief, department_id)
    await tx.execute("UPDATE accounts SET department_id = NULL WHERE department_id = $1", department_id)
    await tx.execute("DELETE FROM departments WHERE department_id = $1", department_id)
    await audit(tx, by, "departments.remove", str(department_id), {"name": had.name, "members": had.people})


async def set_department(tx: Tx, by: Actor, account_id: AccountId, department_id: DepartmentId | None) -> None:
    """Put a member of the same staff into a department, or into none; who led another leads it no more.

    Raises `NotFound` for who is not on this staff, and for another staff's department.
    """
    chief = chief_of(by)
    if account_id not in await lock_staff(tx, chief):
        raise NotFound()
    name = (await _own(tx, chief, department_id)).name if department_id is not None else None
    if was := await _move(tx, account_id, department_id):
        await audit(
            tx, by, "staff.set_department", str(account_id), before={"department": was[0]}, after={"department": name}
        )


async def _move(tx: Tx, account_id: AccountId, department_id: DepartmentId | None) -> tuple[str | None] | None:
    """Into the department: the name of the one that it was before, none when nothing changed."""
    was = await tx.row(
        """
        SELECT a.department_id, d.name FROM accounts a LEFT JOIN departments d USING (department_id)
        WHERE a.account_id = $1
        """,
        account_id,
    )
    assert was is not None
    if was["department_id"] == department_id:
        return None
    await tx.execute("UPDATE accounts SET department_id = $2 WHERE account_id = $1", account_id, department_id)
    await tx.execute(
        "UPDATE departments SET head_id = NULL WHERE department_id = $1 AND head_id = $2",
        was["department_id"],
        account_id,
    )
    return (was["name"],)


async def _own(tx: Tx, chief: Account, department_id: DepartmentId) -> Department:
    mine = await departments(tx, chief.kind, chief.merchant_id)
    found = next((each for each in mine if each.department_id == department_id), None)
    if found is None:
        raise NotFound()
    return found


async def _free(tx: Tx, chief: Account, department_id: DepartmentId, name: str) -> str:
    """The name as it is kept. Raises `Invalid` for none, for one that is too long, and for another department's."""
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": N_("Please give it a name.")})
    if len(name) > DEPARTMENT_CHARACTERS_MAX:
        raise Invalid({"name": N_("This is too long")})
    mine = await departments(tx, chief.kind, chief.merchant_id)
    if any(each.name.casefold() == name.casefold() and each.department_id != department_id for each in mine):
        raise Invalid({"name": N_("There is such a department already.")})
    return name
