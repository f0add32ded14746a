"""Paying at the real payment simulator, with everything that goes wrong between two programs: it ends in the truth."""

import asyncio
import random
from functools import partial

import msgspec
import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger, payments
from steelyard.money.payments import BadWebhook, UnknownChannel
from steelyard.money.payments.model import PaymentId, PaymentState, RefundState
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.collection import apply_news
from steelyard.trade.orders.model import NotPayable, OrderState, PurchaseId, PurchaseState
from tests.money.outside import Post
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import STOCK
from tests.trade.till import BACK, CHANNEL, SETTINGS, Till, effects, receipts, refund_states, till

__all__ = ["till"]


async def test_an_approved_token_pays_at_once(till: Till):
    purchase_id = await till.placed()

    collection = await till.collect(purchase_id, "tok_approve")

    assert (collection.state, await till.purchase(purchase_id)) == ("captured", PurchaseState.PAID)
    assert {part.state for part in await deal.orders_of(till.db, purchase_id)} == {OrderState.PAID}
    assert (await till.collect(purchase_id, "tok_approve")).state == "nothing_to_pay"
    for post in await till.posts():
        await till.deliver(post)
    assert await till.db.ask(effects, purchase_id) == (1, 1, 1)


async def test_after_a_decline_another_try_pays(till: Till):
    purchase_id = await till.placed()

    declined = await till.collect(purchase_id, "tok_decline")
    assert (declined.state, await till.purchase(purchase_id)) == ("declined", PurchaseState.PLACED)
    assert declined.failure

    assert (await till.collect(purchase_id, "tok_approve")).state == "captured"
    assert await till.tries(purchase_id) == [PaymentState.CAPTURED, PaymentState.DECLINED]


@pytest.mark.parametrize("token", ["tok_3ds", "tok_hang", None])
async def test_what_takes_time_is_found_out_by_asking(till: Till, token: str | None):
    purchase_id = await till.placed()
    await till.outside.faults(webhooks="never")
    begun = await till.collect(purchase_id, token)
    assert begun.state == "pending"
    assert begun.continue_url
    assert await till.sweep() == 1
    assert await till.purchase(purchase_id) is PurchaseState.PLACED

    await till.outside.end(str(begun.payment_id), "captured")
    await till.sweep()

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert await till.sweep() == 0, "what is known is not asked for again"


async def test_back_from_the_cashier_the_channel_is_asked(till: Till):
    purchase_id = await till.placed()
    begun = await till.collect(purchase_id)
    assert begun.payment_id is not None
    await till.outside.end(str(begun.payment_id), "captured")

    [waits] = await till.db.ask(payments.of_purchase, purchase_id)
    await checkout.ask_about(till.db, SETTINGS, waits.sought)

    assert await till.purchase(purchase_id) is PurchaseState.PAID


async def test_a_second_click_goes_on_at_the_same_cashier(till: Till):
    purchase_id = await till.placed()
    first = await till.collect(purchase_id)

    second = await till.collect(purchase_id)

    assert second == first
    assert len(await till.tries(purchase_id)) == 1


async def test_two_clicks_at_once_are_one_payment(till: Till):
    purchase_id = await till.placed()

    found = await asyncio.gather(*(till.collect(purchase_id) for _ in range(4)))

    assert len({(one.payment_id, one.continue_url) for one in found}) == 1
    assert len(await till.tries(purchase_id)) == 1
    assert len(await till.at_channel(found[0].payment_id)) == 1


async def test_two_clicks_with_a_token_at_once_charge_once(till: Till):
    purchase_id = await till.placed()

    await asyncio.gather(*(till.collect(purchase_id, "tok_approve") for _ in range(3)))

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert PaymentState.CAPTURED in await till.tries(purchase_id)
    assert (await till.tries(purchase_id)).count(PaymentState.CAPTURED) == 1


async def test_the_same_payment_id_is_the_same_payment(till: Till):
    purchase_id, other = await till.placed(), await till.placed()
    payment_id = PaymentId(ids.mint())

    declined = await till.collect(purchase_id, "tok_decline", payment_id)
    assert await till.collect(purchase_id, "tok_approve", payment_id) == declined
    with pytest.raises(NotFound):
        await till.collect(other, "tok_approve", payment_id)
    assert await till.tries(other) == []


