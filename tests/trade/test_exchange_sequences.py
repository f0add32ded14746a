"""Whatever refunds, exchanges and disputes an order sees, in whatever order: in the end exactly what was paid goes back,
commission too, and nothing stays kept in stock."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, CaseId, Kind, NewCase
from steelyard.trade.aftersales.model import Returned, freight_of
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import World
from tests.trade.test_case_sequences import move

PIECES = 3
STEP = st.one_of(
    st.tuples(
        st.just("ask"), st.sampled_from([Kind.EXCHANGE, Kind.REPLACEMENT, Kind.RETURN_REFUND]), st.integers(1, 2)
    ),
    st.tuples(st.just("staff"), st.integers(1, 2), st.integers(0, 100)),
    st.tuples(
        st.sampled_from(
            [
                "agree",
                "send",
                "receive",
                "again",
                "again",
                "confirm",
                "refuse",
                "platform",
                "refund",
                "reject",
                "silence",
            ]
        ),
        st.integers(0, 1),
    ),
)


async def ready(tx: Tx, world: World, cheaper: int) -> None:
    """Enough of both colours for every example, the second of them cheaper by so much."""
    item, shop = world.items["hammer"], world.tools
    lines = [(sku_id, shop.warehouse_id, 2 * PIECES) for sku_id in item.sku_ids]
    await inventory.receive(tx, shop.merchant_id, lines, document=ids.mint(), by="test")
    price = NewPrice(sku_id=item.sku_ids[1], currency="CNY", amount=item.amounts[0] - cheaper)
    await pricing.set_prices(tx, shop.merchant_id, [price])


async def do(db: Database, world: World, order: Order, step: tuple[Any, ...]) -> None:
    match step:
        case ("ask", kind, pieces):
            new = NewCase(
                case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=kind,
                reason="quality", lines=[Returned(1, pieces)], sku_id=world.items["hammer"].sku_ids[1],
            )  # fmt: skip
            await db.transact(aftersales.ask, new, "buyer")
        case ("staff", pieces, freight):
            await deal.refunded(db, order, Returned(1, pieces), freight=freight)
        case (what, place):
            cases = (await db.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]
            if cases:
                await moved(db, cases[place % len(cases)], what)
        case unknown:
            raise AssertionError(unknown)


async def moved(db: Database, case: Case, what: str) -> None:
    ref = (case.merchant_id, case.case_id)
    match what:
        case "again":
            await db.transact(aftersales.send_again, *ref, "other", f"N{case.case_id.hex}", "staff:1")
        case "confirm":
            await db.transact(aftersales.confirm, *ref, "buyer")
        case _:
            await move(db, case, what)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cheaper=st.sampled_from([0, 1, 1_333, 4_499]), steps=st.lists(STEP, min_size=3, max_size=12))
async def test_in_the_end_exactly_what_was_paid_goes_back(
    shop: Database, world: World, cheaper: int, steps: list[tuple[Any, ...]]
) -> None:
    await shop.transact(ready, world, cheaper)
    [order] = await deal.paid(shop, [(world.items["hammer"].sku_ids[0], PIECES)])
    await deal.shipped(shop, order)
    for step in steps:
        try:
            await do(shop, world, await deal.again(shop, order), step)
        except Refusal:
            continue  # not possible there: everything stays as it is
    for case in (await shop.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]:
        for _ in range(4):  # everybody is silent, except that the platform decides
            now = await shop.ask(aftersales.case, case.case_id)
            if now is not None and now.due_at is not None:
                await shop.transact(aftersales.act_on_silence, now.due_at)

    now_ = await deal.again(shop, order)
    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    left = line.quantity - line.refunded_quantity
    freight = await shop.ask(aftersales.freight_left, now_, [line])
    if left or freight:
        await deal.refunded(shop, now_, *([Returned(1, left)] if left else []), freight=freight)
    ended = await deal.again(shop, order)
    assert ended.refunded == ended.total == line.amount + freight_of(ended, [line])
    assert ended.commission_returned == ended.commission
