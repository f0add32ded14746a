"""Whatever is refunded, compensated, claimed and asked for, in whatever order: never more than the rules allow, and the books
balance (every test that uses a database ends with all checks)."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.trade import aftersales, orders, promises
from steelyard.trade.aftersales import COUNTERFEIT, Kind, Verdict
from steelyard.trade.aftersales.model import Returned, paid_for
from steelyard.trade.orders.model import Order
from steelyard.trade.promises import Cause
from tests.support import deal
from tests.support.world import World
from tests.trade.test_cases import PLATFORM, asked, disputed
from tests.trade.test_promises import claimed, due, priced, promised, protecting

PIECES, TIMES, CAP = 3, 2, 900
STEP = st.one_of(
    st.tuples(st.just("price"), st.integers(0, 2_500)),
    st.tuples(st.just("claim"), st.just(0)),
    st.tuples(st.just("refund"), st.integers(1, 2)),
    st.tuples(st.just("ship"), st.integers(1, PIECES)),
    st.tuples(st.just("receive"), st.just(0)),
    st.tuples(st.just("late"), st.sampled_from([-1, 0, 90])),
    st.tuples(st.just("counterfeit"), st.integers(1, 2)),
)


async def fill_up(tx: Tx, world: World) -> None:
    """So that the stock of the small world lasts for every example."""
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, PIECES)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def do(db: Database, world: World, order: Order, what: str, number: int) -> None:
    match what:
        case "price":
            await priced(db, world, number)
        case "claim":
            await claimed(db, order)
        case "refund":
            await deal.refunded(db, order, Returned(1, number))
        case "ship":
            await deal.shipped(db, order)
        case "receive":
            await deal.received(db, order)
        case "late":
            await db.transact(promises.note_late, await due(db, order) + timedelta(seconds=number))
        case _:
            case = await asked(db, order, number, kind=Kind.REFUND_ONLY, reason=COUNTERFEIT)
            await disputed(db, case)
            await db.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.REFUND, "So", PLATFORM)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(STEP, min_size=2, max_size=8))
async def test_never_more_goes_back_than_the_rules_allow(shop: Database, world: World, steps: list[tuple[str, int]]):
    await shop.transact(fill_up, world)
    if not await shop.ask(_protects):
        await protecting(shop, amount_most=CAP, currency="CNY")
    await promised(shop, world, times=TIMES)
    await priced(shop, world, 2_000)
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES)])
    for what, number in steps:
        try:
            await do(shop, world, order, what, number)
        except Refusal:
            continue
    await deal.at_rest(shop)
    await deal.channel_refunds(shop)

    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    paid = paid_for(line)
    made = {each.cause: each for each in await shop.ask(promises.compensations_of, [order.order_id])}
    protected = await shop.ask(promises.protected_of, [order.order_id])
    assert line.refunded <= paid
    assert sum(each.amount for each in protected) <= min(CAP, paid)
    assert sorted((each.price for each in protected), reverse=True) == [each.price for each in protected]
    if Cause.LATE in made:
        late = made[Cause.LATE]
        assert late.amount <= min(3_000, late.basis) and late.basis <= paid
    if Cause.COUNTERFEIT in made:
        fake = made[Cause.COUNTERFEIT]
        assert fake.amount == TIMES * fake.basis and fake.basis <= line.refunded


async def _protects(read: Any) -> bool:
    return await read.value("SELECT EXISTS (SELECT FROM rights_rules WHERE code = 'cheaper')")
