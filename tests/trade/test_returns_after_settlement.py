"""Returns of orders that were settled and paid out: the next statement claws back exactly what is given back, with the shares of
commission and of what the platform bore; and whatever happens before and after, all of it adds up."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, FreeShipping, Offer, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales import CaseId, Inspected, Kind, NewCase
from steelyard.trade.aftersales.model import CaseState, Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import BankAnswer, EntryKind, Statement
from tests.support import deal
from tests.support.world import World
from tests.trade.test_cases import agreed, now
from tests.trade.test_exchange_sequences import PIECES, do, ready
from tests.trade.test_shared_cost import of_platform

STEP = st.one_of(
    st.just(("receive",)),
    st.just(("settle",)),
    st.just(("settle",)),
    st.tuples(st.just("staff"), st.integers(1, 2), st.integers(0, 100)),
    st.tuples(
        st.just("ask"), st.sampled_from([Kind.EXCHANGE, Kind.REPLACEMENT, Kind.RETURN_REFUND]), st.integers(1, 2)
    ),
    st.tuples(
        st.sampled_from(
            [
                "agree", "send", "receive", "again", "confirm", "refuse", "platform", "refund", "reject", "buyer appeals",
                "shop appeals", "decided anew: refund", "decided anew: reject", "silence",
            ]
        ),
        st.integers(0, 1),
    ),
)  # fmt: skip


async def settled(db: Database, day: date) -> list[Statement]:
    """The run of a day, and the bank has paid."""
    await deal.at_rest(db)
    found = await db.transact(settlement.run, day)
    await db.transact(settlement.to_pay, 100)
    for each in found:
        await db.transact(settlement.record_payout, each.statement_id, 1, BankAnswer(state="paid"), "bank")
    return found


def days() -> Any:
    """Settlement days, each later than the one before, the first when all is due that is earned now."""
    today = settlement.settlement_day(datetime.now(UTC))
    return (today + timedelta(days=number) for number in count(30))


async def shared(db: Database, off: int, part: int) -> list[Offer]:
    """The platform takes something off, and pays a part of that."""
    offers = [of_platform(AmountOff(steps=(Step(off, off),)), part), of_platform(FreeShipping(at_most=101), part)]
    for each in offers:
        await db.transact(promotions.save, each)
    return offers


async def balances(db: Database, merchant_id: MerchantId) -> dict[AccountKind, int]:
    return {each.kind: each.balance for each in await db.ask(ledger.balances, merchant_id)}


async def completed(db: Database, world: World, pieces: int) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, pieces)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    return await deal.again(db, order)


async def returned(db: Database, order: Order, pieces: int) -> None:
    """The buyer asks, the shop agrees and takes the goods back."""
    case_id = CaseId(ids.mint())
    new = NewCase(
        case_id=case_id, merchant_id=order.merchant_id, order_id=order.order_id, kind=Kind.RETURN_REFUND, reason="quality",
        lines=[Returned(1, pieces)],
    )  # fmt: skip
    await db.transact(aftersales.ask, new, "buyer")
    await agreed(db, await now(db, case_id))
    await db.transact(aftersales.send_back, order.merchant_id, case_id, "other", case_id.hex, "buyer")
    found = [Inspected(line=1, accepted=pieces, restocked=pieces)]
    await db.transact(aftersales.receive, order.merchant_id, case_id, found, "", "staff:1")
    assert (await now(db, case_id)).state is CaseState.REFUNDED


async def test_the_next_statement_claws_a_return_back_with_both_shares(shop: Database, world: World) -> None:
    await shared(shop, 1_001, 700_000)
    first = await completed(shop, world, 3)
    assert first.subsidy > 0 and first.commission > 0
    calendar = days()
    [paid] = await settled(shop, next(calendar))
    assert (paid.payout, (await balances(shop, first.merchant_id))[AccountKind.PAYABLE]) == (first.income, 0)

    await returned(shop, first, 1)
    await returned(shop, first, 2)

    then = await deal.again(shop, first)
    assert then.commission_returned == then.commission
    back = then.refunded - then.commission_returned + then.subsidy_returned
    assert await settled(shop, next(calendar)) == [], "refunds that outweigh sales wait"
    owed = await balances(shop, first.merchant_id)
    assert owed[AccountKind.PAYABLE] == -back < 0
    second = await completed(shop, world, 5)
    [claw] = await settled(shop, next(calendar))
    assert (claw.sales, claw.subsidy, claw.commission) == (second.total, second.subsidy, second.commission)
    assert (claw.refunds, claw.commission_returned, claw.subsidy_returned) == (
        then.refunded, then.commission, then.subsidy_returned
    )  # fmt: skip
    assert claw.payout == second.income - back
    entries = (await shop.ask(settlement.entries, claw.merchant_id, claw.statement_id)).items
    told = [(entry.kind, entry.amount) for entry in entries if entry.order_id == first.order_id]
    assert {kind for kind, _ in told} == {EntryKind.REFUND, EntryKind.COMMISSION_RETURNED, EntryKind.SUBSIDY_RETURNED}
    assert sum(amount for _, amount in told) == -back
    owed = await balances(shop, first.merchant_id)
    assert owed[AccountKind.PAYABLE] == 0
    assert owed[AccountKind.COMMISSION] == second.commission
    assert owed[AccountKind.SUBSIDY] == then.subsidy_kept + second.subsidy


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    off=st.integers(1, 3_000),
    part=st.integers(0, 1_000_000),
    cheaper=st.sampled_from([0, 1, 1_333]),
    steps=st.lists(STEP, min_size=4, max_size=12),
)
async def test_whatever_is_settled_when_everything_that_was_paid_goes_back(
    shop: Database, world: World, off: int, part: int, cheaper: int, steps: list[tuple[Any, ...]]
) -> None:
    await shop.transact(ready, world, cheaper)
    offers = await shared(shop, off, part)
    [order] = await deal.paid(shop, [(world.items["hammer"].sku_ids[0], PIECES)])
    await deal.shipped(shop, order)
    calendar = days()
    last = max([each.day for each in await statements(shop, order)], default=date.min)
    for step in [*steps, ("receive",), ("settle",)]:
        try:
            match step:
                case ("receive",):
                    await deal.received(shop, order)
                case ("settle",):
                    await settled(shop, next(day for day in calendar if day > last))
                case _:
                    await do(shop, world, await deal.again(shop, order), step)
        except Refusal:
            continue  # not possible there: everything stays as it is
    for case in (await shop.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]:
        for _ in range(4):  # everybody is silent
            held = await shop.ask(aftersales.case, case.case_id)
            if held is not None and held.due_at is not None:
                await shop.transact(aftersales.act_on_silence, held.due_at)
    await the_rest(shop, await deal.again(shop, order))
    await settled(shop, next(day for day in calendar if day > last))
    await deal.channel_refunds(shop)

    ended = await deal.again(shop, order)
    assert (ended.refunded, ended.commission_returned, ended.subsidy_returned) == (
        ended.total, ended.commission, ended.subsidy
    )  # fmt: skip
    owed = await balances(shop, order.merchant_id)
    assert {kind: owed.get(kind, 0) for kind in (AccountKind.HELD, AccountKind.REFUND_DUE)} == {
        AccountKind.HELD: 0, AccountKind.REFUND_DUE: 0
    }  # fmt: skip
    assert owed.get(AccountKind.COMMISSION, 0) == owed.get(AccountKind.SUBSIDY, 0) == 0
    waiting = sum(each.amount for each in await shop.ask(settlement.waiting, order.merchant_id))
    assert owed.get(AccountKind.PAYABLE, 0) == waiting
    paid_out = sum(each.payout for each in await statements(shop, order))
    assert waiting + paid_out == owed.get(AccountKind.GOODWILL, 0), "but for what the platform has made good"
    for each in offers:
        await shop.transact(promotions.stop, PLATFORM, each.promotion_id)


async def statements(db: Database, order: Order) -> list[Statement]:
    return list((await db.ask(settlement.statements_page, merchant_id=order.merchant_id, limit=100)).items)


async def the_rest(db: Database, order: Order) -> None:
    [line] = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    left = line.quantity - line.refunded_quantity
    freight = await db.ask(aftersales.freight_left, order, [line])
    if left or freight:
        await deal.refunded(db, order, *([Returned(1, left)] if left else []), freight=freight)
