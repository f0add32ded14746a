"""Staff, their roles, their keys, and the log of what they did."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from steelyard.kernel import ids, logs
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Forbidden, Invalid, NotFound
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import (
    API_KEYS_PER_ACCOUNT_MAX,
    AccountId,
    AccountKind,
    Actor,
    AuditFilter,
    EmailTaken,
    LastOwner,
    RoleInUse,
    TooManyApiKeys,
)
from tests.parties.people import SOME_HASH, actor, id_of, open_account, staff_of

CONTRACT = {
    "operator": "dashboard.read merchants.read merchants.manage orders.read orders.manage payments.read ledger.read"
    " settlement.run catalog.manage staff.manage audit.read settings.manage system.read system.manage merchants.review"
    " buyers.read buyers.reveal buyers.manage reviews.moderate",
    "merchant": "orders.read orders.ship orders.cancel orders.refund products.read products.edit stock.read stock.edit"
    " statements.read shop.edit staff.manage api_keys.manage freight.edit audit.read reviews.answer figures.read"
    " invoices.manage shop.decorate",
}


async def invite(db: Database, by: Actor, *roles: str, email: str = "new@people.test") -> AccountId:
    account_id = AccountId(ids.mint())
    await db.transact(
        access.invite,
        by,
        account_id=account_id,
        name="Gao Min",
        email=email,
        locale="en",
        roles=roles or ("merchant_clerk",),
    )
    return account_id


async def actions(read: Read) -> list[str]:
    return [row["action"] for row in await read.fetch("SELECT action FROM audit_log ORDER BY audit_id")]


@pytest.mark.parametrize("audience", list(CONTRACT))
async def test_the_chief_may_everything_that_this_kind_of_staff_may(db: Database, audience: str) -> None:
    merchant = ids.mint() if audience == "merchant" else None
    chief = await staff_of(db, merchant, "merchant_owner" if merchant else "operator_admin")

    assert sorted(chief.permissions) == sorted(CONTRACT[audience].split())
    listed = await db.ask(access.permissions, AccountKind(audience))
    assert [each.permission for each in listed] == sorted(chief.permissions)
    assert all(each.description["zh-Hans"] and each.description["en"] for each in listed)
    roles = await db.ask(access.roles, AccountKind(audience))
    assert len(roles) == {"operator": 3, "merchant": 4}[audience]
    assert all(role.name["zh-Hans"] and role.name["en"] and role.permissions for role in roles)


async def test_each_role_permits_what_its_work_needs(db: Database) -> None:
    merchant = ids.mint()
    clerk = await staff_of(db, merchant, "merchant_clerk")
    accountant = await staff_of(db, merchant, "merchant_accountant")

    assert clerk.may("orders.ship")
    assert not clerk.may("statements.read")
    assert accountant.permissions == {"orders.read", "statements.read", "figures.read", "invoices.manage"}
    with pytest.raises(Forbidden):
        accountant.require("orders.ship")
    editor = await staff_of(db, merchant, "merchant_content")
    assert editor.permissions == {"shop.decorate", "products.read", "figures.read"}
    both = await staff_of(db, merchant, "merchant_clerk", "merchant_accountant")
    assert both.permissions == clerk.permissions | accountant.permissions


async def test_a_role_of_the_other_kind_of_staff_cannot_be_had(db: Database) -> None:
    for roles in (("operator_admin",), ("no_such_role",)):
        with pytest.raises(Invalid):
            await open_account(db, AccountKind.MERCHANT, merchant_id=ids.mint(), roles=roles)
    sneaked = await open_account(db, AccountKind.MERCHANT, merchant_id=ids.mint())
    await db.transact(lambda tx: tx.execute("INSERT INTO account_roles VALUES ($1, 'operator_admin')", sneaked))

    assert (await actor(db, sneaked)).permissions == frozenset()


async def test_an_invited_person_is_on_the_staff_of_who_invited(db: Database) -> None:
    owner = await staff_of(db, ids.mint(), "merchant_owner")
    assert owner.account is not None

    invited = await invite(db, owner)
    await db.transact(
        access.invite,
        owner,
        account_id=invited,
        name="Gao Min",
        email="new@people.test",
        locale="en",
        roles=["merchant_clerk"],
    )

    listed = await db.ask(access.staff, owner.account.merchant_id)
    assert [(each.account_id, each.roles, each.joined) for each in listed] == [
        (id_of(owner), ["merchant_owner"], True),
        (invited, ["merchant_clerk"], False),
    ]
    kinds = await db.ask(lambda read: read.fetch("SELECT kind, payload FROM events"))
    assert [row["kind"] for row in kinds] == ["access.staff_invited"], "said twice, invited once"
    assert await db.ask(actions) == ["staff.invite"]
    with pytest.raises(EmailTaken):
        await invite(db, owner)
    await db.transact(access.invite_again, owner, invited)
    with pytest.raises(NotFound):
        await db.transact(access.invite_again, owner, id_of(owner))


async def test_an_invitation_that_is_withdrawn_opens_nothing_and_the_address_is_free(db: Database) -> None:
    owner = await staff_of(db, ids.mint(), "merchant_owner")
    stranger = await staff_of(db, ids.mint(), "merchant_owner")
    invited = await invite(db, owner)
    link = await db.transact(access.issue_link, invited, timedelta(days=1))
    with pytest.raises(NotFound):
        await db.transact(access.withdraw_invitation, stranger, invited)

    await db.transact(access.withdraw_invitation, owner, invited)

    assert await db.ask(access.owner_of_link, link) is None
    assert [each.account_id for each in await db.ask(access.staff, owner.account and owner.account.merchant_id)] == [
        id_of(owner)
    ]
    again = await invite(db, owner)
    with pytest.raises(NotFound):
        await db.transact(access.withdraw_invitation, owner, invited)
    await db.transact(access.reset_password, await db.transact(access.issue_link, again, timedelta(days=1)), SOME_HASH)
    with pytest.raises(NotFound):
        await db.transact(access.withdraw_invitation, owner, again)  # has joined: such a person is disabled


async def test_the_owner_hands_over_to_a_colleague_and_keeps_a_smaller_role(db: Database) -> None:
    merchant = ids.mint()
    owner, clerk = await staff_of(db, merchant, "merchant_owner"), await staff_of(db, merchant, "merchant_clerk")
    elsewhere = await staff_of(db, ids.mint(), "merchant_clerk")
    waiting = await invite(db, owner)

    for nobody in (id_of(owner), id_of(elsewhere), waiting):
        with pytest.raises(NotFound):
            await db.transact(access.transfer_ownership, owner, nobody, "merchant_clerk")
    with pytest.raises(Invalid):
        await db.transact(access.transfer_ownership, owner, id_of(clerk), "merchant_owner")
    with pytest.raises(Forbidden):
        await db.transact(access.transfer_ownership, clerk, id_of(owner), "merchant_clerk")

    await db.transact(access.transfer_ownership, owner, id_of(clerk), "merchant_accountant")

    roles = {each.account_id: each.roles for each in await db.ask(access.staff, merchant)}
    assert roles[id_of(owner)] == ["merchant_accountant"]
    assert sorted(roles[id_of(clerk)]) == ["merchant_clerk", "merchant_owner"]
    with pytest.raises(Forbidden):  # said twice: the second time it is not theirs to give
        await db.transact(access.transfer_ownership, owner, id_of(clerk), "merchant_clerk")
    [entry] = (await db.ask(access.audit_log, which=AuditFilter(action="staff.transfer_ownership"))).items
    assert entry.subject == str(id_of(clerk))
    assert {change.field for change in entry.changes} >= {"owner"}


async def test_who_may_not_manage_staff_does_not(db: Database) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")
    clerk = await staff_of(db, merchant, "merchant_clerk")
    buyer = await actor(db, await open_account(db, AccountKind.BUYER))
    _, key = await db.transact(access.create_api_key, owner, name="ERP", scopes=owner.permissions)
    program = await db.ask(access.api_key, key)
    assert program is not None
    assert program.may("staff.manage")

    for somebody in (clerk, buyer, program, Actor(), Actor(permissions=frozenset({"staff.manage"}))):
        for command in (access.disable, access.enable, access.invite_again):
            with pytest.raises(Forbidden):
                await db.transact(command, somebody, id_of(clerk))
        with pytest.raises(Forbidden):
            await db.transact(access.set_roles, somebody, id_of(clerk), ["merchant_owner"])
        with pytest.raises(Forbidden):
            await invite(db, somebody)


async def test_nobody_gives_or_takes_more_than_they_have(db: Database) -> None:
    await db.transact(
        lambda tx: tx.execute(
            """
            WITH r AS (INSERT INTO roles VALUES ('merchant_foreman', 'merchant', '{}'))
            SELECT
            """
        )
    )
    await db.transact(
        lambda tx: tx.execute(
            "INSERT INTO role_permissions VALUES ('merchant_foreman', 'staff.manage'), ('merchant_foreman', 'orders.read')"
        )
    )
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")
    foreman = await staff_of(db, merchant, "merchant_foreman")

    with pytest.raises(Forbidden):
        await invite(db, foreman, "merchant_owner")
    with pytest.raises(Forbidden):
        await db.transact(access.set_roles, foreman, id_of(foreman), ["merchant_owner"])
    with pytest.raises(Forbidden):
        await db.transact(access.set_roles, foreman, id_of(owner), [])
    with pytest.raises(Forbidden):
        await db.transact(access.disable, foreman, id_of(owner))
    await invite(db, foreman, "merchant_foreman")


async def test_a_staff_cannot_be_crossed(db: Database) -> None:
    mine, theirs = ids.mint(), ids.mint()
    owner, other = await staff_of(db, mine, "merchant_owner"), await staff_of(db, theirs, "merchant_owner")
    clerk = await staff_of(db, theirs, "merchant_clerk")
    admin = await staff_of(db, None, "operator_admin")
    key_id, key = await db.transact(access.create_api_key, other, name="ERP", scopes=["orders.read"])

    for stranger in (owner, admin):
        for target in (clerk, other, *({owner, admin} - {stranger})):
            for command in (access.disable, access.enable):
                with pytest.raises(NotFound):
                    await db.transact(command, stranger, id_of(target))
            with pytest.raises(NotFound):
                await db.transact(access.set_roles, stranger, id_of(target), [])
        with pytest.raises(NotFound):
            await db.transact(access.revoke_api_key, stranger, key_id)

    assert await db.ask(access.api_key, key) is not None
    assert [each.account_id for each in await db.ask(access.staff, mine)] == [id_of(owner)]
    assert [each.account_id for each in await db.ask(access.staff, None)] == [id_of(admin)]
    assert await db.ask(access.api_keys_of_staff, mine) == []
    assert (await db.ask(access.audit_log, mine)).items == []


@pytest.mark.parametrize("table", ["accounts", "logins", "sessions", "password_resets", "api_keys", "account_roles"])
async def test_the_merchants_role_reads_no_accounts_not_even_its_own(db: Database, table: str) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")

    async def look(read: Read) -> None:
        await read.fetch(f"SELECT * FROM {table}")

    async def wipe(tx: Tx) -> None:
        await tx.execute(f"DELETE FROM {table}")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.as_merchant(merchant).ask(look)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.as_merchant(merchant).transact(wipe)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.as_merchant(merchant).transact(access.set_roles, owner, id_of(owner), ["merchant_owner"])


async def test_what_became_different_is_written_down_field_by_field(db: Database) -> None:
    admin = await staff_of(db, None, "operator_admin")
    before = {"name": Text({"en": "Tea"}), "payout": {"bank": "ICBC", "account": "1"}, "same": 1}
    after = {"name": Text({"en": "Tea", "zh-Hans": "茶"}), "payout": {"bank": "CCB", "account": "1"}, "same": 1}

    await db.transact(access.audit, admin, "shop.change", "tea", before=before, after=after)

    [entry] = (await db.ask(access.audit_log, which=AuditFilter(subject="tea"))).items
    assert {(each.field, each.before, each.after) for each in entry.changes} == {
        ("name.zh-Hans", None, "茶"),
        ("payout.bank", "ICBC", "CCB"),
    }


async def test_the_log_is_found_by_who_and_what_and_on_what(db: Database) -> None:
    admin, other = await staff_of(db, None, "operator_admin"), await staff_of(db, None, "operator_finance")
    await db.transact(access.audit, admin, "orders.ship", "M-1")
    await db.transact(access.audit, other, "orders.cancel", "M-2")
    await db.transact(access.audit, other, "ordersx.other", "M-1")

    async def found(**which: Any) -> list[str]:
        return [entry.action for entry in (await db.ask(access.audit_log, which=AuditFilter(**which))).items]

    assert other.account is not None
    assert await found(action="orders") == ["orders.cancel", "orders.ship"]
    assert await found(action="orders.ship") == ["orders.ship"]
    assert await found(subject="M-1") == ["ordersx.other", "orders.ship"]
    assert await found(account_id=other.account.account_id, action="orders") == ["orders.cancel"]
    assert await found(since=datetime.now(UTC) + timedelta(days=1)) == []
    assert await db.ask(access.audited_actions) == ["orders.cancel", "orders.ship", "ordersx.other"]


NIGHT = Text({"zh-Hans": "夜班", "en": "Night shift"})


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


async def test_the_merchants_role_writes_the_audit_log_and_neither_reads_nor_mends_it(db: Database) -> None:
    merchant = ids.mint()
    clerk = await staff_of(db, merchant, "merchant_clerk")
    view = db.as_merchant(merchant)

    await view.transact(access.audit, clerk, "orders.ship", "M-7K3M9-X2Q4T")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await view.ask(access.audit_log, merchant)
    for statement in ("UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"):
        for database in (db, view):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.transact(lambda tx, said=statement: tx.execute(said))
    assert [entry.action for entry in (await db.ask(access.audit_log, merchant)).items] == ["orders.ship"]


async def test_a_disabled_person_is_out_at_once(db: Database) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")
    second_id = await open_account(
        db, AccountKind.MERCHANT, merchant_id=merchant, roles=("merchant_owner",), email="s@p.test"
    )
    token = await db.transact(access.begin_session, second_id)
    second = await db.ask(access.session, token)
    assert second is not None
    _, key = await db.transact(access.create_api_key, second, name="ERP", scopes=["orders.read"])
    link = await db.transact(access.issue_link, second_id, timedelta(hours=1))

    await db.transact(access.disable, owner, second_id)
    await db.transact(access.disable, owner, second_id)

    assert await db.ask(access.session, token) is None
    assert await db.ask(access.api_key, key) is None
    assert await db.ask(access.owner_of_link, link) is None
    assert await db.ask(access.credentials, "s@p.test") is None
    await db.transact(access.request_password_reset, "s@p.test")
    event = await db.ask(lambda read: read.row("SELECT payload FROM events WHERE kind LIKE '%reset%'"))
    assert event is not None
    assert event["payload"]["account_id"] is None
    await db.transact(access.enable, owner, second_id)
    assert await db.ask(access.session, token) is None
    assert await db.ask(access.credentials, "s@p.test") is not None
    assert await db.ask(actions) == ["api_keys.create", "staff.disable", "staff.enable"]


async def test_the_last_owner_stays(db: Database) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner", name="Lin Yan")
    await staff_of(db, ids.mint(), "merchant_owner")
    invited = await invite(db, owner, "merchant_owner")

    with pytest.raises(LastOwner) as refused:
        await db.transact(access.disable, owner, id_of(owner))
    assert refused.value.name == "Lin Yan"
    with pytest.raises(LastOwner):
        await db.transact(access.set_roles, owner, id_of(owner), ["merchant_clerk"])

    await db.transact(lambda tx: tx.execute("UPDATE accounts SET password_hash = 'x' WHERE account_id = $1", invited))
    await db.transact(access.set_roles, owner, id_of(owner), ["merchant_clerk"])


@pytest.mark.parametrize("guarded", [True, False])
async def test_two_owners_who_disable_each_other(db: Database, guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the staff locked one of them stays; the control, without, loses both."""
    merchant = ids.mint()
    owners = [await staff_of(db, merchant, "merchant_owner") for _ in range(2)]
    barrier = asyncio.Barrier(2)

    async def meet(tx: Tx, by: Actor, target: AccountId) -> None:
        await barrier.wait()
        await access.disable(tx, by, target)
        if not guarded:
            await barrier.wait()

    if not guarded:

        async def unlocked(tx: Tx, _chief: object) -> set[object]:
            return {row["account_id"] for row in await tx.fetch("SELECT account_id FROM accounts")}

        monkeypatch.setattr("steelyard.parties.access.staffing.lock_staff", unlocked)
    answers = await asyncio.gather(
        db.transact(meet, owners[0], id_of(owners[1])),
        db.transact(meet, owners[1], id_of(owners[0])),
        return_exceptions=True,
    )

    left = [each for each in await db.ask(access.staff, merchant) if each.disabled_at is None]
    assert len(left) == (1 if guarded else 0), answers
    assert sum(isinstance(answer, LastOwner) for answer in answers) == len(left)


