"""The channel's daily statement."""

import csv
import io
from pathlib import Path

import httpx
import pytest

from steelyard.simulators import bank, payments
from steelyard.simulators.payments.statement import fee
from tests.simulators.world import Simulated, charge, refund, settings_in, simulate

HOUR = 3600


@pytest.mark.parametrize(("amount", "charged"), [(10_000, 60), (249, 1), (250, 2), (83, 0), (84, 1), (1, 0)])
def test_the_fee_is_six_per_mille_with_half_a_unit_rounded_up(amount: int, charged: int) -> None:
    assert fee(amount) == charged


async def lines(channel: Simulated, day: str) -> list[dict[str, str]]:
    answer = await channel.http.get(f"/v1/statements/{day}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_statement_has_all_captures_and_refunds_of_its_utc_day_and_no_others(channel: Simulated) -> None:
    first = (await charge(channel, "a", token="tok_approve", reference="p1")).json()["id"]
    await charge(channel, "b", token="tok_decline", reference="p2")
    given_back = (await refund(channel, first, 2_500, "r1")).json()["id"]
    await channel.after(3)
    await channel.after(14 * HOUR - 3.001)
    last = (await charge(channel, "c", token="tok_approve", reference="p3", amount=250)).json()["id"]
    await channel.after(0.001)
    await charge(channel, "d", token="tok_approve", reference="p4")

    day = await lines(channel, "2026-03-05")
    assert [(line["kind"], line["id"], line["payment"], line["reference"]) for line in day] == [
        ("capture", first, first, "p1"),
        ("refund", given_back, first, "refund-r1"),
        ("capture", last, last, "p3"),
    ]
    assert [(line["amount"], line["fee"], line["net"]) for line in day] == [
        ("10000", "60", "9940"),
        ("-2500", "0", "-2500"),
        ("250", "2", "248"),
    ]
    assert day[2]["time"] == "2026-03-05T23:59:59.999Z"
    assert {line["currency"] for line in day} == {"CNY"}
    assert [line["reference"] for line in await lines(channel, "2026-03-06")] == ["p4"]
    assert await lines(channel, "2026-03-04") == []


@pytest.mark.parametrize(
    ("file", "status"), [("2026-03-07.csv", 404), ("2026-03-05.pdf", 400), ("2026-02-30.csv", 400), ("2026-03-05", 404)]
)
async def test_there_is_no_statement_of_the_future_or_of_no_day(channel: Simulated, file: str, status: int) -> None:
    assert (await channel.http.get(f"/v1/statements/{file}")).status_code == status


async def test_what_is_left_of_a_day_is_paid_on_to_the_bank_once_and_stands_on_the_next_statement(
    tmp_path: Path,
) -> None:
    the_bank = simulate(bank, settings_in(tmp_path / "bank"))
    settings = settings_in(tmp_path / "channel", pays_out=True)
    clock = the_bank.clock
    channel = simulate(payments, settings, clock=clock, bank=lambda: Kept(the_bank.http))
    first = (await charge(channel, "a", token="tok_approve", reference="p1")).json()["id"]
    await refund(channel, first, 2_500, "r1")
    await channel.after(3)

    await channel.after(14 * HOUR)
    await channel.after(60)

    paid_on = [line for line in await lines(channel, "2026-03-06") if line["kind"] == "payout"]
    assert [(line["amount"], line["fee"], line["reference"]) for line in paid_on] == [
        ("-7440", "0", "po_20260306_CNY"),
    ]
    answer = await the_bank.http.get("/v1/statements/2026-03-06.csv")
    received = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["direction"], line["reference"], line["amount"]) for line in received] == [
        ("in", "po_20260306_CNY", "7440")
    ]
    await channel.close()
    await the_bank.close()


class Kept:
    """A client that its user may close, and that goes on."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __aenter__(self) -> httpx.AsyncClient:
        return self._client

    async def __aexit__(self, *_: object) -> None: ...
