"""What consoles share: everything is found by one field, the keyboard leads, and nothing typed is lost."""

from playwright.async_api import expect

from steelyard.surfaces.web.styleguide import SECTIONS
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House

MERCHANT = "merchant@steelyard.test"


async def test_an_order_is_found_by_the_keyboard_alone(house: House, visit: Visit) -> None:
    merchant = await visit()
    page = merchant.page
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/orders")
    code = (await page.locator("tbody a.table-link, tbody td.is-main a").first.inner_text()).strip()

    await page.keyboard.press("Control+k")
    await page.keyboard.type(code.lower())
    await expect(page.locator("#palette [data-result][aria-selected='true']", has_text=code)).to_be_visible()
    await merchant.look("palette")
    await page.keyboard.press("Enter")

    await expect(page.locator("h1")).to_contain_text(code)
    await page.keyboard.press("?")
    await expect(page.locator("#shortcuts")).to_be_visible()
    await merchant.look("shortcuts")
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await page.wait_for_url(lambda url: url.endswith("/merchant/orders"))


async def test_what_was_typed_outlives_the_session(house: House, visit: Visit) -> None:
    merchant = await visit()
    merchant.allow(401)
    page = merchant.page
    await steps.sign_in(merchant, house, MERCHANT, to="/merchant/products/new")
    await merchant.fill(title_zh="会话过期前写的标题", code="KEPT-1")
    await page.wait_for_function("Object.keys(sessionStorage).some(key => key.startsWith('steelyard-draft:'))")
    session = [cookie for cookie in await merchant.context.cookies() if cookie["name"] != "steelyard_session"]
    await merchant.context.clear_cookies()
    await merchant.context.add_cookies(session)  # pyright: ignore[reportArgumentType]  what came out goes in

    await page.locator("form:has([name='title_zh'])").evaluate(
        "form => { form.noValidate = true; form.requestSubmit(); }"
    )

    await page.wait_for_url(lambda url: "/sign-in" in url)
    await merchant.look("signed-out")
    await merchant.fill(email=MERCHANT, password=house.password)
    await merchant.button("Sign in").click()
    await page.wait_for_url(lambda url: "/merchant/products/new" in url)
    await expect(page.locator("[name='title_zh']")).to_have_value("会话过期前写的标题")
    await expect(page.locator("[name='code']")).to_have_value("KEPT-1")


async def test_the_appearance_is_chosen_and_remembered(visit: Visit) -> None:
    buyer = await visit()
    page = buyer.page
    await buyer.goto("/sign-in")

    await page.locator("[data-theme-switch] button[value='dark']").first.click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await buyer.settled()
    await page.wait_for_load_state("networkidle")
    await buyer.goto("/")

    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await buyer.look("dark")


async def test_every_component_is_accessible(visit: Visit) -> None:
    author = await visit()
    for section in SECTIONS:
        await author.goto(f"/styleguide/{section}")
        await expect(author.page.locator("[data-chart][aria-busy]")).to_have_count(0)
        await author.look(section)
