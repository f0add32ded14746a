"""Uploaded photographs, developed: upright, without what the camera noted down, at most so large, as WebP."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import FILE_BYTES_MAX
from steelyard.kernel.i18n import N_

PIXELS_MAX: Final = 50_000_000
SIDE_PIXELS_MIN: Final = 100
SIDE_PIXELS_MAX: Final = 2_400
QUALITY: Final = 84
FORMATS: Final = ("JPEG", "PNG", "WEBP")


class PictureRefused(Refusal):
    """A picture is a JPEG, PNG or WebP of at most 8 MB and 50 million pixels, and at least 100 pixels wide and high."""

    code = "picture_refused"
    status = 422
    title = N_("This picture cannot be used")
    detail = N_("Please upload a JPEG, PNG or WebP picture, at most 8 MB, at least 100 pixels wide and high.")


def developed(content: bytes, content_type: str) -> tuple[bytes, str]:
    """The picture as it is kept, and its type. Blocking. SVG passes as it is: the store looks into it. Raises
    `PictureRefused`."""
    if content_type == "image/svg+xml":
        return content, content_type
    if not content or len(content) > FILE_BYTES_MAX:
        raise PictureRefused()
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX or min(opened.size) < SIDE_PIXELS_MIN:
                raise PictureRefused()
            upright = ImageOps.exif_transpose(opened)
            flat = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise PictureRefused() from error
    flat.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX), Image.Resampling.LANCZOS)
    out = BytesIO()
    # Neither EXIF (where it was taken) nor a colour profile goes along.
    flat.save(out, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"")
    return out.getvalue(), "image/webp"