async def test_nobody_is_sent_to_the_cashier_for_what_has_lapsed(till: Till):
    purchase_id, cancelled = await till.placed(), await till.placed()
    for one in (purchase_id, cancelled):
        assert (await till.collect(one)).state == "pending"
    await till.db.transact(orders.cancel_purchase, cancelled, "buyer", "buyer")

    async def lapse(tx: Tx) -> None:
        await tx.execute("UPDATE purchases SET pay_by = now() WHERE purchase_id = $1", purchase_id)

    await till.db.transact(lapse)

    for one in (purchase_id, cancelled):
        with pytest.raises(NotPayable):
            await till.collect(one)
    with pytest.raises(NotFound):
        await till.collect(PurchaseId(ids.mint()))
    with pytest.raises(UnknownChannel):
        await checkout.collect(till.db, SETTINGS, purchase_id, channel="barter", return_url=BACK)


@pytest.mark.parametrize("mode", ["prompt", "late", "twice", "out_of_order"])
async def test_webhooks_end_in_the_truth_however_they_come(till: Till, mode: str):
    await till.outside.faults(webhooks=mode)
    bought = [await till.placed() for _ in range(3)]
    for number, purchase_id in enumerate(bought):
        begun = await till.collect(purchase_id)
        await till.outside.end(str(begun.payment_id), "declined" if number == 1 else "captured")
    for _ in range(4):
        await till.outside.after(6)
    posts = list(till.outside.posts)
    random.Random(mode).shuffle(posts)

    for post in posts:
        await till.deliver(post)

    assert [await till.purchase(one) for one in bought] == [
        PurchaseState.PAID, PurchaseState.PLACED, PurchaseState.PAID,
    ]  # fmt: skip
    assert await till.db.ask(effects, bought[0]) == (1, 1, 2)
    assert {applied for applied, _ in await till.db.ask(receipts)} == {True}


async def captured_post(till: Till, purchase_id: PurchaseId) -> Post:
    begun = await till.collect(purchase_id)
    await till.outside.end(str(begun.payment_id), "captured")
    return next(post for post in await till.posts() if b"payment.captured" in post.body)


async def test_a_message_with_a_wrong_signature_is_not_even_stored(till: Till):
    purchase_id = await till.placed()
    post = await captured_post(till, purchase_id)

    with pytest.raises(BadWebhook):
        await till.deliver(Post(post.url, post.headers, post.body.replace(b"captured", b"declined")))

    assert await till.db.ask(receipts) == []
    assert await till.purchase(purchase_id) is PurchaseState.PLACED


async def test_a_payment_that_nobody_here_asked_for_is_kept_with_the_reason(till: Till):
    foreign = {
        "reference": str(ids.mint()), "amount": 100, "currency": "CNY", "description": "?", "return_url": BACK,
        "webhook_url": payments.webhook_url(SETTINGS, CHANNEL), "token": "tok_approve",
    }  # fmt: skip
    await till.outside.http.post("/v1/payments", json=foreign, headers={"idempotency-key": "k"})
    (post, *_) = await till.posts()

    for _ in range(2):
        await till.deliver(post)

    assert await till.db.ask(receipts) == [(False, "there is no such payment or refund here")]
    assert await checkout.apply_left_behind(till.db, SETTINGS) == 0


async def test_a_channel_tells_nothing_of_what_another_was_asked_for(till: Till):
    """Its signature fits, and what it tells of is there: only not its own."""
    purchase_id = await till.placed()
    post = await captured_post(till, purchase_id)
    news = till.gateway.read_webhook(post.headers, post.body, till.outside.clock.now())

    with pytest.raises(NotFound):
        await till.db.transact(apply_news, "elsewhere", news)
    assert await till.purchase(purchase_id) is PurchaseState.PLACED

    await till.db.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer")
    await till.deliver(post)
    (part, *_) = await deal.orders_of(till.db, purchase_id)
    (back, *_) = await till.db.ask(payments.refunds_of_order, part.merchant_id, part.order_id)
    arrived = payments.RefundAnswer(reference="x", state=RefundState.SUCCEEDED)
    told = payments.RefundNews(event_id="evt", refund_id=back.refund_id, attempt=1, answer=arrived)
    with pytest.raises(NotFound):
        await till.db.transact(apply_news, "elsewhere", told)
    assert set(await till.db.ask(refund_states)) == {RefundState.INSTRUCTED}


