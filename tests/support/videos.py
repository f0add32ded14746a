"""Short videos, made here: grey pictures, and silence."""

import io
from fractions import Fraction

import av


def clip(
    seconds: int = 3,
    *,
    size: tuple[int, int] = (240, 320),
    pixels: str = "yuv420p",
    place: str = "",
    key_frames: bool = False,
) -> bytes:
    """An MP4 with H.264 and AAC; `place` is what a camera would write down of where it was; `key_frames`: there are no others."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        if place:
            out.metadata["comment"] = place
        picture = out.add_stream("h264", rate=5, options={"preset": "ultrafast", **({"g": "1"} if key_frames else {})})
        picture.width, picture.height, picture.pix_fmt = *size, pixels
        sound = out.add_stream("aac", rate=16_000, layout="mono")
        for number in range(seconds * 5):
            frame = av.VideoFrame(*size, pixels)
            frame.pts, frame.time_base = number, Fraction(1, 5)
            out.mux(picture.encode(frame))
        silence = av.AudioFrame(format="s16", layout="mono", samples=16_000 * seconds)
        silence.sample_rate, silence.pts, silence.time_base = 16_000, 0, Fraction(1, 16_000)
        silence.planes[0].update(bytes(silence.planes[0].buffer_size))
        out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
        out.mux(picture.encode(None))
    return file.getvalue()
