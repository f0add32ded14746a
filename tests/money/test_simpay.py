"""Our gateway against the real payment simulator, with everything that goes wrong between two programs."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import (
    BadWebhook,
    ChannelAnswer,
    PaymentState,
    RefundState,
    Unknown,
    UnknownChannel,
)
from steelyard.money.payments.gateways.simpay import Simpay
from tests.money.deals import Deal, balance, make_due, refund
from tests.money.outside import HOOK, Outside, channel, deliver


@pytest.fixture
async def simpay(tmp_path: Path) -> AsyncIterator[tuple[Outside, Simpay]]:
    async with channel(tmp_path) as both:
        yield both


async def collected(db: Database, gateway: Simpay, deal: Deal, token: str | None = "tok_approve") -> PaymentState:
    """Intent, call, result."""
    instruction = deal.instruction(token=token)
    await db.transact(payments.instruct, instruction)
    answer = await gateway.collect(instruction, HOOK)
    assert isinstance(answer, ChannelAnswer)
    return (await db.transact(payments.record, deal.payment_id, answer, "channel")).payment.state


@pytest.mark.parametrize(
    ("token", "state"),
    [
        ("tok_approve", PaymentState.CAPTURED),
        ("tok_decline", PaymentState.DECLINED),
        ("tok_3ds", PaymentState.PENDING),
        ("tok_hang", PaymentState.PENDING),
        (None, PaymentState.PENDING),
    ],
)
async def test_each_kind_of_answer_is_understood(simpay, token: str | None, state: PaymentState) -> None:
    _, gateway = simpay
    deal = Deal()

    answer = await gateway.collect(deal.instruction(token=token), HOOK)

    assert isinstance(answer, ChannelAnswer)
    assert answer.state is state
    assert answer == await gateway.query(deal.sought())
    assert (answer.amount, answer.currency) == (10_000, "CNY")
    assert answer.cashier_url
    assert (answer.action_url is not None) == (token == "tok_3ds")
    assert (answer.failure is not None) == (token == "tok_decline")


async def test_the_same_instruction_twice_is_collected_once(simpay) -> None:
    _, gateway = simpay
    instruction = Deal().instruction(token="tok_approve")

    first, second = [await gateway.collect(instruction, HOOK) for _ in range(2)]

    assert isinstance(first, ChannelAnswer)
    assert first == second


async def test_what_the_channel_does_not_accept_is_declined(simpay) -> None:
    _, gateway = simpay

    answer = await gateway.collect(Deal().instruction(token="no_such_token"), HOOK)

    assert isinstance(answer, ChannelAnswer)
    assert (answer.state, answer.reference) == (PaymentState.DECLINED, None)


async def test_a_broken_answer_leaves_the_outcome_unknown_until_it_is_asked_for(db: Database, simpay) -> None:
    outside, gateway = simpay
    deal = Deal()
    instruction = deal.instruction(token="tok_approve")
    await db.transact(payments.instruct, instruction)
    await outside.faults(answers="error500")
    assert isinstance(await gateway.collect(instruction, HOOK), Unknown)
    assert isinstance(await gateway.query(deal.sought()), Unknown)
    await outside.faults(answers="prompt")

    assert await gateway.query(deal.sought()) is None
    assert isinstance(await gateway.collect(instruction, HOOK), ChannelAnswer)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError])
async def test_a_call_without_an_answer_is_unknown(error: type[httpx.HTTPError]) -> None:
    def break_off(_request: httpx.Request) -> httpx.Response:
        raise error("")

    client = httpx.AsyncClient(transport=httpx.MockTransport(break_off), base_url="http://nobody.test")
    gateway = Simpay("", "", "", client=client)
    deal = Deal()

    for answer in (
        await gateway.collect(deal.instruction(), HOOK),
        await gateway.query(deal.sought()),
        await gateway.cancel(deal.sought()),
    ):
        assert answer == Unknown(why=error.__name__)
    await gateway.close()


async def test_a_cancelled_payment_is_not_captured_and_a_captured_one_says_so(simpay) -> None:
    _, gateway = simpay
    open_, decided, hanging, unheard = Deal(), Deal(), Deal(), Deal()
    await gateway.collect(open_.instruction(), HOOK)
    await gateway.collect(decided.instruction(token="tok_approve"), HOOK)
    await gateway.collect(hanging.instruction(token="tok_hang"), HOOK)

    answers = [await gateway.cancel(deal.sought()) for deal in (open_, decided, hanging, unheard)]

    states = [answer.state if isinstance(answer, ChannelAnswer) else answer for answer in answers]
    assert states == [PaymentState.CANCELLED, PaymentState.CAPTURED, PaymentState.PENDING, None]


async def test_what_was_cancelled_before_it_arrived_is_not_taken_any_more(simpay) -> None:
    _, gateway = simpay
    deal = Deal()

    assert await gateway.cancel(deal.sought()) is None
    late = await gateway.collect(deal.instruction(token="tok_approve"), HOOK)

    assert late == ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
    assert await gateway.query(deal.sought()) is None


async def test_a_payment_that_lapses_at_the_channel_is_cancelled(db: Database, simpay) -> None:
    outside, gateway = simpay
    deal = Deal()
    await collected(db, gateway, deal, token=None)

    outside.clock.at = deal.instruction().expires_at.timestamp()
    await outside.after(7_200)

    answer = await gateway.query(deal.sought())
    assert isinstance(answer, ChannelAnswer)
    assert answer.state is PaymentState.CANCELLED


async def test_refunds_are_sent_and_followed_until_they_have_arrived(db: Database, simpay) -> None:
    outside, gateway = simpay
    deal = Deal()
    await collected(db, gateway, deal)
    made = await refund(db, deal, 2_500)

    async def sweep() -> RefundState:
        await make_due(db)
        await payments.send_refunds(db, {"simpay": gateway}, Settings())
        known = await db.ask(payments.refund_of, made.refund_id)
        assert known is not None
        return known.state

    await outside.faults(answers="error500")
    assert await sweep() is RefundState.INSTRUCTED
    await outside.faults(answers="prompt")
    assert await sweep() is RefundState.SENT
    assert await sweep() is RefundState.SENT
    await outside.after(5)
    assert await sweep() is RefundState.SUCCEEDED
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 7_500


async def test_a_refund_that_fails_at_the_channel_can_be_tried_again(db: Database, simpay) -> None:
    outside, gateway = simpay
    deal = Deal()
    await collected(db, gateway, deal)
    made = await refund(db, deal, 1_013)
    await outside.faults(refunds="fail")

    for _ in range(2):
        await make_due(db)
        await payments.send_refunds(db, {"simpay": gateway}, Settings())
        await outside.after(5)
    failed = await db.ask(payments.refund_of, made.refund_id)
    assert failed is not None
    assert (failed.state, failed.failure) == (RefundState.FAILED, "account_closed")

    await outside.faults(refunds="succeed")
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    for _ in range(2):
        await make_due(db)
        await payments.send_refunds(db, {"simpay": gateway}, Settings())
        await outside.after(5)
    arrived = await db.ask(payments.refund_of, made.refund_id)
    assert arrived is not None
    assert arrived.state is RefundState.SUCCEEDED


async def test_webhooks_twice_late_and_out_of_order_end_in_the_truth(db: Database, simpay) -> None:
    outside, gateway = simpay
    deals = [Deal() for _ in range(6)]
    for number, deal in enumerate(deals):
        await collected(db, gateway, deal, token=None)
        await outside.end(str(deal.payment_id), "captured" if number % 2 else "declined")
    await outside.after(0)
    posts = outside.posts * 3
    random.Random(7).shuffle(posts)

    for post in posts:
        await deliver(db, gateway, post, outside.clock.now())

    assert [await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) for deal in deals] == [0, 10_000] * 3


async def test_a_refund_is_known_by_its_webhook_before_it_is_asked_for(db: Database, simpay) -> None:
    outside, gateway = simpay
    deal = Deal()
    await collected(db, gateway, deal)
    made = await refund(db, deal, 700)
    await payments.send_refunds(db, {"simpay": gateway}, Settings())
    outside.posts.clear()
    await outside.after(5)

    await deliver(db, gateway, outside.posts[-1], outside.clock.now())

    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None
    assert known.state is RefundState.SUCCEEDED


async def one_webhook(db: Database, outside: Outside, gateway: Simpay) -> tuple[Deal, object]:
    deal = Deal()
    await collected(db, gateway, deal, token=None)
    await outside.end(str(deal.payment_id), "captured")
    await outside.after(0)
    return deal, outside.posts[-1]


async def test_a_webhook_is_believed_only_when_its_signature_fits_and_it_is_fresh(db: Database, simpay) -> None:
    outside, gateway = simpay
    _, post = await one_webhook(db, outside, gateway)
    now = outside.clock.now()

    gateway.read_webhook(post.headers, post.body, now)

    refused = [
        (post.headers, post.body.replace(b"captured", b"declined"), now, "signature"),
        ({**post.headers, "webhook-id": "evt_other"}, post.body, now, "signature"),
        ({**post.headers, "webhook-signature": "v1,"}, post.body, now, "signature"),
        ({**post.headers, "webhook-signature": "v1,é"}, post.body, now, "signature"),
        (post.headers, post.body, now + 301, "stale"),
        (post.headers, post.body, now - 301, "stale"),
        ({**post.headers, "webhook-timestamp": "soon"}, post.body, now, "malformed"),
        ({}, post.body, now, "malformed"),
    ]
    for headers, body, moment, why in refused:
        with pytest.raises(BadWebhook) as refusal:
            gateway.read_webhook(headers, body, moment)
        assert refusal.value.facts == {"why": why}
    with pytest.raises(BadWebhook):
        Simpay("", "", "", client=outside.http).read_webhook(post.headers, post.body, now)


async def test_a_webhook_left_behind_by_a_crash_is_picked_up(db: Database, simpay) -> None:
    outside, gateway = simpay
    _, post = await one_webhook(db, outside, gateway)
    news = gateway.read_webhook(post.headers, post.body, outside.clock.now())
    body = {"type": "payment.captured", "data": {}}
    assert await db.transact(payments.receive, "simpay", news.event_id, body)

    async def pick_up(tx: Tx) -> str | None:
        await tx.execute("UPDATE webhook_receipts SET received_at = received_at - interval '1 minute'")
        receipt = await payments.to_apply(tx, "simpay")
        if receipt is None:
            return None
        await payments.applied(tx, "simpay", receipt.event_id)
        return receipt.event_id

    assert await db.transact(pick_up) == news.event_id
    assert await db.transact(pick_up) is None
    assert not await db.transact(payments.receive, "simpay", news.event_id, body)


async def test_only_channels_that_are_set_up_are_offered() -> None:
    assert list(payments.channels(Settings())) == []
    with pytest.raises(UnknownChannel):
        payments.channel(Settings(), "simpay")
    offered = Settings(simpay_url="http://127.0.0.1:1")
    assert payments.channel(offered, "simpay") is payments.channel(offered, "simpay")
    await payments.channel(offered, "simpay").close()
