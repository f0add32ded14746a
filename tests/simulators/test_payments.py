"""Charging through the API of the payment channel."""

import pytest

from steelyard.simulators import payments
from steelyard.simulators.payments.model import TRANSITIONS, PaymentStatus
from tests.simulators.world import Simulated, a_charge, charge, settings_in, simulate


async def test_a_charge_without_a_token_waits_at_the_cashier(channel: Simulated) -> None:
    answer = await charge(channel)

    assert answer.status_code == 201
    payment = answer.json()
    assert payment["status"] == "pending"
    assert payment["cashier_url"] == f"http://127.0.0.1:8101/cashier/{payment['id']}"
    assert payment["refunded"] == 0
    assert (await channel.http.get(f"/v1/payments/{payment['id']}")).json() == payment


async def test_the_same_key_and_body_get_the_same_answer_and_one_payment(channel: Simulated) -> None:
    first = await charge(channel, token="tok_approve")
    again = await charge(channel, token="tok_approve")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    found = (await channel.http.get("/v1/payments", params={"reference": "intent-1"})).json()["payments"]
    assert [payment["id"] for payment in found] == [first.json()["id"]]
    await channel.run_due()
    assert channel.shop.types == ["payment.captured"]


async def test_the_same_key_with_another_body_is_a_conflict(channel: Simulated) -> None:
    await charge(channel)
    other = await charge(channel, amount=10_001)

    assert other.status_code == 409
    assert other.headers["content-type"].startswith("application/problem+json")
    assert other.json()["code"] == "idempotency_conflict"


@pytest.mark.parametrize(
    ("token", "status", "failure", "events"),
    [
        ("tok_approve", "captured", None, ["payment.captured"]),
        ("tok_decline", "declined", "card_declined", ["payment.declined"]),
        ("tok_3ds", "pending", None, []),
        ("tok_hang", "processing", None, []),
    ],
)
async def test_a_token_charges_at_once(
    channel: Simulated, token: str, status: str, failure: str | None, events: list[str]
) -> None:
    payment = (await charge(channel, token=token)).json()
    await channel.run_due()

    assert (payment["status"], payment["failure"]) == (status, failure)
    assert (payment["captured_at"] is not None) == (status == "captured")
    assert (payment["action_url"] is not None) == (token == "tok_3ds")
    assert channel.shop.types == events
    if events:
        assert channel.shop.got[0].data == payment


async def test_a_timeout_token_keeps_the_caller_waiting_but_captures(channel: Simulated) -> None:
    await charge(channel, token="tok_timeout")

    assert channel.clock.slept == [30]
    found = (await channel.http.get("/v1/payments", params={"reference": "intent-1"})).json()["payments"]
    assert [payment["status"] for payment in found] == ["captured"]
    await charge(channel, token="tok_timeout")
    assert channel.clock.slept == [30], "a repeated request is answered at once"


async def test_a_hanging_payment_ends_when_it_is_resolved_and_only_once(channel: Simulated) -> None:
    payment = (await charge(channel, token="tok_hang")).json()["id"]
    await channel.after(7 * 24 * 3600)
    assert (await channel.http.get(f"/v1/payments/{payment}")).json()["status"] == "processing"

    resolved = await channel.http.post(f"/v1/payments/{payment}/resolve", json={"status": "captured"})
    assert resolved.json()["status"] == "captured"
    again = await channel.http.post(f"/v1/payments/{payment}/resolve", json={"status": "captured"})
    assert again.status_code == 200
    otherwise = await channel.http.post(f"/v1/payments/{payment}/resolve", json={"status": "declined"})
    assert (otherwise.status_code, otherwise.json()["code"]) == (409, "payment_ended")
    await channel.run_due()
    assert channel.shop.types == ["payment.captured"]


