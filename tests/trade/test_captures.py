"""Authorised when it is paid, captured order by order when it is sent, let go where it is called off; through the simulator."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from asyncpg.exceptions import CheckViolationError

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import CaptureUnderWay
from steelyard.money.payments.model import PaymentState
from steelyard.parties import merchants
from steelyard.parties.merchants import Captures
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order, OrderState, PurchaseId, PurchaseState
from tests.support import deal
from tests.trade.till import CHANNEL, Till, till

__all__ = ["till"]


async def later(till: Till, moment: Captures = Captures.AT_SENDING) -> None:
    """Every shop has its money taken then."""

    async def decide(tx: Tx) -> None:
        for row in await tx.fetch("SELECT merchant_id FROM merchants ORDER BY merchant_id"):
            await merchants.set_captures(tx, MerchantId(row["merchant_id"]), moment)
        tx.kept.clear()

    await till.db.transact(decide)


async def bought(till: Till) -> tuple[PurchaseId, list[Order]]:
    """A purchase of two shops, paid with a token: authorised, not captured."""
    purchase_id = await till.placed()
    collection = await till.collect(purchase_id, token="tok_approve")
    assert collection.state == "captured"
    return purchase_id, await deal.orders_of(till.db, purchase_id)


async def take(till: Till) -> int:
    """The sweep that captures and lets go, with everything due."""

    async def hurry(tx: Tx) -> None:
        await tx.execute("UPDATE payment_captures SET attempt_at = now() WHERE attempt_at IS NOT NULL")
        await tx.execute("UPDATE payments SET void_at = NULL")

    await till.db.transact(hurry)
    return await payments.take_captures(till.db, {CHANNEL: till.gateway})


async def splits(read: Read, purchase_id: PurchaseId) -> dict[UUID, tuple[int, int, int, int]]:
    """By order: authorised, captured, let go, refunded or on its way back."""
    rows = await read.fetch(
        """
        SELECT s.order_id, s.authorised, s.captured, s.released, s.refunding + s.refunded AS back
        FROM payments p JOIN payment_splits s USING (payment_id) WHERE p.purchase_id = $1
        """,
        purchase_id,
    )
    return {row["order_id"]: (row["authorised"], row["captured"], row["released"], row["back"]) for row in rows}


async def held(db: Database, order: Order) -> int:
    balances = await db.ask(ledger.balances, order.merchant_id)
    return next((b.balance for b in balances if b.kind is AccountKind.HELD), 0)


async def cancel(till: Till, order: Order) -> None:
    refund_id = payments.RefundId(ids.derived(order.order_id, "test"))
    await till.db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "buyer", "buyer")


async def at_channel(till: Till, purchase_id: PurchaseId) -> tuple[str, int]:
    (payment,) = await till.db.ask(payments.of_purchase, purchase_id)
    (found,) = await till.at_channel(payment.payment_id)
    return found["status"], found["captured"]


async def test_nothing_is_taken_or_booked_before_it_is_sent(till: Till):
    await later(till)
    purchase_id, parts = await bought(till)

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert await till.tries(purchase_id) == [PaymentState.AUTHORISED]
    assert await take(till) == 0
    assert await till.db.ask(splits, purchase_id) == {part.order_id: (part.total, 0, 0, 0) for part in parts}
    assert [await held(till.db, part) for part in parts] == [0, 0]
    assert await at_channel(till, purchase_id) == ("authorised", 0)


async def test_each_order_is_taken_when_it_is_sent(till: Till):
    await later(till)
    purchase_id, (first, second) = await bought(till)

    await deal.shipped(till.db, first)
    assert await take(till) == 1
    assert await at_channel(till, purchase_id) == ("authorised", first.total)
    assert (await held(till.db, first), await held(till.db, second)) == (first.total, 0)
    await deal.shipped(till.db, second)
    await take(till)

    assert await at_channel(till, purchase_id) == ("captured", first.total + second.total)
    assert await till.tries(purchase_id) == [PaymentState.CAPTURED]
    assert await take(till) == 0


async def test_what_is_called_off_before_it_is_sent_was_never_taken(till: Till):
    await later(till)
    purchase_id, (first, second) = await bought(till)

    await cancel(till, first)
    await cancel(till, first)
    await deal.shipped(till.db, second)
    await take(till)

    assert await till.db.ask(splits, purchase_id) == {
        first.order_id: (first.total, 0, first.total, 0),
        second.order_id: (second.total, second.total, 0, 0),
    }
    assert await at_channel(till, purchase_id) == ("captured", second.total)
    assert await till.tries(purchase_id) == [PaymentState.CAPTURED]
    assert await till.give_back() == [], "there was nothing to give back"


async def test_a_purchase_called_off_whole_is_let_go_at_the_channel(till: Till):
    await later(till)
    purchase_id, parts = await bought(till)

    for part in parts:
        await cancel(till, part)
    assert await take(till) == 1

    assert await at_channel(till, purchase_id) == ("cancelled", 0)
    assert await till.tries(purchase_id) == [PaymentState.CANCELLED]


async def test_a_piece_that_is_not_sent_is_not_taken_and_one_that_comes_back_is_refunded(till: Till):
    await later(till)
    purchase_id, parts = await bought(till)
    nuts = next(
        part for part in parts if (part.total, part.goods) and part.merchant_id == till.world.items["nuts"].merchant_id
    )
    line = (await till.db.ask(orders.lines_of, [nuts.order_id]))[nuts.order_id][0]

    await deal.refunded(till.db, nuts, Returned(line.line, 1))
    _, _, let_go, _ = (await till.db.ask(splits, purchase_id))[nuts.order_id]
    await deal.shipped(till.db, await deal.again(till.db, nuts))
    await take(till)
    await deal.refunded(till.db, await deal.again(till.db, nuts), Returned(line.line, 1))
    await till.give_back()

    authorised, captured, released, back = (await till.db.ask(splits, purchase_id))[nuts.order_id]
    assert let_go == released > 0 and captured == authorised - released
    assert 0 < back <= captured


async def test_an_answer_that_was_lost_is_asked_for_and_taken_once(till: Till):
    await later(till)
    purchase_id, (first, _) = await bought(till)
    await deal.shipped(till.db, first)

    till.wire.loses = "answers"
    await take(till)
    assert (await till.db.ask(splits, purchase_id))[first.order_id][1] == 0
    with pytest.raises(CaptureUnderWay):  # nobody knows whether there is something to let go or to give back
        await deal.refunded(till.db, first, freight=1)
    with pytest.raises(CaptureUnderWay):
        await till.db.transact(orders.confirm_receipt, first.merchant_id, first.order_id, "buyer")
    till.wire.loses = ""
    await take(till)

    assert (await till.db.ask(splits, purchase_id))[first.order_id][1] == first.total
    assert await at_channel(till, purchase_id) == ("authorised", first.total)


async def test_an_authorisation_that_ends_calls_off_what_was_not_sent(till: Till):
    await later(till)
    purchase_id, (first, second) = await bought(till)
    await deal.shipped(till.db, first)
    await take(till)

    async def ends(tx: Tx) -> None:
        await tx.execute("UPDATE payments SET authorised_until = now() + interval '1 hour'")

    await till.db.transact(ends)
    assert await aftersales.give_up_uncollected(till.db) == 1
    await take(till)

    after = await deal.again(till.db, second)
    assert (after.state, after.cancel_reason) == (OrderState.CANCELLED, "authorisation_lapsed")
    assert (await deal.again(till.db, first)).state is OrderState.SHIPPED
    assert await at_channel(till, purchase_id) == ("captured", first.total)
    assert await aftersales.give_up_uncollected(till.db) == 0


async def test_what_the_channel_will_not_take_is_called_off_or_written_off(till: Till):
    await later(till)
    purchase_id, (first, second) = await bought(till)
    await till.outside.after(timedelta(days=8).total_seconds())  # it lapses there, and the message is lost
    await deal.shipped(till.db, first)

    await take(till)
    await aftersales.give_up_uncollected(till.db)
    first = await deal.again(till.db, first)
    assert (first.state, first.kept, first.commission_kept) == (OrderState.SHIPPED, 0, 0), "nobody is paid for it"
    for post in await till.posts():
        await till.deliver(post)
    await aftersales.give_up_uncollected(till.db)
    await take(till)

    assert (await deal.again(till.db, second)).state is OrderState.CANCELLED
    assert await till.tries(purchase_id) == [PaymentState.CANCELLED]
    await till.db.transact(orders.confirm_receipt, first.merchant_id, first.order_id, "buyer")
    assert [await held(till.db, each) for each in (first, second)] == [0, 0]


async def test_a_shop_that_wants_it_at_once_is_not_kept_waiting_by_another(till: Till):
    purchase_id = await till.placed()
    first, second = await deal.orders_of(till.db, purchase_id)

    async def decide(tx: Tx) -> None:
        await merchants.set_captures(tx, first.merchant_id, Captures.AT_PACKING)
        tx.kept.clear()

    await till.db.transact(decide)
    await till.collect(purchase_id, token="tok_approve")
    await take(till)
    assert (await held(till.db, first), await held(till.db, second)) == (0, second.total)

    await till.db.transact(orders.begin_packing, first.merchant_id, first.order_id, "staff")
    await take(till)
    assert await held(till.db, first) == first.total


async def test_paid_at_the_cashier_it_is_authorised_and_told_so(till: Till):
    await later(till)
    purchase_id = await till.placed()
    collection = await till.collect(purchase_id)
    await till.outside.end(str(collection.payment_id), "captured")

    for post in await till.posts() * 2:
        await till.deliver(post)

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert await till.tries(purchase_id) == [PaymentState.AUTHORISED]


async def test_authorised_too_late_it_is_let_go_by_itself(till: Till):
    await later(till)
    purchase_id = await till.placed()
    collection = await till.collect(purchase_id)
    await till.db.transact(orders.cancel_purchase, purchase_id, "unpaid", "system")
    await till.outside.end(str(collection.payment_id), "captured")

    for post in await till.posts():
        await till.deliver(post)
    await take(till)

    assert await till.purchase(purchase_id) is PurchaseState.CANCELLED
    assert await at_channel(till, purchase_id) == ("cancelled", 0)
    assert await till.tries(purchase_id) == [PaymentState.CANCELLED]


async def test_taken_at_the_channel_though_we_let_it_go_it_goes_back(till: Till):
    await later(till)
    purchase_id, parts = await bought(till)
    (payment,) = await till.db.ask(payments.of_purchase, purchase_id)
    by_hand = {"payment": payment.channel_reference, "reference": "by-hand", "amount": payment.amount}
    answer = await till.outside.http.post("/v1/captures", json=by_hand, headers={"idempotency-key": "by-hand"})
    assert answer.status_code == 201, answer.text

    for part in parts:
        await cancel(till, part)
    await take(till)
    await till.give_back()

    assert await till.db.ask(splits, purchase_id) == {
        part.order_id: (part.total, part.total, 0, part.total) for part in parts
    }
    (found,) = await till.at_channel(payment.payment_id)
    assert found["refunded"] == payment.amount


async def test_taking_and_calling_off_at_once_do_one_of_both(till: Till):
    """Packed orders may be called off while they are being taken. The control leaves out what a capture marks before it asks."""
    await later(till, Captures.AT_PACKING)
    purchase_id, parts = await bought(till)
    for part in parts:
        await till.db.transact(orders.begin_packing, part.merchant_id, part.order_id, "staff")
    due = await till.db.transact(payments.to_capture, [], 10)

    for part in parts:
        with pytest.raises(CaptureUnderWay):
            await cancel(till, part)
    told = [(capture.capture_id, await till.gateway.capture(capture)) for capture in due]

    async def unguarded(tx: Tx) -> None:
        await tx.execute("UPDATE payment_splits SET capturing = 0")
        for part in parts:
            refund_id = payments.RefundId(ids.mint())
            await aftersales.cancel(tx, part.merchant_id, part.order_id, refund_id, "buyer", "buyer")
        for capture_id, answer in told:
            await payments.record_capture(tx, capture_id, answer, "channel")

    with pytest.raises(CheckViolationError, match="never_take_more_than_authorised"):
        await till.db.transact(unguarded)
    for capture_id, answer in told:
        await till.db.transact(payments.record_capture, capture_id, answer, "channel")
    await asyncio.gather(*(cancel(till, part) for part in parts))
    await till.give_back()
    assert await till.db.ask(splits, purchase_id) == {
        part.order_id: (part.total, part.total, 0, part.total) for part in parts
    }


async def test_the_example_of_the_page(till: Till):
    """docs/algorithms/payments.md, "Worked example"."""
    await later(till)
    purchase_id, parts = await bought(till)
    first, second = sorted(parts, key=lambda part: -part.total)
    assert (first.total, second.total) == (8_980, 5_300)
    line = next(
        each for each in (await till.db.ask(orders.lines_of, [first.order_id]))[first.order_id] if each.quantity == 2
    )

    async def sums() -> tuple[int, ...]:
        known = await till.db.ask(splits, purchase_id)
        return (*(sum(each[at] for each in known.values()) for at in range(4)), await held(till.db, first))

    assert await sums() == (14_280, 0, 0, 0, 0)
    await deal.refunded(till.db, first, Returned(line.line, 1))
    assert await sums() == (14_280, 0, 3_990, 0, 0)
    await deal.shipped(till.db, await deal.again(till.db, first))
    await take(till)
    assert await sums() == (14_280, 4_990, 3_990, 0, 4_990)
    await cancel(till, second)
    await take(till)
    assert await sums() == (14_280, 4_990, 9_290, 0, 4_990)
    await deal.refunded(till.db, await deal.again(till.db, first), Returned(line.line, 1))
    assert await sums() == (14_280, 4_990, 9_290, 3_990, 1_000)
    assert await till.tries(purchase_id) == [PaymentState.CAPTURED]
    assert await at_channel(till, purchase_id) == ("captured", 4_990)


async def test_a_shop_sends_and_calls_off_under_its_own_role_and_no_other_shops(till: Till):
    await later(till)
    purchase_id, (first, second) = await bought(till)
    mine = till.db.as_merchant(first.merchant_id)

    async def both(tx: Tx) -> None:
        refs = [(part.merchant_id, part.order_id) for part in (first, second)]
        await payments.want(tx, refs, "sending")

    await mine.transact(both)
    await take(till)
    assert (await till.db.ask(splits, purchase_id))[second.order_id][1] == 0, "another shop's part is not touched"
    other = till.db.as_merchant(second.merchant_id)
    refund_id = payments.RefundId(ids.mint())
    await other.transact(aftersales.cancel, second.merchant_id, second.order_id, refund_id, "shop", "staff:x")
    await take(till)
    assert await at_channel(till, purchase_id) == ("captured", first.total)
