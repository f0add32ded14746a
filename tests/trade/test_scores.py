"""Shop scores: the numbers of docs/algorithms/scores.md, run, and what facts take off."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.db import Database, Tx
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, reviews
from steelyard.trade.aftersales import Kind
from steelyard.trade.reviews.model import ShopScore
from tests.support import deal
from tests.support.received import reviewed
from tests.support.world import World
from tests.trade.examples import numbers


@pytest.fixture
def buyer(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def scored(db: Database, world: World) -> ShopScore:
    """The tea shop's scores, reckoned anew."""
    await db.transact(_forget)
    await db.transact(reviews.score_shops)
    return (await db.ask(reviews.scores, [world.tea.merchant_id]))[world.tea.merchant_id]


async def _forget(tx: Tx) -> None:
    await tx.execute("DELETE FROM shop_scores")


async def sent_late(tx: Tx, hours: int) -> None:
    await tx.execute(
        "UPDATE orders SET paid_at = shipped_at - $1::interval WHERE shipped_at IS NOT NULL", timedelta(hours=hours)
    )


def test_the_page_says_what_facts_take_off() -> None:
    said = numbers("scores.md")
    for each in said["taken_off"]:
        assert reviews.taken_off(int(each["count"]), int(each["of"])) == int(each["hundredths"]), each
    for each in said["scored"]:
        assert reviews.scored(int(each["said"]), int(each["count"]), int(each["of"])) == int(each["score"]), each


@given(st.integers(0, 500), st.integers(0, 300), st.integers(0, 300))
def test_facts_only_take_away_and_more_of_them_take_more(said: int, count: int, of: int) -> None:
    count = min(count, of)
    left = reviews.scored(said, count, of)
    assert max(0, said - 100) <= left <= said
    assert left >= min(said, 100)
    assert reviews.scored(said, min(count + 1, of), of) <= left


async def test_late_parcels_take_off_logistics(shop: Database, world: World, buyer: BuyerId) -> None:
    await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5, service=5, logistics=5)
    for hours, late, logistics in ((47, 0, 500), (49, 1, 475)):
        await shop.transact(sent_late, hours)
        score = await scored(shop, world)
        assert (score.due, score.late, score.logistics, score.said_logistics) == (1, late, logistics, 500), hours


async def test_what_should_have_left_counts_and_what_is_called_off_does_not(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5)
    await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], buyer)
    assert ((await scored(shop, world)).due, (await scored(shop, world)).paid) == (1, 2), "it has time yet"

    await shop.transact(_paid_three_days_ago)
    score = await scored(shop, world)
    assert (score.due, score.late, score.paid) == (2, 2, 2)


async def _paid_three_days_ago(tx: Tx) -> None:
    await tx.execute("UPDATE orders SET paid_at = paid_at - interval '3 days'")


async def test_cases_that_lie_with_the_shop_take_off_service(shop: Database, world: World, buyer: BuyerId) -> None:
    order, _ = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5, service=4)
    case_id = await deal.case_asked(shop, order, Kind.REFUND_ONLY)
    case = await shop.ask(aftersales.case, case_id)
    assert case is not None
    assert aftersales.REASONS[case.reason].shops_fault
    score = await scored(shop, world)
    assert (score.faults, score.paid, score.said_service, score.service) == (1, 1, 400, 375)

    await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, "buyer")
    assert (await scored(shop, world)).service == 400
