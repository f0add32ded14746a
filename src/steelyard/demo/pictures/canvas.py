"""Colours, light and shapes: what every drawing is made with."""

import hashlib
from dataclasses import dataclass, field

COLOURS: dict[str, str] = {
    "black": "#2b2d31",
    "white": "#f1efe9",
    "ivory": "#e9dfca",
    "grey": "#8b9198",
    "silver": "#b9bfc6",
    "ink": "#2f4465",
    "blue": "#3f74b5",
    "sky": "#83b4d6",
    "teal": "#2b7f7c",
    "green": "#4d7f54",
    "olive": "#7c7d46",
    "sand": "#cdb48c",
    "yellow": "#e3b23c",
    "orange": "#d9793a",
    "red": "#b8402f",
    "wine": "#7a2f3c",
    "pink": "#dc9aa4",
    "purple": "#74598f",
    "brown": "#7b5137",
    "tan": "#b1794b",
    "clay": "#9d5540",
    "gold": "#c79d4a",
    "brass": "#b99048",
    "steel": "#97a1ab",
}
# Material → (how grainy, size of the grain, how glossy).
MATERIALS: dict[str, tuple[float, float, float]] = {
    "": (0.0, 0.0, 1.0),
    "leather": (0.22, 0.55, 0.8),
    "suede": (0.34, 0.9, 0.25),
    "canvas": (0.28, 0.7, 0.35),
    "wool": (0.42, 0.35, 0.2),
    "plush": (0.45, 0.3, 0.2),
    "clay": (0.24, 0.8, 0.5),
    "ceramic": (0.05, 0.4, 1.2),
    "porcelain": (0.0, 0.0, 1.4),
    "metal": (0.06, 0.9, 1.5),
    "brass": (0.06, 0.9, 1.5),
    "steel": (0.06, 0.9, 1.5),
    "plastic": (0.0, 0.0, 1.3),
    "acetate": (0.0, 0.0, 1.4),
    "wood": (0.3, 0.2, 0.5),
    "paper": (0.14, 0.8, 0.3),
    "glass": (0.0, 0.0, 1.6),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One object in a field of 600 by 600 that stands on y = 560, or lies flat on the table.

    `width` and `centre` are those of its contact shadow, `focus` is what a close picture shows, `top` its upper end.
    """

    markup: str
    width: float
    focus: tuple[float, float]
    flat: bool = False
    centre: float = 300
    top: float = 100


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other` in it; both as #rrggbb."""
    parts = [round(int(one[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def lighter(colour: str, share: float) -> str:
    return mix(colour, "#fffaf0", share)


def darker(colour: str, share: float) -> str:
    """Towards a warm near-black, so that shadows do not look dirty."""
    return mix(colour, "#1c1620", share)


@dataclass(slots=True)
class Canvas:
    """Collects shapes and gradients. The light comes from the upper left, also when the object is `turned`."""

    colour: str
    accent: str
    gloss: float
    seed: int
    prefix: str
    turned: bool = False
    shapes: list[str] = field(default_factory=list[str])
    defs: list[str] = field(default_factory=list[str])

    def chance(self, name: str, choices: int) -> int:
        """A number below `choices` that depends on the seed and on what it is for."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return int.from_bytes(digest[:4]) % choices

    def shade(self, colour: str, light: float = 0.26, dark: float = 0.34, across: bool = False) -> str:
        """A form in the light: brighter at the upper left, darker at the lower right (or from left to right)."""
        near, far = ("1", "0") if self.turned else ("0", "1")
        low = "0" if across else "1"
        stops = [(0, lighter(colour, light)), (45, colour), (100, darker(colour, dark))]
        return self._gradient(f'x1="{near}" y1="0" x2="{far}" y2="{low}"', stops)

    def round_metal(self, colour: str, upright: bool = False) -> str:
        """A polished cylinder: a bright line, a dark one, and the reflection of the table."""
        vector = 'x1="0" y1="0" x2="0" y2="1"' if upright else 'x1="0" y1="0" x2="1" y2="0"'
        stops = [
            (0, darker(colour, 0.32)),
            (22, lighter(colour, 0.62)),
            (38, colour),
            (72, darker(colour, 0.36)),
            (90, lighter(colour, 0.18)),
            (100, darker(colour, 0.3)),
        ]
        return self._gradient(vector, stops)

    def glass(self, colour: str, top: float, bottom: float) -> str:
        """See-through, from opacity `top` to `bottom`."""
        name = self._name()
        self.defs.append(
            f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{colour}" '
            f'stop-opacity="{top}"/><stop offset="1" stop-color="{colour}" stop-opacity="{bottom}"/></linearGradient>'
        )
        return f"url(#{name})"

    def ball(self, colour: str, light: float = 0.34, dark: float = 0.38) -> str:
        """A sphere in the light."""
        name = self._name()
        across = "68%" if self.turned else "32%"
        stops = _stops([(0, lighter(colour, light)), (48, colour), (100, darker(colour, dark))])
        self.defs.append(f'<radialGradient id="{name}" cx="{across}" cy="26%" r="82%">{stops}</radialGradient>')
        return f"url(#{name})"

    def path(self, d: str, fill: str, opacity: float = 1) -> None:
        self.shapes.append(f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>')

    def line(self, d: str, colour: str, width: float, opacity: float = 1, dash: str = "") -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" '
            f'stroke-linejoin="round"{dashes}{_opacity(opacity)}/>'
        )

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1) -> None:
        self.shapes.append(f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{fill}"{_opacity(opacity)}/>')

    def ring(self, x: float, y: float, rx: float, ry: float, colour: str, width: float, opacity: float = 1) -> None:
        self.shapes.append(
            f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}"{_opacity(opacity)}/>'
        )

    def box(self, x: float, y: float, w: float, h: float, r: float, fill: str, opacity: float = 1) -> None:
        self.shapes.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}" fill="{fill}"{_opacity(opacity)}/>'
        )

    def shine(self, d: str, strength: float = 0.3) -> None:
        """A highlight, as strong as the material is glossy."""
        self.path(d, "#ffffff", min(0.85, strength * self.gloss))

    def done(
        self,
        width: float,
        focus: tuple[float, float],
        *,
        flat: bool = False,
        centre: float = 300,
        top: float = 100,
    ) -> Drawing:
        return Drawing("".join(self.shapes), width, focus, flat, centre, top)

    def _gradient(self, vector: str, stops: list[tuple[int, str]]) -> str:
        name = self._name()
        self.defs.append(f'<linearGradient id="{name}" {vector}>{_stops(stops)}</linearGradient>')
        return f"url(#{name})"

    def _name(self) -> str:
        return f"{self.prefix}{len(self.defs)}"


def _stops(stops: list[tuple[int, str]]) -> str:
    return "".join(f'<stop offset="{offset}%" stop-color="{colour}"/>' for offset, colour in stops)


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity:.2f}"'
