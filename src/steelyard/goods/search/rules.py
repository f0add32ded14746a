"""What the operator decides of searching: synonyms, searches that lead to a page, hot words shown first or never."""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods.search.searches import counted
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_

SYNONYMS_MAX = 500
WORDS_PER_SYNONYM_MAX = 12
OTHER_WORDINGS_MAX = 6
REDIRECTS_MAX = 500
HOT_RULES_MAX = 100
TARGET_CHARACTERS_MAX = 300


class Synonym(msgspec.Struct, frozen=True, kw_only=True):
    """Words that mean the same."""

    synonym_id: UUID
    words: list[str]


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """A search that leads to a page of ours."""

    words: str
    target: str


class HotRule(msgspec.Struct, frozen=True, kw_only=True):
    words: str
    pinned: bool
    place: int = 0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that the operator has decided."""

    synonyms: list[Synonym]
    redirects: list[Redirect]
    hot: list[HotRule]


async def rules(read: Read) -> Rules:
    """All rules there are; each kind is limited."""
    return Rules(
        synonyms=await read.all(
            Synonym, "SELECT synonym_id, words FROM search_synonyms ORDER BY words LIMIT $1", SYNONYMS_MAX
        ),
        redirects=await read.all(
            Redirect, "SELECT words, target FROM search_redirects ORDER BY words LIMIT $1", REDIRECTS_MAX
        ),
        hot=await read.all(
            HotRule,
            "SELECT words, pinned, place FROM search_hot_rules ORDER BY pinned DESC, place, words LIMIT $1",
            HOT_RULES_MAX,
        ),
    )


async def save_synonym(tx: Tx, synonym_id: UUID, words: Sequence[str]) -> list[str]:
    """These words mean the same from now on; returns them as they are kept. Raises `Invalid`."""
    kept = list(dict.fromkeys(each for each in map(counted, words) if each))
    if not 1 < len(kept) <= WORDS_PER_SYNONYM_MAX:
        raise Invalid({"words": N_("Please enter two words at least, with commas between them")})
    _room(await tx.value("SELECT count(*) FROM search_synonyms"), SYNONYMS_MAX)
    await tx.execute(
        """
        INSERT INTO search_synonyms (synonym_id, words) VALUES ($1, $2)
        ON CONFLICT (synonym_id) DO UPDATE SET words = excluded.words
        """,
        synonym_id,
        kept,
    )
    return kept


async def remove_synonym(tx: Tx, synonym_id: UUID) -> None:
    """These words no longer mean the same. Said twice, nothing changes."""
    await tx.execute("DELETE FROM search_synonyms WHERE synonym_id = $1", synonym_id)


async def save_redirect(tx: Tx, words: str, target: str) -> None:
    """Who searches exactly this is led to that page of ours. Raises `Invalid`."""
    said, path = counted(words), target.strip()
    if not said:
        raise Invalid({"redirect_words": N_("Please enter what people search")})
    odd = any(char <= " " or char in "\\\x7f" for char in path)
    if not path.startswith("/") or path.startswith("//") or odd or len(path) > TARGET_CHARACTERS_MAX:
        raise Invalid({"target": N_("Please enter an address of this site, such as /c/shoes")})
    _room(await tx.value("SELECT count(*) FROM search_redirects"), REDIRECTS_MAX)
    await tx.execute(
        """
        INSERT INTO search_redirects (words, target) VALUES ($1, $2)
        ON CONFLICT (words) DO UPDATE SET target = excluded.target
        """,
        said,
        path,
    )


async def remove_redirect(tx: Tx, words: str) -> None:
    """This search gives a list again. Said twice, nothing changes."""
    await tx.execute("DELETE FROM search_redirects WHERE words = $1", words)


async def save_hot_rule(tx: Tx, words: str, *, pinned: bool, place: int = 0) -> None:
    """Show these words first among the hot ones, or never. Raises `Invalid`."""
    said = counted(words)
    if not said:
        raise Invalid({"hot_words": N_("Please enter a word")})
    _room(await tx.value("SELECT count(*) FROM search_hot_rules"), HOT_RULES_MAX)
    await tx.execute(
        """
        INSERT INTO search_hot_rules (words, pinned, place) VALUES ($1, $2, $3)
        ON CONFLICT (words) DO UPDATE SET pinned = excluded.pinned, place = excluded.place
        """,
        said,
        pinned,
        place,
    )


async def remove_hot_rule(tx: Tx, words: str) -> None:
    """These words are hot when they are. Said twice, nothing changes."""
    await tx.execute("DELETE FROM search_hot_rules WHERE words = $1", words)


def _room(there: int, most: int) -> None:
    if there >= most:
        raise Invalid({"words": N_("There are too many of these; please remove some first")})


async def redirect_of(read: Read, words: str) -> str | None:
    """The page that this search leads to."""
    return await read.value("SELECT target FROM search_redirects WHERE words = $1", counted(words))


async def other_wordings(read: Read, typed: str) -> list[str]:
    """The same question in other words, by the synonyms that stand in it."""
    said = counted(typed)
    rows = await read.fetch(
        """
        SELECT words FROM search_synonyms s
        WHERE EXISTS (SELECT FROM unnest(s.words) w WHERE position(w IN $1) > 0) ORDER BY synonym_id LIMIT $2
        """,
        said,
        OTHER_WORDINGS_MAX,
    )
    found = [
        pattern.sub(lambda _, other=other: other, said)
        for row in rows
        for word in row["words"]
        if (pattern := _as_word(word)).search(said)
        for other in row["words"]
        if other != word
    ]
    return list(dict.fromkeys(each for each in found if each != said))[:OTHER_WORDINGS_MAX]


def _as_word(word: str) -> re.Pattern[str]:
    """Latin words stand alone; Chinese ones anywhere."""
    before = r"(?<![a-z0-9])" if word[0].isascii() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() else ""
    return re.compile(before + re.escape(word) + after)
