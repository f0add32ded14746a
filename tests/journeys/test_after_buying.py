"""After buying: the shop is hurried, asked to cancel; the order goes elsewhere, has more time, is taken off the list and put
back; and what is kept of a buyer is taken along."""

import json
import re
import zipfile
from uuid import uuid4

from playwright.async_api import expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant

BUYER = "buyer@steelyard.test"
MERCHANT = "merchant@steelyard.test"


async def test_a_shop_is_hurried_then_the_order_goes_elsewhere_then_it_is_asked_to_cancel(
    house: House, visit: Visit
) -> None:
    buyer = await visit()
    page = buyer.page
    await steps.sign_in(buyer, house, BUYER)
    bought = await steps.buy(buyer, "zoufang", nth=3)
    code = bought.orders["zoufang"]
    await buyer.goto(f"/orders/{code}")
    await buyer.button("Remind the shop").click()
    await expect(
        page.locator(".alert", has_text=buyer.words("The shop has been reminded to send your order."))
    ).to_be_visible()
    await expect(buyer.button("Remind the shop")).to_have_count(0)

    await buyer.link("Change the address").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Change the address"))
    await buyer.look("readdress")
    street = f"大南路 {uuid4().int % 1000} 号"
    await page.locator("input[name='street']").fill(street)
    await buyer.button("Save").click()
    await expect(page.locator("address")).to_contain_text(street)
    await buyer.goto(f"/purchases/{bought.code}")
    await expect(page.locator("address")).to_contain_text(street)

    merchant = await visit()
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await merchant.until(merchant.page.get_by_role("link", name=code))
    await merchant.page.get_by_role("link", name=code).click()
    await expect(merchant.page.locator("address").first).to_contain_text(street)
    await merchant.until(merchant.button("Begin to pack"))
    await merchant.follow(merchant.button("Begin to pack"))
    await expect(merchant.button("Begin to pack")).to_have_count(0)

    await buyer.goto(f"/orders/{code}")
    await expect(buyer.link("Change the address")).to_have_count(0)
    await page.locator("details.confirm summary", has_text=buyer.words("Ask to cancel")).click()
    await page.locator("select[name='reason']").select_option(index=1)
    await buyer.look("ask-to-cancel")
    await buyer.button("Ask the shop").click()
    await expect(buyer.text("You asked the shop to cancel")).to_be_visible()
    await buyer.look("asked-to-cancel")


async def test_a_sent_order_has_more_time_and_when_done_is_taken_off_the_list_and_put_back(
    house: House, visit: Visit, variant: Variant
) -> None:
    buyer, merchant = await visit(), await visit()
    page = buyer.page
    await steps.sign_in(buyer, house, BUYER)
    bought = await steps.buy(buyer, "zoufang", nth=4)
    code = bought.orders["zoufang"]
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    await steps.send(merchant, code, f"TIME{variant.number}")

    await buyer.goto(f"/orders/{code}")
    await page.locator("details.confirm summary", has_text=buyer.words("Extend the time")).click()
    await buyer.follow(page.locator("form[action$='/extend'] button"))
    await expect(page.locator("form[action$='/extend']")).to_have_count(0)
    await page.locator("details.confirm summary", has_text=buyer.words("I have received it")).click()
    await page.locator("form[action$='/receive'] button").click()
    await expect(page.locator("h1")).to_have_text(buyer.words("Received"))
    await expect(buyer.link("Write a review")).to_be_visible()

    await page.locator("details.confirm summary", has_text=buyer.words("Take off my list")).click()
    await page.locator("form[action$='/hide'] button").click()
    await page.wait_for_url(re.compile(r"/orders$"))
    await expect(page.locator(f"main a[href='/orders/{code}']")).to_have_count(0)
    await page.locator(f"form[action='/orders/{code}/show'] button").click()
    await page.wait_for_url(re.compile(rf"/orders/{code}$"))
    await buyer.goto("/orders?state=to-review")
    await expect(page.locator(f"main a[href='/orders/{code}']").first).to_be_visible()
    await buyer.look("to-review")


async def test_what_is_kept_of_a_buyer_is_taken_along(house: House, visit: Visit) -> None:
    buyer = await visit()
    page = buyer.page
    await steps.sign_in(buyer, house, BUYER, to="/account/privacy")
    ready = page.locator("a[href*='/account/privacy/exports/']")
    # Once a day is what a buyer may ask for: in the other variant of this journey it has been put together already.
    if not await ready.count():
        await buyer.follow(buyer.button("Put my data together"))
    await buyer.until(ready.first)
    await buyer.look("privacy")
    async with page.expect_download() as download:
        await ready.first.click()
    with zipfile.ZipFile(await (await download.value).path()) as archive:
        named = {name.removesuffix(".json") for name in archive.namelist()}
        (profile,) = json.loads(archive.read("profile.json"))
    assert {"addresses", "orders", "invoices", "reviews", "favourites", "searches", "search_choices"} <= named
    assert profile["email"] == BUYER
