"""The operator sees how the channels stand, and decides which of them buyers are offered."""

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments import gateways, health
from steelyard.money.payments.gateways.simpay import Simpay
from tests.support.browser import Browser, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]
HERE = "/operator/channels"


@pytest.fixture
async def operator(app: Litestar, world: World, monkeypatch: pytest.MonkeyPatch) -> Browser:
    there = {"simpay": Simpay("http://pay.test", "", "")}
    monkeypatch.setitem(gateways._offered, app.state.settings, there)
    return await signed_in(app, world.operator)


async def test_a_channel_is_decided_about_planned_and_withdrawn(db: Database, operator: Browser) -> None:
    assert "SimPay" in words(await operator.get(HERE))
    wrong = await operator.post(f"{HERE}/simpay", {"place": "0", "countries": "China", "largest-CNY": "x", "note": "N"})
    assert wrong.status_code == 422 and 'value="China"' in wrong.text and "two letters" in words(wrong)
    assert await db.ask(payments.rules_in_force) == {}

    said = {"offered": "yes", "place": "2", "countries": "cn, hk", "smallest-CNY": "1.50", "largest-JPY": "300"}
    page = await operator.follow(await operator.post(f"{HERE}/simpay", said))
    assert "In force" in words(page) and 'value="CN HK"' in page.text and 'value="1.50"' in page.text
    rule = (await db.ask(payments.rules_in_force))["simpay"]
    assert {(each.currency, each.smallest, each.largest) for each in rule.limits} == {
        ("CNY", 150, None),
        ("JPY", None, 300),
    }

    page = await operator.follow(await operator.post(f"{HERE}/simpay", {"place": "3", "from": "2099-01-01"}))
    assert "Planned" in words(page)
    planned = (await db.ask(payments.rules_of, "simpay"))[0]
    assert not planned.offered
    for _ in range(2):
        gone = {"valid_from": planned.valid_from.isoformat()}
        page = await operator.follow(await operator.post(f"{HERE}/simpay/withdraw", gone))
        assert "Planned" not in words(page)
    past = await operator.post(f"{HERE}/simpay", {"place": "3", "from": "2020-01-01"})
    assert past.status_code == 422 and "from now on" in words(past)


async def test_one_that_rests_is_told_with_its_reason_and_offered_again(db: Database, operator: Browser) -> None:
    for _ in range(5):
        await db.transact(health.tell, "simpay", 0, 1, "ReadTimeout")

    assert "Rests" in words(await operator.get(HERE))
    assert "ReadTimeout" in words(await operator.get(f"{HERE}/simpay"))
    assert "A payment channel does not answer" in words(await operator.get("/operator/system"))
    page = await operator.follow(await operator.post(f"{HERE}/simpay/try"))
    assert "its next call decides" in words(page) and "Tried again" in words(page)


async def test_what_is_not_set_up_is_not_there(operator: Browser) -> None:
    assert (await operator.get(f"{HERE}/nobody")).status_code == 404
    assert (await operator.post(f"{HERE}/nobody", {"place": "1"})).status_code == 404
    assert (await operator.post(f"{HERE}/simpay/withdraw", {"valid_from": "soon"})).status_code == 404


async def test_what_a_channel_keeps_by_contract_is_agreed_on_its_page(
    db: Database, world: World, operator: Browser
) -> None:
    sources = await operator.get("/operator/reconciliation/sources")
    assert f'href="{HERE}/simpay#fees"' in sources.text

    fee = f"{HERE}/simpay/fee"
    wrong = await operator.follow(await operator.post(fee, {"currency": "CNY", "percent": "x"}))
    assert "Please enter a percentage such as 2.9" in words(wrong)
    page = await operator.follow(await operator.post(fee, {"currency": "CNY", "percent": "0.555", "fixed": "0.30"}))

    assert "0.555%" in words(page)
    [agreed, always] = [each for each in await db.ask(payments.fees_of, "simpay") if each.currency == "CNY"]
    assert (agreed.millionths, agreed.fixed, always.millionths) == (5_550, 30, 6_000)
    assert "Wrote an agreed fee down" in words(await operator.get("/operator/audit"))
