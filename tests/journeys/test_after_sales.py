"""Goods go back and the money with them: the buyer asks, the shop agrees and looks at what came; and what the platform has to
decide."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant

BUYER = "buyer@steelyard.test"
MERCHANT = "merchant@steelyard.test"
OPERATOR = "operator@steelyard.test"


async def test_goods_go_back_and_the_money_with_them(house: House, visit: Visit, variant: Variant) -> None:
    buyer, merchant = await visit(), await visit()
    page, desk = buyer.page, merchant.page
    await steps.sign_in(buyer, house, BUYER)
    bought = await steps.buy(buyer, "zoufang", nth=5)
    code = bought.orders["zoufang"]
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, f"BACK{variant.number}")

    await buyer.goto(f"/orders/{code}")
    await buyer.link("Refund or return").click()
    await page.wait_for_url(re.compile("/after-sales$"))
    await buyer.look("after-sales-choice")
    await page.locator("main a[href$='kind=return_refund']").click()
    await page.wait_for_url(re.compile("kind=return_refund$"))
    await page.locator("select[name='reason']").select_option("quality")
    await buyer.look("after-sales-form")
    await buyer.button("Ask the shop").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Waiting for the shop"))
    await buyer.look("after-sales-asked")
    case = page.url.rsplit("/", 1)[1]

    await merchant.goto("/merchant/after-sales")
    await merchant.look("merchant-after-sales")
    await desk.get_by_role("link", name=code).click()
    await merchant.look("merchant-after-sales-case")
    agreeing = desk.locator("details.confirm", has_text=merchant.words("Agree to the return"))
    await agreeing.locator("summary").click()
    await agreeing.locator("form button").click()
    await expect(merchant.text("To be sent back").first).to_be_visible()

    await buyer.goto(f"/after-sales/{case}")
    await buyer.look("after-sales-agreed")
    await buyer.fill(number=f"RETURN{variant.number}")
    await buyer.button("I have sent it").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("On its way back"))

    await merchant.goto(f"/merchant/after-sales/{case}")
    await merchant.look("merchant-after-sales-inspection")
    await merchant.button("Refund what is accepted").click()
    await expect(merchant.button("Refund what is accepted")).to_have_count(0)
    await buyer.goto(f"/after-sales/{case}")
    await expect(page.locator("h1")).to_have_text(buyer.words("Refunded"))
    await buyer.look("after-sales-refunded")
    await buyer.goto("/account/after-sales")
    await expect(page.locator(f"main a[href='/after-sales/{case}']")).to_be_visible()
    await buyer.look("after-sales-list")

    operator = await visit()
    await steps.sign_in(operator, house, OPERATOR, to="/operator/disputes")
    await operator.look("operator-disputes")
    await operator.page.locator("main .table-link").first.click()
    await expect(operator.button("Decide")).to_be_visible()
    await operator.look("operator-dispute")


async def test_another_one_comes_for_what_went_back(house: House, visit: Visit, variant: Variant) -> None:
    """An exchange, on both sides: for the same product once more, which every shop has."""
    buyer, merchant = await visit(), await visit()
    page, desk = buyer.page, merchant.page
    await steps.sign_in(buyer, house, BUYER)
    bought = await steps.buy(buyer, "zoufang", nth=6)
    code = bought.orders["zoufang"]
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, f"FIRST{variant.number}")

    await buyer.goto(f"/orders/{code}/after-sales?kind=replacement")
    await page.locator("select[name='reason']").select_option("quality")
    await buyer.look("exchange-form")
    await buyer.button("Ask the shop").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Waiting for the shop"))
    case = page.url.rsplit("/", 1)[1]

    await merchant.goto(f"/merchant/after-sales/{case}")
    agreeing = desk.locator("details.confirm", has_text=merchant.words("Agree to the exchange"))
    await agreeing.locator("summary").click()
    await agreeing.locator("form button").click()
    await expect(merchant.text("To be sent back").first).to_be_visible()

    await buyer.goto(f"/after-sales/{case}")
    await buyer.fill(number=f"OLD{variant.number}")
    await buyer.button("I have sent it").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("On its way back"))

    await merchant.goto(f"/merchant/after-sales/{case}")
    await merchant.button("Accept, and send others next").click()
    await expect(merchant.button("It is sent")).to_be_visible()
    await merchant.look("merchant-exchange-to-send")
    await merchant.fill(number=f"NEW{variant.number}")
    await merchant.button("It is sent").click()
    await expect(merchant.button("It is sent")).to_have_count(0)

    await buyer.goto(f"/after-sales/{case}")
    await buyer.look("exchange-on-its-way")
    confirming = page.locator("details.confirm", has_text=buyer.words("I have received it"))
    await confirming.locator("summary").click()
    await confirming.locator("form button").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Exchanged"))
    await buyer.look("exchange-done")
