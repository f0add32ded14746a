"""Words as search knows them: Latin and other words that spaces divide, and bigrams of what is written without spaces.

A run of Chinese, Japanese or Korean characters is kept as each character and each two neighbours, with their places, so
that a phrase of bigrams finds exactly the runs that contain what was typed (recall 1.0, and no dictionary to keep).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from steelyard.kernel.han import simplified

QUERY_CHARACTERS_MAX = 100
QUERY_TERMS_MAX = 16
WORD_CHARACTERS_MAX = 64
# PostgreSQL keeps positions of a lexeme up to this, and at most 255 of one lexeme.
POSITION_MAX = 16_383
POSITIONS_PER_WORD_MAX = 255
# Between two runs, so that no phrase reaches from the end of one into the next.
_GAP = 2

_CJK = (
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
)
_RUNS = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>[^\W_{_CJK}]+)")
# Letters that Unicode does not take apart into a letter and its accent.
_FOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def folded(text: str) -> str:
    """A text as it is compared: composed, without case and accents, in simplified characters."""
    return _unaccented(_composed(text))


def runs(text: str) -> Iterable[tuple[str, bool]]:
    """The runs of a text, folded, each with whether it is CJK."""
    for found in _RUNS.finditer(_composed(text)):
        cjk = found["cjk"]
        if cjk:
            yield cjk, True
            continue
        for word in re.findall(r"[^\W_]+", _unaccented(found["word"])):
            yield word[:WORD_CHARACTERS_MAX], False


def _composed(text: str) -> str:
    """Full-width letters as ordinary ones, traditional characters as simplified ones, and marks on letters wherever a letter
    with its mark exists; else the marks stand alone and are dropped, so that they divide no word."""
    composed = simplified(unicodedata.normalize("NFKC", text))
    return "".join(char for char in composed if unicodedata.category(char) != "Mn")


def _unaccented(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in parts if unicodedata.category(char) != "Mn").translate(_FOLDED)


def vector(texts: Sequence[tuple[str, str]]) -> str:
    """The `tsvector` literal of some `(weight, text)`, weights from A (counts most) to D."""
    places: dict[str, list[str]] = {}
    position = 1

    def put(word: str, weight: str, at: int) -> None:
        if at <= POSITION_MAX:
            known = places.setdefault(word, [])
            if len(known) < POSITIONS_PER_WORD_MAX:
                known.append(f"{at}{weight}")

    for weight, text in texts:
        for run, cjk in runs(text):
            if not cjk:
                put(run, weight, position)
                position += _GAP
                continue
            for offset, char in enumerate(run):
                put(char, weight, position + offset)
                if offset + 1 < len(run):
                    put(run[offset : offset + 2], weight, position + offset)
            position += len(run) + _GAP
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


def query(text: str, *others: str) -> str | None:
    """The `tsquery` literal for what somebody typed: all of its words, and each CJK run as a phrase; or any of the
    `others` (the same in other words). None: no word in it."""
    asked = [found for each in (text, *others) if (found := _one_query(each)) is not None]
    return asked[0] if len(asked) == 1 else " | ".join(f"( {each} )" for each in asked) or None


def in_any_order(query: str) -> str:
    """A `tsquery` of ours that asks for the parts of each phrase wherever they stand, so that the index answers it alone."""
    return query.replace(" <-> ", " & ")


def _one_query(text: str) -> str | None:
    terms: list[str] = []
    for run, cjk in runs(text[:QUERY_CHARACTERS_MAX]):
        if not cjk or len(run) == 1:
            term = f"'{run}'"
        else:
            pairs = [f"'{run[at : at + 2]}'" for at in range(len(run) - 1)]
            term = f"( {' <-> '.join(pairs)} )"
        if term not in terms:
            terms.append(term)
    return " & ".join(terms[:QUERY_TERMS_MAX]) or None
