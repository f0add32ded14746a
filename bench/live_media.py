"""How far behind the camera a player is, by a clock burnt into the picture, and what many rooms cost the origin.

    python -m bench.live_media [latency] [returning] [rooms]

Stands alone: an origin of its own (`steelyard media`), the built-in host that sends the clock, a house that says yes to
everything, all on loopback; and Chromium with hls.js, which reads the clock from what it shows. Publisher and player read the
same machine's clock, so what is between them is encoding, sending, cutting, asking, decoding and showing: glass to glass but
for the glass.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import httpx
import psutil
from playwright.async_api import Page, async_playwright

from bench.programs import NotThere
from steelyard.simulators.host import clock
from tools import browser as browsers

FOUND = Path(__file__).parent / "live.json"
ROOMS = 8
WATCH_SECONDS = 15
SETTLE_SECONDS = 6
COUNT_SECONDS = 10
# Programs start late on a machine with much else to do.
READY_SECONDS = 240
SECRET = "whsec_bWVhc3VyaW5nLWxpdmUtdmlkZW8taGVyZS0uLi4="  # noqa: S105  # of this measurement alone
PLAYER = Path(__file__).parents[1] / "node_modules" / "hls.js" / "dist" / "hls.min.js"
WATCH = """([address, cells]) => new Promise((playing) => {
  const video = document.querySelector("video"), canvas = document.createElement("canvas");
  canvas.width = 720; canvas.height = 256;
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  window.behind = [];
  const look = () => {
    drawn.drawImage(video, 0, 0, 720, 256, 0, 0, 720, 256);
    const seen = drawn.getImageData(0, 0, 720, 256).data;
    const lit = (x, y) => seen[(y * 720 + x) * 4] > 128;
    let moment = 0, whole = true;
    for (const [x, upper, lower] of cells) {
      whole = whole && lit(x, upper) !== lit(x, lower);
      moment = moment * 2 + (lit(x, upper) ? 1 : 0);
    }
    if (whole) window.behind.push((Date.now() - moment) >>> 0);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const hls = new Hls({ lowLatencyMode: true, enableWorker: false, liveSyncMode: "edge" });
  const again = () => setTimeout(() => { hls.loadSource(address); video.play(); }, 500);
  // As the room's player does: whoever was away for long comes back as a list that begins anew.
  hls.on(Hls.Events.LEVEL_LOADED, (_, told) => { if (!told.details.live) { hls.stopLoad(); again(); } });
  hls.on(Hls.Events.ERROR, (_, told) => { if (told.fatal) again(); });
  hls.attachMedia(video);
  hls.loadSource(address);
  video.addEventListener("playing", playing, { once: true });
  video.play();
})"""


class AgreeableHouse:
    """Says yes to who publishes, and what its host is to play."""

    def __init__(self, rtmp_port: int, streams: list[str]) -> None:
        self.sessions = [
            {
                "stream": name,
                "push": f"rtmp://127.0.0.1:{rtmp_port}/live/{name}?key=k",
                "title": {"en": name},
                "goods": [{"name": {"en": "Teapot"}, "price": "¥199.00"}],
                "now": 0,
            }
            for name in streams
        ]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = next((line.split(":")[1] for line in head.splitlines() if "content-length" in line), "0")
                await reader.readexactly(int(length))
                said: dict[str, object] = {"sessions": self.sessions} if head.startswith("get") else {"code": 0}
                body = json.dumps(said).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()


class Playing:
    """An origin and a host that sends to it."""

    def __init__(self, base: str, environ: Mapping[str, str], host: Sequence[str]) -> None:
        self.base = base
        self.media: asyncio.subprocess.Process
        self.host: asyncio.subprocess.Process
        self._environ = environ
        self._words = host

    async def start(self) -> None:
        self.media = await self._started("media")
        await self.host_again()

    async def host_again(self) -> None:
        """The host is started, also again."""
        self.host = await self._started(*self._words)

    async def stop(self) -> None:
        for program in (self.host, self.media):
            with contextlib.suppress(ProcessLookupError):
                program.terminate()
            await program.wait()

    async def _started(self, *words: str) -> "asyncio.subprocess.Process":
        quiet = asyncio.subprocess.DEVNULL
        command = [sys.executable, "-m", "steelyard", *words]
        return await asyncio.create_subprocess_exec(*command, env=self._environ, stdout=quiet, stderr=quiet)


@contextlib.asynccontextmanager
async def playing(streams: list[str], *, with_clock: bool) -> AsyncGenerator[Playing]:
    """Origin and host, until this is closed."""
    http, rtmp, hooks = _ports(3)
    house = await asyncio.start_server(AgreeableHouse(rtmp, streams).answer, "127.0.0.1", hooks)
    with tempfile.TemporaryDirectory() as home:
        environ = {
            **os.environ,
            "STEELYARD_HOME": home,
            "STEELYARD_MEDIA_WEBHOOK_SECRET": SECRET,
            "STEELYARD_MEDIA_HOOKS_URL": f"http://127.0.0.1:{hooks}/hooks/media",
            "STEELYARD_MEDIA_HTTP_PORT": str(http),
            "STEELYARD_MEDIA_RTMP_PORT": str(rtmp),
        }
        origin = Playing(
            f"http://127.0.0.1:{http}", environ, ["simulate", "host", *(["--clock"] if with_clock else [])]
        )
        await origin.start()
        try:
            yield origin
        finally:
            await origin.stop()
            house.close()


async def latency_p95_ms(seconds: int = WATCH_SECONDS) -> float:
    """How many milliseconds behind the camera 95 of 100 pictures are at most."""
    return (await measure(seconds))["latency_p95_ms"]


async def measure(seconds: int = WATCH_SECONDS) -> dict[str, float]:
    """How far behind the camera Chromium shows what comes: the middle, and what 95 of 100 pictures keep."""
    async with playing(["clock"], with_clock=True) as origin, _watching(origin) as page:
        behind = await _behind(page, seconds)
    return {
        "latency_p50_ms": statistics.median(behind),
        "latency_p95_ms": statistics.quantiles(behind, n=20)[-1],
        "pictures": len(behind),
    }


async def returning(away_seconds: int = 5) -> dict[str, float]:
    """The publisher is killed and is away for so long: how far behind the camera the same player is some seconds after."""
    async with playing(["clock"], with_clock=True) as origin, _watching(origin) as page:
        await _behind(page, 2)
        origin.host.kill()
        await asyncio.sleep(away_seconds)
        await origin.host_again()
        await _until_behind(page)
        behind = await _behind(page, 5)
    return {"returned_p95_ms": statistics.quantiles(behind, n=20)[-1]}


async def rooms(count: int = ROOMS, seconds: int = COUNT_SECONDS) -> dict[str, float]:
    """What so many rooms at once cost the origin: share of a core in percent, and megabytes."""
    names = [f"room{number}" for number in range(count)]
    async with playing(names, with_clock=False) as origin:
        for name in names:
            await until_answered(f"{origin.base}/live/{name}/index.m3u8")
        program = psutil.Process(origin.media.pid)
        before, since = program.cpu_times(), time.monotonic()
        await asyncio.sleep(seconds)
        after, spent = program.cpu_times(), time.monotonic() - since
        used = after.user + after.system - before.user - before.system
        return {
            "rooms": count,
            "core_percent": round(100 * used / spent, 1),
            "megabytes": round(program.memory_info().rss / 1e6, 1),
        }


@contextlib.asynccontextmanager
async def _watching(origin: Playing) -> AsyncGenerator[Page]:
    """Chromium, which plays the clock. Raises NotThere without one."""
    found = browsers.find()
    if found is None:
        raise NotThere(browsers.HOW_TO_GET_ONE)
    arguments = ["--no-sandbox", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"]
    async with async_playwright() as play:
        chromium = await play.chromium.launch(executable_path=found, args=arguments)
        page = await chromium.new_page()
        await page.set_content("<video muted playsinline></video>")
        await page.add_script_tag(path=PLAYER)
        address = f"{origin.base}/live/clock/index.m3u8"
        await until_answered(address)
        await page.evaluate(WATCH, [address, clock.centres()])
        yield page
        await chromium.close()


async def _until_behind(page: Page) -> None:
    """Until pictures are shown again."""
    await page.evaluate("window.behind.length = 0")
    await page.wait_for_function("window.behind.length > 0", timeout=READY_SECONDS * 1000)


async def _behind(page: Page, seconds: int) -> list[float]:
    await asyncio.sleep(SETTLE_SECONDS)
    await page.evaluate("window.behind.length = 0")
    await asyncio.sleep(seconds)
    behind: list[float] = await page.evaluate("window.behind")
    assert len(behind) > seconds, "the player shows what comes"
    return behind


async def until_answered(url: str) -> None:
    """Until there is something to play at this address."""
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.2)


def _ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


async def all_of_it() -> dict[str, float]:
    """All three."""
    return {**await measure(), **await returning(), **await rooms()}


PARTS = {"latency": measure, "returning": returning, "rooms": rooms}


def main() -> None:
    """Measure them alone, or the parts that are named, and leave each beside what was found before as soon as it is found."""
    parser = argparse.ArgumentParser(prog="python -m bench.live_media", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them if none is named")
    for name in parser.parse_args().parts or PARTS:
        found = asyncio.run(PARTS[name]())
        before = json.loads(FOUND.read_text()) if FOUND.exists() else {}
        FOUND.write_text(json.dumps({**before, **found}, indent=2) + "\n")
        print(json.dumps(found, indent=2), flush=True)


if __name__ == "__main__":
    main()
