"""What every channel promises (`gateways/interface.py`), held against each with the program that plays it: answers that
are lost, calls that never arrive, the same thing said twice, forged and stale messages, refunds of too much."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments import (
    BadWebhook,
    CaptureAnswer,
    CaptureState,
    ChannelAnswer,
    DueCapture,
    DueVoid,
    PaymentId,
    PaymentNews,
    PaymentState,
    RefundNews,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.gateways.interface import Channel
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.gateways.stripe import Stripe
from steelyard.money.payments.model import DueRefund, RefundAnswer, RefundId
from steelyard.parties.merchants.model import MerchantId
from steelyard.simulators import payments as simpay_program
from steelyard.simulators import stripe as stripe_program
from steelyard.simulators.faults import FaultsChange
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.simulators.web import foundation
from tests.money.deals import Deal
from tests.money.outside import Post
from tests.simulators.world import ManualClock

HOOK = "http://shop.test/webhooks/it"
HOST = "http://simulated.test"
FAIL, SUCCEED = FaultsChange(refunds="fail"), FaultsChange(refunds="succeed")


class Road(httpx.AsyncBaseTransport):
    """The way to a program: prompt; `lost` (it is done, the answer is not heard), `cut` (it never arrives), `broken` (500)."""

    def __init__(self, app: Any) -> None:
        self._on = httpx.ASGITransport(app)
        self.state = "prompt"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.state == "cut":
            raise httpx.ConnectError("cut", request=request)
        if self.state == "broken":
            return httpx.Response(500, json={"error": {"type": "api_error", "message": "x"}}, request=request)
        answer = await self._on.handle_async_request(request)
        if self.state == "lost":
            raise httpx.ReadTimeout("lost", request=request)
        return answer


@dataclass
class Play:
    """A channel with the program that plays it. `tokens` are what is approved and what is declined."""

    gateway: Any
    app: Any
    road: Road
    clock: ManualClock
    tokens: tuple[str, str]
    press: Callable[[str, bool], Awaitable[None]]
    posts: list[Post] = field(default_factory=list)

    async def paid_on_page(self, answer: ChannelAnswer) -> None:
        assert answer.cashier_url is not None
        await self.press(answer.cashier_url, True)

    async def after(self, seconds: float) -> None:
        self.clock.at += seconds
        await foundation(self.app).pump.run_due()

    async def told(self) -> list[payments.News]:
        """What it has told since it was last asked."""
        await foundation(self.app).pump.run_due()
        posts, self.posts[:] = list(self.posts), []
        return [self.gateway.read_webhook(post.headers, post.body, self.clock.now()) for post in posts]


@pytest.fixture(params=["simpay", "stripe"])
async def play(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Play]:
    posts: list[Post] = []

    def take(sent: httpx.Request) -> httpx.Response:
        posts.append(Post(str(sent.url), dict(sent.headers), sent.content))
        return httpx.Response(200)

    settings = SimulatorSettings(home=tmp_path, stripe_webhook_url=HOOK, refund_seconds=3)
    clock = ManualClock()
    clock.at = time.time()  # what we ask for is dated by our own clock
    program = {"simpay": simpay_program, "stripe": stripe_program}[request.param]
    app = program.app(settings, clock=clock, client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(take)))
    road = Road(app)
    http = httpx.AsyncClient(transport=road, base_url=HOST, headers={"authorization": f"Bearer {settings.api_key}"})
    page = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST)
    words = {"simpay": ("approve", "decline"), "stripe": ("pay", "decline")}[request.param]

    async def press(url: str, pays: bool) -> None:
        answer = await page.post(httpx.URL(url).path, data={"do": words[0] if pays else words[1]})
        assert answer.status_code == 303, answer.text

    gateway: Channel = (
        Simpay(HOST, settings.api_key, settings.webhook_secret, client=http)
        if request.param == "simpay"
        else Stripe(HOST, settings.api_key, settings.stripe_webhook_secret, client=http)
    )
    tokens = {
        "simpay": ("tok_approve", "tok_decline"),
        "stripe": ("pm_card_visa", "pm_card_visa_chargeDeclined"),
    }[request.param]
    yield Play(gateway, app, road, clock, tokens, press, posts)
    await http.aclose()
    await page.aclose()
    foundation(app).store.close()


async def collected(play: Play, deal: Deal, token: str | None = None) -> ChannelAnswer:
    answer = await play.gateway.collect(deal.instruction(token=token), HOOK)
    assert isinstance(answer, ChannelAnswer), answer
    return answer


def due(
    deal: Deal, answer: ChannelAnswer, amount: int, *, refund_id: RefundId | None = None, attempt: int = 1
) -> DueRefund:
    return DueRefund(
        merchant_id=MerchantId(deal.merchants[0]),
        refund_id=refund_id or RefundId(ids.mint()),
        payment_id=deal.payment_id,
        amount=amount,
        of_amount=sum(deal.amounts),
        currency=deal.currency,
        state=RefundState.INSTRUCTED,
        channel=answer.reference or "",
        channel_payment=answer.reference,
        attempt=attempt,
        asked_before=False,
    )  # fmt: skip


async def test_a_payer_pays_on_its_page(play: Play) -> None:
    deal = Deal()

    begun = await collected(play, deal)
    assert begun.state is PaymentState.PENDING and begun.cashier_url
    assert await play.gateway.query(deal.sought(begun.reference)) == begun
    await play.paid_on_page(begun)

    ended = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(ended, ChannelAnswer)
    assert (ended.state, ended.reference, ended.amount, ended.currency) == (
        PaymentState.CAPTURED, begun.reference, 10_000, "CNY",
    )  # fmt: skip
    captured = [news for news in await play.told() if isinstance(news, PaymentNews) and news.answer.state == "captured"]
    assert {news.payment_id for news in captured} == {deal.payment_id}
    assert all((news.answer.amount, news.answer.currency) == (10_000, "CNY") for news in captured)


async def test_a_token_is_charged_or_declined_at_once(play: Play) -> None:
    good, bad = play.tokens

    taken = await collected(play, Deal(), good)
    refused = await collected(play, Deal(), bad)
    nonsense = await collected(play, Deal(), "no_such_token")

    assert taken.state is PaymentState.CAPTURED and (taken.amount, taken.currency) == (10_000, "CNY")
    assert refused.state is PaymentState.DECLINED and refused.failure
    assert nonsense.state is PaymentState.DECLINED and nonsense.failure


async def test_the_same_instruction_twice_is_collected_once(play: Play) -> None:
    for token in (None, play.tokens[0]):
        instruction = Deal().instruction(token=token)
        first, second = [await play.gateway.collect(instruction, HOOK) for _ in range(2)]
        assert isinstance(first, ChannelAnswer) and first == second


async def test_amounts_without_minor_digits_go_as_they_are(play: Play) -> None:
    deal = Deal(amounts=(500, 734), currency="JPY")

    begun = await collected(play, deal)
    await play.paid_on_page(begun)

    ended = await play.gateway.query(deal.sought(begun.reference))
    assert isinstance(ended, ChannelAnswer)
    assert (ended.state, ended.amount, ended.currency) == (PaymentState.CAPTURED, 1_234, "JPY")


@pytest.mark.parametrize("paid", [False, True])
async def test_an_answer_that_was_lost_is_found_by_asking(play: Play, paid: bool) -> None:
    deal = Deal()
    play.road.state = "lost"
    assert isinstance(
        await play.gateway.collect(deal.instruction(token=play.tokens[0] if paid else None), HOOK), Unknown
    )
    play.road.state = "prompt"

    found = await play.gateway.query(deal.sought())

    assert isinstance(found, ChannelAnswer) and found.reference
    assert found.state is (PaymentState.CAPTURED if paid else PaymentState.PENDING)


@pytest.mark.parametrize("paid", [False, True])
async def test_cancelling_without_its_name_tells_the_truth(play: Play, paid: bool) -> None:
    deal = Deal()
    play.road.state = "lost"
    await play.gateway.collect(deal.instruction(token=play.tokens[0] if paid else None), HOOK)
    play.road.state = "prompt"

    ended = await play.gateway.cancel(deal.sought())

    assert isinstance(ended, ChannelAnswer)
    assert ended.state is (PaymentState.CAPTURED if paid else PaymentState.CANCELLED)


async def test_what_never_arrived_is_given_up_and_not_taken_afterwards(play: Play) -> None:
    deal = Deal()
    play.road.state = "cut"
    assert isinstance(await play.gateway.collect(deal.instruction(), HOOK), Unknown)
    play.road.state = "prompt"
    assert await play.gateway.query(deal.sought()) is None

    assert await play.gateway.cancel(deal.sought()) is None

    for token in (None, play.tokens[0]):  # who stood still with the call in hand goes on
        late = await play.gateway.collect(deal.instruction(token=token), HOOK)
        assert isinstance(late, Unknown) or late.state is PaymentState.CANCELLED
    assert await play.gateway.query(deal.sought()) is None


async def test_an_open_one_is_cancelled_and_a_captured_one_stays(play: Play) -> None:
    open_, paid = Deal(), Deal()
    begun = await collected(play, open_)
    taken = await collected(play, paid, play.tokens[0])

    for _ in range(2):
        ended = await play.gateway.cancel(open_.sought(begun.reference))
        assert isinstance(ended, ChannelAnswer) and ended.state is PaymentState.CANCELLED
    too_late = await play.gateway.cancel(paid.sought(taken.reference))
    assert isinstance(too_late, ChannelAnswer) and too_late.state is PaymentState.CAPTURED


@pytest.mark.parametrize("trouble", ["cut", "lost", "broken"])
async def test_trouble_leaves_us_not_knowing(play: Play, trouble: str) -> None:
    deal = Deal()
    taken = await collected(play, deal, play.tokens[0])
    play.road.state = trouble
    sought, back = deal.sought(taken.reference), due(deal, taken, 100)

    answers = [
        await play.gateway.query(sought),
        await play.gateway.cancel(sought),
        await play.gateway.refund(back, HOOK),
        await play.gateway.query_refund(back),
        await play.gateway.collect(Deal().instruction(), HOOK),
    ]

    assert all(isinstance(answer, Unknown) for answer in answers), answers


async def test_a_message_is_believed_for_its_signature_alone(play: Play) -> None:
    await collected(play, Deal(), play.tokens[0])
    await play.paid_on_page(await collected(play, Deal()))
    await foundation(play.app).pump.run_due()
    post, now, gateway = play.posts[-1], play.clock.now(), play.gateway

    news = gateway.read_webhook(post.headers, post.body, now)
    assert isinstance(news, PaymentNews)
    assert gateway.read_stored(news.event_id, gateway.unpack(post.body)) == news

    unsigned = {name: value for name, value in post.headers.items() if "signature" not in name}
    for headers, body, moment in [
        (post.headers, post.body.replace(b"10000", b"10001"), now),
        (post.headers, post.body, now + 301),
        (post.headers, post.body, now - 301),
        (unsigned, post.body, now),
        ({**post.headers, **{name: "t=1,v1=00" for name in post.headers if "signature" in name}}, post.body, now),
    ]:
        with pytest.raises(BadWebhook):
            gateway.read_webhook(headers, body, moment)


async def test_a_refund_arrives_is_told_and_is_one_however_often_it_is_said(play: Play) -> None:
    deal = Deal()
    taken = await collected(play, deal, play.tokens[0])
    part = due(deal, taken, 4_000)
    assert await play.gateway.query_refund(part) is None

    first, second = [await play.gateway.refund(part, HOOK) for _ in range(2)]
    assert first == second and isinstance(first, RefundAnswer) and first.state is RefundState.SENT
    await play.told()
    await play.after(4)

    found = await play.gateway.query_refund(part)
    assert isinstance(found, RefundAnswer) and found.state is RefundState.SUCCEEDED
    (told,) = [news for news in await play.told() if isinstance(news, RefundNews)]
    assert (told.refund_id, told.attempt, told.answer.state) == (part.refund_id, 1, RefundState.SUCCEEDED)


async def test_a_refunds_answer_that_was_lost_is_found_by_asking(play: Play) -> None:
    deal = Deal()
    taken = await collected(play, deal)
    await play.paid_on_page(taken)
    part = due(deal, taken, 100)
    if play.gateway.name == "simpay":
        play.road.state = "lost"
        assert isinstance(await play.gateway.refund(part, HOOK), Unknown)
        play.road.state = "prompt"
    else:  # two calls: the charge behind the page is asked for first
        assert isinstance(await play.gateway.refund(part, HOOK), RefundAnswer)

    found = await play.gateway.query_refund(part)
    again = await play.gateway.refund(part, HOOK)

    assert isinstance(found, RefundAnswer) and found == again


async def test_more_than_was_captured_is_never_given_back(play: Play) -> None:
    deal = Deal()
    taken = await collected(play, deal, play.tokens[0])

    assert (await play.gateway.refund(due(deal, taken, 10_001), HOOK)).state is RefundState.FAILED
    assert (await play.gateway.refund(due(deal, taken, 6_000), HOOK)).state is RefundState.SENT
    too_much = await play.gateway.refund(due(deal, taken, 4_001), HOOK)
    rest = await play.gateway.refund(due(deal, taken, 4_000), HOOK)

    assert too_much.state is RefundState.FAILED and too_much.failure
    assert rest.state is RefundState.SENT


async def test_a_failed_refund_is_sent_again_under_a_key_of_its_own(play: Play) -> None:
    deal, refund_id = Deal(), RefundId(ids.mint())
    taken = await collected(play, deal, play.tokens[0])
    foundation(play.app).faults.change(FAIL)
    first = due(deal, taken, 1_013, refund_id=refund_id)
    await play.gateway.refund(first, HOOK)
    await play.after(4)
    ended = await play.gateway.query_refund(first)
    assert isinstance(ended, RefundAnswer) and ended.state is RefundState.FAILED and ended.failure
    await play.told()

    foundation(play.app).faults.change(SUCCEED)
    again = due(deal, taken, 1_013, refund_id=refund_id, attempt=2)
    assert (await play.gateway.refund(again, HOOK)).state is RefundState.SENT
    await play.after(4)

    (told,) = [news for news in await play.told() if isinstance(news, RefundNews) and news.answer.state == "succeeded"]
    assert (told.refund_id, told.attempt) == (refund_id, 2)


def taking(deal: Deal, answer: ChannelAnswer, take: int, *, final: bool = False, capture_id: Any = None) -> DueCapture:
    known = {name: getattr(deal.sought(answer.reference), name) for name in Sought.__struct_fields__}
    return DueCapture(**known, capture_id=capture_id or ids.mint(), take=take, final=final)


def letting_go(deal: Deal, answer: ChannelAnswer, captured: int = 0) -> DueVoid:
    known = {name: getattr(deal.sought(answer.reference), name) for name in Sought.__struct_fields__}
    return DueVoid(**known, captured=captured)


async def authorised(play: Play, deal: Deal, token: str | None) -> ChannelAnswer:
    """A payer has paid, at once or on its page, what is to be captured later."""
    answer = await play.gateway.collect(deal.instruction(token=token, later=True), HOOK)
    assert isinstance(answer, ChannelAnswer), answer
    if token is None:
        await play.paid_on_page(answer)
        answer = await play.gateway.query(deal.sought(answer.reference))
    assert isinstance(answer, ChannelAnswer) and answer.state is PaymentState.AUTHORISED, answer
    return answer


@pytest.mark.parametrize("on_page", [False, True])
async def test_what_is_authorised_is_taken_in_part_and_the_rest_let_go(play: Play, on_page: bool) -> None:
    deal = Deal()
    kept = await authorised(play, deal, None if on_page else play.tokens[0])
    told = [news.answer.state for news in await play.told() if isinstance(news, PaymentNews)]
    assert PaymentState.AUTHORISED in told and PaymentState.CAPTURED not in told
    capture = taking(deal, kept, 4_000, final=True)

    first, second = [await play.gateway.capture(capture) for _ in range(2)]

    assert first == second == CaptureAnswer(state=CaptureState.SUCCEEDED)
    ended = await play.gateway.query(deal.sought(kept.reference))
    assert isinstance(ended, ChannelAnswer) and ended.state is PaymentState.CAPTURED
    too_late = await play.gateway.capture(taking(deal, kept, 1_000))
    assert isinstance(too_late, Unknown) or too_late.state is CaptureState.FAILED
    assert (await play.gateway.refund(due(deal, kept, 4_001), HOOK)).state is RefundState.FAILED
    assert (await play.gateway.refund(due(deal, kept, 4_000), HOOK)).state is RefundState.SENT


async def test_each_orders_part_is_taken_by_itself_where_the_channel_can(play: Play) -> None:
    deal = Deal()
    kept = await authorised(play, deal, play.tokens[0])
    if not play.gateway.terms.captures_parts:  # one capture, of which the rest is let go: the house asks for the sum
        assert play.gateway.name == "stripe"
        return

    for take in (3_000, 2_500):
        assert (await play.gateway.capture(taking(deal, kept, take))).state is CaptureState.SUCCEEDED
    too_much = await play.gateway.capture(taking(deal, kept, 4_501))
    gone = await play.gateway.void(letting_go(deal, kept, 5_500))

    assert too_much.state is CaptureState.FAILED and too_much.failure
    assert isinstance(gone, ChannelAnswer) and (gone.state, gone.amount) == (PaymentState.CAPTURED, 5_500)


@pytest.mark.parametrize("on_page", [False, True])
async def test_what_is_let_go_is_not_taken_any_more(play: Play, on_page: bool) -> None:
    deal = Deal()
    kept = await authorised(play, deal, None if on_page else play.tokens[0])

    for _ in range(2):
        gone = await play.gateway.void(letting_go(deal, kept))
        assert isinstance(gone, ChannelAnswer) and gone.state is PaymentState.CANCELLED
    too_late = await play.gateway.capture(taking(deal, kept, 1_000))

    assert isinstance(too_late, CaptureAnswer) and too_late.state is CaptureState.FAILED and too_late.failure


async def test_a_captures_answer_that_was_lost_is_found_by_asking_again(play: Play) -> None:
    deal = Deal()
    kept = await authorised(play, deal, play.tokens[0])
    capture = taking(deal, kept, 4_000, final=True)
    play.road.state = "lost"
    assert isinstance(await play.gateway.capture(capture), Unknown)
    assert isinstance(await play.gateway.void(letting_go(deal, kept)), Unknown)
    play.road.state = "prompt"

    assert await play.gateway.capture(capture) == CaptureAnswer(state=CaptureState.SUCCEEDED)


async def test_the_books_hold_what_it_told(db: Database, play: Play) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())
    begun = await collected(play, deal)
    await db.transact(payments.record, deal.payment_id, begun, "channel")
    await play.paid_on_page(begun)

    for news in await play.told() * 2:
        if isinstance(news, PaymentNews):
            await db.transact(payments.record, PaymentId(news.payment_id), news.answer, "channel")

    payment = await db.ask(payments.get, deal.payment_id)
    assert payment is not None
    assert (payment.state, payment.channel_reference) == (PaymentState.CAPTURED, begun.reference)
    steps = await db.ask(payments.timeline, deal.payment_id)
    assert [step.to_state for step in steps] == ["instructed", "pending", "captured"]
