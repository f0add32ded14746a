"""Terms, privacy and the rules for merchants: versions, the days from which they count, and who agreed to the rules."""

from datetime import UTC, date, datetime, timedelta

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import Text
from steelyard.parties import merchants, policies
from steelyard.parties.access.model import AccountId
from steelyard.parties.policies import FIRST_VERSIONS, Document, Version
from steelyard.trade.settlement import settlement_day
from tests.support.world import seeded

TODAY = settlement_day(datetime.now(UTC))
NEWS = Text({"en": "Returns take thirty days.", "zh-Hans": "退货期改为三十天。"})


def version(day: date = TODAY, document: Document = Document.TERMS, summary: Text = NEWS, body: str = "") -> Version:
    return Version(
        document=document,
        from_day=day,
        summary=summary,
        body=Text({"en": body} if body else {}),
        published_by=ids.mint(),
    )


async def test_the_version_in_force_is_the_last_whose_day_has_come(db: Database) -> None:
    assert (await db.ask(policies.in_force))[Document.TERMS].name == FIRST_VERSIONS[Document.TERMS]

    await db.transact(policies.publish, version(), TODAY)
    await db.transact(policies.publish, version(TODAY + timedelta(days=9)), TODAY)

    counting = await db.ask(policies.in_force)
    assert counting[Document.TERMS].name == TODAY.isoformat() and counting[Document.TERMS].summary == NEWS
    assert counting[Document.PRIVACY].from_day is None, "each document has versions of its own"
    assert [each.from_day for each in await db.ask(policies.versions)] == [TODAY + timedelta(days=9), TODAY]


async def test_what_counts_already_is_not_rewritten_and_what_is_planned_may_be(db: Database) -> None:
    later = TODAY + timedelta(days=9)
    assert await db.transact(policies.publish, version(), TODAY)
    assert not await db.transact(policies.publish, version(), TODAY), "said twice"
    with pytest.raises(Invalid):
        await db.transact(policies.publish, version(body="Other words"), TODAY)

    await db.transact(policies.publish, version(later), TODAY)
    assert await db.transact(policies.publish, version(later, body="Other words"), TODAY)
    await db.transact(policies.call_off, Document.TERMS, later, TODAY)

    with pytest.raises(NotFound):
        await db.transact(policies.call_off, Document.TERMS, TODAY, TODAY)
    assert [each.from_day for each in await db.ask(policies.versions)] == [TODAY]


@pytest.mark.parametrize(
    "wrong",
    [version(TODAY - timedelta(days=1)), version(summary=Text()), Version(document=Document.TERMS, summary=NEWS)],
)
async def test_a_version_says_what_is_new_and_counts_from_a_day_to_come(db: Database, wrong: Version) -> None:
    with pytest.raises(Invalid):
        await db.transact(policies.publish, wrong, TODAY)


async def test_a_merchant_agrees_to_each_version_of_the_rules_once(db: Database) -> None:
    world = await seeded(db)
    tea, owner, other = world.tea.merchant_id, AccountId(world.tea.owner.account_id), AccountId(ids.mint())
    shop = db.as_merchant(tea)
    assert await shop.ask(merchants.rules_outstanding, tea) is None, "nobody is asked about what the program brings"

    await db.transact(policies.publish, version(document=Document.RULES), TODAY)
    asked = await shop.ask(merchants.rules_outstanding, tea)
    assert asked is not None and asked.name == TODAY.isoformat()

    assert await shop.transact(merchants.agree, tea, asked.name, owner)
    assert not await shop.transact(merchants.agree, tea, asked.name, other)

    assert await shop.ask(merchants.rules_outstanding, tea) is None
    assert [(each.version, each.account_id) for each in await shop.ask(merchants.agreements, tea)] == [
        (asked.name, owner)
    ]
    tools = db.as_merchant(world.tools.merchant_id)
    assert await tools.ask(merchants.agreements, tea) == [], "another merchant's is not there"
    agreed, all_of_them = await db.ask(merchants.agreed_count, asked.name)
    assert (agreed, all_of_them) == (1, 2)
