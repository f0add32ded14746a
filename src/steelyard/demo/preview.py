"""The trailer of the demo's session of tomorrow: some seconds of its first product, played by the built-in host."""

import io
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av

from steelyard.kernel.files import Files, Videos
from steelyard.kernel.settings import Settings
from steelyard.simulators.host import model, reel, stage


def made(settings: Settings, title: Mapping[str, str], product: Mapping[str, str], picture: str | None) -> str:
    """Keep it with the house's videos; returns its name. Blocking. The same goods make the same video."""
    data = Files(settings.home).path(picture).read_bytes() if picture else None
    shown = model.Session(stream="", push="", title=dict(title))
    clip = reel.scene(stage.scene(shown, model.Goods(name=dict(product), price=""), 1, data), seed=1)
    return Videos(settings.home).put(_mp4(clip), "video/mp4")


def _mp4(clip: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trailer.mp4"
        with (
            av.open(io.BytesIO(clip)) as source,
            av.open(str(file), "w", format="mp4", options={"movflags": "faststart"}) as out,
        ):
            streams = {each.type: out.add_stream_from_template(each) for each in source.streams}
            for packet, at_ms in reel.packets(clip):
                packet.stream = streams[packet.stream.type]
                packet.pts = packet.dts = at_ms
                packet.time_base = Fraction(1, 1000)
                out.mux(packet)
        return file.read_bytes()
