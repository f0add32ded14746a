"""Keys that staff make for programs."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Forbidden, Invalid
from steelyard.parties import access
from steelyard.parties.access.model import (
    API_KEYS_PER_ACCOUNT_MAX,
    TooManyApiKeys,
)
from tests.parties.people import actions, id_of, staff_of


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