async def test_a_pending_payment_is_cancelled_and_a_captured_or_unknown_one_is_not(channel: Simulated) -> None:
    pending = (await charge(channel, "a")).json()["id"]
    captured = (await charge(channel, "b", token="tok_approve")).json()["id"]
    hanging = (await charge(channel, "c", token="tok_hang")).json()["id"]

    for _ in range(2):
        cancelled = await channel.http.post(f"/v1/payments/{pending}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    refused = await channel.http.post(f"/v1/payments/{captured}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_captured")
    unknown = await channel.http.post(f"/v1/payments/{hanging}/cancel")
    assert (unknown.status_code, unknown.json()["code"]) == (409, "payment_processing")
    await channel.run_due()
    assert channel.shop.types == ["payment.captured", "payment.cancelled"]


async def test_nothing_is_taken_under_a_reference_that_was_cancelled_before_it_arrived(channel: Simulated) -> None:
    await charge(channel, "open", reference="open")
    await charge(channel, "paid", reference="paid", token="tok_approve")

    found = {
        reference: (await channel.http.post("/v1/payments/cancel", json={"reference": reference})).json()["payments"]
        for reference in ("open", "paid", "never", "never")
    }
    late = await charge(channel, "never", reference="never", token="tok_approve")

    assert [[each["status"] for each in payments] for payments in found.values()] == [["cancelled"], ["captured"], []]
    assert (late.status_code, late.json()["code"]) == (409, "reference_given_up")
    assert (await channel.http.get("/v1/payments", params={"reference": "never"})).json() == {"payments": []}


async def test_an_unpaid_payment_expires(channel: Simulated) -> None:
    payment = (await charge(channel, expires_at="2026-03-05T10:15:00Z")).json()["id"]
    await channel.after(15 * 60)

    shown = (await channel.http.get(f"/v1/payments/{payment}")).json()
    assert shown["status"] == "expired"
    assert (channel.shop.types, channel.shop.got[0].data["status"]) == (["payment.cancelled"], "expired")


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": 1.5},
        {"currency": "yuan"},
        {"return_url": "javascript:alert(1)"},
        {"webhook_url": "ftp://shop.test"},
        {"token": "tok_other"},
        {"expires_at": "2026-03-05T10:15:00"},
        {"reference": ""},
    ],
)
async def test_a_malformed_charge_is_refused_with_a_problem(channel: Simulated, wrong: dict) -> None:
    answer = await charge(channel, **wrong)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_charge_without_a_key_or_with_too_long_a_body_is_refused(channel: Simulated) -> None:
    assert (await channel.http.post("/v1/payments", json=a_charge())).status_code == 400
    long = await charge(channel, description="x" * 100_000)
    assert (long.status_code, long.json()["code"]) == (413, "body_too_large")
    broken = await channel.http.post(
        "/v1/payments", content=b"{", headers={"idempotency-key": "k", "content-type": "application/json"}
    )
    assert broken.status_code == 400


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": "simulated-api-key"}])
async def test_the_api_asks_for_the_key(channel: Simulated, header: dict[str, str]) -> None:
    for path in ("/v1/payments/pay_1", "/v1/refunds/ref_1", "/v1/statements/2026-03-05.csv", "/v1/webhooks"):
        answer = await channel.browser.get(path, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_what_does_not_exist_is_a_problem_with_a_request_id(channel: Simulated) -> None:
    answer = await channel.http.get("/v1/payments/pay_none", headers={"x-request-id": "mine-1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "payment_not_found")
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine-1"
    nowhere = await channel.browser.get("/nowhere", headers={"x-request-id": "<script>"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert nowhere.headers["x-request-id"] != "<script>"
    assert (await channel.browser.get("/health")).json() == {"program": "payments", "status": "ok"}


async def test_everything_is_known_after_a_restart(tmp_path) -> None:
    settings = settings_in(tmp_path)
    before = simulate(payments, settings)
    first = await charge(before, token="tok_approve")
    hanging = (await charge(before, "k2", token="tok_hang")).json()["id"]
    asked = {"payment": first.json()["id"], "reference": "r", "amount": 100}
    await before.http.post("/v1/refunds", json=asked, headers={"idempotency-key": "r1"})
    await before.close()

    after = simulate(payments, settings, before.clock)
    assert (await charge(after, token="tok_approve")).content == first.content
    assert (await after.http.get(f"/v1/payments/{hanging}")).json()["status"] == "processing"
    await after.after(60)
    await after.run_due()
    assert after.shop.types == ["payment.captured", "refund.succeeded"], "webhooks that were not sent go on"
    await after.close()


def test_an_ended_payment_has_no_way_on() -> None:
    ended = {status for status, ways in TRANSITIONS.items() if not ways}
    assert ended == set(PaymentStatus) - {PaymentStatus.PENDING, PaymentStatus.PROCESSING, PaymentStatus.AUTHORISED}
