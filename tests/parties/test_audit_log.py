"""The log of what staff did."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from steelyard.kernel import ids, logs
from steelyard.kernel.db import Database
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import (
    AuditFilter,
)
from tests.parties.people import staff_of


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
