"""In which language, on how wide a screen, and in light or dark a journey is made."""

from itertools import product
from typing import NamedTuple
from zlib import crc32

# Our languages as a browser asks for them.
LANGUAGES = {"zh-Hans": "zh-CN", "en": "en-GB"}
WIDTHS = {"phone": (375, 812), "desk": (1440, 900)}
THEMES = ("light", "dark")


class Variant(NamedTuple):
    language: str
    width: str
    theme: str

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{self.theme}"

    @property
    def number(self) -> int:
        """Its place among all variants: for what may be there once."""
        return EVERY.index(self)


EVERY = [Variant(*each) for each in product(LANGUAGES, WIDTHS, THEMES)]


def chosen(journey: str) -> list[Variant]:
    """Two variants that differ in everything. One journey sees both of each; two kinds of journeys see all pairs."""
    return [
        [Variant("zh-Hans", "phone", "light"), Variant("en", "desk", "dark")],
        [Variant("zh-Hans", "desk", "dark"), Variant("en", "phone", "light")],
        [Variant("zh-Hans", "phone", "dark"), Variant("en", "desk", "light")],
        [Variant("zh-Hans", "desk", "light"), Variant("en", "phone", "dark")],
    ][crc32(journey.encode()) % 4]
