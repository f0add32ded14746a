"""The bank: what it pays, what it sends back, and that it does either once."""

import httpx
import pytest

from steelyard.simulators import bank
from tests.simulators.world import HOOK, Simulated, settings_in, simulate


async def transfer(the_bank: Simulated, /, reference: str = "payout-1", **changes: object) -> httpx.Response:
    asked = {
        "reference": reference,
        "beneficiary": {"name": "茶叶铺有限公司", "bank": "模拟商业银行", "account": "6222 0000 1234 5678"},
        "amount": 998_000,
        "currency": "CNY",
        "purpose": "结算 2026-03-04",
        "webhook_url": HOOK,
        **changes,
    }
    return await the_bank.http.post("/v1/transfers", json=asked)


async def test_a_transfer_is_accepted_then_paid(the_bank: Simulated) -> None:
    accepted = await transfer(the_bank)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "accepted")
    await the_bank.after(4.9)
    assert (await the_bank.http.get("/v1/transfers/payout-1")).json()["status"] == "accepted"

    await the_bank.after(0.1)
    paid = (await the_bank.http.get("/v1/transfers/payout-1")).json()
    assert (paid["status"], paid["reason"]) == ("paid", None)
    assert (the_bank.shop.types, the_bank.shop.got[0].data) == (["transfer.paid"], paid)


@pytest.mark.parametrize("account", ["6222000000000000", "6222 1234 0000", "GB12-0000"])
async def test_a_transfer_to_a_closed_account_is_rejected(the_bank: Simulated, account: str) -> None:
    await transfer(the_bank, beneficiary={"name": "n", "bank": "b", "account": account})
    await the_bank.after(5)

    rejected = (await the_bank.http.get("/v1/transfers/payout-1")).json()
    assert (rejected["status"], rejected["reason"]) == ("rejected", "account closed")
    assert the_bank.shop.types == ["transfer.rejected"]
    assert "account closed" in (await the_bank.browser.get("/?lang=en")).text


async def test_an_instruction_given_twice_is_one_transfer(the_bank: Simulated) -> None:
    first = await transfer(the_bank)
    await the_bank.after(5)
    again = await transfer(the_bank)
    other = await transfer(the_bank, amount=998_001)

    assert (again.status_code, again.content) == (202, first.content)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    await the_bank.after(5)
    assert the_bank.shop.types == ["transfer.paid"]


async def test_the_list_shows_no_whole_account_number(the_bank: Simulated) -> None:
    await transfer(the_bank)
    page = (await the_bank.browser.get("/")).text
    assert "茶叶铺有限公司" in page
    assert "5678" in page
    assert "6222" not in page


async def test_transfers_go_on_after_a_restart(tmp_path) -> None:
    first = simulate(bank, settings_in(tmp_path))
    await transfer(first)
    await first.close()
    second = simulate(bank, settings_in(tmp_path), first.clock)
    await second.after(5)
    assert (await second.http.get("/v1/transfers/payout-1")).json()["status"] == "paid"
    assert second.shop.types == ["transfer.paid"]
    await second.close()


@pytest.mark.parametrize("wrong", [{"amount": -1}, {"currency": ""}, {"reference": "a b"}, {"beneficiary": {}}])
async def test_a_malformed_instruction_is_refused(the_bank: Simulated, wrong: dict) -> None:
    assert (await transfer(the_bank, **wrong)).status_code == 400
    assert (await the_bank.http.get("/v1/transfers/none")).json()["code"] == "transfer_not_found"
