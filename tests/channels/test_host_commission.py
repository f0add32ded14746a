"""Hosts of live sessions get what was agreed of what they sold, to the last cent, and no more."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steelyard.channels import host_commission, live
from steelyard.channels.host_commission.model import (
    HOUSE_ZONE,
    AlreadyPayee,
    NoBankAccount,
    NothingOwed,
    PayeeKind,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.money.ledger.model import AccountKind
from steelyard.trade import settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import EntryKind
from tests.channels.pooling import BY, TEN, TWENTY, Stage, new_payee, staged
from tests.money.deals import balance
from tests.support import deal, live_plans
from tests.support.database import assert_checks
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import World

__all__ = ["seeded_server", "shop", "shop_url", "world"]

GOODS = ("green", "nuts")


@pytest.fixture
async def stage(shop: Database, world: World) -> Stage:
    return await staged(shop, world)


async def test_the_most_specific_agreement_is_frozen_with_each_line(stage: Stage, shop_url: str) -> None:
    agency = new_payee(stage.session.merchant_id)
    await stage.db.transact(host_commission.keep_payee, agency, BY)
    await stage.agree(millionths=TEN)
    await stage.agree(millionths=150_000, session_id=stage.session.session_id)
    await stage.agree(millionths=80_000, product_id=stage.session.products["nuts"], payee_id=agency.payee_id)

    order = await stage.bought(("green", 1), ("nuts", 2))
    later = await stage.agree(millionths=900_000, product_id=stage.session.products["green"])

    assert await stage.amounts(order) == [(1_020, 0, 0, 0), (638, 0, 0, 0)]
    assert await stage.owed() == 0
    await stage.received(order)
    assert (await stage.owed(), await stage.owed(agency.payee_id)) == (1_020, 638)
    assert await stage.entries() == [(EntryKind.HOST_COMMISSION, -1_658)]
    assert await balance(stage.db, agency.payee_id, AccountKind.HOST_PAYABLE) == 638
    await stage.db.transact(host_commission.end_agreement, stage.session.merchant_id, later, BY)
    assert await stage.amounts(await stage.bought(("green", 1))) == [(1_020, 0, 0, 0)]
    await assert_checks(shop_url)


@pytest.mark.parametrize("source", ["shop", "shop:replay:{session}:12", "live:{other}:12"])
async def test_what_is_bought_elsewhere_brings_nothing(stage: Stage, source: str) -> None:
    await stage.agree()

    order = await stage.bought(("nuts", 1), source=source.format(session=stage.session.session_id, other=ids.mint()))
    await stage.received(order)

    assert await stage.amounts(order) == []
    assert await stage.entries() == []


async def test_refunds_take_their_share_before_and_after_it_is_earned(stage: Stage, shop_url: str) -> None:
    await stage.agree(millionths=TEN)
    order = await stage.bought(("nuts", 3))

    await stage.refunded(order, Returned(1, 1))
    assert await stage.amounts(order) == [(1_197, 399, 0, 0)]
    await stage.received(await deal.again(stage.db, order))
    assert await stage.owed() == 798
    await stage.refunded(order, Returned(1, 1))
    await stage.refunded(order, Returned(1, 1))

    assert await stage.amounts(order) == [(1_197, 399, 798, 798)]
    assert await stage.owed() == 0
    returned = EntryKind.HOST_COMMISSION_RETURNED
    assert await stage.entries() == [(EntryKind.HOST_COMMISSION, -798), (returned, 399), (returned, 399)]
    await assert_checks(shop_url)


async def test_it_is_due_with_the_orders_own_money_and_taken_off_its_statement(stage: Stage, shop_url: str) -> None:
    await stage.agree(millionths=TWENTY)
    order = await stage.bought(("green", 1))
    await stage.received(order)

    day = settlement.settlement_day(datetime.now(UTC)) + timedelta(days=1)
    assert await stage.db.transact(settlement.run, day - timedelta(days=1)) == []
    (statement,) = await stage.db.transact(settlement.run, day)

    assert statement.adjustments == -1_360
    assert statement.payout == statement.sales - statement.commission - 1_360
    await assert_checks(shop_url)


async def test_slot_fees_are_earned_once_when_the_session_has_ended(stage: Stage, shop_url: str) -> None:
    await stage.agree(millionths=None, slot_fee=50_000, currency="CNY")
    await stage.agree(millionths=None, slot_fee=30_000, currency="CNY", session_id=stage.session.session_id)
    await stage.agree(slot_fee=8_800, currency="CNY", product_id=stage.session.products["nuts"])
    await stage.agree(
        slot_fee=9_900, currency="CNY", product_id=stage.world.items["black"].product_id
    )  # not in the bag

    await stage.hear()
    assert await stage.owed() == 0
    await stage.db.transact(live.end, *stage.session.key, BY)
    await stage.hear()
    await stage.hear()

    assert sorted(await stage.entries()) == [(EntryKind.SLOT_FEE, -30_000), (EntryKind.SLOT_FEE, -8_800)]
    assert await stage.owed() == 38_800
    (summed,) = await stage.db.ask(
        host_commission.sums_of_sessions, stage.session.merchant_id, [stage.session.session_id]
    )
    assert (summed.orders, summed.earned, summed.slots) == (0, 0, 38_800)
    await assert_checks(shop_url)


async def test_what_is_owed_is_paid_and_no_more_and_a_payment_can_be_undone(stage: Stage, shop_url: str) -> None:
    await stage.agree(millionths=TEN)
    order = await stage.bought(("nuts", 2))
    await stage.received(order)
    payment_id = ids.mint()

    with pytest.raises(NothingOwed):
        await stage.pay(799)
    with pytest.raises(Invalid):
        await stage.pay(700, reference=" ")
    with pytest.raises(NothingOwed):
        await stage.pay(700, currency="USD")
    await stage.pay(700, payment_id)
    await stage.pay(700, payment_id)
    assert await stage.owed() == 98
    assert await balance(stage.db, stage.payee_id, AccountKind.BANK_CASH) == -700

    await stage.refunded(order, Returned(1, 2))
    assert await stage.owed() == -700
    await stage.db.transact(host_commission.undo_payment, stage.session.merchant_id, payment_id, "账号有误", BY)
    await stage.db.transact(host_commission.undo_payment, stage.session.merchant_id, payment_id, "账号有误", BY)
    assert await stage.owed() == 0
    (payment,) = await stage.db.ask(host_commission.payments, stage.session.merchant_id, stage.payee_id)
    assert payment.undone_why == "账号有误"
    await assert_checks(shop_url)


async def test_who_has_no_bank_account_is_not_paid(stage: Stage) -> None:
    await stage.agree()
    await stage.received(await stage.bought(("nuts", 1)))
    payee = new_payee(
        stage.session.merchant_id, payee_id=stage.payee_id, kind=PayeeKind.HOST, host_id=stage.host_id, holder="", bank="",
        account="",
    )  # fmt: skip
    await stage.db.transact(host_commission.keep_payee, payee, BY)

    with pytest.raises(NoBankAccount):
        await stage.pay(100)


async def test_what_cannot_be_agreed_says_what_is_wrong(stage: Stage) -> None:
    yesterday = datetime.now(HOUSE_ZONE).date() - timedelta(days=1)
    other = await live_plans.host(stage.db, stage.world, stage.world.tea, document_number=live_plans.ANOTHER)
    for changes, field in [
        ({"millionths": None}, "rate"),
        ({"millionths": 1_000_001}, "rate"),
        ({"slot_fee": -1, "currency": "CNY"}, "slot_fee"),
        ({"host_id": ids.mint()}, "host_id"),
        ({"host_id": other}, "payee_id"),
        ({"payee_id": ids.mint()}, "payee_id"),
        ({"session_id": ids.mint()}, "session_id"),
        ({"product_id": ids.mint()}, "product_id"),
        ({"from_day": yesterday}, "from_day"),
        ({"until_day": yesterday}, "until_day"),
        ({"merchant_id": stage.world.tools.merchant_id}, "host_id"),
    ]:
        with pytest.raises(Invalid) as refusal:
            await stage.db.transact(host_commission.agree, stage.wanted(**changes), BY)
        assert field in refusal.value.fields, changes
    with pytest.raises(AlreadyPayee):
        await stage.db.transact(
            host_commission.keep_payee,
            new_payee(stage.session.merchant_id, kind=PayeeKind.HOST, host_id=stage.host_id),
            BY,
        )
    with pytest.raises(NotFound):
        await stage.db.transact(host_commission.end_agreement, stage.session.merchant_id, ids.mint(), BY)


async def test_a_shop_sees_nothing_of_anothers(stage: Stage) -> None:
    await stage.agree()
    order = await stage.bought(("nuts", 1))
    await stage.received(order)
    elsewhere = stage.db.as_merchant(ids.mint())

    for question in (host_commission.payees, host_commission.balances):
        assert await elsewhere.ask(question, stage.session.merchant_id) == []
    assert (await elsewhere.ask(host_commission.agreements, stage.session.merchant_id)).items == []
    assert (await elsewhere.ask(host_commission.lines, stage.session.merchant_id)).items == []
    assert len((await stage.db.ask(host_commission.to_pay)).items) == 1


STEPS = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(GOODS), st.integers(1, 3)),
    st.tuples(st.just("buy"), st.sampled_from(GOODS), st.integers(1, 3)),
    st.tuples(st.just("refund"), st.integers(0, 3), st.integers(1, 2)),
    st.tuples(st.just("refund"), st.integers(0, 3), st.integers(1, 2)),
    st.tuples(st.just("receive"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("pay"), st.integers(1, 900), st.just(0)),
    st.tuples(st.just("undo"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("settle"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("agree"), st.sampled_from(GOODS), st.integers(0, 333_333)),
)


async def test_whatever_happens_what_is_owed_is_earned_less_given_back_and_paid(stage: Stage, shop_url: str) -> None:
    """Sales, partial refunds, receipts, statements and payments in any order; after each sequence every check is true."""
    loop = asyncio.get_running_loop()
    await stage.agree(millionths=123_457)
    met: set[str] = set()

    @settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate], database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(STEPS, min_size=12, max_size=18))
    def run(sequence: list[tuple[str, Any, int]]) -> None:
        asyncio.run_coroutine_threadsafe(lived(sequence), loop).result()

    async def lived(sequence: list[tuple[str, Any, int]]) -> None:
        orders: list[Order] = []
        payments: list[UUID] = []
        for what, first, second in sequence:
            try:
                await _step(stage, orders, payments, what, first, second)
                met.add(what)
            except Refusal:
                continue
        await stage.hear()
        rows = [row for order in orders for row in await stage.amounts(order)]
        assert all(0 <= back <= earned <= frozen - dropped for frozen, dropped, earned, back in rows)
        assert await balance(stage.db, stage.payee_id, AccountKind.HOST_PAYABLE) == await stage.owed()
        await assert_checks(shop_url)

    await asyncio.to_thread(run)
    assert met == {"buy", "refund", "receive", "pay", "undo", "settle", "agree"}


async def _step(stage: Stage, orders: list[Order], payments: list[UUID], what: str, first: Any, second: int) -> None:
    if what == "buy":
        orders.append(await stage.bought((first, second)))
    elif what == "agree":
        await stage.agree(millionths=second, product_id=stage.session.products[first])
    elif what == "settle":
        day = settlement.settlement_day(datetime.now(UTC)) + timedelta(days=first)
        await stage.db.transact(settlement.run, day)
    elif what == "pay":
        payments.append(ids.mint())
        await stage.pay(min(first, max(await stage.owed(), 1)), payments[-1])
    elif what == "undo" and first < len(payments):
        await stage.db.transact(
            host_commission.undo_payment, stage.session.merchant_id, payments[first], "returned", BY
        )
    elif what == "refund" and first < len(orders):
        await stage.refunded(orders[first], Returned(1, second))
    elif what == "receive" and first < len(orders):
        await stage.received(await deal.again(stage.db, orders[first]))
