"""Everything a purchase needs works without JavaScript, in English."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit


async def test_somebody_without_javascript_browses_and_buys(visit: Visit) -> None:
    buyer = await visit("en", scripts=False)
    page = buyer.page
    await buyer.goto("/")
    await page.locator("a[href='/c/home']").first.click()
    await expect(page.locator("h1")).to_be_visible()
    await buyer.look("category")
    await page.locator(".product-card:not(.product-sold-out) .product-title a").first.click()
    await buyer.look("product")
    await steps.open_choice(buyer)
    await page.locator("#choose-foot button[name='then']").click()
    await page.wait_for_url(re.compile("/checkout/"))
    await buyer.fill(email="plain@example.com", **steps.HOME)
    await page.locator("select[name='country']").select_option("CN")
    await buyer.button("Show delivery and taxes for this address").click()
    await expect(page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    await buyer.look("checkout")
    total = await steps.place(buyer)
    await buyer.look("cashier")
    await steps.at_the_cashier(buyer, "approve")
    await buyer.until(buyer.text("Paid. Thank you!"))
    await steps.paid(buyer, total, look=True)
    await buyer.look("purchase")
