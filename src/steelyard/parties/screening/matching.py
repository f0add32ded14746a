"""Finding many words in a text at once, however they are spaced and written.

Text and words are folded alike: one width (NFKC), one case, Latin letters without accents, simplified characters, nothing
that is neither letter nor digit; only the end of a line keeps what stands around it apart. The folded words make an automaton
(Aho and Corasick, "Efficient string matching", CACM 18 (6), 1975) that reads a text once, whatever the number of words. A word
that begins or ends in a Latin letter or a digit is a word of its own: `ass` is not in `glass`.
"""

import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence

from steelyard.kernel.han import simplified

KNOWN_CHARACTERS_MAX = 50_000
LINE_END = "\n"


class _Folds(dict[str, str]):
    """What each character is in comparison; empty: nothing."""

    def __missing__(self, character: str) -> str:
        folded = _folded(character)
        if len(self) < KNOWN_CHARACTERS_MAX:
            self[character] = folded
        return folded


def _folded(character: str) -> str:
    if character in "\r\n":
        return LINE_END
    parts = unicodedata.normalize("NFKD", character)
    plain = parts[0] if parts[:1].isascii() and len(parts) > 1 and unicodedata.combining(parts[1]) else ""
    same = plain or unicodedata.normalize("NFKC", character)
    return "".join(each for each in simplified(same).casefold() if each.isalnum())


_FOLDS = _Folds()


def key_of(word: str) -> str:
    """A word as it is compared; empty when nothing of it is."""
    return "".join(_FOLDS[character] for character in word if character not in "\r\n")


def fold(text: str) -> tuple[str, list[int]]:
    """A text as it is compared, and of each of its characters where it stands in the text."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        same = _FOLDS[character]
        if same:
            folded.append(same)
            if len(same) == 1:
                places.append(place)
            else:
                places.extend([place] * len(same))
    return "".join(folded), places


class Automaton:
    """All of some folded words, to be found in one pass."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._next: list[dict[str, int]] = [{}]
        self._ends: list[tuple[int, ...]] = [()]
        for number, word in enumerate(words):
            self._add(number, word)
        self._fail = [0] * len(self._next)
        self._link()

    def _add(self, number: int, word: str) -> None:
        node = 0
        for character in word:
            following = self._next[node].get(character)
            if following is None:
                following = len(self._next)
                self._next[node][character] = following
                self._next.append({})
                self._ends.append(())
            node = following
        self._ends[node] += (number,)

    def _link(self) -> None:
        """Where to go on when a word does not: to the longest other beginning that the text read so far ends in."""
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            for character, following in self._next[node].items():
                back = self._fail[node]
                while back and character not in self._next[back]:
                    back = self._fail[back]
                self._fail[following] = self._next[back].get(character, 0)
                self._ends[following] += self._ends[self._fail[following]]
                waiting.append(following)

    def find(self, folded: str) -> Iterator[tuple[int, int, int]]:
        """(from, to before, number of the word) of each word in a folded text."""
        following, fail, ends, node = self._next, self._fail, self._ends, 0
        for place, character in enumerate(folded, 1):
            while node and character not in following[node]:
                node = fail[node]
            node = following[node].get(character, 0)
            for number in ends[node]:
                yield place - len(self._words[number]), place, number


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a word of its own: Latin letters and digits do not go on before or after it."""
    return not (
        (start > 0 and _latin(text[start], 0) and _latin(text[start - 1], -1))
        or (end < len(text) and _latin(text[end - 1], -1) and _latin(text[end], 0))
    )


def _latin(character: str, which: int) -> bool:
    same = _FOLDS[character]
    return bool(same) and same[which].isascii() and same[which].isalnum()
