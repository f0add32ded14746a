"""Whatever channels, banks, staff, buyers and time do with money that is charged back, in whatever order: the books balance, no
more goes back than was captured, and what is frozen is not paid out. With a race, and what it would be without its lock."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments
from steelyard.money.payments import DisputeReason, DisputeStanding
from steelyard.trade import chargebacks, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.chargebacks import Answer, Bearer, ChargebackState, News
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement import BankAnswer
from tests.support import deal
from tests.support.database import assert_checks
from tests.support.world import World

PIECES = 2
LOST, WON = DisputeStanding.LOST, DisputeStanding.WON
STANDINGS = st.sampled_from([*DisputeStanding])
REASONS = st.sampled_from([DisputeReason.NOT_RECEIVED, DisputeReason.DUPLICATE])


def told(standing: DisputeStanding, reason: DisputeReason = DisputeReason.NOT_RECEIVED) -> tuple[Any, ...]:
    return ("told", "du_1", standing, 100, reason)


TAKEN = told(DisputeStanding.NEEDS_ANSWER)
STEP = st.one_of(
    st.tuples(st.just("told"), st.sampled_from(["du_1", "du_2"]), STANDINGS, st.integers(1, 100), REASONS),
    st.tuples(st.just("told"), st.just("du_1"), st.just(DisputeStanding.NEEDS_ANSWER), st.just(100), REASONS),
    st.tuples(st.just("told"), st.just("du_1"), st.sampled_from([LOST, WON]), st.just(100), REASONS),
    st.tuples(st.just("refund"), st.integers(0, 1), st.integers(1, PIECES)),
    st.tuples(st.just("arrive"), st.booleans()),
    st.tuples(st.just("receive"), st.integers(0, 1)),
    st.tuples(st.just("anyway"), st.integers(0, 1)),
    st.tuples(st.just("answer"), st.sampled_from([*Answer])),
    st.tuples(st.just("share"), st.integers(0, 1)),
    st.tuples(st.just("bearer"), st.integers(0, 1), st.sampled_from([*Bearer])),
    st.tuples(st.just("expire")),
    st.tuples(st.just("settle"), st.integers(0, 3)),
    st.tuples(st.just("rest")),
)


async def fill_up(tx: Tx, world: World) -> None:
    for item, warehouse in ((world.items["nuts"], world.tea), (world.items["hammer"], world.tools)):
        lines = [(item.sku_id, warehouse.warehouse_id, PIECES)]
        await inventory.receive(tx, item.merchant_id, lines, document=ids.mint(), by="test")


async def do(db: Database, of: list[Order], step: tuple[Any, ...]) -> None:
    (payment,) = await db.ask(payments.of_purchase, of[0].purchase_id)
    match step:
        case ("told", reference, standing, percent, reason):
            news = News(
                payment_id=payment.payment_id, channel=payment.channel, reference=reference,
                amount=max(payment.amount * percent // 100, 1), currency=payment.currency, fee=1_500, standing=standing,
                reason=reason, due_at=datetime.now(UTC) + timedelta(days=9),
            )  # fmt: skip
            await db.transact(chargebacks.record, news, "channel")
        case ("refund", number, pieces):
            await deal.refunded(db, of[number], Returned(1, pieces))
        case ("arrive", True):
            await deal.channel_refunds(db)
        case ("arrive", False):
            for due in await db.transact(payments.to_refund, 100):
                failed = payments.RefundAnswer(reference=None, state=payments.RefundState.FAILED, failure="disputed")
                await db.transact(payments.record_refund, due.refund_id, due.attempt, failed, "channel")
        case ("receive", number):
            await deal.shipped(db, of[number])
            await deal.received(db, of[number])
        case ("settle", days):
            await settle(db, days)
        case ("rest",):
            await deal.at_rest(db)
        case ("expire",):
            await db.transact(chargebacks.expire, datetime.now(UTC) + timedelta(days=10))
        case (what, *facts):
            for each in (await db.ask(chargebacks.of_purchase, of[0].purchase_id))[:1]:
                await decide(db, of, each, what, *facts)


async def decide(db: Database, of: list[Order], each: chargebacks.Chargeback, what: str, *facts: Any) -> None:
    match what, facts:
        case "answer", (answer,):
            await db.transact(chargebacks.answer, each.chargeback_id, answer, {}, "So", "staff:1", by_channel=False)
        case "share", (number,):
            parts = await db.ask(chargebacks.parts_of, [each.chargeback_id])
            whole = {of[number].order_id: sum(part.amount for part in parts)}
            await db.transact(chargebacks.share_out, each.chargeback_id, whole, "staff:1")
        case "anyway", (number,):
            order = of[number]
            await db.transact(
                chargebacks.send_anyway, order.merchant_id, each.chargeback_id, order.order_id, "So", "staff:1"
            )
        case "bearer", (number, bearer):
            await db.transact(chargebacks.set_bearer, each.chargeback_id, of[number].order_id, bearer, "So")
        case unknown:
            raise AssertionError(unknown)


async def settle(db: Database, days: int) -> None:
    day = settlement.settlement_day(datetime.now(UTC)) + timedelta(days=days)
    for statement in await db.transact(settlement.run, day):
        for due in await db.transact(settlement.to_pay, 10):
            paid = BankAnswer(state="paid")
            await db.transact(settlement.record_payout, due.statement_id, due.attempt, paid, "bank")
        assert statement.payout > 0


SEEN: set[ChargebackState] = set()
SEEN_ORDERS: set[OrderState] = set()


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(received=True, steps=[TAKEN, ("refund", 0, 1), told(LOST), ("settle", 2), told(WON), ("settle", 3)])
@example(
    received=False,
    steps=[TAKEN, ("anyway", 0), ("receive", 0), ("rest",), ("share", 0), ("answer", Answer.ACCEPT), ("settle", 3)],
)
@example(received=False, steps=[("refund", 0, 1), TAKEN, ("receive", 0), ("share", 0), ("receive", 1), told(LOST)])
@example(received=True, steps=[("settle", 3), TAKEN, ("bearer", 0, Bearer.PLATFORM), ("expire",), ("settle", 3)])
@example(received=True, steps=[("refund", 0, 1), TAKEN, ("arrive", False), ("answer", Answer.EVIDENCE), told(LOST)])
@example(received=True, steps=[TAKEN, ("rest",), ("settle", 3), ("answer", Answer.EVIDENCE), told(WON), ("settle", 3)])
@given(received=st.booleans(), steps=st.lists(STEP, min_size=4, max_size=14))
async def test_the_books_are_right_whatever_is_charged_back(
    shop: Database, shop_url: str, world: World, received: bool, steps: list[tuple[Any, ...]]
) -> None:
    await shop.transact(fill_up, world)
    of = await deal.paid(shop, [(world.items["nuts"].sku_id, PIECES), (world.items["hammer"].sku_id, PIECES)])
    for order in of if received else []:
        await deal.shipped(shop, order)
        await deal.received(shop, order)
    for step in steps:
        try:
            await do(shop, [await deal.again(shop, order) for order in of], step)
        except Refusal:
            continue  # not possible there: everything stays as it is
        SEEN.update(each.state for each in await shop.ask(chargebacks.of_purchase, of[0].purchase_id))
    await deal.at_rest(shop)
    await assert_checks(shop_url)

    lines = await shop.ask(ledger.trial_balance)
    assert sum(line.debits - line.credits for line in lines) == 0
    for order in of:
        now = await deal.again(shop, order)
        SEEN_ORDERS.add(now.state)
        splits = await shop.ask(payments.splits_of_order, order.merchant_id, order.order_id)
        assert now.refunded == sum(split.refunding + split.refunded for split in splits) <= now.total
        await nothing_frozen_is_payable(shop, order)


async def nothing_frozen_is_payable(db: Database, order: Order) -> None:
    """What a shop is owed, and what waits for its statements, are the same: what is frozen is in neither."""
    found = {str(line.kind): line.balance for line in await db.ask(ledger.balances, order.merchant_id)}
    waiting = await db.ask(settlement.waiting, order.merchant_id)
    assert sum(each.amount for each in waiting) == found.get("payable", 0)


def test_every_state_was_seen() -> None:
    assert {*ChargebackState} - {ChargebackState.ANSWERING, ChargebackState.CLOSED, ChargebackState.INQUIRY} <= SEEN
    assert {OrderState.HELD, OrderState.CANCELLED, OrderState.COMPLETED} <= SEEN_ORDERS


async def raced(db: Database, world: World) -> list[BaseException | None]:
    """An order's refund and the chargeback of the same money, at once."""
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, PIECES)])
    (payment,) = await db.ask(payments.of_purchase, order.purchase_id)
    news = News(
        payment_id=payment.payment_id, channel=payment.channel, reference="du_1", amount=payment.amount,
        currency=payment.currency, fee=0, standing=DisputeStanding.NEEDS_ANSWER, reason=DisputeReason.OTHER, due_at=None,
    )  # fmt: skip
    lost = msgspec.structs.replace(news, standing=DisputeStanding.LOST)
    done = await asyncio.gather(
        deal.refunded(db, order, Returned(1, PIECES - 1)),
        *(db.transact(chargebacks.record, each, "channel") for each in (news, news)),
        deal.refunded(db, order, Returned(1, PIECES - 1)),
        return_exceptions=True,
    )
    await db.transact(chargebacks.record, lost, "channel")
    assert (await deal.again(db, order)).refunded <= order.total
    return [each if isinstance(each, BaseException) else None for each in done]