async def test_a_key_may_what_it_was_made_for_and_its_account_still_may(db: Database) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")
    second = await staff_of(db, merchant, "merchant_owner")

    key_id, key = await db.transact(
        access.create_api_key, second, name="ERP", scopes=["orders.read", "statements.read", "shop.edit"]
    )

    assert key.startswith("sy_")
    program = await db.ask(access.api_key, key)
    assert program is not None
    assert program.api_key
    assert program.permissions == {"orders.read", "statements.read", "shop.edit"}
    assert program.account == second.account
    assert key not in str(await db.ask(lambda read: read.fetch("SELECT api_keys::text FROM api_keys")))

    await db.transact(access.set_roles, owner, id_of(second), ["merchant_accountant"])
    program = await db.ask(access.api_key, key)
    assert program is not None
    assert program.permissions == {"orders.read", "statements.read"}

    await db.transact(access.touch, key)
    (listed,) = await db.ask(access.api_keys_of, id_of(second))
    assert (listed.api_key_id, listed.prefix, listed.revoked_at) == (key_id, key[:9], None)
    assert listed.last_used_at is not None
    program = await db.ask(access.api_key, key)
    assert program is not None
    assert not program.seen_long_ago

    await db.transact(access.revoke_api_key, owner, key_id)
    await db.transact(access.revoke_api_key, owner, key_id)
    assert await db.ask(access.api_key, key) is None
    assert await db.ask(access.api_keys_of_staff, merchant) == []
    assert (await db.ask(actions)).count("api_keys.revoke") == 1


