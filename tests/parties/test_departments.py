"""Departments: who works together, and who leads."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Forbidden, Invalid, NotFound
from steelyard.parties import access
from steelyard.parties.access.model import (
    DEPARTMENTS_MAX,
    AccountKind,
    Actor,
    Department,
    DepartmentId,
)
from tests.parties.people import actions, id_of, staff_of

MERCHANT = ids.mint()


@pytest.fixture
async def owner(db: Database) -> Actor:
    return await staff_of(db, MERCHANT, "merchant_owner", name="Owner")


@pytest.fixture
async def clerk(db: Database) -> Actor:
    return await staff_of(db, MERCHANT, "merchant_clerk", name="Clerk")


async def made(db: Database, by: Actor, name: str) -> DepartmentId:
    department_id = DepartmentId(ids.mint())
    await db.transact(access.create_department, by, department_id, name)
    return department_id


async def told(db: Database, *, merchant: bool = True) -> dict[str, Department]:
    kind = AccountKind.MERCHANT if merchant else AccountKind.OPERATOR
    found = await db.ask(access.departments, kind, MERCHANT if merchant else None)
    return {each.name: each for each in found}


async def where(db: Database, who: Actor) -> DepartmentId | None:
    return next(each.department_id for each in await db.ask(access.staff, MERCHANT) if each.account_id == id_of(who))


async def test_a_staff_is_in_departments_each_with_a_head(db: Database, owner: Actor, clerk: Actor) -> None:
    service, stock = await made(db, owner, " 客服  部 "), await made(db, owner, "仓库")
    await db.transact(access.set_department, owner, id_of(clerk), stock)

    await db.transact(access.change_department, owner, service, "客服 部", id_of(clerk))

    assert await where(db, clerk) == service, "who leads is in it, and in no other"
    assert [(each.name, each.head, each.people) for each in (await told(db)).values()] == [
        ("仓库", None, 0), ("客服 部", "Clerk", 1),
    ]  # fmt: skip


async def test_who_leaves_a_department_leads_it_no_more(db: Database, owner: Actor, clerk: Actor) -> None:
    service = await made(db, owner, "Service")
    await db.transact(access.change_department, owner, service, "Service", id_of(clerk))

    await db.transact(access.set_department, owner, id_of(clerk), None)

    assert (await told(db))["Service"].head is None
    assert await where(db, clerk) is None


async def test_a_department_that_is_removed_leaves_its_people(db: Database, owner: Actor, clerk: Actor) -> None:
    service = await made(db, owner, "Service")
    await db.transact(access.set_department, owner, id_of(clerk), service)

    await db.transact(access.remove_department, owner, service)

    assert await told(db) == {}
    assert await where(db, clerk) is None
    with pytest.raises(NotFound):
        await db.transact(access.remove_department, owner, service)


async def test_said_twice_nothing_changes(db: Database, owner: Actor, clerk: Actor) -> None:
    service = await made(db, owner, "Service")
    for _ in range(2):
        await db.transact(access.create_department, owner, service, "Service")
        await db.transact(access.set_department, owner, id_of(clerk), service)
        await db.transact(access.change_department, owner, service, "Service", id_of(clerk))

    assert await db.ask(actions) == ["departments.create", "staff.set_department", "departments.change"]
    assert [(each.name, each.people) for each in (await told(db)).values()] == [("Service", 1)]


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "service"])
async def test_a_department_has_a_name_of_its_own(db: Database, owner: Actor, name: str) -> None:
    await made(db, owner, "Service")
    with pytest.raises(Invalid) as refused:
        await made(db, owner, name)
    assert set(refused.value.fields) == {"name"}


async def test_there_are_only_so_many(db: Database, owner: Actor) -> None:
    for number in range(DEPARTMENTS_MAX):
        await made(db, owner, f"No {number}")
    with pytest.raises(Invalid):
        await made(db, owner, "One more")


async def test_another_staffs_departments_and_people_are_not_found(db: Database, owner: Actor, clerk: Actor) -> None:
    other = await staff_of(db, ids.mint(), "merchant_owner")
    operator = await staff_of(db, None, "operator_admin")
    service = await made(db, owner, "Service")
    theirs = await made(db, other, "Service")
    for stranger in (other, operator):
        for command in (
            db.transact(access.remove_department, stranger, service),
            db.transact(access.change_department, stranger, service, "Mine", None),
            db.transact(access.set_department, stranger, id_of(clerk), None),
        ):
            with pytest.raises(NotFound):
                await command
    with pytest.raises(NotFound):
        await db.transact(access.set_department, owner, id_of(clerk), theirs)
    with pytest.raises(NotFound):
        await db.transact(access.change_department, owner, service, "Service", id_of(other))
    assert await told(db, merchant=False) == {}


async def test_who_does_not_manage_the_staff_does_not_arrange_it(db: Database, owner: Actor, clerk: Actor) -> None:
    service = await made(db, owner, "Service")
    for command in (
        db.transact(access.create_department, clerk, DepartmentId(ids.mint()), "Mine"),
        db.transact(access.remove_department, clerk, service),
        db.transact(access.set_department, clerk, id_of(clerk), service),
    ):
        with pytest.raises(Forbidden):
            await command
