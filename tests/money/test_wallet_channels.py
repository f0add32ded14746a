"""Alipay and WeChat Pay as channels, against programs that play them: what every channel must do."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import (
    BadWebhook,
    Channel,
    ChannelAnswer,
    Device,
    PaymentState,
    RefundState,
    Unknown,
)
from steelyard.money.payments.gateways import rsa
from steelyard.money.payments.gateways.numbers import order_number, payment_of, refund_number, refund_of
from steelyard.money.payments.gateways.wechatpay import Wechatpay
from steelyard.money.reconciliation.model import document_of
from steelyard.simulators import walletpay
from tests.money.deals import Deal, balance, make_due, refund
from tests.money.wallets import Wallet, answered_by, wallet

HOOK = "http://shop.test/webhooks/wallet"
Both = tuple[Wallet, Channel]


@pytest.fixture(params=["alipay", "wechatpay"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    async with wallet(request.param, tmp_path) as both:
        yield both


async def begun(db: Database, gateway: Channel, deal: Deal, device: Device = Device.DESK) -> ChannelAnswer:
    """Intent, call, result."""
    instruction = deal.instruction(channel=gateway.name, device=device, description="P-7K3M9-X2Q4T")
    await db.transact(payments.instruct, instruction)
    answer = await gateway.collect(instruction, HOOK)
    assert isinstance(answer, ChannelAnswer)
    await db.transact(payments.record, deal.payment_id, answer, "channel")
    return answer


async def paid(db: Database, both: Both, deal: Deal | None = None) -> Deal:
    outside, gateway = both
    deal = deal or Deal()
    await begun(db, gateway, deal)
    await outside.pay(deal)
    known = await gateway.query(deal.sought())
    assert isinstance(known, ChannelAnswer)
    await db.transact(payments.record, deal.payment_id, known, "channel")
    return deal


async def deliver(db: Database, both: Both) -> int:
    """Deliver what the wallet has sent, as a surface does; returns how many messages were new."""
    outside, gateway = both
    fresh = 0
    for post in outside.posts:
        news = gateway.read_webhook(post.headers, post.body, outside.clock.now())
        assert news == gateway.read_stored(news.event_id, gateway.unpack(post.body))
        if not await db.transact(
            payments.receive, gateway.name, news.event_id, gateway.unpack(post.body), news.document
        ):
            continue
        fresh += 1
        match news:
            case payments.PaymentNews():
                await db.transact(payments.record, news.payment_id, news.answer, "channel")
            case payments.RefundNews():
                await db.transact(payments.record_refund, news.refund_id, news.attempt, news.answer, "channel")
            case payments.OtherNews():
                pass
        await db.transact(payments.applied, gateway.name, news.event_id)
    return fresh


async def sweep(db: Database, both: Both, refund_id: object) -> RefundState:
    await make_due(db)
    await payments.send_refunds(db, {both[1].name: both[1]}, Settings())
    known = await db.ask(payments.refund_of, refund_id)
    assert known is not None
    return known.state


def state_of(answer: ChannelAnswer | Unknown | None) -> PaymentState | Unknown | None:
    return answer.state if isinstance(answer, ChannelAnswer) else answer


async def test_a_code_is_handed_over_at_a_desk_and_the_payment_is_known_when_it_is_paid(either: Both) -> None:
    outside, gateway = either
    deal = Deal()

    answer = await gateway.collect(deal.instruction(), HOOK)
    await outside.pay(deal)
    known = await gateway.query(deal.sought())

    assert isinstance(answer, ChannelAnswer)
    assert (answer.state, answer.cashier_url) == (PaymentState.PENDING, None)
    assert answer.handed is not None and answer.handed.qr
    assert isinstance(known, ChannelAnswer)
    assert (known.state, known.amount, known.currency) == (PaymentState.CAPTURED, 10_000, "CNY")
    assert known.reference


async def test_the_same_instruction_twice_is_one_trade(either: Both) -> None:
    outside, gateway = either
    instruction = Deal().instruction()

    first, second = [await gateway.collect(instruction, HOOK) for _ in range(2)]

    assert isinstance(first, ChannelAnswer)
    assert first == second
    assert len(outside.book.latest()) == 1


async def test_only_yuan_are_collected(either: Both) -> None:
    outside, gateway = either

    answer = await gateway.collect(Deal(currency="EUR").instruction(), HOOK)

    assert isinstance(answer, ChannelAnswer)
    assert (answer.state, answer.failure) == (PaymentState.DECLINED, "currency_not_supported")
    assert not outside.book.latest()
    assert not gateway.terms.takes(100, "EUR")


async def test_what_nobody_has_heard_of_is_nothing_and_cannot_be_promised_away(either: Both) -> None:
    _, gateway = either
    deal = Deal()

    assert await gateway.query(deal.sought()) is None
    assert isinstance(await gateway.cancel(deal.sought()), Unknown)


async def test_a_cancelled_trade_is_not_paid_any_more_and_a_paid_one_says_so(either: Both) -> None:
    outside, gateway = either
    open_, captured = Deal(), Deal()
    for deal in (open_, captured):
        await gateway.collect(deal.instruction(), HOOK)
        await outside.look(deal)
    await outside.pay(captured)

    answers = [await gateway.cancel(deal.sought()) for deal in (open_, captured)]

    assert [state_of(answer) for answer in answers] == [PaymentState.CANCELLED, PaymentState.CAPTURED]
    with pytest.raises(walletpay.WontDo):
        await outside.pay(open_)
    assert state_of(await gateway.cancel(open_.sought())) is PaymentState.CANCELLED


async def test_a_trade_closes_when_its_time_is_over(either: Both) -> None:
    outside, gateway = either
    deal = Deal()
    await gateway.collect(deal.instruction(expires_at=datetime.now(UTC) + timedelta(minutes=5)), HOOK)
    await outside.look(deal)

    await outside.after(900)  # its clock stood still while ours went on
    outside.clock.at -= 900

    assert state_of(await gateway.query(deal.sought())) is PaymentState.CANCELLED


@pytest.mark.parametrize("answers", ["error500", "lost"])
async def test_a_broken_or_lost_answer_leaves_the_outcome_unknown_until_it_is_asked_for(
    db: Database, either: Both, answers: str
) -> None:
    outside, gateway = either
    deal = Deal()
    instruction = deal.instruction()
    await outside.faults(answers=answers)

    assert isinstance(await gateway.collect(instruction, HOOK), Unknown)
    assert isinstance(await gateway.query(deal.sought()), Unknown)
    assert isinstance(await gateway.cancel(deal.sought()), Unknown)
    await outside.faults(answers="prompt")

    assert len(outside.book.latest()) == (answers == "lost")


async def test_faults_strike_as_often_as_they_are_told_to(either: Both) -> None:
    outside, gateway = either
    random.seed(5)
    await outside.faults(answers="error500", rate=0.5)

    answers = [await gateway.collect(Deal().instruction(), HOOK) for _ in range(40)]

    assert 8 <= sum(isinstance(answer, Unknown) for answer in answers) <= 32


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError])
async def test_a_call_without_an_answer_is_unknown(either: Both, error: type[httpx.HTTPError], monkeypatch) -> None:
    _, gateway = either
    deal = Deal()

    def break_off(_request: httpx.Request) -> httpx.Response:
        raise error("")

    answered_by(gateway, monkeypatch, break_off)

    for answer in (
        await gateway.collect(deal.instruction(), HOOK),
        await gateway.query(deal.sought()),
        await gateway.cancel(deal.sought()),
    ):
        assert answer == Unknown(why=error.__name__)


async def test_an_answer_that_the_wallet_has_not_signed_is_not_believed(
    either: Both, tmp_path: Path, monkeypatch
) -> None:
    """Who stands between us and the wallet changes one word of an answer: that nothing is paid becomes paid."""
    outside, gateway = either
    deal = Deal()
    await gateway.collect(deal.instruction(), HOOK)
    await outside.look(deal)
    whole = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))
    lies = {b"WAIT_BUYER_PAY": b"TRADE_SUCCESS", b"NOTPAY": b"SUCCESS"}

    async def change(request: httpx.Request) -> httpx.Response:
        answer = await whole.request(request.method, request.url, content=request.content, headers=request.headers)
        body = answer.content
        for word, lie in lies.items():
            body = body.replace(word, lie)
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, content=body, headers=headers)

    assert state_of(await gateway.query(deal.sought())) is PaymentState.PENDING
    answered_by(gateway, monkeypatch, change)

    assert isinstance(await gateway.query(deal.sought()), Unknown)
    await whole.aclose()


async def test_requests_that_the_merchant_has_not_signed_do_nothing(either: Both, tmp_path: Path, monkeypatch) -> None:
    outside, gateway = either
    other = walletpay.keys(tmp_path / "other", gateway.name)
    assert other.merchant_serial
    stranger = walletpay.folder_of(tmp_path / "other", gateway.name) / "merchant_private.pem"
    holder = gateway._keys if isinstance(gateway, Wechatpay) else gateway._wire.keys
    monkeypatch.setattr(holder, "_key", rsa.private_key(stranger))

    answer = await gateway.collect(Deal().instruction(), HOOK)

    assert isinstance(answer, Unknown)
    assert not outside.book.latest()


async def test_messages_twice_late_and_out_of_order_are_applied_once(db: Database, either: Both) -> None:
    outside, gateway = either
    deals = [Deal() for _ in range(4)]
    await outside.faults(webhooks="twice", delay_seconds=20)
    for deal in deals:
        await begun(db, gateway, deal)
        await outside.pay(deal)
    await outside.after(0)
    await outside.after(25)
    assert len(outside.posts) == 8
    random.Random(7).shuffle(outside.posts)

    assert await deliver(db, either) == 4
    assert await deliver(db, either) == 0

    assert [await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) for deal in deals] == [10_000] * 4


async def test_a_message_is_sent_again_until_it_is_thanked_for_as_the_wallet_wants(either: Both, monkeypatch) -> None:
    outside, gateway = either
    said = [httpx.Response(500), httpx.Response(200, content=b"fail"), httpx.Response(200, content=b"success")]
    got: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return said[len(got) - 1]

    outbox = outside.app.state.foundation.outbox
    monkeypatch.setattr(outbox, "_client", lambda: httpx.AsyncClient(transport=httpx.MockTransport(take)))
    deal = Deal()
    await gateway.collect(deal.instruction(), HOOK)
    await outside.pay(deal)
    for _ in range(5):
        await outside.after(60)

    assert len(got) == (3 if gateway.name == "alipay" else 2)  # Alipay wants to hear the word, WeChat Pay any success
    assert (gateway.terms.thanks.status, gateway.terms.thanks.body) in ((200, b"success"), (204, b""))
    ids = {gateway.read_webhook(dict(each.headers), each.content, outside.clock.now()).event_id for each in got[1:]}
    assert len(ids) == 1


async def test_a_message_for_another_merchant_is_refused(either: Both, monkeypatch) -> None:
    outside, gateway = either
    deal = Deal()
    await gateway.collect(deal.instruction(), HOOK)
    await outside.pay(deal)
    await outside.after(0)
    (post,) = outside.posts
    if isinstance(gateway, Wechatpay):
        monkeypatch.setattr(gateway._keys, "mchid", "1900000002")
    else:
        monkeypatch.setattr(gateway._wire, "app_id", "2021000000000002")

    with pytest.raises(BadWebhook):
        gateway.read_webhook(post.headers, post.body, outside.clock.now())


async def test_money_goes_back_in_parts_and_never_more_than_came(db: Database, either: Both) -> None:
    outside, gateway = either
    deal = await paid(db, either)
    first, second, third = [await refund(db, deal, amount) for amount in (2_500, 1_000, 3_500)]

    for made in (first, second, third):
        await sweep(db, either, made.refund_id)
    await outside.after(5)
    await make_due(db)
    states = [await sweep(db, either, made.refund_id) for made in (first, second, third)]

    assert states == [RefundState.SUCCEEDED] * 3
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 3_000
    (trade,) = outside.book.latest()
    assert (trade.refunded, trade.refunding) == (7_000, 0)
    assert state_of(await gateway.query(deal.sought())) is PaymentState.CAPTURED
    with pytest.raises(walletpay.WontDo):
        outside.book.refund(trade=trade.number, number="f" * 32, amount=3_001, notify_url=None)


async def test_what_was_given_back_whole_still_counts_as_captured(db: Database, either: Both) -> None:
    outside, gateway = either
    deal = await paid(db, either, Deal(amounts=(5_000,)))
    made = await refund(db, deal, 5_000)
    await sweep(db, either, made.refund_id)
    await outside.after(5)

    assert await sweep(db, either, made.refund_id) is RefundState.SUCCEEDED
    assert state_of(await gateway.query(deal.sought())) is PaymentState.CAPTURED


async def test_a_refund_whose_answer_is_lost_is_given_back_once(db: Database, either: Both) -> None:
    outside, _ = either
    deal = await paid(db, either)
    made = await refund(db, deal, 2_500)
    await outside.faults(answers="lost")
    assert await sweep(db, either, made.refund_id) is RefundState.INSTRUCTED
    await outside.faults(answers="prompt")
    await outside.after(5)

    for _ in range(3):
        state = await sweep(db, either, made.refund_id)

    assert state is RefundState.SUCCEEDED
    (trade,) = outside.book.latest()
    assert (trade.refunded, trade.refunding) == (2_500, 0)


async def test_a_refund_that_fails_can_be_tried_again_under_another_number(db: Database, either: Both) -> None:
    outside, _ = either
    deal = await paid(db, either)
    made = await refund(db, deal, 1_013)
    await outside.faults(refunds="fail")
    for _ in range(3):
        state = await sweep(db, either, made.refund_id)
        await outside.after(5)
    assert state is RefundState.FAILED

    await outside.faults(refunds="succeed")
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    for _ in range(3):
        state = await sweep(db, either, made.refund_id)
        await outside.after(5)

    assert state is RefundState.SUCCEEDED
    (trade,) = outside.book.latest()
    assert [each.status for each in outside.book.refunds_of(trade.number)] == ["failed", "succeeded"]


async def test_a_refund_is_known_by_its_message_before_it_is_asked_for(db: Database, either: Both) -> None:
    outside, gateway = either
    deal = await paid(db, either)
    made = await refund(db, deal, 700)
    await outside.faults(answers="lost")
    await sweep(db, either, made.refund_id)
    outside.posts.clear()
    await outside.after(5)

    await deliver(db, either)

    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None
    assert known.state is RefundState.SUCCEEDED
    assert gateway.terms.refund_days == 365


async def test_what_is_too_old_is_not_refunded(db: Database, either: Both) -> None:
    outside, _ = either
    deal = await paid(db, either)
    made = await refund(db, deal, 700)
    with outside.book.store.write() as tx:
        tx.execute("UPDATE trades SET paid_at = paid_at - 366 * 86400")

    assert await sweep(db, either, made.refund_id) is RefundState.FAILED


@given(attempt=st.integers(1, 99))
@settings(max_examples=20)
def test_our_numbers_at_the_wallets_are_read_back_by_messages_and_by_statements(attempt: int) -> None:
    refund_id, payment_id = ids.mint(), ids.mint()
    number = refund_number(refund_id, attempt)

    assert refund_of(number) == (refund_id, attempt)
    assert payment_of(order_number(payment_id)) == payment_id
    assert (document_of(number), document_of(order_number(payment_id))) == (refund_id, payment_id)
    assert len(order_number(payment_id)) == 32 and len(number) <= 64
    for strange in ("", "x", str(refund_id), f"{refund_id.hex}_", f"{refund_id.hex}_x", refund_id.hex.upper() + "_2"):
        assert refund_of(strange) is None