async def test_a_key_past_its_time_opens_nothing(db: Database) -> None:
    owner = await staff_of(db, ids.mint(), "merchant_owner")
    past = datetime.now(UTC) - timedelta(seconds=1)

    _, key = await db.transact(access.create_api_key, owner, name="ERP", scopes=["orders.read"], expires_at=past)

    assert await db.ask(access.api_key, key) is None


async def test_who_may_make_keys_and_how_many(db: Database) -> None:
    merchant = ids.mint()
    owner = await staff_of(db, merchant, "merchant_owner")
    clerk = await staff_of(db, merchant, "merchant_clerk")
    with pytest.raises(Forbidden):
        await db.transact(access.create_api_key, clerk, name="ERP", scopes=["orders.read"])
    with pytest.raises(Forbidden):
        await db.transact(access.create_api_key, owner, name="ERP", scopes=["ledger.read"])
    with pytest.raises(Invalid):
        await db.transact(access.create_api_key, owner, name="ERP", scopes=[])

    for _ in range(API_KEYS_PER_ACCOUNT_MAX):
        _, key = await db.transact(access.create_api_key, owner, name="ERP", scopes=owner.permissions)
    with pytest.raises(TooManyApiKeys):
        await db.transact(access.create_api_key, owner, name="ERP", scopes=["orders.read"])

    program = await db.ask(access.api_key, key)
    assert program is not None
    with pytest.raises(Forbidden):
        await db.transact(access.create_api_key, program, name="child", scopes=["orders.read"])


