"""Pictures in the sizes that pages need: WebP, made at the first request and kept in `home/renditions`.

A rendition's name is its width and the picture's own name, which is the hash of what is in it, so browsers may keep it
for ever. Widths are a fixed few (an address cannot make us work without end), nothing is made larger than it is, and
drawings (SVG) are sent as they are: they fit every size.
"""

import asyncio
import secrets
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from steelyard.kernel.files import Files

WIDTHS = (120, 240, 360, 480, 720, 1080, 1440)
# Larger than any camera of a phone; a picture that unfolds to more is not touched.
PIXELS_MAX = 60_000_000
QUALITY = 78
# Resizing takes a core; more at once would only make pages wait.
AT_ONCE_MAX = 2

_turns = asyncio.Semaphore(AT_ONCE_MAX)


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(original) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise FileNotFoundError(original.name)
            # A JPEG is read at half or a quarter of its size where that is enough.
            picture.draft("RGB", (width, width))
            upright = ImageOps.exif_transpose(picture)
            shown = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    if shown.width > width:
        shown = shown.resize((width, max(1, round(shown.height * width / shown.width))), Image.Resampling.LANCZOS)
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_name(f".{secrets.token_hex(8)}.webp")
    try:
        shown.save(aside, "WEBP", quality=QUALITY, method=4)
        aside.replace(kept)
    finally:
        aside.unlink(missing_ok=True)
    return kept.read_bytes()
