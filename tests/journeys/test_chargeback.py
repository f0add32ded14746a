"""A chargeback: the buyer's bank takes a payment back, the shop says what speaks against it, staff hand it in, the bank decides
for the one or the other, and shop and staff read what has become of the money."""

import re

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor

SHOP, MERCHANT = "tongqu", "tongqu@steelyard.test"
BUYER, OPERATOR = "buyer@steelyard.test", "operator@steelyard.test"
SLIP = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


async def bought(buyer: Visitor) -> tuple[str, str]:
    """One piece, paid; the order's code, and the address of the payment at the channel's desk."""
    await steps.empty_cart(buyer)
    await steps.choose(buyer, SHOP)
    await steps.to_checkout(buyer)
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    total = await steps.place(buyer)
    desk = buyer.page.url.split("?")[0].replace("/cashier/", "/payments/")
    await steps.at_the_cashier(buyer, "approve")
    return (await steps.paid(buyer, total)).orders[SHOP], desk


async def test_what_a_bank_takes_back_is_answered_and_decided(house: House, visit: Visit, variant: Variant) -> None:
    buyer, merchant, operator = await visit(), await visit(), await visit()
    await steps.sign_in(buyer, house, BUYER)
    code, bank = await bought(buyer)
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, "CB" + code.replace("-", ""))

    opened = await buyer.page.request.post(f"{bank}/dispute", form={"reason": "not_received"})
    assert opened.ok, await opened.text()

    page = merchant.page
    await merchant.goto("/merchant/chargebacks")
    await merchant.until(page.get_by_role("link", name=code))
    await page.get_by_role("link", name=code).click()
    await expect(merchant.text("Evidence due")).to_be_visible()
    chargeback = page.url.split("/")[-2]
    await merchant.fill(words="It was handed over; the slip is attached.")
    await merchant.button("Hand it in").click()
    await page.locator("input[type='file']").set_input_files(
        {"name": "slip.pdf", "mimeType": "application/pdf", "buffer": SLIP}
    )
    await merchant.button("Upload").click()
    await expect(page.get_by_role("link", name="slip.pdf")).to_be_visible()
    await merchant.look("merchant-chargeback")

    desk = operator.page
    await steps.sign_in(operator, house, OPERATOR, to="/operator/chargebacks")
    await desk.locator(f"a[href='/operator/chargebacks/{chargeback}']").click()
    await expect(desk.get_by_role("link", name="slip.pdf")).to_be_visible()
    await operator.look("operator-chargeback")
    await operator.button("Hand the evidence in").click()
    await operator.until(operator.text("The bank decides"))

    won = variant.language == "en"
    facts = await desk.locator("main aside").inner_text()
    reference = re.search(r"· (\w+)", facts)
    assert reference, facts
    decided = await desk.request.post(
        f"{bank.rsplit('/payments/', 1)[0]}/disputes/{reference[1]}/decide", form={"do": "win" if won else "lose"}
    )
    assert decided.ok, await decided.text()

    await operator.until(operator.text("Won" if won else "The buyer won"))
    await merchant.until(merchant.text("Won" if won else "The buyer won"))
    await merchant.look("merchant-chargeback-decided")
    await merchant.goto("/merchant/chargebacks?kind=ended")
    await expect(page.get_by_role("link", name=code)).to_be_visible()
