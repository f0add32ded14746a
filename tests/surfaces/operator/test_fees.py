"""The console's pages of fees: rules set, changed, ended and tried, with what is wrong beside its field."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.trade import commission, settlement
from steelyard.trade.commission.model import HOUSE_ZONE, SALES_COMMISSION, RuleState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World, made

HERE = "/operator/fees"
EVERYBODYS = f"{HERE}/rules/{made('commission')}"


def day(ahead: int) -> str:
    return (datetime.now(UTC).astimezone(HOUSE_ZONE).date() + timedelta(days=ahead)).isoformat()


async def test_a_rule_is_set_changed_and_ended(db: Database, world: World, chief: Browser) -> None:
    form = {"fee": str(SALES_COMMISSION), "merchant": "tea", "rate": "3", "taxes": "shown", "per": "line"}
    answer = await chief.post(f"{HERE}/rules", form)
    page = await chief.follow(answer)
    rule_url = answer.headers["location"]
    assert "3%" in words(page)

    changed = {**form, "rate": "4", "currency": "CNY", "fixed": "0.50", "per": "piece", "from": day(3)}
    answer = await chief.post(f"{HERE}/rules?of={rule_url.rsplit('/', 1)[1]}", changed)
    planned_url = answer.headers["location"]
    assert "4% + CN¥0.50 a piece" in words(await chief.follow(answer))
    page = await chief.get(f"{HERE}?shop=tea&state=planned")
    assert "4% + CN¥0.50 a piece" in words(page) and planned_url in page.text

    await chief.post(f"{planned_url}/end", {"until": ""})
    assert "Withdrawn" in words(await chief.get(planned_url))
    await chief.post(f"{rule_url}/end", {"until": day(2)})
    await chief.post(f"{rule_url}/keep", {})
    wanted = commission.RulesWanted(merchant_id=world.tea.merchant_id, state=RuleState.COUNTS)
    [left] = (await db.ask(commission.rules, wanted)).items
    assert (left.millionths, left.valid_to) == (30_000, None)
    log = [entry.action for entry in (await db.ask(access.audit_log)).items]
    assert [action for action in log if action.startswith("fees.")] == [
        "fees.keep_rule", "fees.end_rule", "fees.end_rule", "fees.set_rule", "fees.set_rule",
    ]  # fmt: skip


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(world: World, chief: Browser) -> None:
    wrong = {
        "fee": str(SALES_COMMISSION), "merchant": "nobody", "rate": "101", "fixed": "1,5x", "product": "tea",
        "taxes": "with", "per": "piece", "from": day(1),
    }  # fmt: skip
    page = await chief.post(f"{HERE}/rules", wrong)
    assert page.status_code == 422
    said = words(page)
    for each in (
        "There is no shop with this address",
        "Please enter a rate between 0 and 100 %.",
        "Please enter an amount such as 12.50",
        "Please paste the address of the product’s page",
    ):
        assert each in said, each
    assert 'value="nobody"' in page.text and 'value="101"' in page.text and f'value="{day(1)}"' in page.text

    page = await chief.post(f"{HERE}/rules", {"fee": str(SALES_COMMISSION), "fixed": "1", "taxes": "shown"})
    assert (page.status_code, "Amounts need a currency" in words(page)) == (422, True)
    page = await chief.post(f"{EVERYBODYS}/end", {"until": day(0)})
    assert (page.status_code, "Please choose a day to come." in words(page)) == (422, True)
    page = await chief.post(f"{HERE}/kinds", {"name_zh": "费"})
    assert (page.status_code, "Please enter a name" in words(page)) == (422, True)
    page = await chief.post(f"{HERE}/kinds/{SALES_COMMISSION}/tax", {"tax": "abc"})
    assert (page.status_code, 'value="abc"' in page.text) == (422, True)


async def test_a_fee_is_opened_and_its_tax_is_planned_and_withdrawn(db: Database, chief: Browser) -> None:
    answer = await chief.post(f"{HERE}/kinds", {"name_zh": "服务费", "name_en": "Service fee", "kept": "yes"})
    kind_url = answer.headers["location"]
    await chief.post(f"{kind_url}/tax", {"tax": "6"})
    await chief.post(f"{kind_url}/tax", {"tax": "9", "tax_from": day(4)})
    page = await chief.get(kind_url)
    assert "6%" in words(page) and "9%" in words(page)
    [planned, _] = await db.ask(commission.taxes_of, (await db.ask(commission.fees))[1].fee_id)

    await chief.post(f"{kind_url}/tax/withdraw", {"valid_from": planned.valid_from.isoformat()})
    await chief.post(kind_url, {"name_zh": "技术服务费", "name_en": "Service fee"})

    fee = (await db.ask(commission.fees))[1]
    assert (fee.name["zh-Hans"], fee.kept, fee.tax_millionths) == ("技术服务费", False, 60_000)
    assert len(await db.ask(commission.taxes_of, fee.fee_id)) == 1


async def test_what_a_shop_would_have_paid_is_told_by_fee_and_category(
    db: Database, world: World, chief: Browser
) -> None:
    await deal.paid(db, [(world.items["nuts"].sku_id, 3)])
    drafted = f"1-fee={SALES_COMMISSION}&1-whose=shop&1-rate=10&1-taxes=shown&1-per=line"

    page = await chief.get(f"{HERE}/trial?shop=tea&{drafted}")

    said = words(page)
    for each in ("CN¥5.99", "CN¥11.97", "+CN¥5.98", "by the rules tried"):
        assert each in said, each
    file = await chief.get(f"{HERE}/trial?shop=tea&{drafted}&format=csv")
    assert file.headers["content-type"].startswith("text/csv") and "5.99" in file.text and "11.97" in file.text
    other = await chief.get(f"{HERE}/trial?shop=tools&{drafted}")
    assert "Nothing was sold in these days" in words(other)
    for question, error in (
        ("shop=nobody", "There is no shop with this address"),
        (f"shop=tea&since={day(2)}&until={day(1)}", "It would end before it begins"),
        ("shop=tea&since=2020-01-01", "A year at most"),
        (f"shop=tea&1-fee={SALES_COMMISSION}&1-fixed=2", "Amounts need a currency"),
    ):
        page = await chief.get(f"{HERE}/trial?{question}")
        assert (page.status_code, error in words(page)) == (422, True), question


async def test_a_shop_sees_its_own_rules_and_everybodys_and_nobody_elses(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    both = {"fee": str(SALES_COMMISSION), "currency": "CNY", "taxes": "shown", "per": "line"}
    await chief.post(f"{HERE}/rules", {**both, "merchant": "tea", "rate": "7.77", "least": "2"})
    await chief.post(f"{HERE}/rules", {**both, "merchant": "tools", "rate": "8.88"})
    green = world.items["green"]
    pasted = f"https://shop.test/products/{green.product_id}/{green.slug}?from=ad"
    answer = await chief.post(f"{HERE}/rules", {**both, "product": pasted, "rate": "6.66"})
    assert green.title["en"] in words(await chief.follow(answer))
    await chief.post(f"{HERE}/rules", {**both, "merchant": "tools", "rate": "9.99", "from": day(5)})
    owner = await signed_in(app, world.tea.owner)

    for path in ("/merchant/fees", "/merchant/money"):
        said = words(await owner.get(path))
        assert "7.77%, at least CN¥2.00" in said and "5%" in said, path
        assert "8.88" not in said and "9.99" not in said, path
    page = words(await chief.get(f"/operator/merchants/{world.tea.merchant_id}/money"))
    assert "7.77%, at least CN¥2.00" in page and "8.88" not in page
    assert "9.99%" in words(await (await signed_in(app, world.tools.owner)).get("/merchant/fees"))


async def test_fees_stand_on_orders_and_statements(db: Database, app: Litestar, world: World, chief: Browser) -> None:
    answer = await chief.post(f"{HERE}/kinds", {"name_zh": "服务费", "name_en": "Service fee"})
    kind_url = answer.headers["location"]
    await chief.post(f"{kind_url}/tax", {"tax": "6"})
    rule = {"fee": kind_url.rsplit("/", 1)[1], "rate": "1", "taxes": "shown", "per": "line"}
    await chief.post(f"{HERE}/rules", rule)
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 3)])
    owner, rival = await signed_in(app, world.tea.owner), await signed_in(app, world.tools.owner)

    page = words(await owner.get(f"/merchant/orders/{order.order_id}"))
    assert "Sales commission" in page and "Service fee" in page and "Tax on fees" in page
    assert "Service fee" in words(await chief.get(f"/operator/orders/{order.merchant_id}/{order.order_id}"))

    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=2)))
    [first, second] = await db.ask(settlement.fees_of_statement, order.merchant_id, statement.statement_id)
    assert (first.amount, second.amount, second.tax) == (599, 120, 7)
    assert first.amount + first.tax + second.amount + second.tax == statement.commission
    here = f"/merchant/statements/{statement.statement_id}"
    page = words(await owner.get(here))
    assert "Fees on this statement" in page and "CN¥1.27" in page
    file = await owner.get(f"{here}/fees.csv")
    assert order.code in file.text and "1.27" in file.text
    assert (await rival.get(f"{here}/fees.csv")).status_code == 404
