"""A purchase of three shops that take their money when goods leave: it is authorised, two orders are taken one after the other,
the third is called off and its money never was."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import Visitor, minor

# The demo's shops that do so; two of them send.
SENT, CALLED_OFF = ("qingxu", "yuxi"), "tiesuo"
BUYER, OPERATOR = "buyer@steelyard.test", "operator@steelyard.test"


async def sums(operator: Visitor, code: str) -> list[int]:
    """Of an order's part of the payment: authorised, captured, let go, being refunded, refunded."""
    cells = await operator.page.locator("tr", has_text=code).first.locator("td").all_inner_texts()
    return [minor(text) for text in cells if re.search(r"\d\.\d\d", text)]


async def test_two_parts_are_taken_and_the_rest_is_let_go(house: House, visit: Visit) -> None:
    buyer, merchant, operator = await visit(), await visit(), await visit()
    page, desk = buyer.page, operator.page
    await steps.sign_in(buyer, house, BUYER)
    await steps.empty_cart(buyer)
    for shop in (*SENT, CALLED_OFF):
        await steps.choose(buyer, shop, place=3)  # the first are sold ahead
    await steps.to_checkout(buyer)
    await expect(page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total)
    await buyer.look("purchase-authorised")

    await steps.sign_in(operator, house, OPERATOR, to="/operator/payments")
    await desk.locator("tbody a.table-link").first.click()
    await expect(desk.locator("main .badge", has_text=operator.words("Authorised")).first).to_be_visible()
    for number, shop in enumerate(SENT):
        await merchant.context.clear_cookies()
        await steps.sign_in(merchant, house, f"{shop}@steelyard.test", to="/merchant/orders")
        await steps.send(merchant, bought.orders[shop], f"{shop.upper()}{bought.orders[shop].replace('-', '')}")
        # What is sent in the same moment is taken in one.
        await operator.until(desk.locator("main .badge", has_text=operator.words("Captured")).nth(number))
    await operator.look("operator-payment-taken-in-part")

    await buyer.goto(f"/purchases/{bought.code}")
    order = steps.order_of(buyer, bought.orders[CALLED_OFF])
    await order.locator("details.confirm summary", has_text=buyer.words("Cancel")).click()
    await order.get_by_role("button", name=buyer.words("Cancel and refund")).click()
    await buyer.look("purchase-third-called-off")
    await operator.until(desk.locator("main .badge", has_text=operator.words("Let go")).first)
    await operator.look("operator-payment-rest-let-go")
    taken = [await sums(operator, bought.orders[shop]) for shop in SENT]
    gone = await sums(operator, bought.orders[CALLED_OFF])
    assert [each[1:] for each in taken] == [[each[0], 0, 0, 0] for each in taken]
    assert gone[1:] == [0, gone[0], 0, 0]
    assert sum(each[0] for each in taken) + gone[0] == total