async def store(till: Till, post: Post) -> None:
    """What a process does before it dies."""
    news = till.gateway.read_webhook(post.headers, post.body, till.outside.clock.now())
    await till.db.transact(payments.receive, CHANNEL, news.event_id, msgspec.json.decode(post.body))


async def a_minute_later(tx: Tx) -> None:
    await tx.execute("UPDATE webhook_receipts SET received_at = received_at - interval '1 minute'")


async def test_a_message_left_behind_is_applied_by_the_sweep(till: Till):
    purchase_id = await till.placed()
    await store(till, await captured_post(till, purchase_id))
    assert await checkout.apply_left_behind(till.db, SETTINGS) == 0, "whoever received it is at work"
    await till.db.transact(a_minute_later)

    assert await checkout.apply_left_behind(till.db, SETTINGS) == 1

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert await checkout.apply_left_behind(till.db, SETTINGS) == 0


async def test_a_bad_message_does_not_hold_up_those_behind_it(till: Till):
    purchase_id = await till.placed()
    post = await captured_post(till, purchase_id)
    foreign = msgspec.json.decode(post.body)
    foreign["data"]["reference"] = str(ids.mint())
    wrong_sum = msgspec.json.decode(post.body)
    wrong_sum["data"]["amount"] = 1
    for event_id, body in (("evt_1", foreign), ("evt_2", {"type": "payment.?", "data": {}}), ("evt_3", wrong_sum)):
        await till.db.transact(payments.receive, CHANNEL, event_id, body)
    await store(till, post)
    await till.db.transact(a_minute_later)

    assert await checkout.apply_left_behind(till.db, SETTINGS) == 4

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    found = await till.db.ask(receipts)
    assert [applied for applied, _ in found] == [False, False, False, True]
    assert [error is None for _, error in found] == [False, False, False, True]


async def test_money_that_comes_after_cancellation_goes_back_by_itself(till: Till):
    purchase_id = await till.placed()
    begun = await till.collect(purchase_id)
    await till.db.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer")
    await till.outside.end(str(begun.payment_id), "captured")

    await till.sweep()
    states = await till.give_back()

    assert states == [RefundState.SUCCEEDED] * 2
    assert await till.purchase(purchase_id) is PurchaseState.CANCELLED
    (found,) = await till.at_channel(begun.payment_id)
    assert found["refunded"] == found["amount"]
    assert sum(line.debits - line.credits for line in await till.db.ask(ledger.trial_balance)) == 0
    assert (await till.db.ask(inventory.available, [till.world.items["nuts"].sku_id])).popitem()[1] == STOCK


async def test_money_that_comes_twice_goes_back_once(till: Till):
    purchase_id = await till.placed()
    waiting = await till.collect(purchase_id)
    assert (await till.collect(purchase_id, "tok_approve")).state == "captured"
    await till.outside.end(str(waiting.payment_id), "captured")

    for post in await till.posts() * 2:
        await till.deliver(post)
    await till.sweep()
    states = await till.give_back()

    assert states == [RefundState.SUCCEEDED] * 2
    assert await till.purchase(purchase_id) is PurchaseState.PAID
    (found,) = await till.at_channel(waiting.payment_id)
    assert found["refunded"] == found["amount"]


async def test_everybody_tells_of_one_payment_at_once_and_it_has_one_effect(till: Till):
    purchase_id = await till.placed()
    post = await captured_post(till, purchase_id)
    [waits] = await till.db.ask(payments.of_purchase, purchase_id)
    asked = partial(checkout.ask_about, till.db, SETTINGS, waits.sought)

    await asyncio.gather(till.deliver(post), asked(), till.deliver(post), till.sweep(), asked(), till.deliver(post))

    assert await till.db.ask(effects, purchase_id) == (1, 1, 1)
    assert await till.give_back() == []


async def test_two_copies_of_a_message_meet_and_have_one_effect(till: Till):
    purchase_id = await till.placed()
    post = await captured_post(till, purchase_id)
    await store(till, post)
    news = till.gateway.read_webhook(post.headers, post.body, till.outside.clock.now())
    apply = partial(apply_news, channel=CHANNEL, news=news)

    results = await meet(till.db, apply, apply)

    assert results == (None, None)
    assert await till.db.ask(effects, purchase_id) == (1, 1, 1)
