"""A registered buyer: address book, a declined card, one more try, 3-D, a cashier left open, a cancelled order."""

import re
from uuid import uuid4

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import Visitor

BUYER = "buyer@steelyard.test"
SIMULATED_CODE = "123456"


async def at_the_till(buyer: Visitor, shop: str, *, place: int) -> int:
    """One piece in the cart, and nothing else; asked for at the cashier."""
    await steps.empty_cart(buyer)
    await steps.choose(buyer, shop, place=place)
    await steps.to_checkout(buyer)
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    return await steps.place(buyer)


async def test_an_address_is_kept_and_used_and_a_declined_payment_is_tried_again(house: House, visit: Visit) -> None:
    buyer = await visit()
    await steps.sign_in(buyer, house, BUYER, to="/account/addresses")
    street = f"学院路 {uuid4().int % 1000} 号"
    await steps.paste_home(buyer)
    await buyer.fill(street=street)
    await buyer.page.locator("input[name='is_default']").check()
    await buyer.button("Save").click()
    await expect(buyer.page.locator("article", has_text=street)).to_be_visible()
    await buyer.look("address-book")

    total = await at_the_till(buyer, "mingmu", place=0)
    await steps.at_the_cashier(buyer, "decline")
    await expect(buyer.page.locator("h1")).to_have_text(buyer.words("The payment did not go through"))
    await buyer.look("declined")
    await buyer.page.locator("form[action$='/pay'] button").last.click()
    await steps.at_cashier(buyer)
    await steps.at_the_cashier(buyer, "approve")
    await steps.paid(buyer, total)

    await expect(buyer.page.locator("address")).to_contain_text(street)


async def test_a_payment_with_a_second_step_and_one_that_was_left_open(house: House, visit: Visit) -> None:
    buyer = await visit()
    await steps.sign_in(buyer, house, BUYER)
    total = await at_the_till(buyer, "tongqu", place=0)
    await steps.at_the_cashier(buyer, "three_d")
    await buyer.page.locator("input[name='code']").fill(SIMULATED_CODE)
    await buyer.look("second-step")
    await buyer.page.locator("form[action*='/3d'] button").click()
    await steps.paid(buyer, total)

    total = await at_the_till(buyer, "tongqu", place=1)
    await steps.at_the_cashier(buyer, "hang")
    await buyer.goto("/orders")
    await buyer.look("orders")
    await buyer.link("Details").click()
    await buyer.page.wait_for_url(re.compile(r"/orders/S-[^/]+$"))
    await buyer.look("to-pay")
    await buyer.page.locator("form[action$='/pay'] button").last.click()
    await steps.at_cashier(buyer)
    await steps.at_the_cashier(buyer, "approve")
    await steps.paid(buyer, total)


async def test_an_order_that_is_cancelled_before_it_is_sent_is_refunded(house: House, visit: Visit) -> None:
    buyer = await visit()
    await steps.sign_in(buyer, house, BUYER)
    total = await at_the_till(buyer, "chenggan", place=0)
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total)
    (code,) = bought.orders.values()
    order = steps.order_of(buyer, code)

    await order.locator("details.confirm summary", has_text=buyer.words("Cancel")).click()
    await buyer.look("cancel")
    await order.get_by_role("button", name=buyer.words("Cancel and refund")).click()

    await expect(order.locator(".card-head .badge")).to_have_text(buyer.words("Cancelled"))
    await buyer.until(order.locator("p .badge.tone-good"))
    await buyer.look("refunded")
