"""Kills in a row during a live session, while viewers watch, somebody writes, agents buy and Chromium plays.

python -m tests.chaos.live_campaign --kills 40 --seed 1
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

import msgspec
import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

from steelyard.simulators.host import clock
from tests.chaos import truth
from tests.chaos.campaign import STOCK, looked_at, under_load
from tests.chaos.faults import kill, kill_backend, kill_postgres, kill_web_worker, kill_worker
from tests.chaos.house import House, Late, standing, until
from tests.chaos.live_house import SLUG, Crowd, LiveHouse, Speaker, nothing_is_lost, told_again, watched
from tools import browser as browsers

BEHIND_MS_MAX = 2_000.0
LOOKED_AT = 10
# So many looks, ten a second, until a player has found the live edge.
SETTLING = 50
# Reads the burnt-in clock from what the page's own player shows.
LOOK = """(cells) => {
  const video = document.querySelector("video"), canvas = document.createElement("canvas");
  canvas.width = 720; canvas.height = 256;
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  window.behind = [];
  setInterval(() => {
    if (video.readyState < 2) return;
    drawn.drawImage(video, 0, 0, 720, 256, 0, 0, 720, 256);
    const seen = drawn.getImageData(0, 0, 720, 256).data;
    const lit = (x, y) => seen[(y * 720 + x) * 4] > 128;
    let moment = 0, whole = true;
    for (const [x, upper, lower] of cells) {
      whole = whole && lit(x, upper) !== lit(x, lower);
      moment = moment * 2 + (lit(x, upper) ? 1 : 0);
    }
    if (whole) window.behind.push((Date.now() - moment) >>> 0);
  }, 100);
}"""


class Screen:
    """A browser that shows the room, in a thread of its own: Playwright keeps a loop running in the one that calls it."""

    def __init__(self, url: str, program: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._play: Playwright
        self._page: Page
        self._thread.submit(self._open, url, program).result()

    def _open(self, url: str, program: str) -> None:
        arguments = ["--no-sandbox", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"]
        self._play = sync_playwright().start()
        browser = self._play.chromium.launch(executable_path=program, args=arguments)
        self._page = browser.new_page(bypass_csp=True)  # what looks is written by us, and not of the page
        self._page.goto(url)
        self._page.evaluate(LOOK, clock.centres())

    def forget(self) -> None:
        """What was seen counts no more."""
        self._thread.submit(self._page.evaluate, "window.behind.length = 0").result()

    def behind(self) -> list[float]:
        """How far behind the camera each picture was that was looked at since, in ms."""
        return self._thread.submit(self._page.evaluate, "window.behind").result()

    def chat(self) -> str:
        """The lines that it shows."""
        return self._thread.submit(lambda: self._page.locator("#live-chat").inner_text()).result()

    def close(self) -> None:
        self._thread.submit(self._play.stop).result()
        self._thread.shutdown()


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """After so many seconds everybody was told again, and the picture was so far behind the camera."""

    name: str
    told_seconds: float
    seen_seconds: float
    behind_ms: float


def kill_media(house: House, _: random.Random) -> None:
    assert isinstance(house, LiveHouse)
    kill(house.media())


FAULTS: Mapping[str, Callable[[House, random.Random], None]] = {
    "kill media": kill_media,
    "kill web worker": kill_web_worker,
    "kill worker": kill_worker,
    "kill postgresql": kill_postgres,
    "kill postgresql backend": kill_backend,
}
KILLS = tuple(FAULTS)[:4]


@contextmanager
def chromium(house: LiveHouse) -> Generator[Screen]:
    """A viewer with a browser, who sees the picture. Skips where there is none."""
    found = browsers.find()
    if found is None:
        pytest.skip(browsers.HOW_TO_GET_ONE)
    screen = Screen(f"{house.url}/live/{SLUG}", found)
    try:
        yield screen
    finally:
        screen.close()


def usual(house: LiveHouse, screen: Screen) -> float:
    """How far behind the picture may be, in ms, once its player has found the live edge: as far as live is on a machine with room
    for it, and on one without, half as far again as before anything is killed."""
    until(lambda: len(screen.behind()) > SETTLING, "the picture is seen")
    return max(BEHIND_MS_MAX, 1.5 * median(screen.behind()[-LOOKED_AT:]))


def attacked(
    house: LiveHouse, crowd: Crowd, speaker: Speaker, screen: Screen, name: str, most_ms: float, seed: str = ""
) -> Back:
    """One fault: afterwards all viewers are told what is written, the browser's page shows it, and its picture is live again."""
    since = len(speaker.acknowledged)
    FAULTS[name](house, random.Random(f"{seed}/{name}"))
    begun = time.monotonic()
    told_again(house, crowd, speaker, since)
    told = time.monotonic() - begun
    line = list(speaker.acknowledged.values())[-1]
    screen.forget()
    seen: list[float] = []

    def live_again() -> bool:
        house.tend()
        seen[:] = screen.behind()
        return len(seen) >= LOOKED_AT and median(seen[-LOOKED_AT:]) <= most_ms

    try:
        until(live_again, f"the picture is live again after “{name}”")
    except Late as late:
        raise Late(f"{late}: {[round(each) for each in seen[-LOOKED_AT:]]} ms behind, of {most_ms:.0f}") from late
    back = time.monotonic() - begun
    until(lambda: line in screen.chat(), f"the page shows “{line}” after “{name}”")
    return Back(name=name, told_seconds=told, seen_seconds=back, behind_ms=median(seen[-LOOKED_AT:]))


def campaign(kills: int, seed: int) -> None:
    """So many kills in one session, whose order chance decides; what must be true is looked at after each."""
    chance = random.Random(seed)
    with standing(STOCK, kind=LiveHouse) as house, watched(house) as (crowd, speaker), chromium(house) as screen:
        most_ms = usual(house, screen)
        with under_load(house, f"live/{seed}") as memory:
            for number in range(kills):
                name = KILLS[number] if number < len(KILLS) else chance.choice(list(FAULTS))
                back = attacked(house, crowd, speaker, screen, name, most_ms, f"{seed}/{number}")
                looked_at(house, memory)
                nothing_is_lost(house, dict(speaker.acknowledged))
                print(
                    f"{number + 1:>4}/{kills}  {name:<26} told again in {back.told_seconds:>5.1f} s, picture in "
                    f"{back.seen_seconds:>5.1f} s, {back.behind_ms:>5.0f} ms behind",
                    flush=True,
                )
        nothing_is_lost(house, dict(speaker.acknowledged))
        truth.at_rest(house, memory)
    print(
        f"{kills} kills; {len(speaker.acknowledged)} lines acknowledged and found, {len(memory.bought)} purchases, "
        f"{crowd.came_back} times somebody came back."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills in a row during a live session.")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    try:
        campaign(wanted.kills, wanted.seed)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
