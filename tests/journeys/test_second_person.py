"""A refund above what a clerk may give back alone: it waits, the owner reads why and approves it, and the buyer has the money."""

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House

# A clerk of the demo's shop, who may give back ¥30 alone.
CLERK, OWNER = "zoufang.1@steelyard.test", "merchant@steelyard.test"
BUYER = "buyer@steelyard.test"
WHY = "One sole is loose; the buyer sent a photograph."


async def test_a_refund_above_a_clerks_limit_waits_for_the_owner(house: House, visit: Visit) -> None:
    buyer, clerk, owner = await visit(), await visit(), await visit()
    await steps.sign_in(buyer, house, BUYER)
    code = (await steps.buy(buyer, "zoufang", nth=2)).orders["zoufang"]
    await steps.sign_in(clerk, house, CLERK, to="/merchant/orders")
    await steps.send(clerk, code, "SP" + code.replace("-", ""))

    page = clerk.page
    await clerk.link("Refund").click()
    await page.locator("input[name='line_1']").fill("1")
    await clerk.fill(note=WHY)
    await clerk.button("Give the money back").click()
    await expect(page.locator("main .alert, #flashes .alert").first).to_be_visible()
    await clerk.goto("/merchant/refunds/approvals")
    card = page.locator("section.card", has_text=code)
    await expect(card).to_contain_text(WHY)
    await expect(card.get_by_role("button", name=clerk.words("Approve"))).to_have_count(0)
    await expect(card.get_by_role("button", name=clerk.words("Take it back"))).to_be_visible()
    await clerk.look("merchant-asked-for-a-second-person")

    await steps.sign_in(owner, house, OWNER, to="/merchant/refunds")
    await owner.link("For a second person").click()
    card = owner.page.locator("section.card", has_text=code)
    await expect(card).to_contain_text(WHY)
    await owner.look("merchant-approvals")
    await owner.follow(card.get_by_role("button", name=owner.words("Approve")))
    await expect(owner.page.locator("tr", has_text=code)).to_contain_text(owner.words("Approved"))

    await buyer.goto(f"/orders/{code}")
    await buyer.until(buyer.page.locator("main .badge", has_text=buyer.words("Refunded")).first)
    await buyer.look("order-refunded")
