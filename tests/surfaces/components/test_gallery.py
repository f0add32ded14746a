"""Every macro on sample pages, in a browser: both languages, phone and desk, with axe and a strict CSP."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, Route, async_playwright

from steelyard.demo.pictures import draw
from steelyard.surfaces.components import Assets, Templates
from steelyard.surfaces.components.assets import NODE_MODULES
from tests.surfaces.components.sample_pages import ALL, MERCHANT, SAMPLES, STOREFRONT, render

ORIGIN = "http://steelyard.test"
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
WIDTHS = {"phone": (375, 812), "desk": (1440, 900)}
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

assets = Assets()
templates = Templates(assets, {"samples": SAMPLES})


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    debian = Path("/usr/bin/chromium")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=debian if debian.exists() else None,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
        yield running
        await running.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: STEELYARD_SHOTS, or a temporary folder."""
    wanted = os.environ.get("STEELYARD_SHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


LOOKS = {
    "boot": ("tan", "leather"),
    "sneaker": ("white", "canvas"),
    "teapot": ("clay", "clay"),
    "lamp": ("green", "metal"),
    "spectacles": ("brown", "acetate"),
    "scarf": ("wine", "wool"),
    "bag": ("ink", "leather"),
    "toy robot": ("red", "metal"),
    "mug": ("sky", "ceramic"),
    "watch": ("brown", "leather"),
}


def picture(path: str, query: str) -> bytes:
    kind = unquote(path.removeprefix("/pictures/").removesuffix(".svg"))
    colour, material = LOOKS[kind]
    return draw(kind, colour, material, int(query or 0), 3).encode()


async def serve(route: Route, request: Request) -> None:
    where = urlsplit(request.url)
    parts = where.path.strip("/").split("/")
    if where.path.startswith("/assets/"):
        answer = assets.answer(where.path)
        await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)
    elif parts[0] == "pictures":
        body = picture(where.path, where.query)
        await route.fulfill(status=200, headers={"content-type": "image/svg+xml"}, body=body)
    elif parts[0] == "lost":
        await route.abort("internetdisconnected")
    elif len(parts) == 2 and parts[1] in ALL:
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
        await route.fulfill(status=200, headers=headers, body=render(templates, parts[1], parts[0]))
    else:
        await route.fulfill(status=404, body="")


async def opened(browser: Browser, name: str, language: str, width: str, **settings: object) -> tuple[Page, list[str]]:
    size = WIDTHS[width]
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **settings
    )
    page = await context.new_page()
    await page.route("**/*", serve)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{ORIGIN}/{language}/{name}")
    return page, complaints


async def axe_violations(page: Page) -> list[str]:
    await page.evaluate((NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = await page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", AXE_TAGS)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


async def wider_than_the_window(page: Page) -> int:
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.journey
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
@pytest.mark.parametrize("name", ALL)
async def test_a_sample_page_is_accessible_fits_and_keeps_the_policy(
    browser: Browser, shots: Path, name: str, language: str, width: str
) -> None:
    page, complaints = await opened(browser, name, language, width)

    await page.screenshot(path=shots / f"{name}-{language}-{width}.png", full_page=width == "desk")

    assert await axe_violations(page) == []
    assert await wider_than_the_window(page) == 0
    assert complaints == []
    await page.context.close()


@pytest.mark.journey
@pytest.mark.parametrize("name", ["home", "product", "cart", "dashboard", "order", "sign_in"])
async def test_a_sample_page_is_accessible_in_the_dark(browser: Browser, shots: Path, name: str) -> None:
    page, _ = await opened(browser, name, "zh-Hans", "desk", color_scheme="dark")

    await page.screenshot(path=shots / f"{name}-dark.png")

    assert await axe_violations(page) == []
    await page.context.close()


@pytest.mark.journey
async def test_the_sidebar_of_a_console_opens_on_a_phone_without_javascript(browser: Browser, shots: Path) -> None:
    page, _ = await opened(browser, MERCHANT[0], "en", "phone", java_script_enabled=False)

    assert not await page.locator("#sidebar").is_visible()
    await page.get_by_role("button", name="Menu", exact=True).click()

    assert await page.locator("#sidebar").is_visible()
    await page.screenshot(path=shots / "sidebar-phone.png")
    await page.context.close()


@pytest.mark.journey
async def test_a_dialog_a_confirmation_and_a_stepper_work(browser: Browser, shots: Path) -> None:
    page, _ = await opened(browser, "order", "en", "phone")

    await page.get_by_role("link", name="Ship", exact=True).click()
    assert await page.get_by_role("dialog").is_visible()
    await page.screenshot(path=shots / "dialog-phone.png")
    assert await axe_violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_text("Cancel order").first.click()
    assert await page.get_by_text("This cannot be undone").is_visible()
    await page.screenshot(path=shots / "confirm-phone.png")
    await page.keyboard.press("Escape")
    await page.get_by_label("One more").click()

    assert await page.get_by_label("Quantity").input_value() == "13"
    await page.context.close()


@pytest.mark.journey
async def test_a_lost_connection_is_said_and_the_input_stays(browser: Browser) -> None:
    page, _ = await opened(browser, "cart", "en", "phone")
    await page.get_by_label("Street and number").fill("Wensan Road 90")

    await page.evaluate("htmx.ajax('POST', '/lost', {target: '#announcer'}).catch(() => 0)")

    await page.get_by_text("Connection lost").wait_for(state="visible")
    assert await page.get_by_label("Street and number").input_value() == "Wensan Road 90"
    await page.context.close()


@pytest.mark.journey
async def test_a_gallery_changes_its_picture_in_place(browser: Browser) -> None:
    page, _ = await opened(browser, STOREFRONT[2], "en", "desk")

    await page.locator(".gallery-strip a").nth(2).click()

    assert (await page.locator(".gallery-main img").get_attribute("src") or "").endswith("?2")
    await page.context.close()
