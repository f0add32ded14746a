"""Webhooks: signed, sent again until they arrive, and misbehaving as they are told to."""

import pytest

from steelyard.simulators import payments
from steelyard.simulators.faults import Faults
from steelyard.simulators.settings import WEBHOOK_SECRET_DEMO
from steelyard.simulators.signatures import BadSignature, sign, verify
from steelyard.simulators.webhooks import ATTEMPTS_MAX
from tests.simulators.world import HOOK, START, Simulated, charge, faults, refund, settings_in, simulate


def test_the_signature_is_the_one_of_the_specification() -> None:
    # The worked example of the Standard Webhooks specification's own libraries.
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "old", "secret", "missing"])
def test_a_webhook_that_was_tampered_with_is_told(change: str) -> None:
    secret, stamp = WEBHOOK_SECRET_DEMO, int(START)
    headers = {
        "webhook-id": "evt_2" if change == "id" else "evt_1",
        "webhook-timestamp": str(stamp + 1 if change == "timestamp" else stamp),
        "webhook-signature": "v1,AAAA " + sign(secret, "evt_1", stamp, b"{}"),
    }
    assert verify(secret, {**headers, "webhook-id": "evt_1", "webhook-timestamp": str(stamp)}, b"{}", START)
    if change == "missing":
        del headers["webhook-signature"]
    with pytest.raises(BadSignature):
        verify(
            "whsec_b3RoZXI=" if change == "secret" else secret,
            headers,
            b"{ }" if change == "body" else b"{}",
            START + 301 if change == "old" else START,
        )


async def test_a_webhook_is_sent_again_with_growing_pauses_until_it_arrives(channel: Simulated) -> None:
    channel.shop.answers = [500, 0, 302, 204]
    await charge(channel, token="tok_approve")

    await channel.run_due()
    for pause in (1, 2, 4):
        await channel.after(pause - 0.5)
        sent = len(channel.shop.answers)
        await channel.after(0.5)
        assert len(channel.shop.answers) == sent - 1
    await channel.after(3600)
    assert len(channel.shop.got) == 3, "500, 302 and 204; nobody was there for the second"
    assert len({webhook.id for webhook in channel.shop.got}) == 1
    log = (await channel.http.get("/v1/webhooks")).json()["deliveries"]
    assert [(line["state"], line["attempts"], line["answer"]) for line in log] == [("delivered", 4, "204")]


async def test_a_webhook_is_given_up_after_a_while_and_at_once_when_its_receiver_is_gone(channel: Simulated) -> None:
    channel.shop.answers = [500] * ATTEMPTS_MAX + [410]
    await charge(channel, token="tok_approve")
    for _ in range(ATTEMPTS_MAX + 3):
        await channel.after(100)
    assert len(channel.shop.got) == ATTEMPTS_MAX
    await charge(channel, "k2", token="tok_approve")
    await channel.after(0)
    await channel.after(1000)
    assert len(channel.shop.got) == ATTEMPTS_MAX + 1
    log = (await channel.http.get("/v1/webhooks")).json()["deliveries"]
    assert [line["state"] for line in log] == ["failed", "failed"]


async def test_late_webhooks_come_after_the_delay(channel: Simulated) -> None:
    await faults(channel, webhooks="late", delay_seconds=40)
    await charge(channel, token="tok_approve")

    await channel.after(39)
    assert channel.shop.types == []
    await channel.after(1)
    assert channel.shop.types == ["payment.captured"]


async def test_doubled_webhooks_come_twice_under_one_id(channel: Simulated) -> None:
    await faults(channel, webhooks="twice", delay_seconds=3)
    await charge(channel, token="tok_approve")

    await channel.run_due()
    await channel.after(3)
    assert channel.shop.types == ["payment.captured", "payment.captured"]
    assert channel.shop.got[0].id == channel.shop.got[1].id


async def test_webhooks_out_of_order_let_the_next_one_overtake(channel: Simulated) -> None:
    await faults(channel, webhooks="out_of_order", delay_seconds=600)
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    await channel.run_due()
    assert channel.shop.types == []

    await refund(channel, payment, 100, "r1")
    await channel.after(3)
    await channel.after(1)
    assert channel.shop.types == ["refund.succeeded", "payment.captured"]


async def test_a_webhook_that_nothing_overtakes_comes_after_the_delay(channel: Simulated) -> None:
    await faults(channel, webhooks="out_of_order", delay_seconds=20)
    await charge(channel, token="tok_approve")

    await channel.after(20)
    assert channel.shop.types == ["payment.captured"]


async def test_webhooks_that_never_come_are_in_the_log_alone_until_they_are_replayed(channel: Simulated) -> None:
    await faults(channel, webhooks="never")
    payment = (await charge(channel, token="tok_approve")).json()["id"]
    await channel.after(3600)
    assert channel.shop.types == []
    log = (await channel.http.get("/v1/webhooks", params={"subject": payment})).json()["deliveries"]
    assert [(line["type"], line["state"], line["url"]) for line in log] == [("payment.captured", "suppressed", HOOK)]

    pressed = await channel.browser.post(f"/payments/{payment}/replay/{payment}")
    assert pressed.status_code == 303
    await channel.run_due()
    assert [(webhook.type, webhook.id) for webhook in channel.shop.got] == [("payment.captured", log[0]["event"])]


async def test_answers_are_slow_or_errors_as_the_fault_says(channel: Simulated) -> None:
    await faults(channel, answers="slow", delay_seconds=9)
    assert (await charge(channel)).status_code == 201
    assert channel.clock.slept == [9]

    await faults(channel, answers="error500")
    failed = await charge(channel, "k2", reference="other")
    assert (failed.status_code, failed.json()["code"]) == (500, "simulated_error")

    await faults(channel, answers="prompt")
    found = (await channel.http.get("/v1/payments", params={"reference": "other"})).json()
    assert found == {"payments": []}, "an error 500 has done nothing"


async def test_faults_are_remembered_over_a_restart_unless_others_are_given(tmp_path) -> None:
    first = simulate(payments, settings_in(tmp_path, faults=Faults(webhooks="twice")))
    await faults(first, refunds="fail")
    await first.close()
    second = simulate(payments, settings_in(tmp_path))
    shown = (await second.http.get("/v1/faults")).json()
    assert (shown["webhooks"], shown["refunds"]) == ("twice", "fail")
    await second.close()
    third = simulate(payments, settings_in(tmp_path, faults=Faults()))
    assert (await third.http.get("/v1/faults")).json()["webhooks"] == "prompt"
    assert (await third.http.post("/v1/faults", json={"webhooks": "sometimes"})).status_code == 400
    await third.close()
