"""An appeal of a shop that is upheld makes all good that the case took from it; whatever refunds, exchanges, disputes and appeals
an order sees, exactly what was paid goes back, and the shop has lost nothing to decisions that were wrong."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.trade import aftersales, discipline, orders, promises, settlement
from steelyard.trade.aftersales import COUNTERFEIT, Case, Inspected, Kind, Outcome, Side, Verdict
from steelyard.trade.aftersales.model import CaseState, Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import EntryKind
from tests.support import deal
from tests.support.world import World
from tests.trade.test_case_sequences import fill_up
from tests.trade.test_cases import BUYER, PLATFORM, SHOP, agreed, asked, disputed, now, refused
from tests.trade.test_promises import account, bought, promised
from tests.trade.test_returns_after_settlement import shared

PIECES, TIMES, FREIGHT = 3, 2, 1_200
OTHERS = "staff:others"
# What a buyer goes to the platform for, what it decides, and what comes of the shop's appeal (none: it makes none).
DISPUTE = st.tuples(
    st.sampled_from(["fake", "sent back"]), st.integers(1, 2), st.sampled_from([Verdict.REFUND, Verdict.REJECT]),
    st.sampled_from([None, Verdict.REFUND, Verdict.REJECT, Verdict.REJECT]),
)  # fmt: skip
STEP = st.one_of(
    DISPUTE,
    DISPUTE,
    st.tuples(st.just("staff"), st.integers(1, 2), st.integers(0, 100)),
    st.tuples(st.just("exchange"), st.integers(1, 2)),
    st.tuples(st.just("receive")),
)


async def fake(db: Database, order: Order, pieces: int) -> Case:
    """A buyer says that it is not genuine, and the shop that it is."""
    case = await asked(db, order, pieces, kind=Kind.REFUND_ONLY, reason=COUNTERFEIT)
    await disputed(db, case)
    return case


async def sent_back(db: Database, order: Order, pieces: int) -> Case:
    """The goods go back, by receipt, and the shop finds nothing wrong with them."""
    case = await asked(db, order, pieces, reason="quality")
    await agreed(db, case)

    async def send(tx: Tx) -> None:
        await aftersales.send_back(
            tx, case.merchant_id, case.case_id, "simex", f"R{case.case_id.hex[-12:]}", BUYER,
            return_freight=FREIGHT, receipts=["receipt.jpg"],
        )  # fmt: skip

    await db.transact(send)
    await refused(db, case)
    await db.transact(aftersales.ask_platform, case.merchant_id, case.case_id, "It is broken", BUYER)
    return case


async def decided(db: Database, case: Case, first: Verdict, then: Verdict | None) -> None:
    ref = (case.merchant_id, case.case_id)
    await db.transact(aftersales.decide, *ref, first, "So it is", PLATFORM)
    await deal.at_rest(db)
    if then is None:
        return
    side = Side.SHOP if first is Verdict.REFUND else Side.BUYER
    await db.transact(aftersales.appeal, *ref, side, "Look again", ["new.webp"], f"{side}:x")
    later = datetime.now(UTC) + timedelta(hours=73)
    for _ in range(2):
        await db.transact(aftersales.decide, *ref, then, "Having looked again", OTHERS, later)
        await deal.at_rest(db)


@pytest.mark.parametrize(("what", "took"), [("fake", "counterfeit"), ("sent back", "return_freight")])
async def test_what_a_wrong_decision_cost_beside_the_refund_is_made_good_and_stays_with_the_buyer(
    shop: Database, world: World, what: str, took: str
):
    await promised(shop, world, hours=None, times=TIMES)
    order = await bought(shop, world)
    await deal.shipped(shop, order)
    order = await deal.again(shop, order)
    await shop.transact(discipline.record_transfer, order.merchant_id, ids.mint(), 500, "T1", "staff:first")
    case = await (fake if what == "fake" else sent_back)(shop, order, 1)
    await decided(shop, case, Verdict.REFUND, None)
    [paid] = await shop.ask(promises.compensations_of_case, case.case_id)
    assert (paid.cause, paid.made_good_at, paid.from_deposit) == (took, None, 500)
    points = await account(shop, order.buyer_id, AccountKind.POINTS)

    await shop.transact(aftersales.appeal, case.merchant_id, case.case_id, Side.SHOP, "It is genuine", [], SHOP)
    later = datetime.now(UTC) + timedelta(hours=73)
    await shop.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.REJECT, "So it is", OTHERS, later)
    await deal.at_rest(shop)
    for _ in range(2):
        await shop.transact(promises.make_good, case.merchant_id, case.case_id, later)

    [paid] = await shop.ask(promises.compensations_of_case, case.case_id)
    assert paid.made_good_at is not None
    appeal = (await shop.ask(aftersales.appeals_of, [case.case_id]))[case.case_id]
    assert await account(shop, order.merchant_id, AccountKind.GOODWILL) == appeal.compensation + paid.amount
    assert await account(shop, order.buyer_id, AccountKind.POINTS) == points, "the buyer keeps it"
    entries = (await shop.ask(settlement.entries, order.merchant_id, None)).items
    assert [each.amount for each in entries if each.kind is EntryKind.COMPENSATION_RETURNED] == [paid.amount]


@pytest.mark.parametrize("then", [None, Verdict.REFUND])
async def test_a_decision_that_stands_costs_the_platform_nothing(shop: Database, world: World, then: Verdict | None):
    await promised(shop, world, hours=None, times=TIMES)
    order = await bought(shop, world)
    await deal.shipped(shop, order)
    case = await fake(shop, await deal.again(shop, order), 1)
    await decided(shop, case, Verdict.REFUND, then)
    [paid] = await shop.ask(promises.compensations_of_case, case.case_id)
    assert paid.made_good_at is None
    assert await account(shop, order.merchant_id, AccountKind.GOODWILL) == 0


async def do(db: Database, order: Order, step: tuple[Any, ...]) -> None:
    match step:
        case ("staff", pieces, freight):
            await deal.refunded(db, order, Returned(1, pieces), freight=freight)
        case ("receive",):
            await deal.received(db, order)
        case ("exchange", pieces):
            case = await asked(db, order, pieces, kind=Kind.REPLACEMENT, reason="quality")
            await agreed(db, case)
            ref = (case.merchant_id, case.case_id)
            await db.transact(aftersales.send_back, *ref, "other", case.case_id.hex, BUYER)
            found = [Inspected(line=1, accepted=pieces, restocked=pieces)]
            await db.transact(aftersales.receive, *ref, found, "", SHOP)
            await db.transact(aftersales.send_again, *ref, "other", f"N{case.case_id.hex}", SHOP)
            await db.transact(aftersales.confirm, *ref, BUYER)
        case (what, pieces, first, then):
            case = await (fake if what == "fake" else sent_back)(db, order, pieces)
            await decided(db, case, first, None if then is first else then)
        case unknown:
            raise AssertionError(unknown)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.integers(0, 1_000_000), steps=st.lists(STEP, min_size=1, max_size=4))
async def test_whatever_is_decided_and_decided_anew_exactly_what_was_paid_goes_back(
    shop: Database, world: World, part: int, steps: list[tuple[Any, ...]]
) -> None:
    await shop.transact(fill_up, world)
    await promised(shop, world, hours=None, times=TIMES)
    await shared(shop, 301, part)
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES)])
    await deal.shipped(shop, order)
    for step in steps:
        try:
            await do(shop, await deal.again(shop, order), step)
        except Refusal:
            continue  # not possible there: everything stays as it is
    ended = await whole(shop, await deal.again(shop, order))

    assert (ended.refunded, ended.commission_returned, ended.subsidy_returned) == (
        ended.total, ended.commission, ended.subsidy
    )  # fmt: skip
    refunds = {
        each.refund_id: each for each in (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    }
    cases = (await shop.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]
    appeals = await shop.ask(aftersales.appeals_of, [each.case_id for each in cases])
    for case in cases:
        paid = await shop.ask(promises.compensations_of_case, case.case_id)
        appeal = appeals.get(case.case_id)
        refunded = (await now(shop, case.case_id)).state is CaseState.REFUNDED
        changed = appeal is not None and appeal.outcome is Outcome.CHANGED and appeal.verdict is Verdict.REFUND
        wrong = refunded and changed
        assert all((each.made_good_at is not None) == wrong for each in paid if each.amount)
        if wrong:
            assert appeal is not None
            took = refunds[case.refund_id]
            assert appeal.compensation == took.goods + took.freight - took.commission + took.subsidy
    balance = {each.kind: each.balance for each in await shop.ask(ledger.balances, order.merchant_id)}
    assert balance.get(AccountKind.HELD, 0) == 0
    every = (await shop.ask(promises.listed, order.merchant_id, None, 100)).items
    cost = sum(each.amount for each in every)
    assert balance.get(AccountKind.PAYABLE, 0) == balance.get(AccountKind.GOODWILL, 0) - cost


async def whole(db: Database, order: Order) -> Order:
    """The order is received, and what is left of it is given back."""
    with suppress(Refusal):  # it was
        await deal.received(db, order)
    await deal.at_rest(db)
    order = await deal.again(db, order)
    [line] = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    left = line.quantity - line.refunded_quantity
    freight = await db.ask(aftersales.freight_left, order, [line])
    if left or freight:
        await deal.refunded(db, order, *([Returned(1, left)] if left else []), freight=freight)
    await deal.at_rest(db)
    await deal.channel_refunds(db)
    return await deal.again(db, order)
