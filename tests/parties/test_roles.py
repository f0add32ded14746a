"""Roles: those that come with the house, and those that an organisation makes for itself."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Forbidden, Invalid, NotFound
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import (
    AccountKind,
    RoleInUse,
)
from tests.parties.people import actions, actor, invite, open_account, staff_of

NIGHT = Text({"zh-Hans": "夜班", "en": "Night shift"})
CONTRACT = {
    "operator": "dashboard.read merchants.read merchants.manage orders.read orders.manage payments.read ledger.read"
    " settlement.run catalog.manage staff.manage audit.read settings.manage system.read system.manage merchants.review"
    " buyers.read buyers.reveal buyers.manage reviews.moderate promotions.manage wallets.manage words.manage"
    " merchants.discipline reconciliation.manage refunds.approve taxes.manage"
    " ledger.write ledger.close fees.manage rooms.manage users.read users.manage tasks.work",
    "merchant": "orders.read orders.ship orders.cancel orders.refund products.read products.edit stock.read stock.edit"
    " statements.read shop.edit staff.manage api_keys.manage freight.edit audit.read reviews.answer figures.read"
    " invoices.manage shop.decorate promotions.manage refunds.approve"
    " live.read live.plan live.host live.run live.serve live.commission users.read users.manage tasks.work",
}


@pytest.mark.parametrize("audience", list(CONTRACT))
async def test_the_chief_may_everything_that_this_kind_of_staff_may(db: Database, audience: str) -> None:
    merchant = ids.mint() if audience == "merchant" else None
    chief = await staff_of(db, merchant, "merchant_owner" if merchant else "operator_admin")

    assert sorted(chief.permissions) == sorted(CONTRACT[audience].split())
    listed = await db.ask(access.permissions, AccountKind(audience))
    assert [each.permission for each in listed] == sorted(chief.permissions)
    assert all(each.description["zh-Hans"] and each.description["en"] for each in listed)
    roles = await db.ask(access.roles, AccountKind(audience))
    assert len(roles) == {"operator": 3, "merchant": 10}[audience]
    assert all(role.name["zh-Hans"] and role.name["en"] and role.permissions for role in roles)


async def test_each_role_permits_what_its_work_needs(db: Database) -> None:
    merchant = ids.mint()
    clerk = await staff_of(db, merchant, "merchant_clerk")
    accountant = await staff_of(db, merchant, "merchant_accountant")

    assert clerk.may("orders.ship")
    assert not clerk.may("statements.read")
    assert accountant.permissions == {"orders.read", "statements.read", "figures.read", "invoices.manage", "tasks.work"}
    with pytest.raises(Forbidden):
        accountant.require("orders.ship")
    editor = await staff_of(db, merchant, "merchant_content")
    assert editor.permissions == {"shop.decorate", "products.read", "figures.read", "tasks.work"}
    both = await staff_of(db, merchant, "merchant_clerk", "merchant_accountant")
    assert both.permissions == clerk.permissions | accountant.permissions


async def test_a_role_of_the_other_kind_of_staff_cannot_be_had(db: Database) -> None:
    for roles in (("operator_admin",), ("no_such_role",)):
        with pytest.raises(Invalid):
            await open_account(db, AccountKind.MERCHANT, merchant_id=ids.mint(), roles=roles)
    sneaked = await open_account(db, AccountKind.MERCHANT, merchant_id=ids.mint())
    await db.transact(lambda tx: tx.execute("INSERT INTO account_roles VALUES ($1, 'operator_admin')", sneaked))

    assert (await actor(db, sneaked)).permissions == frozenset()


async def test_a_merchant_makes_a_role_of_its_own_and_another_merchant_cannot_use_it(db: Database) -> None:
    merchant, elsewhere = ids.mint(), ids.mint()
    chief, stranger = await staff_of(db, merchant, "merchant_owner"), await staff_of(db, elsewhere, "merchant_owner")

    await db.transact(access.create_role, chief, "night", NIGHT, ["orders.read", "orders.ship"])
    await db.transact(access.create_role, chief, "night", NIGHT, ["orders.read"])  # said twice, nothing changes
    clerk = await invite(db, chief, "night")

    own = await db.ask(access.roles, AccountKind.MERCHANT, merchant)
    assert [(role.role_id, role.permissions, role.holders) for role in own if not role.built_in] == [
        ("night", ["orders.read", "orders.ship"], 1)
    ]
    assert all(role.built_in for role in await db.ask(access.roles, AccountKind.MERCHANT, elsewhere))
    with pytest.raises(Invalid):
        await invite(db, stranger, "night", email="elsewhere@people.test")
    with pytest.raises(NotFound):
        await db.transact(access.change_role, stranger, "night", NIGHT, ["orders.read"])
    with pytest.raises(RoleInUse):
        await db.transact(access.remove_role, chief, "night")
    await db.transact(access.set_roles, chief, clerk, ["merchant_clerk"])
    await db.transact(access.remove_role, chief, "night")
    assert await db.ask(actions) == [
        "roles.create", "staff.invite", "staff.set_roles", "roles.remove",
    ]  # fmt: skip


async def test_nobody_puts_into_a_role_what_they_may_not_do_themselves(db: Database) -> None:
    admin = await staff_of(db, None, "operator_admin")
    await db.transact(access.create_role, admin, "people", NIGHT, ["staff.manage", "orders.read"])
    chief = await staff_of(db, None, "people")

    with pytest.raises(Forbidden):
        await db.transact(access.create_role, chief, "more", NIGHT, ["ledger.read"])
    with pytest.raises(NotFound):
        await db.transact(access.change_role, admin, "operator_finance", NIGHT, ["orders.read"])
    with pytest.raises(Invalid):
        await db.transact(access.create_role, admin, "none", NIGHT, [])
