"""Whatever buyers, staff, the platform and time do with the cases of an order, in whatever order: never more goes back than
was paid, nor more than a case was asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, CaseId, Inspected, Kind, NewCase, Side, Verdict
from steelyard.trade.aftersales.model import CaseState, Returned, freight_of
from steelyard.trade.orders.model import Order, OrderState
from tests.support import deal
from tests.support.world import World

PIECES = 3
ASK = st.tuples(
    st.just("ask"), st.sampled_from([*Kind]), st.integers(1, PIECES), st.sampled_from([0, 1, 100_000]), st.booleans()
)
STEP = st.one_of(
    ASK,
    st.tuples(st.just("staff"), st.integers(1, PIECES), st.integers(0, 200)),
    st.tuples(
        st.sampled_from(
            [
                "agree",
                "keep",
                "refuse",
                "send",
                "receive",
                "platform",
                "refund",
                "return",
                "reject",
                "buyer appeals",
                "shop appeals",
                "decided anew: refund",
                "decided anew: reject",
                "withdraw",
                "silence",
            ]
        ),
        st.integers(0, 2),
    ),
)


async def fill_up(tx: Tx, world: World) -> None:
    """So that the stock of the small world lasts for every example."""
    lines = [(world.items[name].sku_id, world.tea.warehouse_id, PIECES) for name in ("nuts", "black")]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def do(db: Database, order: Order, step: tuple[Any, ...]) -> None:
    match step:
        case ("ask", kind, pieces, freight, sent):
            lines = [Returned(1, pieces), *([Returned(2, 1)] if sent else [])]
            await db.transact(
                aftersales.ask,
                NewCase(
                    case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=kind,
                    reason="late", lines=lines, freight=min(freight, order.freight),
                ),
                "buyer",
            )  # fmt: skip
        case ("staff", pieces, freight):
            await deal.refunded(db, order, Returned(1, pieces), freight=freight)
        case (what, place):
            cases = (await db.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]
            if cases:
                await move(db, cases[place % len(cases)], what)
        case unknown:
            raise AssertionError(unknown)


async def move(db: Database, case: Case, what: str) -> None:
    ref = (case.merchant_id, case.case_id)
    match what:
        case "agree" | "keep":
            await db.transact(aftersales.agree, *ref, "staff:1", keep=what == "keep")
        case "refuse":
            await db.transact(aftersales.refuse, *ref, "No", "staff:1")
        case "send":
            await db.transact(aftersales.send_back, *ref, "other", case.case_id.hex, "buyer")
        case "receive":
            lines = (await db.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
            found = [Inspected(line=each.line, accepted=1, restocked=1) for each in lines]
            await db.transact(aftersales.receive, *ref, found, "One of them", "staff:1")
        case "platform":
            await db.transact(aftersales.ask_platform, *ref, "Please", "buyer")
        case "refund" | "return" | "reject":
            await db.transact(aftersales.decide, *ref, Verdict(what), "So", "staff:2")
        case "buyer appeals" | "shop appeals":
            side = Side(what.removesuffix(" appeals"))
            await db.transact(aftersales.appeal, *ref, side, "Look again", [], "somebody")
        case "decided anew: refund" | "decided anew: reject":
            later = datetime.now(UTC) + timedelta(hours=72)
            verdict = Verdict(what.removeprefix("decided anew: "))
            await db.transact(aftersales.decide, *ref, verdict, "So it is", "staff:3", later)
        case "withdraw":
            await db.transact(aftersales.withdraw, *ref, "buyer")
        case _:
            await db.transact(aftersales.act_on_silence, case.due_at or case.asked_at)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.booleans(), received=st.booleans(), steps=st.lists(STEP, min_size=2, max_size=10))
async def test_never_more_goes_back_than_was_paid_and_asked_for(
    shop: Database, world: World, sent: bool, received: bool, steps: list[tuple[Any, ...]]
):
    await shop.transact(fill_up, world)
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES), (world.items["black"].sku_id, 1)])
    if sent:
        await deal.shipped(shop, order)
        if received:
            await deal.received(shop, order)
    for step in steps:
        try:
            await do(shop, await deal.again(shop, order), step)
        except Refusal:
            continue  # not possible there: everything stays as it is
    await deal.at_rest(shop)

    now = await deal.again(shop, order)
    lines = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    refunds = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    assert now.refunded == sum(each.goods + each.freight for each in refunds) <= now.total
    assert sum(each.freight for each in refunds) <= freight_of(now, lines)
    cases = (await shop.ask(aftersales.cases_of_orders, [order.order_id]))[order.order_id]
    by_id = {each.refund_id: each for each in refunds}
    for case in cases:
        wanted = (await shop.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
        refund = by_id.get(case.refund_id)
        assert (refund is not None) == (case.state is CaseState.REFUNDED)
        if refund is None:
            assert all(each.given is None for each in wanted)
            continue
        assert any(each.given for each in wanted) or refund.freight
        # With the last piece of an unsent order its freight goes back too: that is a cancellation.
        assert refund.freight <= case.freight or now.state is OrderState.CANCELLED
    held = [each for each in cases if each.open]
    assert not held or now.state is not OrderState.CANCELLED
