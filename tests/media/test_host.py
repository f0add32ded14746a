"""The built-in host: it plays what the house names, and an origin takes it."""

import asyncio
import os
import re
import sys
from contextlib import suppress
from io import BytesIO

import msgspec
import pytest
from PIL import Image

from steelyard.demo import pictures
from steelyard.kernel import drawings
from steelyard.simulators.host import clock, reel, speech, stage
from steelyard.simulators.host.model import Goods, Session
from tests.media.conftest import Running, free_ports, until
from tests.media.studio import decoded


class Wanting:
    """A house that says what its host is to play."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.sessions: list[dict[str, object]] = []
        self.bearers: set[str] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while asked := (await reader.readuntil(b"\r\n\r\n")).decode():
                if "GET /hooks/media/host " in asked:
                    self.bearers.add(re.findall(r"(?i)authorization: (.+)\r", asked)[0])
                    body = msgspec.json.encode({"sessions": self.sessions})
                else:
                    body = pictures.draw("teapot", "clay", "clay", 0, seed=7).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()


async def test_the_host_plays_a_session_until_the_house_names_it_no_more(running: Running) -> None:
    # given a house that wants one session played
    house = Wanting()
    server = await asyncio.start_server(house.answer, "127.0.0.1", house.port)
    address = f"http://127.0.0.1:{house.port}"
    goods = [{"name": {"en": "Teapot"}, "price": "¥199.00", "picture": f"{address}/teapot.svg"}]
    house.sessions = [{"stream": "s1", "push": running.push_address("s1"), "title": {"en": "Tonight"}, "goods": goods}]
    environ = {
        **os.environ,
        "STEELYARD_MEDIA_HOOKS_URL": f"{address}/hooks/media",
        "STEELYARD_MEDIA_WEBHOOK_SECRET": running.settings.secret,
    }

    # when the host is there
    program = await asyncio.create_subprocess_exec(sys.executable, "-m", "steelyard", "simulate", "host", env=environ)
    try:
        await until(lambda: running.house.said("on_segment"), seconds=40)
        init = (await running.get("/live/s1/init-1.mp4")).content
        first = (await running.get("/live/s1/0.m4s")).content

        # then it is portrait, with sound; and it leaves when it is told to
        told = (await running.get("/live/s1/index.m3u8")).text
        times, samples = decoded(init + first)
        assert "RESOLUTION=720x1280" in told
        assert len(times) >= 8
        assert samples >= 8 * 1024
        assert house.bearers == {f"Bearer {running.settings.secret}"}
        house.sessions = []
        await until(lambda: running.house.said("on_unpublish"))
    finally:
        program.terminate()
        await program.wait()
        server.close()


def test_scenes_follow_each_other_without_a_seam() -> None:
    lamp = Goods({"en": "Lamp"}, "¥88.00")
    painter = stage.scene(Session("s", "rtmp://nowhere", {"en": "Tonight"}), lamp, 0, None)

    clip = reel.scene(painter, seed=3)

    # the packets of a clip fill their time: as many pictures and frames of sound as there is room for
    times, samples = decoded(clip)
    assert len(times) == reel.SCENE_MS * reel.FRAMES_A_SECOND // 1000
    assert samples >= reel.SCENE_MS * speech.RATE // 1000


def test_pictures_of_goods_become_pixels() -> None:
    for angle, kind in enumerate(("teapot", "sneaker", "train", "handle", "bag", "lamp", "gauge")):
        svg = pictures.draw(kind, "clay", "clay", angle, seed=7, measures=(10, 20, 30)).encode()

        colours = drawings.picture(svg, 64).getcolors(64 * 64)

        assert colours is None or len(colours) > 100


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg",
        b'<svg viewBox="0 0"/>',
        b'<svg viewBox="0 0 0 0"/>',
        b'<svg><path d="M0 0Z 5"/></svg>',
        b"<!DOCTYPE svg><svg/>",
        b"\x89PNG",
        b"<svg " * 3,
    ],
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(drawings.NoPicture):
        drawings.picture(data, 32)


def test_a_picture_that_would_take_minutes_is_none_and_others_may_be_larger_than_here() -> None:
    soft = b'<rect width="9" height="9" filter="url(#soft)" transform="scale(9)"/>' * 41
    wide = BytesIO()
    Image.new("1", (drawings.PIXELS_MAX // 1_000 + 1, 1_000)).save(wide, "PNG")
    for data in (b"<svg>" + soft + b"</svg>", wide.getvalue()):
        with pytest.raises(drawings.NoPicture, match="too m"):
            drawings.pixels(data, 8)
    assert Image.MAX_IMAGE_PIXELS is None or Image.MAX_IMAGE_PIXELS > drawings.PIXELS_MAX


def test_a_voice_has_phrases_and_pauses_and_is_the_same_each_time() -> None:
    voice = speech.babble(4, seed=1)

    loud = [speech.loudness(voice, tenth / 10, 0.1) for tenth in range(40)]

    assert voice == speech.babble(4, seed=1)
    assert voice != speech.babble(4, seed=2)
    assert max(map(abs, voice)) <= 9000
    assert sum(level > 0.3 for level in loud) > 12
    assert sum(level < 0.02 for level in loud) >= 5


def test_the_clock_in_the_picture_can_be_read() -> None:
    luma = bytearray(b"\x80" * (768 * 1280))

    clock.stamp(luma, 768, 0xDEADBEEF)

    image = Image.frombytes("L", (768, 1280), bytes(luma))
    bits = 0
    for x, upper, lower in clock.centres():
        lit, unlit = image.getpixel((x, upper)), image.getpixel((x, lower))
        assert {lit, unlit} == {235, 16}
        bits = bits << 1 | (lit == 235)
    assert bits == 0xDEADBEEF