async def test_the_log_tells_who_did_what_in_which_request_newest_first(db: Database) -> None:
    merchant = ids.mint()
    clerk = await staff_of(db, merchant, "merchant_clerk", name="Gao Min")
    admin = await staff_of(db, None, "operator_admin")
    with logs.bind_request("request-0001"):
        await db.transact(access.audit, clerk, "orders.ship", "M-1", {"number": "SF1"})
    await db.transact(access.audit, admin, "merchants.suspend", "shop", merchant_id=merchant)
    await db.transact(access.audit, admin, "settings.change", "profile")

    everything = await db.ask(access.audit_log, None, None, 2)
    rest = await db.ask(access.audit_log, None, everything.next, 2)
    assert [entry.action for entry in everything.items] == ["settings.change", "merchants.suspend"]
    (ship,) = rest.items
    assert rest.next is None
    assert (ship.account_name, ship.subject, ship.facts) == ("Gao Min", "M-1", {"number": "SF1"})
    assert (ship.request_id, ship.merchant_id) == ("request-0001", merchant)
    mine = await db.ask(access.audit_log, merchant)
    assert [entry.action for entry in mine.items] == ["merchants.suspend", "orders.ship"]
    elsewhere = ids.mint()
    await db.transact(access.audit, clerk, "orders.ship", "M-2", merchant_id=elsewhere)
    assert (await db.ask(access.audit_log, elsewhere)).items == [], "staff write in their own merchant's log only"
