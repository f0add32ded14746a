"""How soon a phone shows the largest thing of a page (LCP), on a throttled line, as somebody who was never here.

    STEELYARD_URL=http://127.0.0.1:8000 python bench/first_paint.py

Chromium's DevTools protocol slows line and processor as Lighthouse does for "slow 4G": 1.6 Mbit/s down, 150 ms there and
back, a processor four times slower. Each page is opened so many times with an empty cache; the middle one counts.
"""

import asyncio
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ViewportSize, async_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from tools import browser as browsers

TIMES = int(os.environ.get("BENCH_TIMES", "5"))
TARGET_MILLISECONDS = 1_200
PHONE: ViewportSize = {"width": 375, "height": 812}
PROFILES: dict[str, dict[str, float]] = {
    # What Lighthouse calls slow 4G, and what a phone in a Chinese town has.
    "slow 4G": {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8, "cpu": 4},
    "4G": {"latency": 40, "downloadThroughput": 9e6 / 8, "uploadThroughput": 4e6 / 8, "cpu": 2},
}
PAGES = {"home": "/", "category": "/c/shoes", "search": "/search?q=%E9%9E%8B"}
LCP = """
    window.__lcp = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.__lcp = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
"""


async def once(browser: Browser, url: str, profile: dict[str, float]) -> float:
    """Milliseconds until the largest thing stood there."""
    context = await browser.new_context(viewport=PHONE, device_scale_factor=2, locale="zh-CN", is_mobile=True)
    page = await context.new_page()
    line = await context.new_cdp_session(page)
    slowed: dict[str, Any] = {name: value for name, value in profile.items() if name != "cpu"}
    await line.send("Network.enable")
    await line.send("Network.emulateNetworkConditions", {"offline": False, **slowed})
    await line.send("Emulation.setCPUThrottlingRate", {"rate": profile["cpu"]})
    await page.add_init_script(LCP)
    await page.goto(url, wait_until="networkidle")
    found: float = await page.evaluate("window.__lcp")
    await context.close()
    return found


async def main() -> int:
    """A table of the middle values; 1 when one on 4G is above the target."""
    base = os.environ.get("STEELYARD_URL", "http://127.0.0.1:8000").rstrip("/")
    path = browsers.find()
    if path is None:
        print(browsers.HOW_TO_GET_ONE)
        return 1
    late = False
    print(f"LCP in ms, middle of {TIMES} (target on 4G: {TARGET_MILLISECONDS})")
    print(f"{'page':<12}" + "".join(f"{name:>12}" for name in PROFILES))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )
        for name, page in PAGES.items():
            await once(browser, base + page, PROFILES["4G"])  # renditions are made, templates compiled
            row: dict[str, float] = {}
            for label, profile in PROFILES.items():
                row[label] = statistics.median([await once(browser, base + page, profile) for _ in range(TIMES)])
            late = late or row["4G"] > TARGET_MILLISECONDS
            print(f"{name:<12}" + "".join(f"{value:>12.0f}" for value in row.values()))
        await browser.close()
    return int(late)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
