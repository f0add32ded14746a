"""Somebody at a browser: what they do by the words they read, and what every page that they see must be."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page, Response, expect

from steelyard.kernel import i18n
from steelyard.surfaces.components.assets import NODE_MODULES

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SECONDS_MAX = 45
LOOK_AGAIN_MILLISECONDS = 400
CLIENT_ERROR = 400
# A page takes no click before its scripts have run: people are slower than that, and a journey is not about the moment between.
ALIVE = """
    const heard = (kind) => { document.documentElement.style.pointerEvents = kind; };
    new MutationObserver((_, watch) => {
      if (!document.documentElement || document.readyState !== "loading") return;
      watch.disconnect();
      heard("none");
    }).observe(document, { childList: true });
    addEventListener("DOMContentLoaded", () => setTimeout(heard, 0, ""));
"""
# What sticks to the window's edge lies over whatever is scrolled below it just then. axe takes that for a target that is
# always covered, and finds one page wrong or right by the number of its rows: for its look all of it lies where it belongs.
UNSTICK = """
    () => {
      window.__unstuck = [...document.querySelectorAll("body *")]
        .filter((element) => getComputedStyle(element).position === "sticky")
        .map((element) => [element, element.getAttribute("style")]);
      for (const [element] of window.__unstuck) Object.assign(element.style, { position: "relative", inset: "auto" });
    }
"""
STICK = """
    () => {
      // An empty attribute would be copied by htmx when it swaps, which the page's policy refuses.
      for (const [element, style] of window.__unstuck) {
        element.style.cssText = style || "";
        if (!style) element.removeAttribute("style");
      }
    }
"""
# What lies below the window's edge is asked for now, and is there (or will never be: then the page is looked at without it).
# What moves has come to rest: halfway faded in, words have less contrast than they will have. Nobody waits for what turns for
# ever, or goes away after some seconds.
STILL = """
    () => Promise.all(document.getAnimations()
      .filter((each) => each.playState === "running" && each.effect.getComputedTiming().endTime <= 1000)
      .map((each) => each.finished.catch(() => null))).then(() => null)
"""
ALL_PICTURES = """
    async () => {
      const late = new Promise((there) => setTimeout(there, 30_000));
      for (const image of document.images) image.loading = "eager";
      await Promise.all([...document.images].map((image) => image.complete || Promise.race([late, new Promise((there) => {
        image.addEventListener("load", there);
        image.addEventListener("error", there);
      })])));
    }
