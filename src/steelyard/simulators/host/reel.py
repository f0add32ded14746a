"""Video of a scene, encoded once and sent again and again; and the camera with a clock, which is encoded as it goes.

The encoder is asked for by the format's name: whichever the FFmpeg has that PyAV was built with (docs/decisions/0161).
"""

import io
import time
from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av

from steelyard.simulators.host import clock, speech
from steelyard.simulators.host.stage import HEIGHT, WIDTH, Painter

FRAMES_A_SECOND = 10
KEYFRAMES = 8
"""Pictures from one key frame to the next."""

SCENE_MS = 6400
"""A scene: so many whole pictures, whole groups of them, and whole frames of sound (64 ms) at once."""

CLOCK_FRAMES_A_SECOND = 20
_SOUND_SAMPLES = 1024
_SOUND_FRAMES = SCENE_MS * speech.RATE // 1000 // _SOUND_SAMPLES
_PICTURES = SCENE_MS * FRAMES_A_SECOND // 1000
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "27", "sc_threshold": "0", "threads": "1"}


def scene(paint: Painter, seed: int) -> bytes:
    """One scene as FLV: H.264 and AAC. It begins with a key frame, and another of its kind may follow it."""
    voice = speech.babble(SCENE_MS // 1000, seed)
    file = io.BytesIO()
    with av.open(file, "w", format="flv") as out:
        video, sound = _video(out, FRAMES_A_SECOND, KEYFRAMES), _sound(out)
        for number in range(_PICTURES):
            second = number / FRAMES_A_SECOND
            picture = av.VideoFrame.from_image(paint(second, speech.loudness(voice, second, 1 / FRAMES_A_SECOND)))
            picture.pts, picture.time_base = number, Fraction(1, FRAMES_A_SECOND)
            out.mux(video.encode(picture.reformat(format="yuv420p")))
        for frame in _frames(voice):
            out.mux(sound.encode(frame))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return file.getvalue()


def play(push: str, clips: Callable[[], bytes], stopped: Callable[[], bool], pause: Callable[[float], object]) -> None:
    """Send one clip after the other, at the pace of the clock, until `stopped`. Raises av.error.FFmpegError or OSError."""
    clip = clips()
    begun, sent = time.monotonic(), 0
    with av.open(io.BytesIO(clip)) as source, av.open(push, "w", format="flv") as out:
        streams = {stream.type: out.add_stream_from_template(stream) for stream in source.streams}
        while not stopped():
            for packet, at_ms in packets(clip):
                late = begun + (sent + at_ms) / 1000 - time.monotonic()
                if late > 0:
                    pause(late)
                if stopped():
                    return
                packet.stream = streams[packet.stream.type]
                packet.pts = packet.dts = sent + at_ms
                packet.time_base = Fraction(1, 1000)
                out.mux(packet)
            sent += SCENE_MS
            clip = clips()


def play_clock(push: str, paint: Painter, stopped: Callable[[], bool], pause: Callable[[float], object]) -> None:
    """Send one scene's picture with a clock in it that tells when it was taken. Raises as `play` does."""
    still = av.VideoFrame.from_image(paint(0, 0)).reformat(format="yuv420p")
    line = still.planes[0].line_size
    luma = bytearray(bytes(still.planes[0]))
    begun = time.monotonic()
    with av.open(push, "w", format="flv") as out:
        video = _video(out, CLOCK_FRAMES_A_SECOND, CLOCK_FRAMES_A_SECOND)
        number = 0
        while not stopped():
            pause(max(0.0, begun + number / CLOCK_FRAMES_A_SECOND - time.monotonic()))
            clock.stamp(luma, line, int(time.time() * 1000) & 0xFFFFFFFF)
            still.planes[0].update(bytes(luma))
            still.pts, still.time_base = number, Fraction(1, CLOCK_FRAMES_A_SECOND)
            still.pict_type = 0  # the encoder's own choice: what it chose last is written into the frame
            out.mux(video.encode(still))
            number += 1


def _video(out: Any, rate: int, keyframes: int) -> Any:
    video = out.add_stream("h264", rate=rate, options=_OPTIONS)
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    video.codec_context.gop_size = keyframes
    video.codec_context.time_base = Fraction(1, rate)
    return video


def _sound(out: Any) -> Any:
    sound = out.add_stream("aac", rate=speech.RATE, layout="mono")
    sound.bit_rate = 32_000
    return sound


def _frames(voice: "array[int]") -> Iterator[Any]:
    for number in range(_SOUND_FRAMES):
        piece = voice[number * _SOUND_SAMPLES : (number + 1) * _SOUND_SAMPLES]
        floats = array("f", (value / 32768 for value in piece))
        floats.extend([0.0] * (_SOUND_SAMPLES - len(floats)))
        frame: Any = av.AudioFrame("fltp", "mono", _SOUND_SAMPLES)
        frame.planes[0].update(floats.tobytes())
        frame.rate, frame.pts, frame.time_base = speech.RATE, number * _SOUND_SAMPLES, Fraction(1, speech.RATE)
        yield frame


def packets(clip: bytes) -> Iterator[tuple[Any, int]]:
    """A clip's packets, each with when it is due, in milliseconds, in that order; no more of sound than fits."""
    due: list[tuple[int, int, Any]] = []
    sounds = pictures = 0
    with av.open(io.BytesIO(clip), "r") as source:
        for packet in source.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                due.append((pictures * 1000 // FRAMES_A_SECOND, 0, packet))
                pictures += 1
            elif sounds < _SOUND_FRAMES:
                due.append((sounds * _SOUND_SAMPLES * 1000 // speech.RATE, 1, packet))
                sounds += 1
        due.sort(key=lambda one: one[:2])
        yield from ((packet, at_ms) for at_ms, _, packet in due)
