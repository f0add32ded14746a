"""Goods in quantity: a product of two options with its pictures waits for its hour, its variants are priced together and by
keyboard in the grid, and a file with a mistake in it is looked through, applied and taken back."""

import asyncio
import re
from uuid import uuid4

from playwright.async_api import Route, expect

from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.test_merchant import png
from tests.journeys.visitor import Visitor

SIX = "红色 | Red\n黑色 | Black", "小 | Small\n中 | Middle\n大 | Large"


async def make_six(merchant: Visitor, code: str) -> None:
    """A product of two colours and three sizes, in its editor."""
    await merchant.fill(
        title_zh=f"雨衣{code}",
        title_en=f"Raincoat {code}",
        code=code,
        price="88.00",
        weight="300",
        pieces="5",
        option_1_name="颜色 | Colour",
        option_1_values=SIX[0],
        option_2_name="尺码 | Size",
        option_2_values=SIX[1],
    )
    await merchant.page.locator("select[name='category']").select_option(index=1)
    await merchant.button("Make the product").click()
    await expect(merchant.page.locator("h1")).to_contain_text(code)


async def upload(merchant: Visitor, name: str) -> None:
    """A picture goes up over a line so slow that its way is seen."""
    page = merchant.page
    arrives = asyncio.Event()

    async def slowly(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    await page.route("**/pictures", slowly)
    await page.locator("#pictures-input").set_input_files({"name": name, "mimeType": "image/png", "buffer": png()})
    await expect(page.locator("progress.upload-progress")).to_be_visible()
    arrives.set()
    await expect(page.locator(".picture-item img")).to_be_visible()
    await merchant.settled()
    await page.unroute("**/pictures")


async def price_together(merchant: Visitor, code: str) -> None:
    """All that is listed is ticked by one box, priced anew, and has its old prices back by one click."""
    page = merchant.page
    await merchant.goto(f"/merchant/products?q={code}")
    await page.locator("[data-tick-all]").check()
    await expect(page.locator("input[name='product']:not(:checked)")).to_have_count(0)
    await page.locator(".bulk-more > summary").click()
    await page.locator("#bulk-by").fill("25")
    await merchant.look("bulk")
    await merchant.follow(merchant.button("Change the prices"))
    await expect(page.locator("tbody")).to_contain_text("110.00")
    await merchant.follow(merchant.button("Undo"))
    await expect(page.locator("tbody")).to_contain_text("88.00")


async def test_two_options_with_pictures_wait_for_their_hour(house: House, visit: Visit) -> None:
    merchant = await visit()
    page = merchant.page
    code = f"RC{uuid4().hex[:6].upper()}"
    await steps.sign_in(merchant, house, "merchant@steelyard.test", to="/merchant/products/new")
    await make_six(merchant, code)
    prices = page.locator("#variants input[name^='price:']")
    await expect(prices).to_have_count(6)
    await upload(merchant, "coat.png")
    await prices.last.fill("96.00")
    await merchant.fill(on_shelf_at="2040-01-01T08:00")
    await merchant.follow(merchant.button("Save"))
    await expect(page.get_by_text(re.compile("2040")).first).to_be_visible()
    await expect(prices.last).to_have_value(re.compile(r"^96(\.00)?$"))
    await merchant.look("waits-for-its-hour")

    buyer = await visit()
    await buyer.goto(f"/search?q={code}")
    await expect(buyer.page.get_by_role("link", name=re.compile(code))).to_have_count(0)


async def test_the_grid_by_keyboard_and_a_file_with_a_mistake(house: House, visit: Visit) -> None:
    merchant = await visit()
    page = merchant.page
    code = f"RC{uuid4().hex[:6].upper()}"
    await steps.sign_in(merchant, house, "merchant@steelyard.test", to="/merchant/products/new")
    await make_six(merchant, code)
    await price_together(merchant, code)

    await merchant.goto(f"/merchant/products/grid?q={code}")
    prices = page.locator("input[name^='price:']")
    await expect(prices).to_have_count(6)
    await prices.first.focus()
    for price in ("91", "92"):
        await merchant.press("ControlOrMeta+A")
        await page.keyboard.type(price)
        await merchant.press("Enter")
    await expect(prices.nth(2)).to_be_focused()
    await merchant.look("grid")
    await merchant.button("Save all").focus()
    await merchant.press("Enter")
    await expect(page.locator("#flashes .alert").first).to_be_visible()
    await merchant.goto(f"/merchant/products/grid?q={code}")
    assert [float(await prices.nth(place).input_value()) for place in range(3)] == [91, 92, 88]

    sheet = f"sku,price\n{code}-1,71.00\n{code}-2,dear\n"
    await merchant.goto("/merchant/products/imports")
    await page.locator("input[name='sheet']").set_input_files(
        {"name": "prices.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    )
    await merchant.button("See what would change").click()
    await page.wait_for_url(re.compile("/imports/[0-9a-f-]{36}"))
    await expect(page.locator(".field-error").first).to_be_visible()
    await merchant.look("import-with-a-mistake")
    await merchant.button("Apply %(n)s rows", n=1).click()
    await merchant.until(merchant.button("Undo"))
    await merchant.look("import-applied")
    await merchant.follow(merchant.button("Undo"))
    await merchant.goto(f"/merchant/products/grid?q={code}")
    await merchant.until(page.locator("input[name^='price:'][value^='91']"))
    await merchant.look("grid-as-before")
