"""Letters as pixels: a font of this machine that has Chinese, and words in lines that fit.

The house brings no font along: one is looked for in `home/fonts`, where an operator may put one, and then where systems keep
theirs. A machine that has none draws no words in pictures; who asks is told so.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from steelyard.surfaces.web.paper.sheet import pieces, printable

# From the best one down, each with its bold where it has one of its own: file names as Debian, Fedora, Arch, macOS and Windows
# keep them.
_KNOWN: Sequence[tuple[str, str]] = (
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansCJKsc-Regular.otf", "NotoSansCJKsc-Bold.otf"),
    ("NotoSansSC-Regular.otf", "NotoSansSC-Bold.otf"),
    ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf"),
    ("SourceHanSansSC-Regular.otf", "SourceHanSansSC-Bold.otf"),
    ("SourceHanSansCN-Regular.otf", "SourceHanSansCN-Bold.otf"),
    ("PingFang.ttc", ""),
    ("msyh.ttc", "msyhbd.ttc"),
    ("wqy-microhei.ttc", ""),
    ("wqy-zenhei.ttc", ""),
    ("DroidSansFallbackFull.ttf", ""),
    ("STHeiti Medium.ttc", ""),
    ("NotoSerifCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc"),
    ("simhei.ttf", ""),
)
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
_ENDINGS = (".ttf", ".otf", ".ttc")
FILES_LOOKED_AT_MAX = 20_000
# A collection holds the same letters as several countries write them.
_FACES_OF_A_COLLECTION = 16
# What does not begin a line.
_STAYS = frozenset("，。、；：？！…）》」』】〉”’%％·—,.;:?!)")
# What may stand beside the end of a line.
_HANGS = frozenset("，。、；：？！")


class Face(NamedTuple):
    path: str
    face: int = 0


class Faces(NamedTuple):
    regular: Face
    bold: Face


@cache
def faces(home: Path) -> Faces | None:
    """What words are drawn with here; none where this machine has no font with Chinese. Blocking at the first time."""
    own = sorted(each for each in _files(home / "fonts") if _has_chinese(Face(str(each))))
    if own:
        bold = next((each for each in own if "bold" in each.name.lower()), own[0])
        regular = next((each for each in own if each != bold), bold)
        return Faces(_simplified(regular), _simplified(bold))
    there = {path.name: path for folder in _FOLDERS for path in _files(Path(folder).expanduser())}
    for name, bold_name in _KNOWN:
        if name in there and _has_chinese(Face(str(there[name]))):
            return Faces(_simplified(there[name]), _simplified(there.get(bold_name, there[name])))
    return None


def _files(folder: Path) -> Iterator[Path]:
    try:
        for place, path in enumerate(folder.rglob("*")):
            if place >= FILES_LOOKED_AT_MAX:
                return
            if path.suffix.lower() in _ENDINGS:
                yield path
    except OSError:  # a folder that we may not look into
        return


def _has_chinese(face: Face) -> bool:
    """Whether a letter of each script has a shape of its own, and not that of what is missing."""
    try:
        drawn = font(face, 24)
    except OSError:
        return False
    shapes: set[bytes] = set()
    for letter in ("汉", "店", "￿"):
        field = Image.new("L", (32, 32))
        ImageDraw.Draw(field).text((2, 0), letter, font=drawn, fill=255)
        shapes.add(field.tobytes())
    return len(shapes) == 3


def _simplified(path: Path) -> Face:
    """Of a collection the letters as mainland China writes them."""
    for index in range(_FACES_OF_A_COLLECTION):
        try:
            family = font(Face(str(path), index), 24).getname()[0] or ""
        except OSError:
            break
        if family.endswith((" SC", " CN")) and "Mono" not in family:
            return Face(str(path), index)
    return Face(str(path))


@lru_cache(64)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """A face in a size of pixels. Raises `OSError` for what is no font."""
    return ImageFont.truetype(face.path, size, index=face.face)


def lines(words: str, letters: ImageFont.FreeTypeFont, room: float, most: int) -> list[str]:
    """Words in at most so many lines no wider than `room` pixels: Chinese breaks anywhere but before what ends a sentence, Latin
    between words. What does not fit ends in an ellipsis."""
    found: list[str] = []
    line = ""
    for piece in pieces(" ".join(printable(words).split())):
        if not line or piece in _STAYS or letters.getlength((line + piece).rstrip()) <= room:
            line += piece
        else:
            found.append(line.rstrip())
            line = piece.lstrip()
    if line.rstrip():
        found.append(line.rstrip())
    if len(found) > most:
        found = [*found[: most - 1], found[most - 1] + "…"]
    return [cut(each, letters, room) for each in found]


def cut(words: str, letters: ImageFont.FreeTypeFont, room: float) -> str:
    """One line, what does not fit left out; a mark at its end may stand in the margin."""
    if letters.getlength(words[:-1] if words[-1:] in _HANGS else words) <= room:
        return words
    kept = words.rstrip("…")
    while kept and letters.getlength(kept + "…") > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
