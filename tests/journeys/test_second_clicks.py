"""A second click, a second window and a lost connection do no harm."""

from playwright.async_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant

SUBMIT_TWICE = """
form => {
  // What two quick clicks are without our script: the form goes off twice.
  const send = () => fetch(form.action, {method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual'});
  return Promise.all([send(), send()]).then(answers => answers.map(answer => answer.type));
}
"""


async def purchases(page: Page) -> int:
    return await page.locator("article.card h2 a[href^='/purchases/']").count()


async def test_placing_and_paying_twice_is_one_purchase(visit: Visit) -> None:
    buyer = await visit()
    await steps.choose(buyer, "mingmu", place=1)
    await steps.to_checkout(buyer)
    await steps.fill_address(buyer, "twice@example.com")
    other = await visit(beside=buyer)
    await other.goto(buyer.page.url)

    total = await steps.place(buyer)
    cashier = buyer.page.url
    # The second window still shows the checkout as it was.
    await other.page.locator("button[name='then'][value='place']").locator("visible=true").first.click()
    await other.page.wait_for_url(lambda url: "/checkout/" not in url)
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total)
    await buyer.goto(cashier)
    await expect(buyer.page.locator("button[name='do']")).to_have_count(0)

    await other.goto("/orders")
    assert await purchases(other.page) == 1
    await other.goto(f"/purchases/{bought.code}")
    await expect(other.page.locator("form[action$='/pay']")).to_have_count(0)


async def test_sending_twice_is_one_parcel(house: House, visit: Visit, variant: Variant) -> None:
    buyer = await visit()
    await steps.choose(buyer, "zoufang", place=2)
    await steps.to_checkout(buyer)
    await steps.fill_address(buyer, "parcel@example.com")
    total = await steps.place(buyer)
    await steps.at_the_cashier(buyer, "approve")
    bought = await steps.paid(buyer, total)
    merchant = await visit()
    await steps.sign_in(merchant, house, "merchant@steelyard.test", to="/merchant/orders")
    await merchant.until(merchant.page.get_by_role("link", name=bought.orders["zoufang"]))
    await merchant.page.get_by_role("link", name=bought.orders["zoufang"]).click()
    await merchant.until(merchant.link("Ship"))
    await merchant.link("Ship").click()
    form = merchant.page.get_by_role("dialog").locator("form[action$='/ship']")
    await form.locator("input[name='number']").fill(f"TWICE{variant.number}")

    await form.evaluate(SUBMIT_TWICE)

    await merchant.page.reload()
    await expect(merchant.page.get_by_text(f"TWICE{variant.number}", exact=True)).to_have_count(1)
    assert "checks hold" in house.command("check")


async def test_a_double_click_sends_a_form_once(visit: Visit) -> None:
    buyer = await visit()
    await steps.choose(buyer, "mingmu", place=2)
    await steps.to_checkout(buyer)
    await steps.fill_address(buyer, "doubleclick@example.com")
    await buyer.page.locator("button[name='then'][value='place']").locator("visible=true").first.dblclick()
    await steps.at_cashier(buyer)

    await buyer.goto("/orders")

    assert await purchases(buyer.page) == 1


async def test_a_lost_connection_is_said_and_what_was_typed_stays(visit: Visit) -> None:
    buyer = await visit()
    await steps.choose(buyer, "tongqu", place=2)
    await steps.to_checkout(buyer)
    await buyer.fill(street="松台路 3 号")
    await buyer.settled()
    buyer.allow_a_broken_line()
    await buyer.context.set_offline(True)
    banner = buyer.page.locator("#offline-banner")
    await expect(banner).to_be_visible()
    async with buyer.page.expect_event("requestfailed"):
        await buyer.page.locator("select[name='country']").select_option("CN")
    await buyer.settled()

    await buyer.context.set_offline(False)
    await expect(banner).to_be_hidden()
    await expect(buyer.page.locator("input[name='street']")).to_have_value("松台路 3 号")
    await buyer.page.locator("select[name='country']").select_option("SG")
    await buyer.settled()
    await buyer.page.locator("select[name='country']").select_option("CN")
    await expect(buyer.page.locator("#priced input[type='radio']:checked").first).to_be_attached()
