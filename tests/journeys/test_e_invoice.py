"""An e-invoice for a business in the EU: it looks for it before the parcel has left, and finds it afterwards; buyer and seller
have the same file."""

from pathlib import Path

from playwright.async_api import expect

from steelyard.trade import einvoices
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor

# The demo's shop is registered for VAT in Germany.
SHOP, MERCHANT = "zoufang", "merchant@steelyard.test"


async def downloaded(visitor: Visitor, ending: str) -> bytes:
    async with visitor.page.expect_download() as waiting:
        await visitor.page.locator(f"main a[href$='/invoice.{ending}']").first.click()
    return Path(await (await waiting.value).path()).read_bytes()


async def test_a_business_abroad_and_its_seller_have_the_same_invoice(
    house: House, visit: Visit, variant: Variant
) -> None:
    buyer, merchant = await visit(), await visit()
    page = buyer.page
    await steps.choose(buyer, SHOP, place=1)
    await steps.to_checkout(buyer)
    await buyer.follow(page.locator("select[name='country']"))
    await page.locator("select[name='country']").select_option("DE")
    await buyer.settled()
    await buyer.fill(
        email=f"einkauf-{variant.number}@example.com", name="Beispiel Handels GmbH", phone="+49301234567",
        street="Beispielweg 12", city="Berlin", postal_code="10115",
    )  # fmt: skip
    await page.locator("input[name='postal_code']").blur()
    await buyer.settled()
    await expect(page.locator("#priced input[type='radio']:checked").first).to_be_attached()
    await buyer.look("checkout-abroad")
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    code = (await steps.paid(buyer, total)).orders[SHOP]

    await buyer.goto(f"/orders/{code}/invoice")
    await expect(buyer.text("An e-invoice comes by itself")).to_be_visible()
    await buyer.look("invoice-comes-by-itself")
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, "EU" + code.replace("-", ""))
    await buyer.until(page.locator("main a[href$='/invoice.xml']"))
    await buyer.look("e-invoice")
    xml = await downloaded(buyer, "xml")
    assert einvoices.violations(xml) == [] and b"Beispiel Handels GmbH" in xml
    assert (await downloaded(buyer, "pdf")).startswith(b"%PDF-")

    await merchant.goto("/merchant/invoices")
    await merchant.link("E-invoices").click()
    # Above the list may stand what was sent abroad and has none yet: the demo's own trade.
    issued = merchant.page.locator("tbody tr", has=merchant.page.locator("a[href$='/invoice.xml']"))
    await expect(issued.first).to_contain_text(code)
    await merchant.look("merchant-e-invoices")
    assert await downloaded(merchant, "xml") == xml
