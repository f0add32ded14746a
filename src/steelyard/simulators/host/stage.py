"""What the built-in host shows: the goods of a session one after the other, their names and prices, and somebody who talks."""

import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from steelyard.kernel.drawings import NoPicture, picture
from steelyard.simulators.host.model import Goods, Session

WIDTH, HEIGHT = 720, 1280
_PICTURE = 520
_SAFE = 88
"""Pixels at each side, and some more above, that a tall screen crops or covers with what the room says of itself."""
_FACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyhbd.ttc",
)
Painter = Callable[[float, float], Image.Image]

_INK, _PALE, _PRICE = "#2b2430", "#fbf6ef", "#c8321e"
_WALLS = ("#e9ddcf", "#d9e3e0", "#e6d9dd", "#dfe3d4", "#dcdcea", "#ecdfc9")


def scene(session: Session, goods: Goods, place: int, data: bytes | None) -> Painter:
    """A painter of one of the goods: from the second of the scene and how loud the voice is, to a picture. `data` is what was
    fetched of its picture, `place` chooses the wall."""
    ground = _ground(session, goods, place)
    shown = _framed(data)

    def paint(second: float, loud: float) -> Image.Image:
        image = ground.copy()
        if shown is not None:
            sway = round(10 * math.sin(second * 2 * math.pi / 3))
            image.paste(shown, ((WIDTH - _PICTURE) // 2 + sway, 246))
        _host(ImageDraw.Draw(image), second, loud)
        return image

    return paint


def _framed(data: bytes | None) -> Image.Image | None:
    if data is None:
        return None
    try:
        plain = picture(data, _PICTURE)
    except NoPicture:
        return None
    ImageDraw.Draw(plain).rectangle((0, 0, _PICTURE - 1, _PICTURE - 1), outline="white", width=10)
    return plain


def _ground(session: Session, goods: Goods, place: int) -> Image.Image:
    wall = _WALLS[place % len(_WALLS)]
    image = Image.new("RGB", (WIDTH, HEIGHT), wall)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 1000, WIDTH, HEIGHT), fill="#8a6a4f")
    draw.rectangle((0, 1000, WIDTH, 1012), fill="#6f5340")
    draw.text((_SAFE, 190), _fit(_said(session.title), 28, 320), font=_font(28), fill=_INK)
    simulated = "模拟直播 SIMULATED" if _chinese() else "SIMULATED"
    draw.text((WIDTH - _SAFE, 218), simulated, font=_font(20), fill=_INK, anchor="rs")
    draw.rounded_rectangle((_SAFE, 800, WIDTH - _SAFE, 970), 24, fill=_PALE)
    draw.text((_SAFE + 28, 822), _fit(_said(goods.name), 38, WIDTH - 2 * _SAFE - 56), font=_font(38), fill=_INK)
    draw.text((_SAFE + 28, 886), goods.price, font=_font(58), fill=_PRICE)
    return image


def _host(draw: ImageDraw.ImageDraw, second: float, loud: float) -> None:
    """Somebody behind the table, drawn in a few shapes: the mouth follows the voice, the hand points."""
    x, y = 520, 1046 + round(5 * math.sin(second * 2.1))
    draw.rounded_rectangle((x - 120, y + 86, x + 120, HEIGHT + 40), 80, fill="#35617a")
    draw.ellipse((x - 84, y - 76, x + 84, y + 110), fill="#3a2a24")
    draw.ellipse((x - 68, y - 50, x + 68, y + 98), fill="#f0c8a8")
    draw.pieslice((x - 74, y - 72, x + 74, y + 60), 180, 360, fill="#3a2a24")
    blink = second % 3.1 < 0.15
    for eye in (x - 26, x + 26):
        draw.ellipse((eye - 7, y + 14 + (6 if blink else 0), eye + 7, y + 28 - (6 if blink else 0)), fill=_INK)
    open_by = round(4 + 18 * loud)
    draw.ellipse((x - 18, y + 58 - open_by // 2, x + 18, y + 58 + open_by), fill="#8c2f2b")
    lift = round(40 * math.sin(second * 1.7))
    draw.line((x - 110, y + 190, x - 230, y + 120 - lift), fill="#35617a", width=44)
    draw.ellipse((x - 262, y + 86 - lift, x - 208, y + 140 - lift), fill="#f0c8a8")


def _said(words: dict[str, str]) -> str:
    """In Chinese where this machine has its characters, else in English."""
    chinese = next((said for tag, said in words.items() if tag.startswith("zh")), "")
    english = words.get("en", "")
    return (chinese or english) if _chinese() else (english or chinese)


def _fit(words: str, size: int, width: int) -> str:
    font = _font(size)
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words + "…"


def _chinese() -> bool:
    return any(Path(face).exists() for face in _FACES)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for face in _FACES:
        if Path(face).exists():
            return ImageFont.truetype(face, size)
    return ImageFont.load_default(size)
