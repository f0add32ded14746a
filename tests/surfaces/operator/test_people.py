"""Roles of one's own, and the audit log as people look through it."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World, account


async def test_a_role_of_ones_own_opens_only_what_it_permits(
    db: Database, world: World, chief: Browser, app: Litestar
) -> None:
    form = await chief.get("/operator/roles/new")
    role_id = hidden(form, "role_id")
    wrong = await chief.post(f"/operator/roles/{role_id}", {"fresh": "yes", "role_id": role_id, "name_zh": "看账"})
    assert wrong.status_code == 422
    assert "Please choose at least one permission." in words(wrong) and "看账" in wrong.text

    fields = {"fresh": "yes", "role_id": role_id, "name_zh": "看账", "permissions": "ledger.read"}
    page = words(await chief.follow(await chief.post(f"/operator/roles/{role_id}", fields)))
    assert "看账" in page

    person = await db.transact(account, "operator", "books", "Books", roles=[role_id])
    reader = await signed_in(app, person)
    assert (await reader.get("/operator/books")).status_code == 200
    assert (await reader.get("/operator/payments")).status_code == 403
    assert (await reader.get("/operator/roles")).status_code == 403
    await reader.close()
    [role] = [each for each in await db.ask(access.roles, AccountKind.OPERATOR) if not each.built_in]
    assert role.holders == 1


async def test_the_staff_is_looked_over_by_departments(world: World, chief: Browser) -> None:
    assert "No departments yet" in words(await chief.get("/operator/departments"))
    form = await chief.get("/operator/departments")
    wrong = await chief.post("/operator/departments", {"department_id": hidden(form, "department_id"), "name": " "})
    assert wrong.status_code == 422
    fields = {"department_id": hidden(form, "department_id"), "name": "客服部"}
    assert "客服部" in words(await chief.follow(await chief.post("/operator/departments", fields)))

    department_id, me = fields["department_id"], world.operator.account_id
    await chief.post(f"/operator/departments/{department_id}", {"name": "客服中心", "head": str(me)})
    page = words(await chief.get("/operator/departments"))
    assert "客服中心" in page

    assert f"department-{me}" in (await chief.get("/operator/staff", department=department_id)).text
    await chief.post(f"/operator/staff/{me}/department", {"department": ""})
    nobody = await chief.get("/operator/staff", department=department_id)
    assert f"department-{me}" not in nobody.text and "Nobody is in this department" in words(nobody)
    assert "客服中心" in (await chief.get("/operator/departments", format="csv")).text
    gone = await chief.follow(await chief.post(f"/operator/departments/{department_id}/remove"))
    assert "No departments yet" in words(gone)


async def test_the_audit_log_shows_what_became_different_and_is_filtered(world: World, chief: Browser) -> None:
    for code in ("operator_finance", "operator_service"):
        role_id = hidden(await chief.get("/operator/roles/new"), "role_id")
        fields = {"fresh": "yes", "role_id": role_id, "name_zh": code, "permissions": "orders.read"}
        await chief.post(f"/operator/roles/{role_id}", fields)
    await chief.post(f"/operator/roles/{role_id}", {"name_zh": "夜班", "permissions": "orders.read"})

    page = words(await chief.get("/operator/audit", action="roles"))
    assert "Named · 中文: operator_service → became 夜班" in page
    assert "Nothing fits these filters" in words(await chief.get("/operator/audit", action="orders.ship"))
    file = await chief.get("/operator/audit", action="roles", format="csv")
    assert "Named · 中文: operator_service → 夜班" in file.text
