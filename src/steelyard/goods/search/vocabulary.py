"""The words of the marketplace in the memory of a process: suggestions while somebody types, and "did you mean".

A word is found by its beginning, by the beginning of its pinyin (`wenzhou` finds 温州) and by its initials (`wz`).
What was mistyped is mended by edit distance for Latin words, and for Chinese by what sounds the same, also where the
sounds that many speakers do not tell apart (zh/z, n/l, ing/in …) are taken for one. Nothing here asks the database.
"""

import heapq
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import OSA

from steelyard.goods.search.readings import readings
from steelyard.goods.search.words import folded, runs

WORDS_MAX = 50_000
SUGGESTIONS_MAX = 10
# Of a beginning that very many words share, so many are looked at.
LOOKED_AT_MAX = 20_000
# Words shorter than this have too many neighbours to guess at.
MENDED_CHARACTERS_MIN = 4
# A word of four letters may have one wrong, one of eight two.
LETTERS_PER_SLIP = 4
GRAM_CHARACTERS_MAX = 4
INITIALS_MIN = 2
# Kinds of words that are names.
NAMED = ("category", "shop", "value", "query")

_LATIN = re.compile(r"[a-z]+")
_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word that the marketplace knows. `kind` is `word`, `run`, `gram`, `category`, `shop`, `value` or `query`."""

    kind: str
    word: str
    target: str = ""
    weight: int
    pinyin: str = ""
    initials: str = ""


def pinyin_of(word: str) -> tuple[str, str]:
    """A word's pinyin (`wen'zhou`) and its initials; both empty for a word without Chinese in it."""
    if not any("\u3400" <= char <= "\u9fff" for char in word):
        return "", ""
    syllables = _syllables(folded(word))
    return "'".join(syllables), "".join(syllable[0] for syllable in syllables if syllable)


def read_dictionary() -> None:
    """Have the characters' readings at hand: what would otherwise come with the first Chinese word."""
    readings()


def _syllables(words: str) -> list[str]:
    return readings().syllables(words)


def sound_of(pinyin: str) -> str:
    """What a word of this pinyin sounds like to somebody who does not tell near sounds apart."""
    heard: list[str] = []
    for syllable in pinyin.split("'"):
        sound = syllable
        for one, other in _SOUNDS:
            sound = sound.replace(one, other)
        heard.append("n" + sound[1:] if sound.startswith("l") else sound)
    return "'".join(heard)


class Vocabulary:
    """Words by all their beginnings. Made once in a while from `search.known_words`; some milliseconds for thousands."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._words: list[Word] = []
        keys: list[tuple[str, int]] = []
        self._latin: dict[str, int] = {}
        self._by_pinyin: dict[str, Word] = {}
        self._by_initials: dict[str, Word] = {}
        self._by_sound: dict[str, Word] = {}
        self._known: set[str] = set()
        for word in words:
            place = len(self._words)
            self._words.append(word)
            plain = folded(word.word)
            self._known.add(plain)
            if word.kind != "gram":
                keys += [(key, place) for key in _beginnings(word, plain)]
            self._learn(word, plain)
        keys.sort()
        read_dictionary()  # better here, in a thread, than in a visitor's request
        self._keys = [key for key, _ in keys]
        self._places = [place for _, place in keys]

    def _learn(self, word: Word, plain: str) -> None:
        for latin in _LATIN.findall(plain):
            self._latin[latin] = self._latin.get(latin, 0) + word.weight
        if not word.pinyin:
            return
        _keep_heaviest(self._by_pinyin, word.pinyin.replace("'", ""), word)
        if word.kind != "gram" and len(word.initials) >= INITIALS_MIN:
            _keep_heaviest(self._by_initials, word.initials, word)
        if len(plain) >= INITIALS_MIN and not _LATIN.search(plain):
            _keep_heaviest(self._by_sound, sound_of(word.pinyin), word)

    def suggest(self, typed: str, limit: int = SUGGESTIONS_MAX) -> list[Word]:
        """The weightiest words that begin with what was typed, in letters, pinyin or initials; each word once."""
        start = folded(typed).strip()
        if not start:
            return []
        begin = bisect_left(self._keys, start)
        end = min(bisect_left(self._keys, start + "\uffff"), begin + LOOKED_AT_MAX)
        places = dict.fromkeys(self._places[begin:end])
        best = heapq.nlargest(limit * 3, (self._words[place] for place in places), key=lambda word: word.weight)
        shown: dict[tuple[bool, str], Word] = {}
        for word in best:
            shown.setdefault((bool(word.target), folded(word.word)), word)
        return list(shown.values())[:limit]

    def mend(self, typed: str) -> str | None:
        """What was probably meant; None where nothing comes to mind, or nothing else than what was typed."""
        mended = self._from_pinyin(typed) or " ".join(self._mended(run, cjk) for run, cjk in runs(typed))
        return mended if mended and mended != " ".join(run for run, _ in runs(typed)) else None

    def _from_pinyin(self, typed: str) -> str | None:
        letters = folded(typed).replace(" ", "").replace("'", "")
        if not letters.isascii() or not letters.isalpha() or len(letters) < INITIALS_MIN:
            return None
        if letters in self._latin:
            return None
        known = self._by_pinyin.get(letters) or self._by_initials.get(letters)
        return known.word if known else None

    def _mended(self, run: str, cjk: bool) -> str:
        if run in self._known:
            return run
        return self._mended_cjk(run) if cjk else self._mended_latin(run)

    def _mended_latin(self, word: str) -> str:
        if word in self._latin or len(word) < MENDED_CHARACTERS_MIN or not word.isalpha():
            return word
        slips = max(1, len(word) // LETTERS_PER_SLIP)
        found = process.extract(word, self._latin.keys(), scorer=OSA.distance, score_cutoff=slips, limit=10)
        if not found:
            return word
        # The fewest slips, then the same first letter, then the word that is most in use.
        return min(found, key=lambda hit: (hit[1], hit[0][0] != word[0], -self._latin[hit[0]]))[0]

    def _mended_cjk(self, run: str) -> str:
        """The run with the longest parts that sound like known words written as those are."""
        mended, at = "", 0
        while at < len(run):
            for length in range(min(GRAM_CHARACTERS_MAX, len(run) - at), 1, -1):
                part = run[at : at + length]
                known = self._by_sound.get(sound_of("'".join(_syllables(part))))
                if part in self._known or known is not None:
                    mended += part if part in self._known or known is None else known.word
                    at += length
                    break
            else:
                mended += run[at]
                at += 1
        return mended


def _beginnings(word: Word, plain: str) -> list[str]:
    """What may be typed to find a word; what the house itself has named is found by its later parts as well."""
    syllables = word.pinyin.split("'") if word.pinyin else []
    keys = [plain, "".join(syllables), word.initials]
    if word.kind in NAMED and syllables and len(syllables) == len(plain):
        for at in range(1, len(syllables) - 1):
            keys += [plain[at:], "".join(syllables[at:]), word.initials[at:]]
    return [key for key in dict.fromkeys(keys) if key]


def _keep_heaviest(known: dict[str, Word], key: str, word: Word) -> None:
    if key not in known or known[key].weight < word.weight:
        known[key] = word


def without_one(typed: str) -> Sequence[str]:
    """What was typed with one of its words left out, each in turn: the easier questions."""
    parts = typed.split()
    return [" ".join(parts[:at] + parts[at + 1 :]) for at in range(len(parts))] if len(parts) > 1 else []
