"""Videos on their way in: what people upload is looked into, and written anew.

A short MP4 with a picture in H.264 is taken, as telephones and editors write it: every browser plays it, and nothing has to be
encoded again. What is kept is a file of our own making (`plain`): the picture and one track of sound, the index in front so that
it plays while it loads; no place, no time, no other tracks. FFmpeg reads it as what it says it is and as nothing else: playlists
and other formats that would have it open further files are never tried.
"""

import asyncio
import itertools
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import VIDEO_BYTES_MAX, Videos
from steelyard.kernel.i18n import N_

CONTENT_TYPE: Final = "video/mp4"
SECONDS_MIN, SECONDS_MAX = 2.0, 60.0
# Encoders round up to whole frames.
SECONDS_SLACK = 0.5
SIDE_MIN, SIDE_MAX = 160, 1_920
PACKETS_MAX = 20_000
KEY_FRAMES_MAX = 120
LOOK_SECONDS_MAX = 5.0
PIXELS: Final = ("yuv420p", "yuvj420p")
# With the pictures and words of the form that brings it.
FORM_BYTES_MAX = VIDEO_BYTES_MAX + 20 * 1024 * 1024

# It takes a core for a second, and as much memory as the file.
_turns = asyncio.Semaphore(1)


class VideoRefused(Refusal):
    """A video is an MP4 with a picture in H.264 that plays, with sides of 160 to 1,920 pixels, of at most 30 MB."""

    code = "video_refused"
    status = 422
    title = N_("This video cannot be used")
    detail = N_("Please upload an MP4 video (H.264) of at most 30 MB, with sides of 160 to 1,920 pixels.")


class VideoOfAnotherLength(VideoRefused):
    """It has a length that people watch to its end."""

    code = "video_of_another_length"
    title = N_("This video is too short or too long")
    detail = N_("Please upload a video of 2 to 60 seconds.")


async def keep_video(videos: Videos, content: bytes) -> str:
    """Keep an uploaded video; returns its name. Raises `VideoRefused`."""
    if not content or len(content) > VIDEO_BYTES_MAX or content[4:8] != b"ftyp":
        raise VideoRefused()
    async with _turns:
        return await asyncio.to_thread(lambda: videos.put(plain(content), CONTENT_TYPE))


def plain(content: bytes) -> bytes:
    """The picture and the sound alone, as an MP4 that plays while it loads. Blocking. Raises `VideoRefused`."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(BytesIO(content), "r", format="mov") as source:
            _look(source)
            source.seek(0)
            with tempfile.TemporaryDirectory() as folder:
                made = Path(folder) / "plain.mp4"
                with av.open(str(made), "w", format="mp4", options={"movflags": "faststart"}) as out:
                    seconds = _copy(source, out)
                kept = made.read_bytes()
    except (FFmpegError, ValueError, IndexError, MemoryError) as error:
        raise VideoRefused() from error
    if not SECONDS_MIN <= seconds <= SECONDS_MAX + SECONDS_SLACK:
        raise VideoOfAnotherLength()
    if len(kept) > VIDEO_BYTES_MAX:
        raise VideoRefused()
    return kept


def _look(source: Any) -> None:
    """Whether the picture is one that browsers play, and its key frames are really there. They are looked at until there is no
    doubt, and not for long: a file of nothing but key frames is small, and takes minutes to decode."""
    picture = source.streams.video[0]
    context = picture.codec_context
    if context is None or context.name != "h264" or context.pix_fmt not in PIXELS or not _fits(context):
        raise VideoRefused()
    context.skip_frame = "NONKEY"
    context.thread_count = 1
    context.options = {"max_pixels": str(SIDE_MAX * SIDE_MAX)}
    seen, until = 0, time.monotonic() + LOOK_SECONDS_MAX
    for packet in itertools.islice(source.demux(picture), PACKETS_MAX):
        for frame in packet.decode():
            if not _fits(frame):
                raise VideoRefused()
            seen += 1
        if seen >= KEY_FRAMES_MAX or time.monotonic() > until:
            break
    if not seen:
        raise VideoRefused()


def _fits(picture: Any) -> bool:
    """Frames may say other sides than the file."""
    shorter, longer = sorted((picture.width, picture.height))
    return bool(shorter >= SIDE_MIN and longer <= SIDE_MAX)


def _copy(source: Any, out: Any) -> float:
    """Packet by packet; returns for how many seconds there is something to be seen."""
    picture = source.streams.video[0]
    # Telephones write sound in more than one way; what FFmpeg does not know has no context.
    sounds = [each for each in source.streams.audio if each.codec_context and each.codec_context.name == "aac"][:1]
    into = {each.index: out.add_stream_from_template(each) for each in (picture, *sounds)}
    first, last = float("inf"), 0.0
    for number, packet in enumerate(source.demux([picture, *sounds])):
        if number > PACKETS_MAX:
            raise VideoOfAnotherLength()
        if packet.dts is None or packet.pts is None:
            continue
        if packet.stream.index == picture.index:
            begins = float(packet.pts * packet.time_base)
            first = min(first, begins)
            last = max(last, begins + float((packet.duration or 0) * packet.time_base))
        packet.stream = into[packet.stream.index]
        out.mux(packet)
    return last - first
