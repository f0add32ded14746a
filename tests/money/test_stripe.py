"""What is Stripe's own: its signatures, its page and its keys."""

import json

import httpx
import pytest
import stripe

from steelyard.money.payments import BadWebhook, ChannelAnswer, PaymentNews, PaymentState, Unknown
from steelyard.money.payments.gateways.stripe import Stripe
from steelyard.simulators.stripe.words import form
from tests.money.deals import Deal
from tests.money.test_channel_contract import HOOK, Play, collected, due, play

__all__ = ["play"]
pytestmark = pytest.mark.parametrize("play", ["stripe"], indirect=True)


async def test_their_own_library_and_our_double_sign_alike(play: Play) -> None:
    await collected(play, Deal(), "pm_card_visa")
    await play.after(0)
    post = play.posts[-1]
    header = post.headers["stripe-signature"]
    secret = play.gateway._secret
    moment = int(play.clock.now())

    theirs = stripe.WebhookSignature.generate_signature_header(post.body.decode(), secret, moment)

    assert header == theirs
    rotated = f"t={moment},v1={'0' * 64},v1={header.rpartition('v1=')[2]},v0=ignored"
    assert play.gateway.read_webhook({"stripe-signature": rotated}, post.body, moment)
    with pytest.raises(BadWebhook):
        play.gateway.read_webhook({"stripe-signature": header.replace("v1=", "v0=")}, post.body, moment)
    late = moment + 3_600
    with pytest.raises(BadWebhook):
        play.gateway.read_webhook({"stripe-signature": f"{header},t={late}"}, post.body, late)
    with pytest.raises(BadWebhook):
        Stripe("http://x.test", "k", "").read_webhook(
            {"stripe-signature": stripe.WebhookSignature.generate_signature_header(post.body.decode(), "", moment)},
            post.body,
            moment,
        )


async def test_a_failed_card_on_the_page_is_no_end(play: Play) -> None:
    deal = Deal()
    begun = await collected(play, deal)
    await play.press(begun.cashier_url or "", False)

    assert not [news for news in await play.told() if isinstance(news, PaymentNews)]
    open_ = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(open_, ChannelAnswer) and open_.state is PaymentState.PENDING
    await play.paid_on_page(begun)
    paid = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(paid, ChannelAnswer) and paid.state is PaymentState.CAPTURED


@pytest.mark.parametrize(("do", "state"), [("settle", PaymentState.CAPTURED), ("fail", PaymentState.DECLINED)])
async def test_a_slow_bank_decides_later(play: Play, do: str, state: PaymentState) -> None:
    deal = Deal()
    begun = await collected(play, deal)
    page = httpx.AsyncClient(transport=httpx.ASGITransport(play.app), base_url="http://simulated.test")
    path = httpx.URL(begun.cashier_url or "").path
    await page.post(path, data={"do": "slow"})
    waits = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(waits, ChannelAnswer) and waits.state is PaymentState.PENDING
    await play.told()

    await page.post(path, data={"do": do})
    await page.aclose()

    ended = await play.gateway.query(deal.sought(begun.reference))
    (news,) = [each for each in await play.told() if isinstance(each, PaymentNews)]
    assert isinstance(ended, ChannelAnswer) and ended.state is news.answer.state is state


async def test_a_page_ends_when_its_time_is_over(play: Play) -> None:
    deal = Deal()
    begun = await collected(play, deal)

    await play.after(24 * 3600)

    ended = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(ended, ChannelAnswer) and ended.state is PaymentState.CANCELLED


async def test_another_request_under_a_used_key_says_nothing_of_the_payment(play: Play) -> None:
    deal = Deal()
    await collected(play, deal)

    other = await play.gateway.collect(deal.instruction(token="pm_card_visa"), HOOK)

    assert isinstance(other, Unknown)


async def test_a_charge_that_has_just_been_made_is_not_declined(play: Play) -> None:
    """`payment_intent.created` tells of it as it was before its card was tried."""
    await collected(play, Deal(), "pm_card_visa")
    await play.after(0)
    event = json.loads(play.posts[-1].body)
    event["type"] = "payment_intent.created"
    event["data"]["object"] |= {"status": "requires_payment_method", "last_payment_error": None, "amount_received": 0}

    news = play.gateway.read_stored("", event)

    assert isinstance(news, PaymentNews) and news.answer.state is PaymentState.PENDING


async def test_a_refund_under_a_used_key_has_not_failed(play: Play) -> None:
    deal = Deal()
    paid = await collected(play, deal, "pm_card_visa")
    first = due(deal, paid, 100)
    await play.gateway.refund(first, HOOK)

    other = await play.gateway.refund(due(deal, paid, 101, refund_id=first.refund_id), HOOK)

    assert isinstance(other, Unknown)


async def test_too_little_is_declined_with_its_reason(play: Play) -> None:
    answer = await collected(play, Deal(amounts=(20, 29), currency="USD"))

    assert (answer.state, answer.failure) == (PaymentState.DECLINED, "amount_too_small")


def test_forms_are_read_as_they_are_written(play: Play) -> None:
    assert form("a=1&b[c]=2&d[0][e]=3&d[0][f]=4&d[1][e]=5&x[]=") == {
        "a": "1", "b": {"c": "2"}, "d": [{"e": "3", "f": "4"}, {"e": "5"}], "x": {"": ""},
    }  # fmt: skip
