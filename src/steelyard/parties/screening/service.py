"""Commands on the dictionary."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.matching import key_of
from steelyard.parties.screening.model import (
    LANGUAGES,
    REASON_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    WORD_CHARACTERS_MAX,
    WORDS_MAX,
    Action,
    Area,
    Imported,
    RowWrong,
    Word,
    WordId,
)
from steelyard.parties.screening.queries import hits_of, word


def wrong_with(new: Word) -> dict[str, str]:
    """What is wrong with a word, by field."""
    wrong: dict[str, str] = {}
    if not key_of(new.word):
        wrong["word"] = N_("Please write a word: letters, digits or Chinese characters")
    if len(new.word) > WORD_CHARACTERS_MAX:
        wrong["word"] = N_("This text is too long")
    if not new.areas:
        wrong["areas"] = N_("Please choose where it counts")
    if new.language not in LANGUAGES:
        wrong["language"] = N_("Please choose a language")
    if any(len(words) > REASON_CHARACTERS_MAX for words in new.reason.values()):
        wrong["reason_zh"] = N_("This text is too long")
    if len(new.source) > SOURCE_CHARACTERS_MAX:
        wrong["source"] = N_("This text is too long")
    return wrong


def _tidy(new: Word) -> Word:
    return msgspec.structs.replace(
        new,
        word=" ".join(new.word.split()),
        areas=[area for area in Area if area in new.areas],
        reason=Text({locale: words.strip() for locale, words in new.reason.items() if words.strip()}),
        source=new.source.strip(),
    )


async def save_word(tx: Tx, actor: Actor, new: Word) -> None:
    """A word counts from now on, or counts otherwise than before. The same again changes nothing. Raises `Invalid`."""
    if wrong := wrong_with(new):
        raise Invalid(wrong)
    new = _tidy(new)
    await _hold(tx)
    before = await _known(tx, new.word_id)
    if before == new:
        return
    twin = await tx.value(
        "SELECT word_id FROM screened_words WHERE key = $1 AND language = $2 AND action = $3 AND word_id <> $4",
        key_of(new.word),
        new.language,
        new.action,
        new.word_id,
    )
    if twin is not None:
        raise Invalid({"word": N_("This word is in the dictionary already")})
    await _write(tx, [new])
    await access.audit(tx, actor, "words.save", new.word, before=before, after=new)


async def _known(tx: Tx, word_id: WordId) -> Word | None:
    try:
        return await word(tx, word_id)
    except NotFound:
        return None


async def remove_word(tx: Tx, actor: Actor, word_id: WordId) -> None:
    """It may be used again. Said twice, nothing changes."""
    await _hold(tx)
    before = await _known(tx, word_id)
    if before is None:
        return
    await tx.execute("DELETE FROM screened_hits WHERE word_id = $1", word_id)
    await tx.execute("DELETE FROM screened_words WHERE word_id = $1", word_id)
    await access.audit(tx, actor, "words.remove", before.word, before=before)


async def import_words(tx: Tx, actor: Actor, words: Sequence[Word]) -> Imported:
    """Add all of these words, or change those that are there (by how they are compared, language and action).

    What of the dictionary is not among them stays. Raises `Invalid` for the first row that is wrong, and then nothing is.
    """
    wanted: dict[tuple[str, str, Action], Word] = {}
    for place, new in enumerate(words, 1):
        if wrong := wrong_with(new):
            name, what = next(iter(wrong.items()))
            raise RowWrong(place, name, what)
        wanted[key_of(new.word), new.language, new.action] = _tidy(new)
    await _hold(tx)
    there = await _all(tx)
    new_ones = [each for key, each in wanted.items() if key not in there]
    others = [
        changed
        for key, each in wanted.items()
        if key in there and (changed := msgspec.structs.replace(each, word_id=there[key].word_id)) != there[key]
    ]
    if new_ones or others:
        await _write(tx, [*new_ones, *others])
        facts = {"added": len(new_ones), "changed": len(others)}
        await access.audit(tx, actor, "words.import", "screened_words", facts)
    return Imported(added=len(new_ones), changed=len(others), same=len(wanted) - len(new_ones) - len(others))


async def _all(tx: Tx) -> dict[tuple[str, str, Action], Word]:
    found = await tx.all(
        Word, "SELECT word_id, word, action, areas, language, reason, source FROM screened_words LIMIT $1", WORDS_MAX
    )
    return {(key_of(each.word), each.language, each.action): each for each in found}


async def _hold(tx: Tx) -> None:
    """One change at a time; from its commit on every process reads the dictionary again."""
    await tx.execute("UPDATE screened_words_version SET version = $1", ids.mint())


async def _write(tx: Tx, words: Sequence[Word]) -> None:
    await tx.execute(
        """
        INSERT INTO screened_words (word_id, word, key, action, areas, language, reason, source)
        SELECT n.word_id, n.word, n.key, n.action, ARRAY(SELECT jsonb_array_elements_text(n.areas::jsonb)), n.language
             , n.reason, n.source
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[])
            AS n (word_id, word, key, action, areas, language, reason, source)
        ON CONFLICT (word_id) DO UPDATE
        SET word = excluded.word, key = excluded.key, action = excluded.action, areas = excluded.areas
          , language = excluded.language, reason = excluded.reason, source = excluded.source
        """,
        [each.word_id for each in words],
        [each.word for each in words],
        [key_of(each.word) for each in words],
        [each.action for each in words],
        [msgspec.json.encode(each.areas).decode() for each in words],
        [each.language for each in words],
        [each.reason for each in words],
        [each.source for each in words],
    )
    if await tx.value("SELECT count(*) FROM screened_words") > WORDS_MAX:
        raise Invalid({"word": N_("The dictionary is full")})


async def note_hits(tx: Tx) -> int:
    """Write down what this process has met; returns how many words."""
    hits = hits_of(tx)
    if not hits:
        return 0
    keys = sorted(hits)
    return await tx.execute(
        """
        INSERT INTO screened_hits AS h (word_id, area, hits, last_at)
        SELECT n.word_id, n.area, n.hits, now()
        FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS n (word_id, area, hits)
        JOIN screened_words w USING (word_id) ORDER BY n.word_id, n.area
        ON CONFLICT (word_id, area) DO UPDATE SET hits = h.hits + excluded.hits, last_at = excluded.last_at
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [hits[key] for key in keys],
    )
