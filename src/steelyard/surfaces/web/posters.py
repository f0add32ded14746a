"""Posters to pass on: a picture, some words and a code to scan, drawn here as one PNG as wide as a telephone.

WeChat and other programs keep a picture that is pressed long, and run no script that would draw one: so posters are drawn on
the server. One is drawn when it is first asked for, and kept under a name that follows from all that stands on it: when a
price changes it is another. Of those that are kept the ones longest not asked for go. docs/decisions/0208.
"""

import asyncio
import os
import secrets
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
from babel.numbers import format_currency
from litestar import Response
from PIL import Image, ImageDraw, ImageOps

from steelyard.kernel import drawings, i18n, limits
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.kernel.money import Money
from steelyard.surfaces.web import lettering
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.lettering import Faces, font
from steelyard.surfaces.web.pictures import Renditions
from steelyard.surfaces.web.scanning import QUIET_ZONE, qr_modules
from steelyard.surfaces.web.visit import Visit

WIDTH: Final = 750
BYTES_MAX: Final = 1_500_000
# Another one, and posters are drawn anew.
_LAYOUT = 1
KEPT_MAX: Final = 1_000
# Only what is drawn counts; what is kept may be asked for at will.
DRAWN_PER_ADDRESS = Limit("poster", burst=60, per_seconds=600)
# Who looks at a poster in a chat presses it long; who sees one on paper scans it.
SCAN = N_("Scan the code, or press it long")
HOUSE = N_("Steelyard")
# By which code somebody came: that of a poster which a buyer passed on, or which the shop made.
BY = {"": "poster", "shop": "shop-poster"}

EDGE, CODE = 48, 240
_INK, _SOFT, _LINE, _PRICE, _FIELD = "#1b2124", "#5b666b", "#dfe3e4", "#b3261e", "#23484a"
_turn = asyncio.Semaphore(1)


