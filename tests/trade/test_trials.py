"""A draft of a right tried on past orders says what would have been decided otherwise, and changes nothing."""

from datetime import timedelta

import msgspec

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.trade import aftersales, rights
from steelyard.trade.aftersales import Trial
from steelyard.trade.rights import Family, Holiday, NewRule
from steelyard.trade.rights.model import HOUSE
from tests.support.world import World
from tests.trade.test_cases import BUYER, SECOND, sent, wanted
from tests.trade.test_rights import excepting, received, rule


async def tried(db: Database, new: NewRule) -> Trial:
    draft = await db.transact(rights.draft, new, "staff:1")
    return await db.ask(aftersales.trial, draft, 30)


async def test_a_draft_shows_what_it_would_have_decided_otherwise(shop: Database, world: World) -> None:
    order = await received(shop, await sent(shop, world))
    assert order.completed_at is not None
    known = (await shop.ask(rights.rules)).of(Family.NO_REASON, "CN", order.placed_at)
    assert known is not None
    # Whatever day of the week it is today: the last day stays where it is.
    day = order.completed_at.astimezone(HOUSE).date() + timedelta(days=known.days)
    worked = Holiday(country="CN", day=day, name=text("上班", "Worked"), worked=True)
    await shop.transact(rights.keep_holiday, worked)
    last = (await shop.ask(rights.rules)).ends(known, order.completed_at, "CN") - SECOND
    new = wanted(order, reason="changed_mind")
    await shop.transact(aftersales.ask, new, BUYER, last)
    await shop.transact(aftersales.ask, wanted(order, reason="quality"), BUYER)
    same = msgspec.structs.replace(rule(days=known.days), exceptions=known.exceptions)

    found = await tried(shop, same)
    assert (found.orders, found.orders_otherwise, found.cases, found.cases_otherwise) == (1, 0, 1, 0)
    found = await tried(shop, msgspec.structs.replace(same, days=known.days + 1))
    assert (found.orders_otherwise, found.cases_otherwise) == (1, 0)
    [example] = found.examples
    assert example.code == order.code and example.before.rule == known
    found = await tried(shop, msgspec.structs.replace(same, countries=["DE"]))
    assert found.orders_otherwise == 0, "the rule for everywhere else takes its place, with as many days"


async def test_a_draft_that_excepts_what_was_asked_back_shows_the_request(shop: Database, world: World) -> None:
    await excepting(shop, world, "opened_digital")
    order = await received(shop, await sent(shop, world))
    new = wanted(order, reason="changed_mind")
    known = (await shop.ask(rights.rules)).of(Family.NO_REASON, "CN", order.placed_at)
    assert known is not None
    await shop.transact(aftersales.ask, new, BUYER)
    opened = await tried(shop, msgspec.structs.replace(rule(days=7), exceptions=[NoReturn.PERISHABLE]))

    assert opened.cases_otherwise == 0, "the right was there before, and would be"
    assert opened.orders_otherwise == 1 and NoReturn.OPENED_DIGITAL in opened.examples[0].before.excepted
