"""Traditional and simplified Chinese characters, compared as one.

Each traditional character becomes the simplified one that most of its words are written with, character by character; where
one character stands for two (乾 is 干 in 乾净, and itself in 乾坤) text and word are folded alike, so that both are found. The
table is made by `tools/han.py` from OpenCC's (Apache License 2.0).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

_FILE = Path(__file__).with_name("han.json")


class _Kept(msgspec.Struct, frozen=True):
    traditional: str
    simplified: str


@cache
def _table() -> Mapping[int, int]:
    """Half a megabyte, read at the first need."""
    kept = msgspec.json.decode(_FILE.read_bytes(), type=_Kept)
    return dict(zip(map(ord, kept.traditional), map(ord, kept.simplified), strict=True))


def simplified(text: str) -> str:
    """A text with simplified characters, as long as it was."""
    return text if text.isascii() else text.translate(_table())
