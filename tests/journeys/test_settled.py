"""A return of an order that was settled and paid out, on both sides: the money goes back, and the shop's next statement claws it
back with its share of the commission."""

from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date
from playwright.async_api import Locator, expect

from steelyard.kernel.i18n import babel_locale
from steelyard.trade.settlement.model import settlement_day
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.test_deal import settle
from tests.journeys.visitor import Visitor, minor

BUYER = "buyer@steelyard.test"
OPERATOR = "operator@steelyard.test"
# A shop that no other journey counts on, and days that none settles.
SHOP = "tongqu"
FROM_DAY = 20


async def bought(buyer: Visitor, merchant: Visitor, quantity: int) -> str:
    """An order of the shop, paid, sent, received; its code."""
    await steps.empty_cart(buyer)
    await steps.choose(buyer, SHOP, place=1, quantity=quantity)
    await steps.to_checkout(buyer)
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    code = (await steps.paid(buyer, total)).orders[SHOP]
    await steps.send(merchant, code, f"SETTLED{quantity}")
    await steps.delivered(buyer, code)
    await steps.receive(buyer, code)
    return code


async def settled(house: House, operator: Visitor, merchant: Visitor, day: date, code: str) -> Locator:
    """The statement of this day, as the merchant reads it, once everything that has happened is known; its entries about the
    order."""
    while not house.rests():
        await operator.page.reload()
    await settle(operator, day)
    await merchant.goto("/merchant/statements")
    written = format_date(day, "medium", locale=babel_locale(merchant.locale))
    await merchant.page.locator("tbody tr", has_text=written).get_by_role("link").first.click()
    await merchant.until(merchant.text("Paid out"))
    return merchant.page.locator("table").first.locator("tbody tr", has_text=code)


async def amounts(entries: Locator) -> list[int]:
    return sorted([minor(text) for text in await entries.locator("td:last-child").all_inner_texts()])


async def test_a_return_after_settlement_is_on_the_next_statement(house: House, visit: Visit) -> None:
    first_day = settlement_day(datetime.now(UTC)) + timedelta(days=FROM_DAY)
    operator, buyer, merchant = await visit(), await visit(), await visit()
    page, desk = buyer.page, merchant.page
    await steps.sign_in(operator, house, OPERATOR, to="/operator")
    await settle(operator, first_day)  # what was sold before
    await steps.sign_in(buyer, house, BUYER)
    await steps.sign_in(merchant, house, f"{SHOP}@steelyard.test", to="/merchant/orders")

    code = await bought(buyer, merchant, 1)
    commission, sale = await amounts(await settled(house, operator, merchant, first_day + timedelta(days=1), code))
    assert commission < 0 < sale

    await buyer.goto(f"/orders/{code}/after-sales?kind=return_refund")
    await page.locator("select[name='reason']").select_option("quality")
    await buyer.button("Ask the shop").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Waiting for the shop"))
    case = page.url.rsplit("/", 1)[1]
    await merchant.goto(f"/merchant/after-sales/{case}")
    agreeing = desk.locator("details.confirm", has_text=merchant.words("Agree to the return"))
    await agreeing.locator("summary").click()
    await agreeing.locator("form button").click()
    await expect(merchant.text("To be sent back").first).to_be_visible()
    await buyer.goto(f"/after-sales/{case}")
    await buyer.fill(number="AFTERWARDS1")
    await buyer.button("I have sent it").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("On its way back"))
    await merchant.goto(f"/merchant/after-sales/{case}")
    await merchant.button("Refund what is accepted").click()
    await expect(merchant.button("Refund what is accepted")).to_have_count(0)
    await buyer.goto(f"/after-sales/{case}")
    await expect(page.locator("h1")).to_have_text(buyer.words("Refunded"))

    await bought(buyer, merchant, 2)  # so that there is something to set it off against
    back = await settled(house, operator, merchant, first_day + timedelta(days=2), code)
    given_back, returned = await amounts(back)
    assert returned == -commission, "all of the goods went back, and so does all of the commission"
    assert -sale <= given_back < 0
    await merchant.look("merchant-statement-claw-back")

    await operator.goto("/operator/books")
    await expect(operator.text("Debits equal credits")).to_be_visible()
    await operator.look("operator-books-after-a-return")
    assert "checks hold" in house.command("check")
