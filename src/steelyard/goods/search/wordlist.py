"""Making the vocabulary: from titles of what sells, categories, shops, values of attributes, and what people search."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from steelyard.goods.search.vocabulary import GRAM_CHARACTERS_MAX, WORDS_MAX, Word, pinyin_of
from steelyard.goods.search.words import folded, runs
from steelyard.kernel.db import Database, Read, Row, Tx

TITLES_READ_MAX = 20_000
WORDS_PER_WRITE_MAX = 2_000
GRAMS_MAX = 20_000
RUN_CHARACTERS_MAX = 10
WORD_CHARACTERS_MIN = 3
# A part of a title is a word when several titles have it.
GRAM_TITLES_MIN = 2
WEIGHT_MAX = 2_000_000_000
# What the house itself calls a thing comes before what some title says.
HOUSE_WORDS = 1_000
HOT_WORDS_READ_MAX = 500


async def known_words(read: Read) -> list[Word]:
    """The weightiest words of the marketplace, for a `Vocabulary`."""
    return await read.all(
        Word,
        """
        SELECT kind, word, target, weight, pinyin, initials FROM search_vocabulary ORDER BY weight DESC LIMIT $1
        """,
        WORDS_MAX,
    )


async def _sources(read: Read) -> tuple[list[Row], list[Row]]:
    titles = await read.fetch(
        "SELECT title, sold FROM search_entries ORDER BY sold DESC, product_id DESC LIMIT $1", TITLES_READ_MAX
    )
    named = await read.fetch(
        """
        SELECT 'category' AS kind, name, slug AS target, 0 AS weight FROM categories
        UNION ALL SELECT 'shop', s.name, s.slug, 0 FROM shops s JOIN merchants m USING (merchant_id) WHERE m.state = 'open'
        UNION ALL SELECT 'value', v -> 'name', '', 0 FROM attribute_definitions d, jsonb_array_elements(d.values) v
                  WHERE d.filterable AND NOT d.retired
        UNION ALL SELECT 'query', jsonb_build_object('said', words), '', score FROM search_hot
        UNION ALL SELECT 'query', jsonb_build_object('said', words), '', 0 FROM search_hot_rules WHERE pinned
        LIMIT $1
        """,
        WORDS_MAX,
    )
    return titles, named


def words_of(titles: Iterable[Row], named: Iterable[Row]) -> dict[tuple[str, str], tuple[str, int]]:
    """`(kind, word)` with its target and weight. A title counts 1 and what was sold of it."""
    weights: Counter[tuple[str, str]] = Counter()
    grams: Counter[str] = Counter()
    in_titles: Counter[str] = Counter()
    for row in titles:
        worth = 1 + row["sold"]
        for title in row["title"].values():
            for run, cjk in runs(title):
                if not cjk:
                    if len(run) >= WORD_CHARACTERS_MIN and run.isalpha():
                        weights["word", run] += worth
                    continue
                if 1 < len(run) <= RUN_CHARACTERS_MAX:
                    weights["run", run] += worth
                parts = _grams(run)
                in_titles.update(parts)
                grams.update(dict.fromkeys(parts, worth))
    for gram, worth in grams.most_common(GRAMS_MAX):
        if in_titles[gram] >= GRAM_TITLES_MIN:
            weights["gram", gram] = worth
    made = {key: ("", min(weight, WEIGHT_MAX)) for key, weight in weights.most_common(WORDS_MAX)}
    for row in named:
        for name in dict.fromkeys(row["name"].values()):
            weight = HOUSE_WORDS + weights["word", folded(name)] + weights["gram", name] + row["weight"]
            made[row["kind"], name.strip()] = (row["target"], min(weight, WEIGHT_MAX))
    return {key: value for key, value in made.items() if key[1]}


def _grams(run: str) -> set[str]:
    return {
        run[at : at + length]
        for length in range(2, GRAM_CHARACTERS_MAX + 1)
        for at in range(len(run) - length + 1)
        if length < len(run)
    }


async def make_vocabulary(db: Database) -> int:
    """Make the vocabulary anew; says how many words it has. In parts, so that no transaction is long."""
    titles, named = await db.ask(_sources)
    made = await asyncio.to_thread(words_of, titles, named)
    known = {(word.kind, word.word): word for word in await db.ask(known_words)}
    rows = await asyncio.to_thread(_spelled, made, known)
    for start in range(0, len(rows), WORDS_PER_WRITE_MAX):
        await db.transact(_write, rows[start : start + WORDS_PER_WRITE_MAX])
    gone = [key for key in known if key not in made]
    for start in range(0, len(gone), WORDS_PER_WRITE_MAX):
        await db.transact(_forget, gone[start : start + WORDS_PER_WRITE_MAX])
    return len(made)


def _spelled(made: dict[tuple[str, str], tuple[str, int]], known: dict[tuple[str, str], Word]) -> list[Word]:
    """The words that are new or weigh otherwise; the pinyin of the others is known."""
    rows: list[Word] = []
    for (kind, word), (target, weight) in made.items():
        old = known.get((kind, word))
        if old is None:
            pinyin, initials = pinyin_of(word)
            rows.append(Word(kind=kind, word=word, target=target, weight=weight, pinyin=pinyin, initials=initials))
        elif (old.target, old.weight) != (target, weight):
            rows.append(
                Word(kind=kind, word=word, target=target, weight=weight, pinyin=old.pinyin, initials=old.initials)
            )
    return sorted(rows, key=lambda row: (row.kind, row.word))


async def _write(tx: Tx, rows: Sequence[Word]) -> None:
    await tx.execute(
        """
        INSERT INTO search_vocabulary (kind, word, target, weight, pinyin, initials)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[])
        ON CONFLICT (kind, word) DO UPDATE SET target = excluded.target, weight = excluded.weight
        """,
        [row.kind for row in rows],
        [row.word for row in rows],
        [row.target for row in rows],
        [row.weight for row in rows],
        [row.pinyin for row in rows],
        [row.initials for row in rows],
    )


async def _forget(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    await tx.execute(
        """
        DELETE FROM search_vocabulary v USING unnest($1::text[], $2::text[]) AS k (kind, word)
        WHERE v.kind = k.kind AND v.word = k.word
        """,
        [kind for kind, _ in keys],
        [word for _, word in keys],
    )
