"""Chargebacks through Stripe's API, with the program that plays it: messages out of order, answers once, lost calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import Dispute, DisputeNews, DisputeReason, DisputeStanding, gateways
from steelyard.money.payments.model import ChannelAnswer, Instruction
from steelyard.simulators.web import foundation
from steelyard.trade import chargebacks, checkout
from steelyard.trade.chargebacks import Answer, Chargeback, ChargebackState
from steelyard.trade.checkout import collection
from steelyard.trade.orders.model import Order
from tests.money.test_channel_contract import HOOK, HOST, Play, play
from tests.support import deal
from tests.support.world import World

__all__ = ["play"]
pytestmark = pytest.mark.parametrize("play", ["stripe"], indirect=True)
SETTINGS = Settings()


@pytest.fixture(autouse=True)
def only_stripe(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "_offered", {SETTINGS: {"stripe": play.gateway}})


async def paid_by_card(db: Database, play: Play, world: World) -> Order:
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 2)])
    instruction = await db.transact(
        collection.begin,
        purchase_id,
        channel="stripe",
        return_url="https://shop.test/",
        token="pm_card_visa",
        payment_id=None,
    )
    assert isinstance(instruction, Instruction)
    answer = await play.gateway.collect(instruction, HOOK)
    assert isinstance(answer, ChannelAnswer)
    await db.transact(checkout.apply_payment, instruction.payment_id, answer, "channel")
    (order,) = await deal.orders_of(db, purchase_id)
    return order


async def press(play: Play, path: str, **data: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(play.app), base_url=HOST) as page:
        answer = await page.post(path, data=data)
    assert answer.status_code == 303, answer.text


async def heard(db: Database, play: Play, *, backwards: bool = False) -> list[DisputeNews]:
    """What was told about disputes is received, as webhooks are, and looked at."""
    await foundation(play.app).pump.run_due()
    posts, play.posts[:] = list(play.posts), []
    told = []
    for post in reversed(posts) if backwards else posts:
        for _ in range(2):  # each comes twice
            await checkout.receive_webhook(db, SETTINGS, "stripe", post.headers, post.body, play.clock.now())
        news = play.gateway.read_webhook(post.headers, post.body, play.clock.now())
        told += [news] if isinstance(news, DisputeNews) else []
    await chargebacks.look(db, SETTINGS)
    return told


async def reference_of(db: Database, order: Order) -> str:
    (payment,) = await db.ask(payments.of_purchase, order.purchase_id)
    assert payment.channel_reference is not None
    return payment.channel_reference


async def one(db: Database, order: Order) -> Chargeback:
    (found,) = await db.ask(chargebacks.of_purchase, order.purchase_id)
    return found


async def test_what_the_bank_takes_back_is_answered_once_and_won(shop: Database, world: World, play: Play) -> None:
    order = await paid_by_card(shop, play, world)
    intent = await reference_of(shop, order)
    await press(play, "/disputes", intent=intent, kind="chargeback", reason="product_not_received")

    assert len(await heard(shop, play, backwards=True)) == 2
    found = await one(shop, order)
    assert (found.state, found.reason, found.amount) == (
        ChargebackState.EVIDENCE_DUE, DisputeReason.NOT_RECEIVED, order.total,
    )  # fmt: skip
    assert found.fee == 1_500 and found.due_at is not None and found.due_at > datetime.now(UTC) + timedelta(days=8)
    assert isinstance(play.gateway, payments.Disputing)

    gathered = await shop.ask(chargebacks.gathered, [(order.merchant_id, order.order_id)])
    facts = chargebacks.facts_of(gathered, "en")
    await shop.transact(
        chargebacks.answer, found.chargeback_id, Answer.EVIDENCE, facts, "winning_evidence", "staff:1", by_channel=True
    )
    play.road.state = "lost"
    await chargebacks.tell_answers(shop, SETTINGS)
    assert (await one(shop, order)).state is ChargebackState.ANSWERING
    play.road.state = "prompt"
    told = await play.gateway.dispute(found.reference)
    assert isinstance(told, Dispute) and told.standing is DisputeStanding.WON
    await heard(shop, play, backwards=True)

    assert (await one(shop, order)).state is ChargebackState.WON
    kept = foundation(play.app).store
    (dispute,) = [each for each in await raw(play) if each["id"] == found.reference]
    assert dispute["evidence"]["customer_name"] == facts["customer_name"] and kept is not None
    assert dispute["evidence_details"]["submission_count"] == 1


async def raw(play: Play) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(play.app), base_url=HOST, headers={"authorization": "Bearer " + play.gateway._key}
    ) as api:
        return (await api.get("/v1/disputes")).json()["data"]


async def test_what_is_not_contested_is_lost_there_and_here(shop: Database, world: World, play: Play) -> None:
    order = await paid_by_card(shop, play, world)
    await press(play, "/disputes", intent=await reference_of(shop, order), kind="inquiry", reason="general")
    await heard(shop, play)
    found = await one(shop, order)
    assert (found.state, found.fee) == (ChargebackState.INQUIRY, 0)
    await press(play, f"/disputes/{found.reference}", do="escalate")
    await heard(shop, play)
    await shop.transact(chargebacks.answer, found.chargeback_id, Answer.ACCEPT, {}, "", "staff:1", by_channel=True)

    await chargebacks.tell_answers(shop, SETTINGS)
    await heard(shop, play)

    assert (await one(shop, order)).state is ChargebackState.ACCEPTED
    assert (await deal.again(shop, order)).refunded == order.total


async def test_an_answer_that_comes_too_late_is_staffs_again(shop: Database, world: World, play: Play) -> None:
    order = await paid_by_card(shop, play, world)
    await press(play, "/disputes", intent=await reference_of(shop, order), kind="chargeback", reason="fraudulent")
    await heard(shop, play)
    found = await one(shop, order)
    await shop.transact(
        chargebacks.answer, found.chargeback_id, Answer.EVIDENCE, {}, "It was them.", "staff:1", by_channel=True
    )
    await press(play, f"/disputes/{found.reference}", do="lose")

    await chargebacks.tell_answers(shop, SETTINGS)
    refused = await one(shop, order)
    assert refused.state is ChargebackState.EVIDENCE_DUE and refused.failure

    await heard(shop, play)
    assert (await one(shop, order)).state is ChargebackState.LOST


async def test_a_refund_that_was_promised_before_and_refused_is_what_the_channel_has_made(
    shop: Database, world: World, play: Play
) -> None:
    order = await paid_by_card(shop, play, world)
    await deal.refunded(shop, order, freight=order.freight)
    await press(play, "/disputes", intent=await reference_of(shop, order), kind="chargeback", reason="general")
    await payments.send_refunds(shop, payments.channels(SETTINGS), SETTINGS)
    (refund,) = await shop.ask(payments.refunds_of_order, order.merchant_id, order.order_id)
    assert refund.state is payments.RefundState.FAILED

    await heard(shop, play)
    found = await one(shop, order)
    assert found.excess == order.freight
    await press(play, f"/disputes/{found.reference}", do="lose")
    await heard(shop, play)

    (refund, *more) = await shop.ask(payments.refunds_of_order, order.merchant_id, order.order_id)
    states = {each.state for each in (refund, *more)}
    assert states == {payments.RefundState.SUCCEEDED}
    assert (await deal.again(shop, order)).refunded == order.total


async def test_a_dispute_of_nothing_of_ours_is_kept_for_people_to_see(shop: Database, play: Play) -> None:
    await shop.transact(payments.tell_of_dispute, "stripe", "du_unknown")

    assert await chargebacks.look(shop, SETTINGS) == 1
    assert await chargebacks.look(shop, SETTINGS) == 0

    ((channel, reference, why),) = await shop.ask(payments.dispute_problems, 10)
    assert (channel, reference) == ("stripe", "du_unknown") and why
