"""Both hear of it when a shop, or the house, is handed over."""

from datetime import UTC, datetime

from msgspec import structs

from steelyard.kernel.db import Database, Read, Row
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind, Actor
from steelyard.parties.notifications.model import Template
from steelyard.parties.notifications.rendering import render
from steelyard.trade import settlement
from tests.support import deal
from tests.support.world import Person, World, account, seeded


async def handed_over(read: Read) -> list[Row]:
    return await read.fetch(
        "SELECT recipient, template, locale, facts FROM mails WHERE template = 'handed_over' ORDER BY recipient"
    )


async def acting(db: Database, person: Person) -> Actor:
    found = await db.ask(access.account, AccountId(person.account_id))
    assert found is not None
    return Actor(account=found, permissions=frozenset({"staff.manage"}))


async def heir_of(db: Database, world: World, kind: str) -> Person:
    merchant_id = world.tea.merchant_id if kind == "merchant" else None
    return await db.transact(account, kind, f"{kind}.heir", "Gao Min", merchant_id=merchant_id)


async def test_the_new_owner_and_the_one_before_hear_of_a_shop_that_is_handed_over_once(db: Database) -> None:
    world = await seeded(db)
    heir, owner = await heir_of(db, world, "merchant"), world.tea.owner

    await db.transact(
        access.transfer_ownership, await acting(db, owner), AccountId(heir.account_id), "merchant_accountant"
    )
    for _ in range(2):
        await deal.at_rest(db)

    mails = {row["recipient"]: row for row in await db.ask(handed_over)}
    assert set(mails) == {heir.email, owner.email}
    assert mails[heir.email]["facts"]["role"] is None
    assert Text(mails[owner.email]["facts"]["role"]).in_language("en") == "Shop accountant"
    said = {
        recipient: render(Template.HANDED_OVER, "en", row["facts"], "http://shop.test", "Steelyard")
        for recipient, row in mails.items()
    }
    assert "is yours now" in said[heir.email].subject and "You have handed over" in said[owner.email].subject
    assert "Gao Min" in said[owner.email].text and "http://shop.test/merchant" in said[heir.email].text


async def test_a_house_that_is_handed_over_bears_its_own_name(db: Database) -> None:
    world = await seeded(db)
    heir, chief = await heir_of(db, world, "operator"), await acting(db, world.operator)
    roles = [
        role.role_id for role in await db.ask(access.roles, AccountKind.OPERATOR, None) if "admin" not in role.role_id
    ]

    await db.transact(access.transfer_ownership, chief, AccountId(heir.account_id), roles[0])
    await deal.at_rest(db)

    mails = await db.ask(handed_over)
    assert len(mails) == 2
    for mail in mails:
        told = render(Template.HANDED_OVER, mail["locale"], mail["facts"], "http://shop.test", "Steelyard")
        assert "Steelyard" in told.subject and "http://shop.test/operator" in told.text


async def test_owners_read_once_that_stripe_does_not_pay_their_shop(db: Database) -> None:
    world = await seeded(db)
    shop = world.tea.merchant_id
    ready = settlement.Facts(
        submitted=True, transfers="active", payouts=True, disabled_for=None, due=[], past_due=[], pending=[]
    )
    late = structs.replace(
        ready,
        transfers="inactive",
        payouts=False,
        disabled_for="requirements.past_due",
        past_due=["representative.id_number"],
        # (Between midnight and eight in Shanghai: of UTC it is the day before.)
        due_by=datetime(2026, 12, 31, 18, tzinfo=UTC),
    )
    await db.transact(settlement.begin_account, shop, "DE", "member:1")
    await db.transact(settlement.account_opened, shop, "acct_1")

    for facts in (ready, late, late):
        await db.transact(settlement.record_account, shop, facts)
        await deal.at_rest(db)

    rows = await db.ask(lambda read: read.fetch("SELECT recipient, facts FROM mails WHERE template = 'shop_news'"))
    assert [(row["recipient"], row["facts"]["what"]) for row in rows] == [(world.tea.owner.email, "stripe_restricted")]
    said = render(Template.SHOP_NEWS, "en", rows[0]["facts"], "http://shop.test", "Steelyard")
    assert "2027-01-01" in said.text and "http://shop.test/merchant/money/stripe" in said.text
    assert "at the moment" in said.subject