async def test_a_refund_and_a_chargeback_of_the_same_money_wait_for_each_other(shop: Database, world: World) -> None:
    for _ in range(4):
        done = await raced(shop, world)
        assert all(each is None or isinstance(each, Refusal) for each in done), done
    await deal.at_rest(shop)


async def test_without_what_splits_say_of_disputes_the_same_money_would_go_back_twice(
    shop_url: str, world: World
) -> None:
    """The control, in a database that nobody looks at afterwards: what is in dispute is not taken off what can be refunded."""
    db = await Database.connect(shop_url, size=2)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, PIECES)])
    await deal.shipped(db, order)  # what is not sent yet would be held, and not refunded for that
    (payment,) = await db.ask(payments.of_purchase, order.purchase_id)
    news = News(
        payment_id=payment.payment_id, channel=payment.channel, reference="du_1", amount=payment.amount,
        currency=payment.currency, fee=0, standing=DisputeStanding.NEEDS_ANSWER, reason=DisputeReason.OTHER, due_at=None,
    )  # fmt: skip
    await db.transact(chargebacks.record, news, "channel")
    await db.transact(lambda tx: tx.execute("UPDATE payment_splits SET disputed = 0"))

    await deal.refunded(db, order, Returned(1, 1))

    (split,) = await db.ask(payments.splits_of_order, order.merchant_id, order.order_id)
    (part,) = await db.ask(chargebacks.parts_of_orders, [order.order_id])
    assert split.refunding + part.amount > split.captured
    await db.close()
