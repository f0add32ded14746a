"""What pages may cost a phone: bytes over the line, requests, and nothing that moves while it loads."""

import re
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import Browser, CDPSession, ViewportSize

from tests.journeys.house import House

PHONE: ViewportSize = {"width": 375, "height": 812}
# Bytes as they travel: compressed.
HTML_BYTES_MAX = 60_000
STYLE_AND_SCRIPT_BYTES_MAX = 90_000
REQUESTS_MAX = 45
# The sum of layout shifts that people do not notice: a tenth of what the web vitals call good.
SHIFT_MAX = 0.01

SHIFTS = """
    window.__shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


class Cost(msgspec.Struct):
    """What one page took."""

    html: int = 0
    code: int = 0
    requests: int = 0
    shift: float = 0.0


# As the product page's own button sends it, wherever that stands on a phone.
BUY = """
    const form = document.getElementById("buy");
    const then = Object.assign(document.createElement("input"), { type: "hidden", name: "then", value: "checkout" });
    form.append(then);
    form.submit();
"""


async def cost_of(browser: Browser, url: str, *, buys: bool = False) -> Cost:
    """Open a page as somebody who was never here, on a phone; or the checkout, where they buy what the page sells."""
    context = await browser.new_context(viewport=PHONE, locale="zh-CN", reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(url)
    if buys:
        await page.evaluate(BUY)
        await page.wait_for_url(re.compile("/checkout/"))
    line = await context.new_cdp_session(page)
    cost, kinds = Cost(), await _watch(line)
    await line.send("Network.clearBrowserCache")
    await page.add_init_script(SHIFTS)
    await page.reload(wait_until="networkidle")
    await page.evaluate("window.scrollTo(0, 1200)")
    await page.wait_for_load_state("networkidle")
    for kind, size in kinds.values():
        cost.requests += 1
        cost.html += size if kind == "Document" else 0
        cost.code += size if kind in ("Stylesheet", "Script") else 0
    cost.shift = await page.evaluate("window.__shift")
    await context.close()
    return cost


async def _watch(line: CDPSession) -> dict[str, tuple[str, int]]:
    """Each request by its number: what it was for, and how many bytes came."""
    kinds: dict[str, tuple[str, int]] = {}

    def begun(event: dict[str, object]) -> None:
        kinds[str(event["requestId"])] = (str(event["type"]), 0)

    def ended(event: dict[str, object]) -> None:
        kind, _ = kinds.get(str(event["requestId"]), ("Other", 0))
        kinds[str(event["requestId"])] = (kind, int(str(event["encodedDataLength"]).partition(".")[0]))

    line.on("Network.responseReceived", begun)
    line.on("Network.loadingFinished", ended)
    await line.send("Network.enable")
    return kinds


async def product_of(browser: Browser, house: House) -> str:
    """The address of some product that can be bought."""
    page = await browser.new_page()
    await page.goto(f"{house.url}/c/shoes")
    href = await page.locator(".product-card:not(.product-sold-out) .product-title a").first.get_attribute("href")
    await page.close()
    assert href
    return urlsplit(href).path


@pytest.mark.parametrize("what", ["home", "category", "search", "product", "checkout"])
async def test_a_page_stays_within_its_budget(house: House, browser: Browser, what: str) -> None:
    paths = {"home": "/", "category": "/c/shoes", "search": "/search?q=%E9%9E%8B"}
    path = paths.get(what) or await product_of(browser, house)

    cost = await cost_of(browser, house.url + path, buys=what == "checkout")

    assert 0 < cost.html <= HTML_BYTES_MAX, f"{what}: {cost}"
    assert 0 < cost.code <= STYLE_AND_SCRIPT_BYTES_MAX, f"{what}: {cost}"
    assert cost.requests <= REQUESTS_MAX, f"{what}: {cost}"
    assert cost.shift <= SHIFT_MAX, f"{what}: {cost}"
