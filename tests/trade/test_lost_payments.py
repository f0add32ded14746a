"""Payments that get lost between two programs: found out, or given up in time, and never charged twice."""

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money.payments.model import (
    ChannelAnswer,
    Instruction,
    PaymentId,
    PaymentState,
)
from steelyard.trade.checkout.collection import apply_payment, begin
from steelyard.trade.orders.model import PurchaseState
from tests.trade.till import BACK, CHANNEL, Till, till

__all__ = ["till"]


async def test_a_payment_whose_answer_was_lost_is_found_out(till: Till):
    purchase_id = await till.placed()
    till.wire.loses = "answers"
    lost = await till.collect(purchase_id, "tok_approve")
    assert (lost.state, await till.purchase(purchase_id)) == ("unknown", PurchaseState.PLACED)
    till.wire.loses = ""

    await till.sweep()

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert len(await till.at_channel(lost.payment_id)) == 1


async def test_a_payment_whose_question_was_lost_is_asked_for_again_under_its_id(till: Till):
    purchase_id = await till.placed()
    till.wire.loses = "questions"
    lost = await till.collect(purchase_id, "tok_approve")
    await till.sweep()
    assert await till.tries(purchase_id) == [PaymentState.INSTRUCTED]
    till.wire.loses = ""

    again = await till.collect(purchase_id, "tok_approve")

    assert (again.state, again.payment_id) == ("captured", lost.payment_id)


async def test_a_payment_that_never_reached_the_channel_is_given_up_when_its_time_is_over(till: Till):
    purchase_id = await till.placed()
    till.wire.loses = "questions"
    await till.collect(purchase_id, "tok_approve")
    till.wire.loses = ""

    async def later(tx: Tx) -> None:
        await tx.execute("UPDATE payments SET expires_at = now(), created_at = now() - interval '1 hour'")

    await till.db.transact(later)
    await till.sweep()

    assert await till.tries(purchase_id) == [PaymentState.CANCELLED]


async def half_a_minute_later(tx: Tx) -> None:
    await tx.execute("UPDATE payments SET created_at = created_at - interval '30 seconds'")


async def test_a_payment_that_nobody_went_on_to_ask_for_is_given_up_soon_and_can_be_tried_anew(till: Till):
    purchase_id = await till.placed()
    till.wire.loses = "questions"
    lost = await till.collect(purchase_id, "tok_approve")
    till.wire.loses = ""

    await till.sweep()
    assert await till.tries(purchase_id) == [PaymentState.INSTRUCTED], "whoever asks may be slow"
    await till.db.transact(half_a_minute_later)
    await till.sweep()
    assert await till.tries(purchase_id) == [PaymentState.CANCELLED]

    again = await till.collect(purchase_id, "tok_approve")
    assert (again.state, again.payment_id != lost.payment_id) == ("captured", True)
    assert await till.purchase(purchase_id) is PurchaseState.PAID


async def test_who_stood_still_with_a_payment_in_hand_does_not_charge_what_was_given_up(till: Till):
    purchase_id = await till.placed()
    payment_id = PaymentId(ids.mint())
    instruction = await till.db.transact(
        begin, purchase_id, channel=CHANNEL, return_url=BACK, token="tok_approve", payment_id=payment_id
    )
    assert isinstance(instruction, Instruction)
    await till.db.transact(half_a_minute_later)
    await till.sweep()
    assert (await till.collect(purchase_id, "tok_approve")).state == "captured"

    late = await till.gateway.collect(instruction, "http://nowhere.test")
    assert isinstance(late, ChannelAnswer)
    await till.db.transact(apply_payment, payment_id, late, "channel")

    assert await till.at_channel(payment_id) == []
    assert sorted(await till.tries(purchase_id)) == [PaymentState.CANCELLED, PaymentState.CAPTURED]


async def test_as_long_as_the_channel_promises_nothing_a_lost_payment_is_not_given_up(till: Till):
    purchase_id = await till.placed()
    till.wire.loses = "questions"
    await till.collect(purchase_id, "tok_approve")

    await till.db.transact(half_a_minute_later)
    await till.sweep()

    assert await till.tries(purchase_id) == [PaymentState.INSTRUCTED]
