"""Commission: the most specific rate counts, from the day it was set."""

from datetime import timedelta

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.trade import commission
from steelyard.trade.commission.model import SALES_COMMISSION, Channel, RuleId, RuleState, Sale
from tests.support.world import COMMISSION, CURRENCY, World


def new_id() -> RuleId:
    return RuleId(ids.mint())


def sale(world: World, shop: str = "tea", category: str = "tea") -> Sale:
    root = {"tea": "food", "snacks": "food", "hand-tools": "home"}[category]
    return Sale(
        merchant_id={trader.slug: trader.merchant_id for trader in world.merchants}[shop],
        path=[world.categories[root], world.categories[category]],
        product_id=ids.mint(),
        channel=Channel.SHOP,
        currency=CURRENCY,
    )


async def rate(db: Database, world: World, shop: str = "tea", category: str = "tea") -> int:
    (rules,) = await db.ask(commission.rules_for, [sale(world, shop, category)])
    return sum(rule.millionths for rule in rules if rule.fee_id == SALES_COMMISSION)


async def test_the_most_specific_rate_counts(shop: Database, world: World):
    tea, food = world.categories["tea"], world.categories["food"]
    merchant_id = world.tea.merchant_id
    assert await rate(shop, world) == COMMISSION

    for millionths, scope in (
        (60_000, {"category_id": food}),
        (70_000, {"category_id": tea}),
        (20_000, {"merchant_id": merchant_id}),
        (30_000, {"merchant_id": merchant_id, "category_id": food}),
        (40_000, {"merchant_id": merchant_id, "category_id": tea}),
    ):
        await shop.transact(commission.set_rate, new_id(), millionths, **scope)
        assert await rate(shop, world) == millionths

    assert await rate(shop, world, category="snacks") == 30_000
    assert await rate(shop, world, "tools", "tea") == 70_000
    assert await rate(shop, world, "tools", "snacks") == 60_000
    assert await rate(shop, world, "tools", "hand-tools") == COMMISSION
    both = await shop.ask(commission.rules_for, [sale(world), sale(world, "tools", "hand-tools")])
    assert [[rule.millionths for rule in rules] for rules in both] == [[40_000], [COMMISSION]]


async def test_a_new_rate_ends_the_one_before_it_and_twice_is_once(shop: Database, world: World):
    first, second = new_id(), new_id()
    await shop.transact(commission.set_rate, first, 10_000, merchant_id=world.tea.merchant_id)
    await shop.transact(commission.set_rate, second, 0, merchant_id=world.tea.merchant_id)
    await shop.transact(commission.set_rate, first, 10_000, merchant_id=world.tea.merchant_id)

    assert await rate(shop, world) == 0, "no commission is a rate, too"
    wanted = commission.RulesWanted(merchant_id=world.tea.merchant_id, state=RuleState.COUNTS)
    assert [each.rule_id for each in (await shop.ask(commission.rules, wanted)).items] == [second]


async def shift(tx: Tx, rule_id: RuleId, begin: timedelta, end: timedelta | None) -> None:
    await tx.execute(
        "UPDATE fee_rules SET valid_from = now() + $2::interval, valid_to = now() + $3::interval WHERE rule_id = $1",
        rule_id,
        begin,
        end,
    )


async def test_a_rate_counts_within_its_dates(shop: Database, world: World):
    rule_id, day = new_id(), timedelta(days=1)
    await shop.transact(commission.set_rate, rule_id, 90_000, merchant_id=world.tea.merchant_id)

    for begin, end, expected in ((-day, None, 90_000), (-day, day, 90_000), (day, None, COMMISSION),
                                 (-2 * day, -day, COMMISSION), (-day, timedelta(), COMMISSION)):  # fmt: skip
        await shop.transact(shift, rule_id, begin, end)
        assert await rate(shop, world) == expected


async def test_no_rate_at_all_is_no_commission(shop: Database, world: World):
    async def forget(tx: Tx) -> None:
        await tx.execute("DELETE FROM fee_rules")

    await shop.transact(forget)

    assert await rate(shop, world) == 0
    assert not await shop.ask(commission.any_rule)


@pytest.mark.parametrize("millionths", [-1, 1_000_001])
async def test_a_rate_is_a_part_of_the_whole(shop: Database, world: World, millionths: int):
    with pytest.raises(Invalid):
        await shop.transact(commission.set_rate, new_id(), millionths)
