"""Cash on delivery, from the checkout to the bank: a buyer orders and pays nothing, the carrier collects at the door, the shop
sees it, the operator writes down what the carrier has paid on."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import minor

# A shop of the demo that offers it.
SHOP, MERCHANT = "mingmu", "mingmu@steelyard.test"
BUYER, OPERATOR = "buyer@steelyard.test", "operator@steelyard.test"


async def test_what_is_paid_at_the_door_comes_to_the_bank(house: House, visit: Visit) -> None:
    buyer, merchant, operator = await visit(), await visit(), await visit()
    page, desk = buyer.page, operator.page
    await steps.sign_in(buyer, house, BUYER)
    await steps.empty_cart(buyer)
    await steps.choose(buyer, SHOP)
    await steps.to_checkout(buyer)
    await buyer.follow(page.locator("label", has=page.locator("input[name='channel'][value='cod']")))
    await buyer.settled()
    await buyer.look("checkout-at-the-door")
    total = minor(await page.locator("#sums .summary-total dd").inner_text())
    await page.locator("button[name='then'][value='place']").locator("visible=true").first.click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Ordered. Thank you!"))
    await buyer.look("ordered-at-the-door")
    await buyer.link("See the purchase").click()
    await page.wait_for_url(re.compile(r"/purchases/[^/]+$"))
    code = await page.locator("section.card[id]").first.get_attribute("id") or ""
    await buyer.look("purchase-at-the-door")

    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, "DOOR" + code.replace("-", ""))
    await steps.delivered(buyer, code)
    door = merchant.page.locator("#door")
    await merchant.until(door.locator(".badge", has_text=merchant.words("Paid to the carrier")))
    await merchant.look("merchant-order-with-the-carrier")

    await steps.sign_in(operator, house, OPERATOR, to="/operator/cash-on-delivery")
    await desk.locator("a.table-link[href$='/simex/CNY']").click()
    for each in await desk.locator("input[name='orders']").all():  # others' orders are ticked as well
        await each.uncheck()
    await desk.locator("tr", has_text=code).locator("input[name='orders']").check()
    await operator.fill(bank_number=f"R{code}", amount=f"{total / 100:.2f}")
    await operator.look("operator-carrier-owes")
    await operator.button("Write it down").click()
    await expect(desk.locator("tr", has_text=f"R{code}")).to_contain_text(f"{total / 100:,.2f}")
    await merchant.until(door.locator(".badge", has_text=merchant.words("Paid on by the carrier")))
    await merchant.look("merchant-order-paid-on")