"""
# The browser's own words for an answer that we have looked at already.
STATUS_IN_CONSOLE = "Failed to load resource: the server responded with a status of"
# What the browser and htmx say when the line is cut.
LINE_IN_CONSOLE = re.compile("ERR_INTERNET_DISCONNECTED|htmx:(afterRequest|sendError)")


class Visitor:
    """One browser window of one person. `words` are our own, in the language that the person reads; axe looks at the pages
    whose names are to be looked at `closely`."""

    def __init__(
        self,
        context: BrowserContext,
        page: Page,
        url: str,
        locale: str,
        shots: Path | None,
        *,
        scripts: bool = True,
        closely: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.context = context
        self._scripts = scripts
        self._closely = closely
        self.page = page
        self.url = url
        self.locale = locale
        self._catalogue = i18n.translations(locale)
        self._shots = shots
        self._allowed: set[int] = set()
        self._line_may_break = False
        self.complaints: list[str] = []
        page.on("console", lambda said: self._complain(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("response", self._on_response)
        page.on("requestfailed", lambda failed: self._on_failure(failed.url, failed.failure))

    def words(self, msgid: str, **facts: object) -> str:
        """Our words in this person's language."""
        told = self._catalogue.gettext(msgid)
        return told % facts if facts else told

    def allow(self, status: int) -> None:
        """From now on this answer is what the journey is about."""
        self._allowed.add(status)

    def allow_a_broken_line(self) -> None:
        """From now on what cannot be asked for, because the line is cut, is what the journey is about."""
        self._line_may_break = True

    async def goto(self, path: str) -> None:
        await self.page.goto(path if path.startswith("http") else f"{self.url}{path}")

    def button(self, msgid: str, **facts: object) -> Locator:
        """The first visible button with these words; on a phone the bar at the lower edge repeats some."""
        return self.page.get_by_role("button", name=self.words(msgid, **facts), exact=True).first

    def link(self, msgid: str, **facts: object) -> Locator:
        return self.page.get_by_role("link", name=self.words(msgid, **facts), exact=True).first

    def text(self, msgid: str, **facts: object) -> Locator:
        return self.page.get_by_text(self.words(msgid, **facts), exact=True).first

    async def follow(self, what: Locator) -> None:
        """Click what leads on or changes a part of the page, and wait until that is there."""
        await what.click()
        await self.settled()

    async def press(self, key: str) -> None:
        """A key, once the page is there to hear it."""
        await self.settled()
        await self.page.keyboard.press(key)

    async def fill(self, **fields: str) -> None:
        """Fields by their names."""
        for name, value in fields.items():
            await self.page.locator(f"input[name='{name}'], textarea[name='{name}']").first.fill(value)

    async def look(self, name: str) -> None:
        """The page is whole: no wider than the window, nothing on it has failed, and, looked at closely, it is accessible.
        A picture is taken where pictures are kept: it takes as long as all the rest."""
        await self.settled()
        await self.page.evaluate("window.scrollTo(0, 0)")
        if self._scripts:
            await self.page.evaluate(STILL)
            await self.page.evaluate(ALL_PICTURES)
        if self._shots is not None:
            # Hiding the caret would need a style of its own, which the page's policy rightly refuses.
            await self.page.screenshot(path=self._shots / f"{name}.png", full_page=True, caret="initial")
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the window"
        # Where scripts are off, axe cannot run either; the same pages are looked at with it elsewhere.
        found = await self._axe() if self._scripts and self._closely(name) else []
        assert not found, f"{name}:\n" + "\n".join(found)
        self.assert_content()

    async def settled(self) -> None:
        """The page is there, and what it asked for since."""
        await self.page.wait_for_load_state("load")
        await expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    async def until(self, seen: Locator) -> None:
        """Load the page again until this is seen on it: what others do arrives a little later."""
        for _ in range(SECONDS_MAX * 1000 // LOOK_AGAIN_MILLISECONDS):
            try:
                await seen.wait_for(state="visible", timeout=LOOK_AGAIN_MILLISECONDS)
            except Exception:  # playwright's time-out has no public name of its own in every version
                await self.page.reload()
            else:
                await self.settled()
                return
        await expect(seen).to_be_visible()

    async def until_gone(self, seen: Locator) -> None:
        """Load the page again until this is not on it any more."""
        for _ in range(SECONDS_MAX * 1000 // LOOK_AGAIN_MILLISECONDS):
            await self.settled()
            if not await seen.count():
                return
            await self.page.wait_for_timeout(LOOK_AGAIN_MILLISECONDS)
            await self.page.reload()
        await expect(seen).to_have_count(0)

    def assert_content(self) -> None:
        """Nothing has gone wrong in this window so far."""
        told, self.complaints = self.complaints, []
        assert not told, "\n".join(told)

    async def close(self) -> None:
        self.assert_content()
        await self.context.close()

    async def _axe(self) -> list[str]:
        # The policy of the page lets no script in from elsewhere; the debugger's door is open all the same.
        if not await self.page.evaluate("typeof window.axe === 'object'"):
            await self.page.evaluate((NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
        await self.page.evaluate(UNSTICK)
        found: dict[str, Any] = await self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", AXE_TAGS
        )
        await self.page.evaluate(STICK)
        return [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def _complain(self, what: str) -> None:
        broken = self._line_may_break and LINE_IN_CONSOLE.search(what)
        if not what.startswith(STATUS_IN_CONSOLE) and not broken:
            self.complaints.append(f"{self.page.url}: {what}")

    def _on_response(self, answer: Response) -> None:
        if answer.status >= CLIENT_ERROR and answer.status not in self._allowed:
            self.complaints.append(f"{answer.status} {answer.request.method} {answer.url}")

    def _on_failure(self, url: str, why: str | None) -> None:
        # What is still under way when a page is left is broken off.
        if why != "net::ERR_ABORTED" and not (self._line_may_break and LINE_IN_CONSOLE.search(why or "")):
            self.complaints.append(f"{why} {url}")


def minor(amount: str) -> int:
    """Minor units of an amount as it is written on a page: ¥1,228.00 is 122800."""
    found = re.search(r"[−-]?[^\d−-]*([\d,]+)\.(\d\d)", amount)
    assert found, amount
    sign = -1 if re.match(r"\s*[^\d]*[−-]", amount) else 1
    return sign * int(found[1].replace(",", "") + found[2])
