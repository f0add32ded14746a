"""Staff: who is on it, who invites, hands over, and is let in no more."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Forbidden, Invalid, NotFound
from steelyard.parties import access
from steelyard.parties.access.model import (
    AccountId,
    AccountKind,
    Actor,
    AuditFilter,
    EmailTaken,
    LastOwner,
)
from tests.parties.people import SOME_HASH, actions, actor, id_of, invite, open_account, staff_of


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
