"""How soon a phone shows the largest thing of a page (LCP), on a throttled line, as somebody who was never here.

    python -m bench first_paint

Chromium's DevTools protocol slows line and processor as Lighthouse does for "slow 4G": 1.6 Mbit/s down, 150 ms there and
back, a processor four times slower. Each page is opened so many times with an empty cache; the middle one counts.
"""

import asyncio
import os
import statistics
from typing import Any

from playwright.async_api import Browser, StorageState, ViewportSize, async_playwright

from bench.house import House
from bench.programs import NotThere
from bench.report import Figure
from tools import browser as browsers

TIMES = int(os.environ.get("BENCH_TIMES", "5"))
TARGET_MILLISECONDS = 1_200
PAINTED_SECONDS = 60
PHONE: ViewportSize = {"width": 375, "height": 812}
PROFILES: dict[str, dict[str, float]] = {
    # What Lighthouse calls slow 4G, and what a phone in a Chinese town has.
    "slow 4G": {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8, "cpu": 4},
    "4G": {"latency": 40, "downloadThroughput": 9e6 / 8, "uploadThroughput": 4e6 / 8, "cpu": 2},
}
# Without scripts, the choice stands open there.
DESK: ViewportSize = {"width": 1440, "height": 900}
SHOP = "/shops/zoufang"
PAGES = {"home": "/", "category": "/c/shoes", "search": "/search?q=%E9%9E%8B", "shop": SHOP}
LCP = """
    window.__painted = new Promise((painted) => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.__lcp = entry.startTime;
        painted();
      }).observe({ type: "largest-contentful-paint", buffered: true });
    });
"""


async def once(browser: Browser, url: str, profile: dict[str, float], state: StorageState | None = None) -> float:
    """Milliseconds until the largest thing stood there."""
    context = await browser.new_context(
        viewport=PHONE, device_scale_factor=2, locale="zh-CN", is_mobile=True, storage_state=state
    )
    page = await context.new_page()
    line = await context.new_cdp_session(page)
    slowed: dict[str, Any] = {name: value for name, value in profile.items() if name != "cpu"}
    await line.send("Network.enable")
    await line.send("Network.emulateNetworkConditions", {"offline": False, **slowed})
    await line.send("Emulation.setCPUThrottlingRate", {"rate": profile["cpu"]})
    await page.add_init_script(LCP)
    await page.goto(url, wait_until="networkidle")
    # On a slow processor the line may be idle before anything is painted. The page's policy lets nobody ask it by turns.
    async with asyncio.timeout(PAINTED_SECONDS):
        found: float = await page.evaluate("window.__painted.then(() => window.__lcp)")
    await context.close()
    return found


async def at_the_till(browser: Browser, base: str) -> tuple[str, str, StorageState]:
    """The address of a product and that of a checkout of it, and what the browser must carry to see the latter."""
    context = await browser.new_context(viewport=DESK, locale="zh-CN", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(base + SHOP)
    product = await page.locator("a[href^='/products/']").first.get_attribute("href")
    assert product, "the shop has goods"
    await page.goto(base + product)
    await page.locator("button[name='then'][value='checkout']").click()
    await page.wait_for_url("**/checkout/**")
    till, state = page.url.removeprefix(base), await context.storage_state()
    await context.close()
    return product, till, state


async def measure(base: str) -> dict[str, dict[str, float]]:
    """The middle value of each page on each line."""
    path = browsers.find()
    if path is None:
        raise NotThere(browsers.HOW_TO_GET_ONE)
    found: dict[str, dict[str, float]] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )
        product, till, state = await at_the_till(browser, base)
        for name, page in {**PAGES, "product": product, "checkout": till}.items():
            carried = state if name == "checkout" else None
            await once(browser, base + page, PROFILES["4G"], carried)  # renditions are made, templates compiled
            found[name] = {
                label: statistics.median([await once(browser, base + page, line, carried) for _ in range(TIMES)])
                for label, line in PROFILES.items()
            }
            print(f"{name:<12}" + "".join(f"{value:>8.0f} ms on {label}" for label, value in found[name].items()))
        await browser.close()
    return found


async def figures(house: House) -> list[Figure]:
    """The target is that on 4G; slow 4G is told."""
    found = await measure(house.url)
    return [
        Figure(
            f"lcp_{name}_{label.replace(' ', '_').lower()}_ms",
            round(value),
            TARGET_MILLISECONDS if label == "4G" else None,
        )
        for name, values in found.items()
        for label, value in values.items()
    ]
