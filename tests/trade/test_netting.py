"""What a shop owes and does not earn any more is taken from its deposit, after its days, as far as that reaches."""

import asyncio
from datetime import timedelta

from steelyard.kernel.db import Database
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import OWED_DAYS
from steelyard.trade import discipline, settlement
from steelyard.trade.discipline import MovementKind
from tests.support.world import World
from tests.trade.test_discipline import NOW, paid_in, recorded

LATER = timedelta(days=OWED_DAYS.default)
A_DAY = timedelta(days=1)


async def stands(db: Database, shop: MerchantId) -> tuple[int, int]:
    """What is in the deposit, and what the shop is owed."""
    return (
        await db.ask(discipline.balance_of, shop, AccountKind.DEPOSIT, "CNY"),
        await db.ask(discipline.balance_of, shop, AccountKind.PAYABLE, "CNY"),
    )


async def test_the_deposit_pays_what_a_shop_owes_after_its_days(shop: Database, world: World):
    tea = MerchantId(world.tea.merchant_id)
    violation = await recorded(shop, tea)
    await paid_in(shop, tea, 15_000)
    assert await stands(shop, tea) == (15_000, -violation.fine)
    owed_since = max(each.earned_at for each in (await shop.ask(settlement.entries, tea, None)).items)

    assert await shop.transact(discipline.net, owed_since + LATER - A_DAY) == 0
    after = await asyncio.gather(*(shop.transact(discipline.net, owed_since + LATER) for _ in range(3)))

    assert sum(after) == 1, "once"
    assert await stands(shop, tea) == (0, 15_000 - violation.fine)
    waiting = await shop.ask(settlement.waiting, tea)
    assert sum(each.amount for each in waiting) == 15_000 - violation.fine
    kinds = [each.kind for each in (await shop.ask(discipline.movements, tea)).items]
    assert kinds == [MovementKind.NETTED, MovementKind.TRANSFER]


async def test_more_than_is_owed_is_never_taken_and_what_is_missing_is_asked_for(shop: Database, world: World):
    tea = MerchantId(world.tea.merchant_id)
    violation = await recorded(shop, tea)
    await shop.transact(discipline.set_terms, tea, 50_000, None, NOW.date())
    await paid_in(shop, tea, 50_000)
    then = NOW + timedelta(days=3_650)

    assert await shop.transact(discipline.net, then) == 1
    assert await shop.transact(discipline.net, then) == 0

    assert await stands(shop, tea) == (50_000 - violation.fine, 0)
    deposit = await shop.ask(discipline.deposit_of, tea)
    assert deposit.missing == violation.fine
    assert deposit.due_on is not None


async def test_who_owes_nothing_or_has_no_deposit_is_left_alone(shop: Database, world: World):
    tea, tools = MerchantId(world.tea.merchant_id), MerchantId(world.tools.merchant_id)
    await recorded(shop, tea)
    await paid_in(shop, tools, 10_000)

    assert await shop.transact(discipline.net, NOW + timedelta(days=3_650)) == 0
    assert await stands(shop, tools) == (10_000, 0)
