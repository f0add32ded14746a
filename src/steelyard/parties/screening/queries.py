"""The dictionary, kept in each process until it changes, and texts held against it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString, cast
from uuid import UUID

import msgspec

from steelyard.kernel import i18n, paging
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.parties.screening.matching import Automaton, fold, key_of, stands_alone
from steelyard.parties.screening.model import (
    WORDS_MAX,
    WORDS_TOLD_MAX,
    Action,
    Area,
    Counted,
    Found,
    Said,
    Screened,
    Word,
    WordId,
)

DICTIONARY_KEPT = "parties.screening.dictionary"
HITS_KEPT = "parties.screening.hits"
MASK = "*"

Hits = Counter[tuple[UUID, str]]
"""By word and area."""


class Dictionary(msgspec.Struct, frozen=True, kw_only=True):
    version: UUID
    words: Sequence[Word]
    automaton: Automaton


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    word_id: WordId
    word: str
    key: str
    action: Action
    areas: list[Area]
    language: str
    reason: Text
    source: str
    hits: int = 0
    last_at: datetime | None = None

    def as_word(self) -> Word:
        return Word(
            word_id=self.word_id,
            word=self.word,
            action=self.action,
            areas=self.areas,
            language=self.language,
            reason=self.reason,
            source=self.source,
        )


async def dictionary(read: Read) -> Dictionary:
    """What counts now, in every process: it is read again when its version is another."""
    version = await read.value("SELECT version FROM screened_words_version")
    known = cast("Dictionary | None", read.kept.get(DICTIONARY_KEPT))
    if known is not None and known.version == version:
        return known
    rows = await read.all(
        _Row,
        """
        SELECT word_id, word, key, action, areas, language, reason, source FROM screened_words ORDER BY key, word_id
        LIMIT $1
        """,
        WORDS_MAX,
    )
    found = Dictionary(
        version=version, words=[row.as_word() for row in rows], automaton=Automaton([row.key for row in rows])
    )
    # A version that is never committed is never asked for, so that it does no harm to keep it.
    read.kept[DICTIONARY_KEPT] = found
    return found


def look(known: Dictionary, area: Area, text: str, language: str = "") -> list[Found]:
    """The words of the dictionary that count for such a text, in its order."""
    folded, places = fold(text)
    tongue = language.partition("-")[0]
    allowed: dict[int, int] = {}
    met: list[tuple[int, int, Word]] = []
    for start, end, number in known.automaton.find(folded):
        word = known.words[number]
        if area not in word.areas or (tongue and word.language and word.language != tongue):
            continue
        if word.action is Action.ALLOW:
            allowed[start] = max(allowed.get(start, 0), end)
        elif stands_alone(text, places[start], places[end - 1] + 1):
            met.append((start, end, word))
    reach = _reach(allowed, len(folded)) if allowed and met else []
    return [
        Found(
            word=word,
            start=places[start],
            end=places[end - 1] + 1,
            said=" ".join(text[places[start] : places[end - 1] + 1].split()),
        )
        for start, end, word in sorted(met, key=lambda each: each[:2])
        if not reach or reach[start] < end
    ]


def _reach(allowed: Mapping[int, int], length: int) -> list[int]:
    """How far what is allowed goes that begins at each place or before."""
    found, most = [0] * length, 0
    for place in range(length):
        most = max(most, allowed.get(place, 0))
        found[place] = most
    return found


async def screen(read: Read, said: Sequence[Said], *, can_wait: bool = False) -> Screened:
    """Hold texts against the dictionary: masked words are starred, and what is to be held is told.

    Raises `Invalid`, with what is wrong beside each field, for refused words; and for those to be held where a text cannot
    wait until somebody has looked at it.
    """
    known = await dictionary(read)
    hits = cast("Hits", read.kept.setdefault(HITS_KEPT, Hits()))
    texts: list[str] = []
    held: list[list[Found]] = []
    wrong: dict[str, str | Text] = {}
    for each in said:
        found = look(known, each.area, each.text, each.language) if each.text else []
        hits.update((one.word.word_id, each.area.value) for one in found)
        refused = [one for one in found if one.word.action is Action.REFUSE]
        waits = [one for one in found if one.word.action is Action.HOLD]
        if refused or (waits and not can_wait):
            wrong.setdefault(each.field, _why(refused or waits))
        held.append(waits)
        texts.append(_masked(each.text, found))
    if wrong:
        raise Invalid(wrong)
    return Screened(texts=texts, held=held)


async def screen_quietly(read: Read, said: Sequence[Said]) -> Screened:
    """`screen` for texts that are taken whatever they say, since nobody can be asked to write otherwise, or nobody must be kept
    from saying it: masked words are starred, and what is told of a text is what it would be refused or wait for."""
    known = await dictionary(read)
    found = [look(known, each.area, each.text, each.language) if each.text else [] for each in said]
    return Screened(
        texts=[_masked(each.text, met) for each, met in zip(said, found, strict=True)],
        held=[[one for one in met if one.word.action in (Action.REFUSE, Action.HOLD)] for met in found],
    )


async def screen_texts(read: Read, said: Mapping[str, tuple[Area, Text]], *, can_wait: bool = False) -> dict[str, Text]:
    """`screen` for words in several languages, by field: as they may stand. Of `title`, what is wrong stands beside
    `title_zh` or `title_en`."""
    flat = [
        (field, Said(field=f"{field}_{language.partition('-')[0]}", area=area, text=words, language=language))
        for field, (area, text) in said.items()
        for language, words in text.items()
    ]
    screened = await screen(read, [each for _, each in flat], can_wait=can_wait)
    texts = {field: Text() for field in said}
    for (field, each), words in zip(flat, screened.texts, strict=True):
        texts[field][each.language] = words
    return texts


async def masked_texts(read: Read, said: Mapping[str, tuple[Area, Text]]) -> dict[str, Text]:
    """Words in several languages, by field, with stars in place of what is masked."""
    known = await dictionary(read)
    return {
        field: Text({language: _masked(words, look(known, area, words, language)) for language, words in text.items()})
        for field, (area, text) in said.items()
    }


async def held_in(read: Read, said: Iterable[tuple[Area, Text]]) -> list[Found]:
    """The words for which such texts are looked at first, each once; refused ones came in a file, or were not refused then."""
    known = await dictionary(read)
    found: dict[WordId, Found] = {}
    for area, text in said:
        for language, words in text.items():
            for each in look(known, area, words, language):
                if each.word.action in (Action.HOLD, Action.REFUSE):
                    found.setdefault(each.word.word_id, each)
    return list(found.values())


async def starred(read: Read, area: Area, texts: Sequence[str]) -> list[str]:
    """Texts with stars for every word that counts there, whatever is done with it: what must not be lost for a word."""
    known = await dictionary(read)
    return [_starred(text, look(known, area, text)) for text in texts]


def _masked(text: str, found: Iterable[Found]) -> str:
    return _starred(text, [each for each in found if each.word.action is Action.MASK])


def _starred(text: str, found: Sequence[Found]) -> str:
    if not found:
        return text
    written = list(text)
    for each in found:
        written[each.start : each.end] = MASK * (each.end - each.start)
    return "".join(written)


def _why(found: Sequence[Found]) -> Text:
    """What a writer is told: which words, and what is wrong with the first of them that says so."""
    reason = next((each.word.reason for each in found if each.word.reason), Text())
    told = list(dict.fromkeys(each.said for each in found))[:WORDS_TOLD_MAX]
    return Text(
        {
            locale: i18n.translations(locale)
            .gettext(N_("Please write it without “{words}”. {reason}"))
            .format(words="”, “".join(told), reason=reason.in_language(locale))
            .strip()
            for locale in i18n.LOCALES
        }
    )


_WORDS: LiteralString = """
SELECT w.word_id, w.word, w.key, w.action, w.areas, w.language, w.reason, w.source
     , coalesce(h.hits, 0)::bigint AS hits, h.last_at