class Poster(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a poster. `link` is the address that its code leads to; `picture` a file of the store, with `sign` one
    twice as wide as high; `price` and `remark` may be nothing."""

    title: str
    link: str
    scan: str
    house: str
    sender: str = ""
    price: str = ""
    remark: str = ""
    picture: str | None = None
    sign: bool = False


def able(visit: Visit) -> bool:
    """Whether this machine can draw posters: whether it has letters for them."""
    return lettering.faces(visit.settings.home) is not None


def link(visit: Visit, path: str) -> str:
    """The address on a poster: it says that somebody came by a poster, and by whose."""
    said = BY.get(visit.connection.query_params.get("by", ""), BY[""])
    return f"{visit.settings.base_url.rstrip('/')}{path}?qr={said}"


def price_words(visit: Visit, amount: int, currency: str, *, more: bool) -> str:
    """A price; with `more` it is that of the cheapest of several."""
    told = format_currency(Money(amount, currency).decimal(), currency, locale=i18n.babel_locale(visit.locale))
    return " ".join((told, visit.say(N_("and up")))) if more else told


async def answer(visit: Visit, poster: Poster) -> Response[bytes]:
    """A poster as a file. Raises `NotFound` where this machine cannot draw one, `TooMany` for who has too many drawn."""
    known = lettering.faces(visit.settings.home)
    if known is None:
        raise NotFound()
    name = _name(poster, known)
    headers = {"etag": f'"{name}"', "cache-control": "private, no-cache"}
    if visit.connection.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers)
    kept = visit.settings.home / "posters" / f"{name}.png"
    content = await asyncio.to_thread(_found, kept)
    if content is None:
        await limits.take(visit.db, DRAWN_PER_ADDRESS, address_of(visit))
        picture = await _picture(visit.settings.home, poster.picture)
        async with _turn:
            content = await asyncio.to_thread(_made, kept, poster, known, picture)
    return Response(content, media_type="image/png", headers=headers)


def _name(poster: Poster, known: Faces) -> str:
    return sha256(msgspec.json.encode((_LAYOUT, known, poster))).hexdigest()


async def _picture(home: Path, name: str | None) -> bytes | None:
    if not name:
        return None
    try:
        return (await Renditions(home).get(name, 1080))[0]
    except (Invalid, OSError):
        return None


def _found(kept: Path) -> bytes | None:
    try:
        content = kept.read_bytes()
        os.utime(kept)
    except FileNotFoundError:
        return None
    return content


def _made(kept: Path, poster: Poster, known: Faces, picture: bytes | None) -> bytes:
    content = drawn(poster, known, picture)
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_name(f".{secrets.token_hex(8)}")
    try:
        aside.write_bytes(content)
        aside.replace(kept)
    finally:
        aside.unlink(missing_ok=True)
    forget_oldest(kept.parent, KEPT_MAX)
    return content


def forget_oldest(folder: Path, most: int) -> None:
    """Keep so many posters: those that were asked for last."""
    asked: list[tuple[float, Path]] = []
    for path in folder.glob("*.png"):
        try:
            asked.append((path.stat().st_mtime, path))
        except FileNotFoundError:  # another process had the same thought
            continue
    for _, path in sorted(asked, reverse=True)[most:]:
        path.unlink(missing_ok=True)


def drawn(poster: Poster, known: Faces, picture: bytes | None) -> bytes:
    """The poster as a PNG. Blocking."""
    bold, plain = known.bold, known.regular
    room = WIDTH - 2 * EDGE
    shown = _shown(picture, poster) or _field(poster.sender or poster.house, bold)
    top = shown.height
    rows: list[tuple[str, lettering.Face, int, str, int]] = []
    for words, face, size, colour, most in (
        (poster.sender, plain, 28, _SOFT, 1),
        (poster.title, bold, 42, _INK, 3),
        (poster.price, bold, 56, _PRICE, 1),
        (poster.remark, plain, 30, _SOFT, 3),
    ):
        told = lettering.lines(words, font(face, size), room, most)
        rows += [(line, face, size, colour, _step(size) + (12 if line is told[-1] else 0)) for line in told]
    below = top + EDGE + sum(step for *_, step in rows) + EDGE // 2
    image = Image.new("RGB", (WIDTH, below + CODE + 2 * EDGE), "white")
    image.paste(shown, (0, 0))
    pen = ImageDraw.Draw(image)
    y = top + EDGE
    for words, face, size, colour, step in rows:
        pen.text((EDGE, y), words, font=font(face, size), fill=colour)
        y += step
    pen.line((EDGE, below, WIDTH - EDGE, below), fill=_LINE, width=2)
    code = _code(poster.link)
    image.paste(code, (WIDTH - EDGE - code.width, below + EDGE + (CODE - code.height) // 2))
    y = below + EDGE + 40
    beside = room - code.width - EDGE // 2
    for words, face, size, colour, most in ((poster.house, bold, 36, _INK, 1), (poster.scan, plain, 26, _SOFT, 3)):
        for line in lettering.lines(words, font(face, size), beside, most):
            pen.text((EDGE, y), line, font=font(face, size), fill=colour)
            y += _step(size)
        y += 12
    return _written(image)


def _step(size: int) -> int:
    """From a line to the next."""
    return round(size * 1.36)


def _shown(picture: bytes | None, poster: Poster) -> Image.Image | None:
    """The picture across the poster; none where there is none, or it is no picture."""
    size = (WIDTH, WIDTH // 2 if poster.sign else WIDTH)
    if picture is None:
        return None
    try:
        return ImageOps.fit(drawings.pixels(picture, WIDTH), size, Image.Resampling.LANCZOS)
    except drawings.NoPicture:
        return None


def _field(words: str, face: lettering.Face) -> Image.Image:
    """What stands where there is no picture: a name on a ground of the house's colour."""
    field = Image.new("RGB", (WIDTH, 240), _FIELD)
    letters = font(face, 52)
    line = lettering.lines(words, letters, WIDTH - 2 * EDGE, 1)
    ImageDraw.Draw(field).text((WIDTH // 2, 120), "".join(line), font=letters, fill="white", anchor="mm")
    return field


def _code(address: str) -> Image.Image:
    """A code whose modules are whole pixels, with the white around it: about `CODE` pixels wide."""
    rows = qr_modules(address)
    side = len(rows) + 2 * QUIET_ZONE
    small = Image.new("L", (side, side), 255)
    for row, modules in enumerate(rows):
        for column, dark in enumerate(modules):
            if dark:
                small.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
    scale = max(3, CODE // side)
    return small.resize((side * scale, side * scale), Image.Resampling.NEAREST)


def _written(image: Image.Image) -> bytes:
    """As a PNG of at most `BYTES_MAX`: a photograph that needs more is written in 256 colours."""
    content = _png(image)
    if len(content) > BYTES_MAX:
        content = _png(image.quantize(256))
    assert len(content) <= BYTES_MAX
    return content


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
