"""Photographs that people send: looked at, turned upright, made smaller, and stripped of all that the camera wrote."""

import asyncio
import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from steelyard.kernel.files import FileRefused, Files

PHOTO_BYTES_MAX = 8 * 1024 * 1024
SIDE_PIXELS_MAX = 1_600
PIXELS_MAX = 60_000_000
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")
# Unfolding a picture takes a core and memory; more at once would only make others wait.
AT_ONCE_MAX = 2

_turns = asyncio.Semaphore(AT_ONCE_MAX)


async def keep(files: Files, content: bytes) -> str:
    """Keep a photograph as WebP of at most `SIDE_PIXELS_MAX` a side; returns its name. Raises `FileRefused`."""
    if not content or len(content) > PHOTO_BYTES_MAX:
        raise FileRefused(size=len(content))
    async with _turns:
        return await asyncio.to_thread(lambda: files.put(shrunk(content), "image/webp"))


def shrunk(content: bytes) -> bytes:
    """The picture alone, upright, without place, time or camera. Raises `FileRefused` for what is no photograph."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > PIXELS_MAX:
                    raise FileRefused(size=len(content))
                picture.draft("RGB", (SIDE_PIXELS_MAX, SIDE_PIXELS_MAX))
                upright = ImageOps.exif_transpose(picture)
                shown = upright.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileRefused(size=len(content)) from error
    shown.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX), Image.Resampling.LANCZOS)
    out = BytesIO()
    # A new picture of the same pixels: nothing else comes along.
    clean = Image.new("RGB", shown.size)
    clean.paste(shown)
    clean.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