FROM screened_words w
LEFT JOIN LATERAL (SELECT sum(hits) AS hits, max(last_at) AS last_at FROM screened_hits h WHERE h.word_id = w.word_id) h ON true
"""


async def word(read: Read, word_id: WordId) -> Word:
    """Raises `NotFound`."""
    found = await read.one(_Row, _WORDS + "WHERE w.word_id = $1", word_id)
    if found is None:
        raise NotFound()
    return found.as_word()


async def listed(
    read: Read,
    *,
    beginning: str = "",
    action: Action | None = None,
    area: Area | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Counted]:
    """The dictionary in the order of how its words are compared; on request those that begin so."""
    key, last = paging.read_cursor(cursor, str, UUID) or ("", UUID(int=0))
    most = paging.limit(limit)
    start = key_of(beginning)
    rows = await read.all(
        _Row,
        _WORDS
        + """
        WHERE (w.key, w.word_id) > ($1, $2) AND w.key >= $3 AND w.key < $4
          AND ($5::text IS NULL OR w.action = $5) AND ($6::text IS NULL OR $6 = ANY (w.areas))
        ORDER BY w.key, w.word_id LIMIT $7
        """,
        key,
        last,
        start,
        f"{start}\U0010ffff",
        action,
        area,
        most + 1,
    )
    counted = [Counted(word=row.as_word(), key=row.key, hits=row.hits, last_at=row.last_at) for row in rows]
    return paging.cut(counted, most, lambda each: (each.key, each.word.word_id))


def waiting(db: Database) -> bool:
    """Whether this process has met words that are not written down yet."""
    return bool(db.kept.get(HITS_KEPT))


def hits_of(tx: Tx) -> Hits:
    """What this process has met since it was asked last."""
    return cast("Hits", tx.kept.pop(HITS_KEPT, None) or Hits())
