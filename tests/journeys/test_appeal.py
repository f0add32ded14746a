"""A dispute, the platform's decision, an appeal against it, and somebody else's decision that changes it."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor

BUYER = "buyer@steelyard.test"
MERCHANT = "merchant@steelyard.test"
# Service may reject alone; what it gives back above its limit would wait for a second person.
FIRST, SECOND = "service@steelyard.test", "operator@steelyard.test"


async def decide(visitor: Visitor, case: str, verdict: str, reason: str) -> None:
    await visitor.goto(f"/operator/disputes/{case}")
    await visitor.page.locator(f"input[name='verdict'][value='{verdict}']").check()
    await visitor.fill(decision=reason)
    await visitor.button("Decide").click()
    await visitor.page.wait_for_url(re.compile("/operator/disputes$"))


async def test_an_appeal_changes_a_decision(house: House, visit: Visit, variant: Variant) -> None:
    buyer, merchant, first, second = await visit(), await visit(), await visit(), await visit()
    page, desk = buyer.page, merchant.page
    await steps.sign_in(buyer, house, BUYER)
    code = (await steps.buy(buyer, "zoufang", nth=7)).orders["zoufang"]
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, f"APPEAL{variant.number}")
    await buyer.goto(f"/orders/{code}/after-sales?kind=refund_only")
    await page.locator("select[name='reason']").select_option("not_as_described")
    await buyer.button("Ask the shop").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Waiting for the shop"))
    case = page.url.rsplit("/", 1)[1]
    await merchant.goto(f"/merchant/after-sales/{case}")
    await desk.locator("details.folded summary").click()
    await merchant.fill(answer="It is the one in the picture")
    await merchant.button("Refuse").click()
    await expect(merchant.text("Refused by the shop").first).to_be_visible()
    await buyer.goto(f"/after-sales/{case}")
    await buyer.fill(complaint="The colour is another")
    await buyer.button("Ask the platform to decide").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("The platform decides"))

    await steps.sign_in(first, house, FIRST, to="/operator/disputes")
    await decide(first, case, "reject", "The picture shows this colour")
    await buyer.goto(f"/after-sales/{case}")
    await buyer.look("appeal-form")
    await buyer.fill(appeal="Seen by daylight it does not")
    await buyer.button("Appeal").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("The platform decides"))
    await merchant.goto(f"/merchant/after-sales/{case}")
    await merchant.look("appeal-to-answer")
    await merchant.fill(appeal="Daylight is bluish")
    await merchant.button("Send the answer").click()
    await expect(merchant.button("Send the answer")).to_have_count(0)

    await first.goto(f"/operator/disputes/{case}")
    await expect(first.button("Decide")).to_have_count(0)
    await steps.sign_in(second, house, SECOND, to="/operator/disputes")
    await second.goto(f"/operator/disputes/{case}")
    await second.look("operator-appeal")
    await decide(second, case, "refund", "By daylight it is another colour")
    await buyer.goto(f"/after-sales/{case}")
    await expect(page.locator("h1")).to_have_text(buyer.words("Refunded"))
    await expect(buyer.text("The decision was changed").first).to_be_visible()
    await buyer.look("appeal-decided")
