"""The colours of the style sheets as figures: what contrast each has with what it stands on (WCAG 2.2, 1.4.3)."""

import re
from pathlib import Path

import msgspec

STATIC = Path(__file__).parent / "static"
_TOKEN = re.compile(r"--(?P<name>[a-z0-9-]+): (?P<colour>#[0-9a-f]{6});")

# What is read on what. Everything else stands on the surface.
STANDS_ON = {
    "on-accent": "accent",
    "good": "good-soft",
    "warn": "warn-soft",
    "bad": "bad-soft",
    "info": "info-soft",
    "quiet": "quiet-soft",
}
GROUNDS = {"surface", "ground", "sunken", "line", "accent-soft", "accent-line", *(f"{tone}-soft" for tone in STANDS_ON)}


class Colour(msgspec.Struct, frozen=True):
    """A token; the contrasts are 0 for what nothing is written in."""

    name: str
    light: str
    dark: str
    contrast_light: float
    contrast_dark: float


def colours() -> list[Colour]:
    """All colours, in the order of the sheet."""
    light, dark = _read("tokens.css"), _read("dark.css")
    return [
        Colour(name, colour, dark[name], _contrast_of(name, light), _contrast_of(name, dark))
        for name, colour in light.items()
        if name in dark
    ]


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _read(sheet: str) -> dict[str, str]:
    return {each["name"]: each["colour"] for each in _TOKEN.finditer((STATIC / sheet).read_text(encoding="utf-8"))}


def _contrast_of(name: str, known: dict[str, str]) -> float:
    return 0.0 if name in GROUNDS else contrast(known[name], known[STANDS_ON.get(name, "surface")])


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
