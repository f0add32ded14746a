"""How Chinese characters are read: the longest known phrase at each place by its own reading, any other character by its
most common one, without tones.

`readings.json` is made by `tools/readings.py` from the dictionaries of pypinyin (MIT licence). It is kept as few long texts
that are looked through, and not as a hundred thousand objects, so that a process has 3 MB of it where pypinyin takes 55.
"""

from array import array
from bisect import bisect_left
from functools import cache
from pathlib import Path

import msgspec

PHRASE_CHARACTERS_MAX = 10
_FILE = Path(__file__).with_name("readings.json")


class _Kept(msgspec.Struct, frozen=True):
    """`characters` of each syllable. `phrases` by their first character: what follows it, one a line, and behind an equals
    sign the syllables of those that are read otherwise than their characters one by one."""

    characters: dict[str, str]
    phrases: dict[str, str]


class Readings:
    """The dictionary in memory."""

    def __init__(self, kept: _Kept) -> None:
        self._phrases = kept.phrases
        self._syllables = tuple(kept.characters)
        pairs = sorted((char, at) for at, chars in enumerate(kept.characters.values()) for char in chars)
        self._characters = "".join(char for char, _ in pairs)
        self._places = array("H", (at for _, at in pairs))

    def syllables(self, text: str) -> list[str]:
        """The syllable of each Chinese character; anything else as it stands, without its spaces."""
        read: list[str] = []
        at = 0
        while at < len(text):
            length, found = self._phrase(text, at)
            read += found
            at += length
        return read

    def _phrase(self, text: str, at: int) -> tuple[int, list[str]]:
        """How long the phrase is that begins here, and how it is read."""
        here = self._phrases.get(text[at])
        if here is not None:
            for length in range(min(PHRASE_CHARACTERS_MAX, len(text) - at), 1, -1):
                rest = text[at + 1 : at + length]
                begins = here.find(f"\n{rest}")
                while begins >= 0:
                    ends = begins + length
                    if here[ends] == "\n":
                        return length, [self._character(char) for char in text[at : at + length]]
                    if here[ends] == "=":
                        return length, here[ends + 1 : here.index("\n", ends)].split("'")
                    begins = here.find(f"\n{rest}", ends)
        return 1, [self._character(text[at])] if text[at] != " " else []

    def _character(self, char: str) -> str:
        place = bisect_left(self._characters, char)
        known = place < len(self._characters) and self._characters[place] == char
        return self._syllables[self._places[place]] if known else char


@cache
def readings() -> Readings:
    """The one dictionary of this process, read at the first need: some 50 ms."""
    return Readings(msgspec.json.decode(_FILE.read_bytes(), type=_Kept))
