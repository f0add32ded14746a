"""Somebody who wants to sell here, as far as tests need them to have come."""

from typing import Any

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.parties import access, applications
from steelyard.parties.access.model import Account, AccountId
from steelyard.parties.applications.model import RULES_VERSION, SCAN, STEPS, ApplicationId
from tests.support.world import HASHER, PASSWORD, Person

EMAIL = "maker@example.com"

SAID: dict[str, dict[str, Any]] = {
    "kind": {"kind": "business", "country": "CN"},
    "company": {
        "legal_name": "温州某鞋业有限公司",
        "licence_number": "91110000600037341L",
        "licence_until": "",
        "representative": "林阿明",
        "scope": "鞋类制造",
    },
    "contact": {"contact_name": "林阿明", "contact_phone": "+86 577 8800 0000", "contact_address": "温州市鹿城区"},
    "shop": {"shop_name": {"zh-Hans": "阿明鞋坊", "en": "Aming Shoes"}, "slug": "aming-shoes"},
    "categories": {"category_ids": []},
    "payout": {
        "payout_name": "温州某鞋业有限公司",
        "payout_bank": "某银行温州支行",
        "payout_account": "6222020200112233",
    },
    "agreement": {"agreed_version": RULES_VERSION},
}


async def begun(db: Database, email: str = EMAIL) -> Account:
    """An applicant who has confirmed the address, with `PASSWORD`."""
    account_id = AccountId(ids.mint())
    await db.transact(
        applications.begin,
        account_id=account_id,
        application_id=ApplicationId(ids.mint()),
        name="Lin Aming",
        email=email,
        locale="en",
    )
    await db.transact(_set_password, account_id)
    account = await db.ask(access.account, account_id)
    assert account is not None
    return account


async def _set_password(tx: Tx, account_id: AccountId) -> None:
    await tx.execute("UPDATE accounts SET password_hash = $2 WHERE account_id = $1", account_id, HASHER.hash(PASSWORD))


def person(account: Account) -> Person:
    return Person(account_id=account.account_id, email=account.email, buyer_id=None)


async def filled(db: Database, account: Account, *, slug: str = "aming-shoes", number: str = "") -> None:
    """Every step said, the scan uploaded."""
    await db.transact(applications.keep_file, account.account_id, SCAN, f"{'0' * 64}.pdf", "licence.pdf", 1_000)
    category = await db.ask(_any_category)
    for step in STEPS:
        said = dict(SAID[step])
        if step == "shop":
            said["slug"] = slug
        if step == "company" and number:
            said["licence_number"] = number
        if step == "categories":
            said["category_ids"] = [category]
        await db.transact(applications.save_step, account.account_id, step, said)


async def _any_category(read: Any) -> str:
    return str(
        await read.value("SELECT category_id FROM categories ORDER BY cardinality(path), slug LIMIT 1") or ids.mint()
    )


async def submitted(db: Database, email: str = EMAIL, *, slug: str = "aming-shoes") -> ApplicationId:
    """An application that waits for a decision."""
    account = await begun(db, email)
    await filled(db, account, slug=slug)
    return (await db.transact(applications.submit, account)).application_id
