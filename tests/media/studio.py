"""A publisher for tests: a clip encoded once, pushed by FFmpeg's own RTMP as OBS and ffmpeg do."""

import asyncio
import io
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging

FRAMES_A_SECOND = 25
SOUND_RATE = 44_100
SIDE = 64


@cache
def clip(seconds: int, side: int = SIDE, *, keyframes: int = FRAMES_A_SECOND, sound: bool = True) -> bytes:
    """An FLV of so many seconds: a grey that turns lighter, a key frame a second, silence of AAC."""
    file = io.BytesIO()
    with av.open(file, "w", format="flv") as out:
        options = {"preset": "ultrafast", "bf": "2", "sc_threshold": "0", "keyint_min": str(keyframes)}
        video: Any = out.add_stream("h264", rate=FRAMES_A_SECOND, options=options)
        video.width = video.height = side
        video.pix_fmt = "yuv420p"
        video.codec_context.gop_size = keyframes
        audio: Any = out.add_stream("aac", rate=SOUND_RATE, layout="mono") if sound else None
        for number in range(seconds * FRAMES_A_SECOND):
            picture = av.VideoFrame(side, side, "gray")
            picture.planes[0].update(bytes([number % 256]) * picture.planes[0].buffer_size)
            picture.pts, picture.time_base = number, Fraction(1, FRAMES_A_SECOND)
            out.mux(video.encode(picture.reformat(format="yuv420p")))
        if audio is not None:
            for number in range(seconds * SOUND_RATE // 1024):
                quiet = av.AudioFrame("fltp", "mono", 1024)
                quiet.planes[0].update(bytes(quiet.planes[0].buffer_size))
                quiet.rate, quiet.pts, quiet.time_base = SOUND_RATE, number * 1024, Fraction(1, SOUND_RATE)
                out.mux(audio.encode(quiet))
        out.mux(video.encode(None))
        if audio is not None:
            out.mux(audio.encode(None))
    return file.getvalue()


def push(address: str, flv: Path) -> bool:
    """Publish a clip as fast as it is taken, then, until standard input ends, hold the line; whether all was taken."""
    try:
        with av.open(flv) as source, av.open(address, "w", format="flv") as out:
            streams = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
            sys.stdin.read()
    except (av.error.FFmpegError, OSError):
        return False
    return True


async def publisher(address: str, flv: Path, *, stays: bool = False) -> asyncio.subprocess.Process:
    """A program that pushes: FFmpeg holds the interpreter while it waits for the line, so it cannot be a thread here."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.media.studio", address, str(flv), stdin=asyncio.subprocess.PIPE
    )
    if not stays:
        assert program.stdin is not None
        program.stdin.close()
    return program


def decoded(mp4: bytes) -> tuple[list[float], int]:
    """The times of all pictures of a fragmented MP4, in seconds, and how many samples of sound are in it."""
    times: list[float] = []
    samples = 0
    with av.open(io.BytesIO(mp4), "r") as source:
        frames: Iterator[Any] = source.decode()
        for frame in frames:
            if isinstance(frame, av.VideoFrame):
                assert frame.time is not None
                times.append(frame.time)
            else:
                samples += frame.samples
    return times, samples


if __name__ == "__main__":
    av.logging.set_level(None)
    sys.exit(0 if push(sys.argv[1], Path(sys.argv[2])) else 1)
