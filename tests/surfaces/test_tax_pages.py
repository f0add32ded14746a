"""Taxes in both consoles: the report, the one-stop shop, rates that are entered, planned, taken out and read in."""

from datetime import UTC, date, datetime, timedelta

import pytest
from litestar import Litestar

from steelyard.goods import taxes
from steelyard.kernel.db import Database
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]
RATES = "/operator/taxes/rates"
TOMORROW = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()
RATE = {
    "country": "xa", "region": "", "tax_class": "standard", "rate": "7.25", "valid_from": TOMORROW, "valid_to": "",
    "inclusive": "no", "name_zh": "税", "name_en": "Tax",
}  # fmt: skip


@pytest.fixture
async def sold(db: Database, world: World) -> int:
    [tea, _] = sorted(
        await deal.paid(db, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)]),
        key=lambda each: each.merchant_id != world.tea.merchant_id,
    )
    return tea.total


async def test_a_shop_reads_its_own_tax_and_takes_it_along(owner: Browser, sold: int) -> None:
    page = await owner.get("/merchant/taxes")
    assert "13 %" in words(page) and f"{sold / 100:.2f}" in words(page)
    file = await owner.get("/merchant/taxes", format="csv")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2 and rows[1].startswith("CNY,CN,,13 %,") and f"{sold / 100:.2f}" in rows[1]
    assert "Nothing in this period" in words(await owner.get("/merchant/taxes", view="union", span="2026-Q1"))
    assert "Nothing in this period" in words(await owner.get("/merchant/taxes", view="imported", span="nonsense"))


async def test_the_operator_reads_all_or_one(chief: Browser, world: World, sold: int) -> None:
    await chief.get("/operator/taxes")  # who signed in is greeted once
    everybody = words(await chief.get("/operator/taxes"))
    one = words(await chief.get("/operator/taxes", seller=str(world.tea.merchant_id)))
    assert f"{sold / 100:.2f}" in one and f"{sold / 100:.2f}" not in everybody
    assert "13 %" in words(await chief.get("/operator/taxes", seller="x", view="?"))


async def test_a_rate_is_planned_and_taken_out(db: Database, chief: Browser) -> None:
    wrong = await chief.post(RATES, {**RATE, "rate": "a tenth", "valid_from": "soon", "country": ""})
    assert wrong.status_code == 422
    assert 'value="a tenth"' in wrong.text and "such as 7.25" in words(wrong)
    for _ in range(2):
        told = await chief.follow(await chief.post(RATES, RATE))
    assert "planned" in words(told) and "7.25 %" in words(told)
    assert (await db.ask(taxes.rates, "XA", "", date.fromisoformat(TOMORROW)))["standard"].millionths == 72_500
    gone = {"country": "XA", "region": "", "tax_class": "standard", "valid_from": TOMORROW}
    assert "taken out" in words(await chief.follow(await chief.post(f"{RATES}/forget", gone)))
    begun = {"country": "CN", "region": "", "tax_class": "standard", "valid_from": "2019-04-01"}
    assert "counts already" in words(await chief.follow(await chief.post(f"{RATES}/forget", begun)))
    assert "VAT" in (await chief.get(RATES, format="csv")).content.decode("utf-8-sig")


async def test_a_table_is_read_whole_or_not_at_all(db: Database, chief: Browser) -> None:
    head = "country,region,tax_class,rate,valid_from,valid_to,inclusive,name_zh,name_en\n"
    bad = head + "XA,,standard,20,2030-01-01,,yes,,\nXA,,standard,x,2031-01-01,,yes,,\n"
    answer = await chief.upload(f"{RATES}/table", {}, {"table": ("rates.csv", bad.encode())})
    assert answer.status_code == 422 and "no number between" in words(answer)
    assert await db.ask(taxes.rates_of, "XA") == []
    assert (await chief.post(f"{RATES}/table", {})).status_code == 422

    good = bad.replace("standard,x", "standard,21")
    answer = await chief.upload(f"{RATES}/table", {}, {"table": ("rates.csv", good.encode())})
    assert "2 rates were read; 2 of them" in words(await chief.follow(answer))
    assert [each.millionths for each in await db.ask(taxes.rates_of, "XA")] == [210_000, 200_000]


async def test_only_who_may_changes_rates(app: Litestar, world: World, owner: Browser) -> None:
    assert (await owner.post(RATES, RATE)).status_code in (303, 403)
    clerk = await signed_in(app, world.tea.staff["merchant_clerk"])
    assert (await clerk.get("/merchant/taxes")).status_code == 403
    await clerk.close()
