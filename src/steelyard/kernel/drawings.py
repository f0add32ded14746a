"""Pictures of goods as pixels: the plain SVG that the demo's pictures are drawn in, and whatever Pillow reads.

Of SVG only what those pictures use: paths, ellipses, circles, rectangles, groups, gradients, opacity. Filters are soft edges or
nothing, words are left out. No library of ours draws SVG; what browsers show of it, they draw themselves.
"""

import io
import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from PIL import Image, ImageDraw, ImageFilter, ImageOps

PIXELS_MAX = 20_000_000
BYTES_MAX = 4_000_000
ELEMENTS_MAX = 2_000
# Each shape is painted on the whole canvas, some milliseconds; a soft edge takes as long as ten.
PAINTED_MAX = 400
PAINTED_FOR_A_SOFT_EDGE = 10
GRADIENT_SIDE = 24
STEPS = 12
"""Of a curve: so many straight lines."""

_TOKEN = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_TRANSFORM = re.compile(r"(translate|scale|rotate)\(([^)]*)\)")
Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]


class NoPicture(Exception):
    """These bytes are no picture that can be shown."""


class Gradient(NamedTuple):
    """`line` is x1, y1, x2, y2, or cx, cy, r of a radial one, in parts of the shape's box."""

    line: tuple[float, ...]
    stops: list[tuple[float, tuple[int, int, int, int]]]


def picture(data: bytes, side: int) -> Image.Image:
    """A square picture of `side` pixels, its middle where it is none. Raises NoPicture."""
    return ImageOps.fit(pixels(data, side), (side, side), Image.Resampling.LANCZOS)


def pixels(data: bytes, longest: int) -> Image.Image:
    """A picture in its own shape: a drawing with `longest` pixels on its longer side, anything else as large as it is. Raises
    NoPicture."""
    if len(data) > BYTES_MAX:
        raise NoPicture("too many bytes")
    try:
        if data.lstrip()[:4] in (b"<svg", b"<?xm"):
            drawn = _Canvas(data, longest * 2).drawn()
            size = (max(1, round(drawn.width / 2)), max(1, round(drawn.height / 2)))
            return drawn.resize(size, Image.Resampling.LANCZOS)
        with Image.open(io.BytesIO(data)) as photograph:
            if photograph.width * photograph.height > PIXELS_MAX:
                raise NoPicture("too many pixels")
            return photograph.convert("RGB")
    except (
        OSError,
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        RecursionError,
        ElementTree.ParseError,
        Image.DecompressionBombError,
    ) as error:
        raise NoPicture(str(error)) from error


class _Canvas:
    def __init__(self, data: bytes, longest: int) -> None:
        if b"<!" in data:
            raise NoPicture("a document type is not wanted")
        self._root = ElementTree.fromstring(data)  # noqa: S314  # no entities: refused above
        box = [float(word) for word in self._root.get("viewBox", "0 0 800 800").split()]
        self._scale = longest / max(box[2], box[3])
        size = (max(1, round(box[2] * self._scale)), max(1, round(box[3] * self._scale)))
        self._image = Image.new("RGB", size, "white")
        self._gradients = {
            element.get("id", ""): _gradient(element) for element in self._root.iter() if "Gradient" in element.tag
        }
        self._left, self._paint_left = ELEMENTS_MAX, PAINTED_MAX

    def drawn(self) -> Image.Image:
        self._children(self._root, (self._scale, 0, 0, self._scale, 0, 0), 1.0, 0.0)
        return self._image

    def _children(self, parent: ElementTree.Element, matrix: Matrix, opacity: float, blur: float) -> None:
        for element in parent:
            self._left -= 1
            if self._left < 0:
                raise NoPicture("too many elements")
            kind = element.tag.rpartition("}")[2]
            here = _times(matrix, element.get("transform", ""))
            seen = opacity * float(element.get("opacity", "1"))
            soft = {"url(#soft)": 16.0, "url(#near)": 5.0}.get(element.get("filter", ""), blur)
            if kind == "g":
                self._children(element, here, seen, soft)
            elif kind in ("path", "ellipse", "circle", "rect"):
                self._shape(element, kind, here, seen, soft)

    def _shape(self, element: ElementTree.Element, kind: str, matrix: Matrix, opacity: float, blur: float) -> None:
        lines = [[_moved(point, matrix) for point in line] for line in _outline(element, kind)]
        lines = [line for line in lines if len(line) > 1]
        if not lines:
            return
        fill, stroke = element.get("fill", "#000000"), element.get("stroke", "none")
        radius = blur * abs(matrix[0])
        if fill != "none":
            mask = Image.new("L", self._image.size)
            for line in lines:
                ImageDraw.Draw(mask).polygon(line, fill=255)
            self._paint(mask, fill, opacity, radius)
        if stroke != "none":
            mask = Image.new("L", self._image.size)
            width = max(1, round(float(element.get("stroke-width", "1")) * math.hypot(matrix[0], matrix[1])))
            for line in lines:
                _stroke(ImageDraw.Draw(mask), line, width)
            self._paint(mask, stroke, opacity, radius)

    def _paint(self, mask: Image.Image, paint: str, opacity: float, blur: float) -> None:
        self._paint_left -= PAINTED_FOR_A_SOFT_EDGE if blur > 1 else 1
        if self._paint_left < 0:
            raise NoPicture("too much to paint")
        if blur > 1:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        box = mask.getbbox()
        if box is None:
            return
        mask = mask.crop(box)
        size = mask.size
        if paint.startswith("url(#"):
            colours = _ramp(self._gradients[paint[5:-1]]).resize(size, Image.Resampling.BILINEAR)
            alpha = colours.getchannel("A").point(_share(opacity))
            mask = _product(mask, alpha)
        else:
            colours = Image.new("RGB", size, paint)
            mask = mask.point(_share(opacity))
        self._image.paste(colours.convert("RGB"), box[:2], mask)


