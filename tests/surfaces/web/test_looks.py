"""The application in a browser without a server: what a page asks for is asked of the application in this process."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from litestar import Litestar
from playwright.async_api import Browser, Page, Request, Route, async_playwright, expect

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.surfaces.web.styleguide import SECTIONS
from steelyard.surfaces.web.visit import SESSION_COOKIE
from tests.journeys.variants import LANGUAGES, WIDTHS, Variant, chosen
from tests.journeys.visitor import ALIVE, Visitor
from tests.support import deal
from tests.support.browser import BASE
from tests.support.browser import Browser as HttpBrowser
from tests.support.consoles import signed_in
from tests.support.world import World
from tools import browser as browsers

# Cookies are told in their own way; and without https the browser complains about the policy, rightly.
LEFT_OUT = {"set-cookie", "cross-origin-opener-policy"}
pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = browsers.find()
    if path is None:
        pytest.fail(browsers.HOW_TO_GET_ONE)
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )


@pytest.fixture
async def look(app: Litestar, world: World, browser: Browser):
    """`await look(variant)`: the owner of the tea shop at a browser; `await look(variant, signed_in=False)`: nobody yet."""
    settings: Settings = app.state.settings
    app.state.settings = Settings(home=settings.home, base_url=settings.base_url, development=True)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=BASE)
    visitors: list[Visitor] = []
    wanted = os.environ.get("STEELYARD_SHOTS")
    shots = Path(wanted) if wanted else None

    async def serve(route: Route, request: Request) -> None:
        headers = await request.all_headers()
        headers.pop("accept-encoding", None)
        http.cookies.clear()
        answer = await http.request(
            request.method, request.url, headers=headers, content=request.post_data_buffer, follow_redirects=False
        )
        told = {name: value for name, value in answer.headers.items() if name not in LEFT_OUT}
        cookies = answer.headers.get_list("set-cookie")
        await route.fulfill(
            status=answer.status_code,
            headers={**told, **({"set-cookie": "\n".join(cookies)} if cookies else {})},
            body=answer.content,
        )

    async def opened(variant: Variant, *, as_owner: bool = True) -> Visitor:
        width, height = WIDTHS[variant.width]
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            locale=LANGUAGES[variant.language],
            reduced_motion="reduce",
            color_scheme="dark" if variant.theme == "dark" else "light",
        )
        if as_owner:
            session = (await signed_in(app, world.tea.owner)).http.cookies[SESSION_COOKIE]
            await context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": BASE}])
        await context.add_init_script(ALIVE)
        await context.route("**/*", serve)
        visitors.append(Visitor(context, await context.new_page(), BASE, variant.language, shots))
        return visitors[-1]

    yield opened
    for visitor in visitors:
        await visitor.close()
    await http.aclose()


def variants(name: str):
    return pytest.mark.parametrize("variant", chosen(name), ids=str)


@variants("styleguide")
async def test_every_component_is_accessible(look, variant: Variant) -> None:
    author: Visitor = await look(variant, as_owner=False)
    for section in SECTIONS:
        await author.goto(f"/styleguide/{section}")
        await expect(author.page.locator("[data-chart][aria-busy]")).to_have_count(0)
        await author.look(section)


@variants("palette")
async def test_an_order_is_found_by_the_keyboard_alone(look, db: Database, world: World, variant: Variant) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    staff: Visitor = await look(variant)
    page: Page = staff.page
    await staff.goto("/merchant/orders")

    await staff.press("Control+k")
    await page.keyboard.type(order.code.lower())
    await expect(page.locator("#palette [data-result][aria-selected='true']", has_text=order.code)).to_be_visible()
    await staff.look("palette")
    await staff.press("Enter")
    await expect(page.locator("h1")).to_contain_text(order.code)

    await staff.press("?")
    await expect(page.locator("#shortcuts")).to_be_visible()
    await staff.look("shortcuts")
    await staff.press("Escape")
    await staff.press("g")
    await staff.press("k")
    await page.wait_for_url(f"{BASE}/merchant/stock")


async def send_when_signed_out(staff: Visitor, form: str) -> None:
    """The session ends while somebody writes: sending leads to the sign-in page, and here is where they come back to."""
    page, here = staff.page, staff.page.url.removeprefix(BASE)
    staff.allow(401)
    [session] = [cookie for cookie in await page.context.cookies() if cookie.get("name") == SESSION_COOKIE]
    await page.context.clear_cookies(name=SESSION_COOKIE)
    await page.locator(form).evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    await page.wait_for_url(lambda url: "/sign-in" in url)
    assert f"return_to={quote(here, safe='')}" in page.url
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": session.get("value", ""), "url": BASE}])


@variants("drafts")
async def test_what_was_typed_outlives_the_session(look, variant: Variant) -> None:
    staff: Visitor = await look(variant)
    page: Page = staff.page
    await staff.goto("/merchant/products/new")
    await staff.fill(title_zh="会话过期前写的标题", code="KEPT-1")

    await send_when_signed_out(staff, "form:has([name='title_zh'])")
    await staff.goto("/merchant/products/new")

    await expect(page.locator("[name='title_zh']")).to_have_value("会话过期前写的标题")
    await expect(page.locator("[name='code']")).to_have_value("KEPT-1")


@variants("drafts")
async def test_what_was_typed_comes_back_into_its_own_form(look, owner: HttpBrowser, variant: Variant) -> None:
    await owner.post("/merchant/shop-categories", {"name_zh": "新茶", "name_en": "New tea"})
    staff: Visitor = await look(variant)
    page: Page = staff.page
    await staff.goto("/merchant/shop-categories")
    new, change = page.locator("form[data-draft='new']"), page.locator("form[data-draft]:not([data-draft='new'])")

    await new.locator("[name='name_en']").fill("Gifts")
    await send_when_signed_out(staff, "form[data-draft='new']")
    await staff.goto("/merchant/shop-categories")

    await expect(new.locator("[name='name_en']")).to_have_value("Gifts")
    await expect(change.locator("[name='name_en']")).to_have_value("New tea")


@variants("theme")
async def test_the_appearance_is_chosen(look, variant: Variant) -> None:
    buyer: Visitor = await look(variant, as_owner=False)
    page: Page = buyer.page
    await buyer.goto("/sign-in")

    await page.locator("[data-theme-switch] button[value='dark']").first.click()

    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await buyer.look("dark")


@variants("views")
async def test_a_saved_view_stands_above_its_list(look, owner: HttpBrowser, variant: Variant) -> None:
    await owner.post("/merchant/views", {"path": "/merchant/orders", "query": "state=shipped", "name": "On the road"})
    staff: Visitor = await look(variant)

    await staff.goto("/merchant/orders?state=shipped")

    await expect(staff.page.locator(".saved-view a[aria-current]", has_text="On the road")).to_be_visible()
    await staff.look("view")
