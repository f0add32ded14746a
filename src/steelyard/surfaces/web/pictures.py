"""Pictures on their way in and out: what people upload is developed and kept; what pages show is made in their sizes.

*In* (`keep_picture`): a photograph is turned upright, made no larger than it is of use, and stripped of what the camera wrote
down (where and when, with what); drawings pass as they are, the store looks into them. *Out* (`Renditions`): WebP in a few
widths, made at the first request and kept in `home/renditions`. A rendition's name is its width and the picture's own name,
which is the hash of what is in it, so browsers may keep it for ever. Widths are a fixed few (an address cannot make us work
without end), nothing is made larger than it is, and drawings (SVG) are sent as they are: they fit every size.
"""

import asyncio
import secrets
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import FILE_BYTES_MAX, Files
from steelyard.kernel.i18n import N_

FORMATS: Final = ("JPEG", "PNG", "WEBP")
# Larger than any camera of a phone; a picture that unfolds to more is not touched.
PIXELS_MAX = 60_000_000
SIDE_PIXELS_MIN: Final = 100
# Goods are looked at closely; what buyers send beside their words is not.
GOODS_SIDE_PIXELS_MAX: Final = 2_400
REVIEW_SIDE_PIXELS_MAX: Final = 1_600
KEPT_QUALITY: Final = 84

WIDTHS: Final = (120, 240, 360, 480, 720, 1080, 1440)
SHOWN_QUALITY: Final = 78

# Unfolding a picture takes a core and memory; more at once would only make pages wait.
AT_ONCE_MAX: Final = 2
_turns = asyncio.Semaphore(AT_ONCE_MAX)


class PictureRefused(Refusal):
    """A picture is a JPEG, PNG or WebP of at most 8 MB and 60 million pixels, and at least 100 pixels wide and high."""

    code = "picture_refused"
    status = 422
    title = N_("This picture cannot be used")
    detail = N_("Please upload a JPEG, PNG or WebP picture, at most 8 MB, at least 100 pixels wide and high.")


async def keep_picture(
    files: Files, content: bytes, content_type: str = "", *, side: int = GOODS_SIDE_PIXELS_MAX
) -> str:
    """Keep an uploaded picture, at most `side` pixels wide and high; returns its name. `content_type` matters for drawings
    alone, which are refused without. Raises `PictureRefused`, and `FileRefused` for a drawing that could do harm."""
    if content_type == "image/svg+xml":
        return await asyncio.to_thread(files.put, content, content_type)
    async with _turns:
        return await asyncio.to_thread(lambda: files.put(developed(content, side), "image/webp"))


def developed(content: bytes, side: int = GOODS_SIDE_PIXELS_MAX) -> bytes:
    """The picture alone, upright, as WebP. Blocking. Raises `PictureRefused`."""
    if not content or len(content) > FILE_BYTES_MAX:
        raise PictureRefused()
    try:
        shown = _upright(BytesIO(content), side, _refuse_what_is_no_picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureRefused() from error
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = BytesIO()
    # Neither EXIF (where it was taken) nor a colour profile goes along.
    shown.save(out, "WEBP", quality=KEPT_QUALITY, method=4, exif=b"", icc_profile=b"")
    return out.getvalue()


class Renditions:
    """The renditions of the pictures under an installation's home folder."""

    def __init__(self, home: Path) -> None:
        self._files = Files(home)
        self._folder = home / "renditions"

    async def get(self, name: str, width: int) -> tuple[bytes, str]:
        """The picture, at most `width` pixels wide, and its content type. Raises `Invalid` for what is no name of a
        picture, `FileNotFoundError` where there is none."""
        original = self._files.path(name)
        if width not in WIDTHS:
            raise FileNotFoundError(name)
        if name.endswith(".svg"):
            return await asyncio.to_thread(original.read_bytes), "image/svg+xml"
        kept = self._folder / str(width) / f"{name.partition('.')[0]}.webp"
        try:
            return await asyncio.to_thread(kept.read_bytes), "image/webp"
        except FileNotFoundError:
            async with _turns:
                return await asyncio.to_thread(_make, original, kept, width), "image/webp"


def _make(original: Path, kept: Path, width: int) -> bytes:
    if kept.exists():  # another request made it while we waited for our turn
        return kept.read_bytes()
    shown = _upright(original, width, _refuse_what_unfolds_to_too_much)
    if shown.width > width:
        shown = shown.resize((width, max(1, round(shown.height * width / shown.width))), Image.Resampling.LANCZOS)
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_name(f".{secrets.token_hex(8)}.webp")
    try:
        shown.save(aside, "WEBP", quality=SHOWN_QUALITY, method=4)
        aside.replace(kept)
    finally:
        aside.unlink(missing_ok=True)
    return kept.read_bytes()


def _upright(source: BytesIO | Path, side: int, check: Callable[[Image.Image], None]) -> Image.Image:
    """The pixels of a picture the right way up, transparent where it is. `check` raises before they are unfolded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(source, formats=FORMATS) as picture:
            check(picture)
            # A JPEG is read at half or a quarter of its size where that is enough.
            picture.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(picture)
            return upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")


def _refuse_what_is_no_picture(picture: Image.Image) -> None:
    if picture.width * picture.height > PIXELS_MAX or min(picture.size) < SIDE_PIXELS_MIN:
        raise PictureRefused()


def _refuse_what_unfolds_to_too_much(picture: Image.Image) -> None:
    if picture.width * picture.height > PIXELS_MAX:
        raise FileNotFoundError("unfolds to too much")