def _share(opacity: float) -> list[int]:
    """The table that makes a mask so much weaker."""
    return [round(value * opacity) for value in range(256)]


def _product(one: Image.Image, other: Image.Image) -> Image.Image:
    black = Image.new("L", one.size)
    return Image.composite(one, black, other)


def _stroke(draw: ImageDraw.ImageDraw, line: list[Point], width: int) -> None:
    draw.line(line, fill=255, width=width, joint="curve")
    half = width / 2
    for x, y in (line[0], line[-1]):
        draw.ellipse((x - half, y - half, x + half, y + half), fill=255)


def _outline(element: ElementTree.Element, kind: str) -> list[list[Point]]:
    def number(name: str, otherwise: float = 0) -> float:
        return float(element.get(name, otherwise))

    if kind == "path":
        return _path(element.get("d", ""))
    if kind == "rect":
        x, y, width, height = number("x"), number("y"), number("width"), number("height")
        return [[(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]]
    across, down = (number("r"), number("r")) if kind == "circle" else (number("rx"), number("ry"))
    turns = [2 * math.pi * step / 48 for step in range(49)]
    return [[(number("cx") + across * math.cos(turn), number("cy") + down * math.sin(turn)) for turn in turns]]


def _path(words: str) -> list[list[Point]]:
    """The lines of a path; its curves as STEPS straight pieces each, an arc as one."""
    lines: list[list[Point]] = []
    at = start = handle = (0.0, 0.0)
    for command, values in _commands(words):
        kind, base = command.upper(), at if command.islower() else (0.0, 0.0)
        if kind == "Z":
            lines[-1].append(start)
            at = handle = start
            continue
        if kind in "HV":
            at = (base[0] + values[0], at[1]) if kind == "H" else (at[0], base[1] + values[0])
            lines[-1].append(at)
            handle = at
            continue
        pairs = values[-2:] if kind == "A" else values
        points = [(base[0] + x, base[1] + y) for x, y in zip(pairs[::2], pairs[1::2], strict=True)]
        if kind == "M":
            lines.append([points[0]])
            start = points[0]
        elif kind in "CSQT":
            if kind in "ST":
                points.insert(0, (2 * at[0] - handle[0], 2 * at[1] - handle[1]))
            lines[-1] += _curve([at, *points])
        else:
            lines[-1].append(points[-1])
        handle = points[-2] if kind in "CSQT" else points[-1]
        at = points[-1]
    return lines


def _commands(words: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with the numbers of one turn; a move that goes on is a line."""
    needs = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
    tokens = _TOKEN.findall(words)
    at, command = 0, ""
    while at < len(tokens):
        if tokens[at].isalpha():
            command = tokens[at]
            at += 1
        count = needs[command.upper()]
        if not count and at < len(tokens) and not tokens[at].isalpha():
            raise ValueError(f"{command} takes no number")
        yield command, [float(token) for token in tokens[at : at + count]]
        at += count
        if command in "Mm":
            command = "L" if command == "M" else "l"


def _curve(points: list[Point]) -> list[Point]:
    """A Bézier curve of two or three degrees, without its first point."""
    along: list[Point] = []
    for step in range(1, STEPS + 1):
        share = step / STEPS
        row = points
        while len(row) > 1:
            row = [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in pairwise(row)]
        along.append(row[0])
    return along


def _times(matrix: Matrix, words: str) -> Matrix:
    for name, said in _TRANSFORM.findall(words):
        values = [float(word) for word in re.split(r"[ ,]+", said.strip())]
        a, b, c, d, e, f = matrix
        if name == "translate":
            x, y = values[0], values[1] if len(values) > 1 else 0.0
            matrix = (a, b, c, d, a * x + c * y + e, b * x + d * y + f)
        elif name == "scale":
            x, y = values[0], values[-1]
            matrix = (a * x, b * x, c * y, d * y, e, f)
        else:
            matrix = _rotated(matrix, values)
    return matrix


def _rotated(matrix: Matrix, values: list[float]) -> Matrix:
    turn = math.radians(values[0])
    x, y = (values[1], values[2]) if len(values) > 2 else (0.0, 0.0)
    a, b, c, d, e, f = matrix
    e, f = a * x + c * y + e, b * x + d * y + f
    cosine, sine = math.cos(turn), math.sin(turn)
    a, b, c, d = a * cosine + c * sine, b * cosine + d * sine, c * cosine - a * sine, d * cosine - b * sine
    return (a, b, c, d, e - a * x - c * y, f - b * x - d * y)


def _moved(point: Point, matrix: Matrix) -> Point:
    x, y = point
    a, b, c, d, e, f = matrix
    return (a * x + c * y + e, b * x + d * y + f)


def _gradient(element: ElementTree.Element) -> Gradient:
    def share(name: str, otherwise: str) -> float:
        word = element.get(name, otherwise)
        return float(word.rstrip("%")) / (100 if word.endswith("%") else 1)

    radial = element.tag.endswith("radialGradient")
    names = (
        (("cx", "50%"), ("cy", "50%"), ("r", "50%")) if radial else (("x1", "0"), ("y1", "0"), ("x2", "1"), ("y2", "0"))
    )
    stops: list[tuple[float, tuple[int, int, int, int]]] = []
    for stop in element:
        place = stop.get("offset", "0")
        colour = bytes.fromhex(stop.get("stop-color", "#000000")[1:])
        alpha = round(255 * float(stop.get("stop-opacity", "1")))
        stops.append((float(place.rstrip("%")) / (100 if place.endswith("%") else 1), (*colour[:3], alpha)))  # pyright: ignore[reportArgumentType]
    return Gradient(tuple(share(*name) for name in names), stops)


def _ramp(gradient: Gradient) -> Image.Image:
    """A gradient over its box, small: it is stretched where it is used."""
    image = Image.new("RGBA", (GRADIENT_SIDE, GRADIENT_SIDE))
    pixels: list[tuple[int, ...]] = []
    for row in range(GRADIENT_SIDE):
        for column in range(GRADIENT_SIDE):
            x, y = (column + 0.5) / GRADIENT_SIDE, (row + 0.5) / GRADIENT_SIDE
            if len(gradient.line) == 3:
                share = math.hypot(x - gradient.line[0], y - gradient.line[1]) / (gradient.line[2] or 1)
            else:
                x1, y1, x2, y2 = gradient.line
                length = (x2 - x1) ** 2 + (y2 - y1) ** 2 or 1
                share = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length
            pixels.append(_at(gradient.stops, share))
    image.putdata(pixels)
    return image


def _at(stops: list[tuple[float, tuple[int, int, int, int]]], share: float) -> tuple[int, ...]:
    for (before, one), (after, other) in pairwise(stops):
        if share <= after:
            part = min(max((share - before) / ((after - before) or 1), 0), 1)
            return tuple(round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return stops[-1][1]
