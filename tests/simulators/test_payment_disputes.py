"""Chargebacks of the payment channel: opened at its desk, answered through its API, decided, and in its statement."""

from datetime import UTC, datetime

from steelyard.simulators.payments.disputes import DUE_SECONDS
from tests.simulators.world import Simulated, charge


async def _opened(channel: Simulated) -> str:
    payment = (await charge(channel, token="tok_approve")).json()
    answer = await channel.http.post(f"/payments/{payment['id']}/dispute", data={"reason": "fraudulent"})
    assert answer.status_code == 303
    await channel.run_due()
    told = channel.shop.got[-1].data
    assert told["payment"] == payment["id"]
    return told["id"]


async def test_a_dispute_is_told_of_answered_once_and_won(channel: Simulated) -> None:
    name = await _opened(channel)

    said = await channel.http.post(f"/v1/disputes/{name}/evidence", json={"evidence": "signed for"})
    again = await channel.http.post(f"/v1/disputes/{name}/evidence", json={"evidence": "signed for"})
    other = await channel.http.post(f"/v1/disputes/{name}/evidence", json={"evidence": "something else"})
    await channel.http.post(f"/disputes/{name}/decide", data={"do": "win"})
    await channel.http.post(f"/disputes/{name}/decide", data={"do": "lose"})
    await channel.run_due()

    assert said.json()["status"] == "answered"
    assert again.json() == said.json()
    assert other.status_code == 409
    assert (await channel.http.get(f"/v1/disputes/{name}")).json()["status"] == "won"
    assert channel.shop.types == ["payment.captured", "dispute.opened", "dispute.answered", "dispute.won"]


async def test_what_nobody_answers_is_lost(channel: Simulated) -> None:
    name = await _opened(channel)

    await channel.after(DUE_SECONDS + 1)
    await channel.run_due()

    assert (await channel.http.get(f"/v1/disputes/{name}")).json()["status"] == "lost"
    late = await channel.http.post(f"/v1/disputes/{name}/evidence", json={"evidence": "too late"})
    assert late.status_code == 409


async def test_disputed_money_is_not_given_back_and_stands_in_the_statement(channel: Simulated) -> None:
    name = await _opened(channel)
    payment = (await channel.http.get(f"/v1/disputes/{name}")).json()["payment"]

    refund = {"payment": payment, "reference": "r1", "amount": 1}
    refused = await channel.http.post("/v1/refunds", json=refund, headers={"idempotency-key": "r1"})
    twice = await channel.http.post(f"/payments/{payment}/dispute", data={"reason": "fraudulent"})
    await channel.http.post(f"/disputes/{name}/decide", data={"do": "win"})

    assert refused.json()["code"] == "refund_exceeds_captured"
    assert twice.status_code == 409
    today = datetime.fromtimestamp(channel.clock.now(), UTC).date()
    lines = [line.split(",") for line in (await channel.http.get(f"/v1/statements/{today}.csv")).text.splitlines()]
    amount = 10_000
    assert sorted((line[1], int(line[6]), int(line[7])) for line in lines[1:]) == [
        ("capture", amount, 60),
        ("dispute", -amount, 1_500),
        ("dispute_won", amount, 0),
    ]


async def test_a_desk_shows_a_dispute_and_its_buttons(channel: Simulated) -> None:
    name = await _opened(channel)
    payment = (await channel.http.get(f"/v1/disputes/{name}")).json()["payment"]

    for language, words in (("en", "The shop wins"), ("zh", "商家胜诉")):
        page = await channel.http.get(f"/payments/{payment}", params={"lang": language})
        assert page.status_code == 200
        assert name in page.text
        assert words in page.text
