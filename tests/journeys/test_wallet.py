"""A gift card: the operator issues it, a buyer redeems it, pays with it and a channel, calls the order off, reads how it went."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitor import minor

BUYER = "buyer@steelyard.test"
OPERATOR = "operator@steelyard.test"


async def test_a_gift_card_pays_its_part_and_comes_back(house: House, visit: Visit) -> None:
    operator = await visit()
    await steps.sign_in(operator, house, OPERATOR, to="/operator/wallets")
    await operator.look("operator-wallets")
    await operator.fill(name="Journey", amount="1", cards="1")
    async with operator.page.expect_download() as waiting:
        await operator.button("Issue, and download the codes").click()
    file = Path(await (await waiting.value).path())
    code = file.read_text("utf-8-sig").splitlines()[1].split(",")[0]

    buyer = await visit()
    page = buyer.page
    await steps.sign_in(buyer, house, BUYER, to="/account/wallet")
    await buyer.fill(code=code.lower())
    await buyer.button("Redeem").click()
    await expect(page.locator("table tbody tr").first).to_contain_text(code[-4:])
    await buyer.look("wallet")

    await steps.empty_cart(buyer)
    await steps.choose(buyer, "zoufang", place=6)
    await steps.to_checkout(buyer)
    total = page.locator("#sums .summary-total dd")
    whole = minor(await total.inner_text())
    await buyer.follow(page.locator("input[name='purse-balance']"))
    await expect(page.locator("#sums .is-discount").first).to_be_visible()
    await buyer.settled()
    await buyer.look("checkout-balance")
    rest = await steps.place(buyer)
    assert 0 < rest < whole
    await steps.at_the_cashier(buyer, "approve")
    await expect(page.locator("h1")).to_have_text(buyer.words("Paid. Thank you!"))
    await buyer.link("See the purchase").click()
    await page.wait_for_url(re.compile(r"/purchases/[^/]+$"))
    await expect(page.get_by_text(buyer.words("Paid with: %(means)s", means=buyer.words("Balance")))).to_be_visible()
    await buyer.look("purchase-by-two-means")

    await page.locator("details.confirm summary", has_text=buyer.words("Cancel")).first.click()
    await buyer.button("Cancel and refund").click()
    await buyer.goto("/account/wallet")
    await buyer.until(page.locator("table tbody tr").first.get_by_text(re.compile(buyer.words("Refund"))))
    await buyer.look("wallet-refunded")
