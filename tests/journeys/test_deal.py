"""One whole deal: goods of two merchants, one payment, two parcels, two statements, and books that come to zero."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date
from playwright.async_api import Locator, expect

from steelyard.kernel.i18n import babel_locale
from steelyard.trade.settlement.model import settlement_day
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.steps import Chosen
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor, minor

# What the demo's merchants charge, said here once more: ¥8 for the first piece (or kilogram), ¥2 for each further one,
# nothing over ¥199; the house keeps 5 % of the goods.
FIRST, NEXT, FREE_OVER = 800, 200, 19_900
COMMISSION = Decimal("0.05")
SHOPS = {"zoufang": "merchant@steelyard.test", "xinghuo": "xinghuo@steelyard.test"}

NAMES = {"zoufang": re.compile("走方鞋坊|Zoufang"), "xinghuo": re.compile("星火五金|Xinghuo")}


def freight(chosen: Chosen, *, by_weight: bool) -> int:
    if chosen.goods >= FREE_OVER:
        return 0
    units = -(-chosen.grams * chosen.quantity // 1_000) if by_weight else chosen.quantity
    return FIRST + NEXT * (units - 1)


def commission(chosen: Chosen) -> int:
    return int((chosen.goods * COMMISSION).quantize(Decimal(1), ROUND_HALF_UP))


async def settle(operator: Visitor, day: date) -> None:
    """Issue statements for all that is due by this day."""
    await operator.goto("/operator/settlement")
    await operator.page.locator("input[name='day']").fill(day.isoformat())
    await operator.button("Issue statements").click()
    await expect(operator.page.locator("#flashes .alert").first).to_be_visible()


def statements_of(operator: Visitor, day: date) -> Locator:
    return operator.page.locator("tbody tr", has_text=written(operator, day))


def written(visitor: Visitor, day: date) -> str:
    return format_date(day, "medium", locale=babel_locale(visitor.locale))


async def statement_says(visitor: Visitor, code: str, chosen: Chosen, fee: int) -> None:
    """The statement's page has this one order on it, and comes to what it should."""
    page = visitor.page
    total = chosen.goods + fee
    entries = page.locator("table").first.locator("tbody tr")
    assert [code in text for text in await entries.all_inner_texts()] == [True, True]
    amounts = [minor(text) for text in await entries.locator("td:last-child").all_inner_texts()]
    assert sorted(amounts) == [-commission(chosen), total]
    summary = [minor(text) for text in await page.locator("aside .summary dd").all_inner_texts()]
    assert summary == [total, -commission(chosen), total - commission(chosen)]


async def test_a_guest_buys_of_two_merchants_and_everybody_gets_what_is_theirs(
    house: House, visit: Visit, variant: Variant
) -> None:
    first_day = settlement_day(datetime.now(UTC)) + timedelta(days=1 + 2 * variant.number)
    operator = await visit()
    await steps.sign_in(operator, house, "operator@steelyard.test", to="/operator")
    await operator.look("operator-today")
    await settle(operator, first_day)  # what was sold before

    buyer = await visit()
    await buyer.goto("/")
    await buyer.look("home")
    shoes = await steps.choose(buyer, "zoufang", quantity=2, look=True)
    tool = await steps.choose(buyer, "xinghuo", place=1, look=True)
    chosen = {"zoufang": shoes, "xinghuo": tool}
    fees = {"zoufang": freight(shoes, by_weight=False), "xinghuo": freight(tool, by_weight=True)}
    await buyer.goto("/cart")
    await buyer.look("cart")
    await steps.to_checkout(buyer)
    await steps.fill_address(buyer, f"guest-{variant.number}@example.com")
    await buyer.look("checkout")
    total = await steps.place(buyer)
    assert total == shoes.goods + tool.goods + sum(fees.values())
    await buyer.look("cashier")
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total, look=True)
    await buyer.look("purchase")
    assert set(bought.orders) == set(SHOPS)

    merchants: dict[str, Visitor] = {}
    for shop, email in SHOPS.items():
        merchants[shop] = await visit()
        await steps.sign_in(merchants[shop], house, email, to="/merchant")
        await merchants[shop].look("merchant-home")
        await steps.send(merchants[shop], bought.orders[shop], f"JY{variant.number}{shop.upper()}", look=True)

    for code in bought.orders.values():
        await steps.delivered(buyer, code)
    await buyer.look("delivered")
    for code in bought.orders.values():
        await steps.receive(buyer, code)
    await buyer.look("received")

    day = first_day + timedelta(days=1)
    await settle(operator, day)
    while await statements_of(operator, day).count() < len(SHOPS):  # what has just been earned may not be known yet
        await settle(operator, day)
    await operator.look("operator-settlement")
    for shop, code in bought.orders.items():
        await operator.goto("/operator/settlement")
        await statements_of(operator, day).filter(has_text=NAMES[shop]).get_by_role("link").first.click()
        await operator.until(operator.text("Paid out"))
        await statement_says(operator, code, chosen[shop], fees[shop])
        await operator.look(f"operator-statement-{shop}")
        await merchants[shop].goto("/merchant/statements")
        await merchants[shop].look("merchant-statements")
        await (
            merchants[shop]
            .page.locator("tbody tr", has_text=written(merchants[shop], day))
            .get_by_role("link")
            .first.click()
        )
        await merchants[shop].until(merchants[shop].text("Paid out"))
        await statement_says(merchants[shop], code, chosen[shop], fees[shop])
        await merchants[shop].look("merchant-statement")

    await operator.goto("/operator/books")
    await expect(operator.text("Debits equal credits")).to_be_visible()
    difference = operator.page.locator("section.card", has_text="CNY").locator("tbody tr").last.locator("td").last
    assert minor(await difference.inner_text()) == 0
    await operator.look("operator-books")
    assert "checks hold" in house.command("check")
